from odoo import api, fields, models

from ..engine.deal_price import Priced, exact, registered_price


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    # --- deal registration ---

    deal_discount = fields.Float(
        "Registration Discount (%)",
        digits=(5, 2),
        compute="_compute_deal_discount",
        store=True,
        precompute=True,
        copy=False,
        help="Discount of the registered deal that is in the unit price.",
    )

    @api.depends("order_id.deal_registration_id", "product_id")
    def _compute_deal_discount(self):
        for line in self:
            line.deal_discount = line._deal_rate() if line.order_id else 0.0

    @api.depends("order_id.deal_registration_id")
    def _compute_price_unit(self):
        return super()._compute_price_unit()

    def _deal_price_again(self):
        """Have prices that were not changed by hand computed anew, and what depends on them."""
        names = ["price_unit", "deal_discount"]
        for name in names:
            self.env.add_to_compute(self._fields[name], self)
        self.modified(names)

    def _reset_price_unit(self):
        result = super()._reset_price_unit()
        self.deal_discount = self._deal_rate()
        return result

    def _get_display_price(self):
        """Take the registration discount off the unit price; the tier's stays in ``discount``.

        Both multiply, and ``discount`` has two digits: in the price it is exact.
        """
        return registered_price(super()._get_display_price(), self._deal_rate())

    def _deal_rate(self):
        """Return the registration discount of this line in percent, 0 without a live deal."""
        self.ensure_one()
        order = self.order_id
        # sudo: whoever quotes may not read the registration
        registration = order.sudo().deal_registration_id
        if not registration or not order.partner_id.commercial_partner_id.grade_id:
            return 0.0
        products = registration.line_ids.product_id.product_tmpl_id
        if products and self.product_id.product_tmpl_id not in products:
            return 0.0
        return registration.registration_discount if order._deal_fits() else 0.0

    def _deal_priced(self):
        """Return what the line costs at each stage, for the waterfall of the order."""
        self.ensure_one()
        net = exact(self.price_subtotal)
        if not self.product_id or not self.pricelist_item_id or self._is_global_discount():
            # a reduction of the whole order has no list price of its own
            listed = exact(0) if self._is_global_discount() else net
            return Priced(listed, listed, exact(0), net)
        untaxed = exact(self._deal_untaxed_share() * self.product_uom_qty)
        line = self.with_company(self.company_id)
        tiered = exact(line._get_pricelist_price()) * untaxed
        listed = exact(line._get_pricelist_price_before_discount()) * untaxed
        return Priced(listed, tiered, exact(self.deal_discount), net)

    def _deal_untaxed_share(self):
        """Return the part of a unit price that is no tax included in it."""
        gross = self.price_unit * (1 - self.discount / 100) * self.product_uom_qty
        return self.price_subtotal / gross if gross else 1.0
