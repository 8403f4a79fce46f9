from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    """How a company runs its programme: deadlines, limits and policies, one set a company."""

    _inherit = "res.company"

    # --- programme ---
    partner_review_mode = fields.Selection(
        [
            ("manual", "By hand"),
            ("preview", "Prepared every month, applied by somebody"),
            ("apply", "Every month, applied at once"),
        ],
        "Review of the Partner Levels",
        default="preview",
        required=True,
    )

    # --- deal registration ---
    deal_direct_policy = fields.Selection(
        [
            ("warn", "They are warned"),
            ("block", "They are blocked"),
            ("partner", "The opportunity becomes partner-led"),
        ],
        "Direct Sales on Registered Customers",
        default="warn",
        required=True,
    )
    deal_customer_months = fields.Integer(
        "Existing Customers (months)",
        default=12,
        help="Whoever ordered or was invoiced within this time is an existing customer of ours and"
        " cannot be registered; 0: existing customers can be registered.",
    )
    deal_review_hours = fields.Integer(
        "Review Time Limit (hours)",
        default=48,
        help="A registration that is not decided by then is handed on; 0: never.",
    )
    deal_progress_days = fields.Integer(
        "Take Back without Progress (days)",
        default=45,
        help="Deals without a report of progress for this time are taken back; 0: never.",
    )
    deal_reminder_days = fields.Integer(
        "Remind before (days)",
        default=14,
        help="Partners are reminded this long before a protection ends or a deal is taken back.",
    )
    deal_extension_auto = fields.Boolean(
        "Extend at Once", help="An extension with reason and progress needs no decision."
    )
    deal_amount_cap = fields.Boolean(
        "Discount up to the Registered Amount",
        default=True,
        help="A deal registered without products gives its discount up to its amount, at list"
        " prices and excluding taxes; off: for any quantity.",
    )
    deal_amount_tolerance = fields.Float(
        "Above the Registered Amount (%)",
        digits=(5, 2),
        help="The amount is an estimate: so much more still gets the discount.",
    )
    _deal_amount_tolerance_positive = models.Constraint(
        "CHECK (deal_amount_tolerance >= 0)",
        "What may go beyond the registered amount must not be negative.",
    )
    deal_rate_limit = fields.Integer(
        "Registrations a Minute",
        default=20,
        help="What one person may register within a minute in the portal, and as many fund "
        "requests and claims; 0: any number.",
    )
    deal_referral_account_id = fields.Many2one(
        "account.account",
        "Referral Fee Account",
        check_company=True,
        domain="[('account_type', 'in', ('expense', 'expense_direct_cost', 'expense_other'))]",
        help="Expense of referral fees; empty: account of the purchase journal.",
    )
    deal_referral_tax_id = fields.Many2one(
        "account.tax",
        "Referral Fee Tax",
        check_company=True,
        domain="[('type_tax_use', '=', 'purchase')]",
    )

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

    # --- market development funds ---
    mdf_reminder_days = fields.Integer(
        "Remind of Expiring Funds (days before)",
        default=30,
        help="Partners and channel managers are told once, this many days before a fund ends; 0: "
        "nobody is.",
    )

    # --- portal: ordering and team ---
    partner_order_confirm = fields.Selection(
        [
            ("quotation", "Are quotations that we confirm"),
            ("confirm", "Are confirmed at once"),
        ],
        "Orders from the Partner Portal",
        default="quotation",
        required=True,
        help="Orders above the credit limit and orders that need an approval always wait for us.",
    )
    partner_stock_few = fields.Float(
        "Few in Stock up to",
        default=10,
        help="The partner portal shows 'few' up to this free quantity and 'available' above it,"
        " never the number.",
    )
    partner_invite_limit = fields.Integer(
        "Invitations a Day",
        default=20,
        help="As many invitations may the people of one partner company send within 24 hours.",
    )
    _partner_stock_few_positive = models.Constraint(
        "CHECK (partner_stock_few >= 0)", "The quantity that counts as few must not be negative."
    )
    _partner_invite_limit_positive = models.Constraint(
        "CHECK (partner_invite_limit >= 0)", "The number of invitations must not be negative."
    )

    # --- statements of account ---
    partner_statement_auto = fields.Selection(
        [("no", "Not"), ("draft", "As drafts"), ("send", "And sent")],
        "Monthly Statements of Account",
        default="no",
        required=True,
        help="Created at the beginning of a month for every partner of the programme that has a "
        "balance or movements.",
    )

    def _deal_today(self):
        """Return the date on which the windows of this company's deals are counted."""
        self.ensure_one()
        company = self.sudo()  # sudo: the time zone, for partners in the portal too
        zone = company.partner_id.tz or company.resource_calendar_id.tz or "UTC"
        return fields.Date.context_today(self.with_context(tz=zone))

    def _deal_clock(self, today):
        """Return [(method of a registration, domain)] of what is due on a day."""
        self.ensure_one()
        approved = [("state", "=", "approved")]
        remind = fields.Date.add(today, days=self.deal_reminder_days)
        clock = [("_expire", [*approved, ("protected_until", "<", today)])]
        if self.deal_progress_days:
            clock += self._deal_progress_clock(today, approved)
        clock.append(
            (
                "_remind_expiry",
                [*approved, ("reminded_on", "=", False), ("protected_until", "<=", remind)],
            )
        )
        return clock

    def _deal_progress_clock(self, today, approved):
        """Return the take-back, and the reminder before it, of deals that stand still."""

        def still(days):
            since = fields.Date.subtract(today, days=days)
            return [
                *approved,
                ("approved_on", "<=", since),
                "|",
                ("last_progress_on", "=", False),
                ("last_progress_on", "<=", since),
            ]

        days = self.deal_progress_days
        soon = max(days - self.deal_reminder_days, 1)
        return [
            ("_take_back", still(days)),
            ("_remind_progress", [("reminded_on", "=", False), *still(soon)]),
        ]

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
