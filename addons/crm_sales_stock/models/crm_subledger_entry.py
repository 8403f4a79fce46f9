from odoo import api, fields, models


class CrmSubledgerEntry(models.Model):
    """From an entry to the deliveries and returns of its deal."""

    _inherit = "crm.subledger.entry"

    delivery_count = fields.Integer(compute="_compute_delivery_counts")
    return_count = fields.Integer(compute="_compute_delivery_counts")

    @api.depends("order_id")
    def _compute_delivery_counts(self):
        # sudo: only how many there are; opening them needs access to the transfers
        for entry in self:
            pickings = entry.sudo().order_id.picking_ids
            entry.delivery_count = len(pickings.filtered(lambda p: not p.return_id))
            entry.return_count = len(pickings.filtered("return_id"))

    def action_open_deliveries(self):
        """Open the deliveries of the deal."""
        pickings = self.order_id.picking_ids.filtered(lambda picking: not picking.return_id)
        return self._action_open(pickings, self.env._("Deliveries"))

    def action_open_returns(self):
        """Open the returns of the deal."""
        pickings = self.order_id.picking_ids.filtered("return_id")
        return self._action_open(pickings, self.env._("Returns"))
