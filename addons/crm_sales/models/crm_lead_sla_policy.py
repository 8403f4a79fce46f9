from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CrmLeadSlaPolicy(models.Model):
    """How soon somebody must respond to a lead, and what happens if nobody does."""

    _name = "crm.lead.sla.policy"
    _description = "Lead Response Policy"
    _inherit = ["mail.thread"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    response_hours = fields.Float(
        "Respond Within", default=4.0, required=True, tracking=True, help="Working hours."
    )
    warn_percent = fields.Integer(
        "Warn After", default=75, help="Per cent of that time; 0: no warning."
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        "Working Hours",
        check_company=True,
        ondelete="restrict",
        tracking=True,
        help="Hours that count, in the time zone of this schedule. Empty: those of the company.",
    )
    only_routed = fields.Boolean(
        "Only Routed Leads",
        default=True,
        help="Not leads for which whoever entered them has chosen a salesperson.",
    )
    any_colleague = fields.Boolean(
        "Any Colleague may Respond",
        default=True,
        help="Otherwise only what the salesperson does counts as a response.",
    )
    on_breach = fields.Selection(
        [
            ("none", "Report it only"),
            ("next", "Give the lead to the next person"),
            ("fallback", "Give the lead to the fallback"),
        ],
        "Without Response",
        default="next",
        required=True,
        tracking=True,
    )
    fallback_user_id = fields.Many2one(
        "res.users",
        "Fallback",
        domain="[('share', '=', False)]",
        help="Who gets the lead when nobody is next.",
    )
    max_reroutes = fields.Integer(
        "Hand Over at Most", default=3, help="Then the lead stays, and its team leader is told."
    )
    team_ids = fields.One2many("crm.team", "lead_sla_policy_id", "Teams", readonly=True)
    rule_ids = fields.One2many("crm.lead.route.rule", "sla_policy_id", "Rules", readonly=True)

    _hours_positive = models.Constraint(
        "CHECK (response_hours > 0)", "The time to respond must be more than zero hours."
    )
    _warn_in_time = models.Constraint(
        "CHECK (warn_percent >= 0 AND warn_percent < 100)",
        "The warning must come before the response is due: choose 0 to 99 per cent.",
    )

    @api.constrains("calendar_id", "company_id")
    def _check_calendar(self):
        for policy in self:
            calendar = policy._calendar(self.env.company)
            if not calendar or not calendar.attendance_ids:
                raise ValidationError(
                    self.env._(
                        'Policy "%s" has no working hours to count: choose a schedule with hours '
                        "here, or set one on the company.",
                        policy.name,
                    )
                )

    @api.constrains("on_breach", "fallback_user_id")
    def _check_fallback(self):
        for policy in self:
            if policy.on_breach == "fallback" and not policy.fallback_user_id:
                raise ValidationError(
                    self.env._('Policy "%s": choose who gets the lead.', policy.name)
                )

    def _calendar(self, company):
        """Return the schedule that counts for leads of a company; none if there is none."""
        return self.calendar_id or (self.company_id or company).resource_calendar_id

    def _times(self, start, company):
        """Return (warning, deadline) in UTC for a clock that starts now.

        :raises ValidationError: the schedule has no working hour in the coming years
        """
        calendar = self._calendar(company)
        deadline = calendar and calendar.plan_hours(self.response_hours, start, compute_leaves=True)
        if not deadline:
            raise ValidationError(
                self.env._(
                    'Policy "%s" has no working hours to count: choose a schedule with hours '
                    "here, or set one on the company.",
                    self.name,
                )
            )
        warning = self.warn_percent and calendar.plan_hours(
            self.response_hours * self.warn_percent / 100, start, compute_leaves=True
        )
        return warning or False, deadline
