from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    # --- segments ---

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._mark_for_segments()
        return partials

    def unlink(self):
        self._mark_for_segments()
        return super().unlink()

    def _mark_for_segments(self):
        """Have the customers who paid, or did not after all, evaluated for segments."""
        self.env["crm.segment.dirty"]._mark(self.debit_move_id.partner_id)
