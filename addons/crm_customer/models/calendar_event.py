from odoo import models


class CalendarEvent(models.Model):
    """Meetings move their participants between segments."""

    _name = "calendar.event"
    _inherit = ["calendar.event", "crm.segment.source"]

    _segment_watched = frozenset({"partner_ids", "start", "stop", "active"})

    def _segment_partners(self):
        """Return everybody who is invited."""
        return self.partner_ids
