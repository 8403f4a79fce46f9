from odoo import api, models

WATCHED = {"partner_ids", "start", "stop", "active"}


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

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
        self.env["crm.segment.dirty"]._mark(self.partner_ids)
