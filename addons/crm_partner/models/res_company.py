from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    _inherit = "res.company"

    # --- leads: distribution to channel partners ---
    channel_accept_hours = fields.Float(
        "Time to Accept (working hours)",
        default=16.0,
        help="Counted in the working calendar of the company; 0: no limit.",
    )
    channel_remind_hours = fields.Float(
        "Reminder after (working hours)", default=8.0, help="0: no reminder."
    )
    channel_fairness_days = fields.Integer(
        "Shares Counted over (days)",
        default=90,
        help="Leads of this many days count when it is decided who is behind its share.",
    )
    channel_pool_fallback = fields.Boolean(
        "Leads without a Partner Go to the Pool",
        default=True,
        help="When no partner may get a lead, or all let it pass.",
    )

    @api.constrains("channel_accept_hours", "channel_remind_hours", "channel_fairness_days")
    def _check_channel_numbers(self):
        for company in self:
            numbers = (
                company.channel_accept_hours,
                company.channel_remind_hours,
                company.channel_fairness_days - 1,
            )
            if min(numbers) < 0:
                raise ValidationError(
                    self.env._(
                        "Hours must not be negative, and shares count over one day at least."
                    )
                )

    def _channel_after(self, hours, start):
        """Return when ``hours`` of work of this company have passed since ``start`` (UTC).

        Without a working calendar, or with one that has no hours, every hour counts.
        """
        self.ensure_one()
        calendar = self.resource_calendar_id
        planned = calendar and calendar.plan_hours(hours, start, compute_leaves=True)
        return planned or start + timedelta(hours=hours)

    def _channel_midnight(self):
        """Return when today began (UTC) in the time zone of this company's working calendar."""
        self.ensure_one()
        zone = pytz.timezone(self.resource_calendar_id.tz or self.env.user.tz or "UTC")
        today = pytz.utc.localize(fields.Datetime.now()).astimezone(zone).date()
        midnight = zone.localize(datetime.combine(today, time.min))
        return midnight.astimezone(pytz.utc).replace(tzinfo=None)
