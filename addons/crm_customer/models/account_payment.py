from odoo import api, models

WATCHED = {"state", "date", "partner_id"}


class AccountPayment(models.Model):
    _inherit = "account.payment"

    # Odoo finds payments through their journal entries; the timeline needs those of a customer.
    _partner_date_idx = models.Index("(partner_id, date DESC, id DESC)")

    # --- segments ---

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._mark_for_segments()
        return records

    def write(self, vals):
        watched = bool(WATCHED & vals.keys())
        if watched:
            self._mark_for_segments()
        result = super().write(vals)
        if watched:
            self._mark_for_segments()
        return result

    def unlink(self):
        self._mark_for_segments()
        return super().unlink()

    def _mark_for_segments(self):
        """Have the customers of these documents evaluated for segments."""
        self.env["crm.segment.dirty"]._mark(self.partner_id)
