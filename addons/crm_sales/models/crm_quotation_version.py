import hashlib
import json

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.crm_approval.tools import plain

HEADER = ("partner_id", "pricelist_id", "currency_id", "payment_term_id", "fiscal_position_id")
LINE = (
    "sequence",
    "display_type",
    "product_id",
    "name",
    "product_uom_qty",
    "product_uom_id",
    "price_unit",
    "discount",
    "tax_ids",
)


class CrmQuotationVersion(models.Model):
    """What a quotation said at one moment. Versions are only added, never changed."""

    _name = "crm.quotation.version"
    _description = "Quotation Version"
    _order = "order_id, number desc"

    order_id = fields.Many2one(
        "sale.order", "Quotation", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    salesperson_id = fields.Many2one(related="order_id.user_id", store=True, index=True)
    number = fields.Integer("Version", required=True, readonly=True)
    event = fields.Selection(
        [
            ("sent", "Sent"),
            ("sale", "Confirmed"),
            ("manual", "Kept by hand"),
            ("restore", "Before an earlier version was restored"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", "By", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    pricelist_id = fields.Many2one("product.pricelist", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    payment_term_id = fields.Many2one("account.payment.term", readonly=True)
    fiscal_position_id = fields.Many2one("account.fiscal.position", readonly=True)
    validity_date = fields.Date("Valid until", readonly=True)
    amount_untaxed = fields.Monetary("Untaxed", readonly=True)
    amount_total = fields.Monetary("Total", readonly=True)
    margin = fields.Monetary(readonly=True, groups="base.group_user")
    content_hash = fields.Char(readonly=True)
    line_ids = fields.One2many("crm.quotation.version.line", "version_id", "Lines", readonly=True)

    _one_number = models.Constraint(
        "UNIQUE(order_id, number)", "A quotation has each version once."
    )

    @api.depends("order_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(order)s, version %(number)s", order=version.order_id.name, number=version.number
            )

    # ------------------------------------------------------------------
    # Keeping
    # ------------------------------------------------------------------

    @api.model
    def _take(self, orders, event, reason=False):
        """Return new versions of those orders whose contents differ from their last version."""
        # sudo: a version is kept whoever sends or confirms, the customer in the portal too
        versions = self.sudo()
        latest = {}
        for version in versions.search([("order_id", "in", orders.ids)], order="number"):
            latest[version.order_id.id] = version
        vals_list = []
        # sudo: as above: contents are kept in full
        for order in orders.sudo():
            last = latest.get(order.id, versions)
            content = self._content(order)
            if content_hash(content) != last.content_hash:
                vals_list.append(self._prepare_vals(order, content, last.number + 1, event, reason))
        return versions.create(vals_list).sudo(False)  # sudo: given back

    @api.model
    def _content(self, order):
        """Return what a version keeps: plain values of the quotation and of its lines."""
        return {
            **{name: plain(order[name]) for name in HEADER},
            "validity_date": str(order.validity_date or ""),
            "lines": [
                {"id": line.id, **{name: plain(line[name]) for name in LINE}}
                for line in order.order_line
            ],
        }

    @api.model
    def _prepare_vals(self, order, content, number, event, reason):
        """Return the values of a version: amounts in the order's currency, the margin too.

        :param content: what was compared with the version before; only its hash is kept
        """
        return {
            "order_id": order.id,
            "number": number,
            "event": event,
            "reason": reason,
            "user_id": self.env.user.id,
            **{name: order[name].id for name in HEADER},
            "validity_date": order.validity_date,
            "amount_untaxed": order.amount_untaxed,
            "amount_total": order.amount_total,
            "margin": order.margin,
            "content_hash": content_hash(content),
            "line_ids": [
                Command.create(
                    {
                        **line._convert_to_write({name: line[name] for name in LINE}),
                        "origin_line": line.id,
                        "price_subtotal": line.price_subtotal,
                        "margin": line.margin,
                    }
                )
                for line in order.order_line
            ],
        }

    # ------------------------------------------------------------------
    # Going back
    # ------------------------------------------------------------------

    def action_restore(self):
        """Make the quotation say again what this version says; the present state is kept first.

        :raise UserError: if the quotation is confirmed or cancelled
        """
        self.ensure_one()
        order = self.order_id
        order.check_access("write")
        if order.state not in ("draft", "sent"):
            raise UserError(
                self.env._(
                    "%s is no quotation any more. Cancel it and set it to quotation before you "
                    "restore a version.",
                    order.display_name,
                )
            )
        if order.order_line.filtered("linked_line_id") or self.line_ids.filtered(
            lambda line: line.product_id.type == "combo"
        ):
            raise UserError(
                self.env._(
                    "%s has combinations of products. Compare the versions, and change the lines "
                    "by hand.",
                    order.display_name,
                )
            )
        order._version_take("restore", self.env._("before version %s was restored", self.number))
        order.write(self._prepare_restore_vals(order))
        order.message_post(body=self.env._("Version %s was restored.", self.number))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _prepare_restore_vals(self, order):
        """Return the values that make ``order`` say again what this version says.

        Lines that still exist are updated, so that what hangs on them stays; others are deleted or
        created. The currency follows from the pricelist.
        """
        here = set(order.order_line.ids)
        kept = {line.origin_line for line in self.line_ids} & here
        commands = [Command.delete(line_id) for line_id in sorted(here - kept)]
        for line in self.line_ids:
            vals = line._prepare_line_vals()
            if line.origin_line in kept:
                commands.append(Command.update(line.origin_line, vals))
            else:
                commands.append(Command.create(vals))
        return {
            **{name: self[name].id for name in HEADER if name != "currency_id"},
            "validity_date": self.validity_date,
            "order_line": commands,
        }

    def action_open_comparison(self):
        """Compare this version with the quotation as it is now."""
        self.ensure_one()
        action = self.order_id.action_compare_versions()
        return {**action, "context": {**action["context"], "default_left_id": self.id}}


def content_hash(content):
    """Return the SHA-256 of the contents as canonical JSON."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
