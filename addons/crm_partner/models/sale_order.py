from odoo import api, fields, models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # --- portal ordering ---
    channel_cart_user_id = fields.Many2one(
        "res.users",
        "Cart of",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="The partner's colleague who is still putting this order together in the portal.",
    )
    channel_ordered_by_id = fields.Many2one(
        "res.users", "Ordered in the Portal by", copy=False, readonly=True, index="btree_not_null"
    )
    channel_ordered_on = fields.Datetime("Ordered in the Portal on", copy=False, readonly=True)
    channel_waiting_reason = fields.Char("Why Not Confirmed at Once", copy=False, readonly=True)
    channel_remark = fields.Text("Remark of the Partner", copy=False)

    _channel_cart_uniq = models.UniqueIndex(
        "(channel_cart_user_id, company_id) WHERE channel_cart_user_id IS NOT NULL",
        "This person already has an open cart.",
    )

    @api.model
    def _partner_cart_vals(self, partner, post):
        """Return what the header of a cart takes over from a form of the partner portal.

        Called by every change of a cart, below the check that the visitor orders for ``partner``.
        A topic extends it by its own keys of ``post`` and has to make sure that what it returns
        belongs to the partner; every other key of ``post`` (prices, discounts, states) is ignored.

        :param partner: the partner company (superuser)
        :param dict post: what was posted, untrusted
        :raise UserError: for a value the visitor has to correct
        """
        vals = {}
        if "client_order_ref" in post:
            vals["client_order_ref"] = (post["client_order_ref"] or "").strip()[:64] or False
        if "channel_remark" in post:
            vals["channel_remark"] = (post["channel_remark"] or "").strip()[:2000] or False
        if post.get("partner_shipping_id"):
            vals["partner_shipping_id"] = self._partner_cart_address(
                partner, post["partner_shipping_id"]
            ).id
        if "commitment_date" in post:
            vals["commitment_date"] = self._partner_cart_date(post["commitment_date"])
        return vals

    def _partner_cart_address(self, partner, address_id):
        address = self.env["crm.partner.cart"]._addresses(partner)
        address = address.filtered(lambda one: str(one.id) == str(address_id))
        if not address:
            raise UserError(self.env._("Choose one of your own delivery addresses."))
        return address

    def _partner_cart_date(self, text):
        """Return noon (UTC) of the day that was typed, so that it is that day in most places."""
        if not text:
            return False
        try:
            day = fields.Date.to_date(text)
        except ValueError:
            day = None
        if not day or day < fields.Date.context_today(self):
            raise UserError(self.env._("Choose a delivery date that is not in the past."))
        return fields.Datetime.to_datetime(day).replace(hour=12)
