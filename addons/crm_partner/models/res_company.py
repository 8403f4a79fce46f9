from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

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
    deal_rate_limit = fields.Integer(
        "Registrations a Minute",
        default=20,
        help="What one person may register within a minute; 0: any number.",
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
