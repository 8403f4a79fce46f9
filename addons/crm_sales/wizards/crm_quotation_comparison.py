from odoo import api, fields, models


class CrmQuotationComparison(models.TransientModel):
    """Two versions of a quotation side by side."""

    _name = "crm.quotation.comparison"
    _description = "Quotation Comparison"

    order_id = fields.Many2one("sale.order", required=True, readonly=True, ondelete="cascade")
    left_id = fields.Many2one("crm.quotation.version", "Version", required=True, ondelete="cascade")
    right_id = fields.Many2one(
        "crm.quotation.version", "With", ondelete="cascade", help="Empty: as it is now."
    )
    comparison = fields.Html(compute="_compute_comparison", sanitize=False)

    @api.depends("left_id", "right_id")
    def _compute_comparison(self):
        for wizard in self:
            wizard.comparison = wizard.left_id and self.env["ir.qweb"]._render(
                "crm_sales.quotation_comparison", wizard._prepare_comparison()
            )

    def _prepare_comparison(self):
        """Return what the template shows: amounts in the currency that the order has now."""
        self.check_access("read")
        left, right = self.left_id, self.right_id or self.order_id
        rows = self._rows(left.line_ids, right.line_ids if self.right_id else right.order_line)
        return {
            "left": left,
            "right": right,
            "left_name": self.env._("Version %s", left.number),
            "right_name": self.env._("Version %s", right.number)
            if self.right_id
            else self.env._("Now"),
            "currency": self.order_id.currency_id,
            "rows": rows,
            "unchanged": not any(row["change"] for row in rows),
        }

    @api.model
    def _rows(self, before, after):
        """Return one dictionary per line, in the order of ``after``; removed lines last."""
        old = {line.origin_line: line for line in before}
        rows = []
        for line in after:
            origin = line.id if line._name == "sale.order.line" else line.origin_line
            rows.append(self._row(old.pop(origin, before.browse()), line))
        rows += [self._row(line, after.browse()) for line in old.values()]
        return rows

    @api.model
    def _row(self, left, right):
        line = right or left
        differing = {
            name
            for name in ("product_uom_qty", "price_unit", "discount", "price_subtotal", "name")
            if left and right and _differs(left[name], right[name])
        }
        change = "added" if not left else "removed" if not right else "changed" if differing else ""
        return {
            "line": line,
            "left": left,
            "right": right,
            "differing": differing,
            "change": change,
            "delta": (right.price_subtotal if right else 0) - (left.price_subtotal if left else 0),
        }

    def action_restore(self):
        """Make the quotation say again what the version on the left says."""
        self.ensure_one()
        return self.left_id.action_restore()


def _differs(left, right):
    if isinstance(left, float):
        return abs(left - right) > 1e-9
    return left != right
