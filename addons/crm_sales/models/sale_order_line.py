from odoo import api, models

TRACKED_FIELDS = frozenset({"product_uom_qty", "price_unit", "discount", "product_id", "tax_ids"})


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._commission_mark_dirty()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if TRACKED_FIELDS & vals.keys():
            self._commission_mark_dirty()
        return result

    def _commission_mark_dirty(self):
        """A change of a confirmed order changes what is booked."""
        confirmed = self.order_id.filtered(lambda order: order.state == "sale")
        if confirmed:
            self.env["crm.subledger.mixin"]._subledger_documents_dirty(confirmed)
