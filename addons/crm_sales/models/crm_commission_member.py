from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CrmCommissionMember(models.Model):
    """A person who earns under a plan, and how."""

    _name = "crm.commission.member"
    _description = "Commission Plan Member"
    _order = "plan_id, role, id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "crm.commission.plan", required=True, index=True, ondelete="cascade", check_company=True
    )
    company_id = fields.Many2one(related="plan_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", string="Colleague", index="btree_not_null")
    agent_id = fields.Many2one(
        "res.partner", string="External Agent", help="Instead of a colleague."
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Payee",
        compute="_compute_partner_id",
        store=True,
        index=True,
        precompute=True,
    )
    role = fields.Selection(
        [
            ("owner", "Owner: the scale on their share of their deals"),
            ("overlay", "Overlay: a flat rate on deals they take part in"),
            ("manager", "Manager: a flat rate on the deals of their teams"),
        ],
        required=True,
        default="owner",
    )
    rate = fields.Float("Flat Rate (%)", digits=(8, 4))
    every_deal = fields.Boolean(
        help="The overlay earns on all deals of the plan, not only where they take part.",
    )
    team_ids = fields.Many2many("crm.team", string="Teams", check_company=True)
    quota = fields.Monetary("Quota per Period", help="The basis that is expected in a period.")
    date_from = fields.Date("From")
    date_to = fields.Date("To")
    payout = fields.Selection(
        [("payroll", "Payroll"), ("bill", "Vendor Bill")],
        required=True,
        compute="_compute_payout",
        store=True,
        readonly=False,
        precompute=True,
    )

    _rate_positive = models.Constraint(
        "CHECK(rate >= 0)", "The flat rate of a plan member must not be negative."
    )

    @api.depends("user_id", "agent_id")
    def _compute_partner_id(self):
        for member in self:
            member.partner_id = member.user_id.partner_id or member.agent_id

    @api.depends("user_id", "agent_id")
    def _compute_payout(self):
        for member in self:
            member.payout = "bill" if member.agent_id and not member.user_id else "payroll"

    @api.depends("partner_id.name", "role")
    def _compute_display_name(self):
        for member in self:
            member.display_name = member.partner_id.name or self.env._("New member")

    @api.constrains("plan_id", "user_id", "agent_id")
    def _check_person(self):
        for member in self:
            if bool(member.user_id) == bool(member.agent_id):
                raise ValidationError(
                    self.env._(
                        "Plan “%(plan)s”: a member is either a colleague or an external agent. "
                        "Enter exactly one of them.",
                        plan=member.plan_id.name,
                    )
                )
            if not member.partner_id:
                raise ValidationError(
                    self.env._(
                        "Plan “%(plan)s”: the user %(user)s has no contact. Link a contact to the "
                        "user first.",
                        plan=member.plan_id.name,
                        user=member.user_id.login,
                    )
                )

    @api.constrains("user_id", "agent_id", "payout", "plan_id")
    def _check_employee(self):
        payroll = self.filtered(lambda member: member.partner_id and member.payout == "payroll")
        # sudo: a manager of commissions need not be an officer of human resources
        employees = (
            self.env["hr.employee"]
            .sudo()
            ._read_group(
                [
                    ("user_id", "in", payroll.user_id.ids),
                    ("company_id", "in", payroll.company_id.ids),
                ],
                ["user_id", "company_id"],
            )
        )
        known = {(user.id, company.id) for user, company in employees}
        for member in payroll:
            if (member.user_id.id, member.company_id.id) not in known:
                raise ValidationError(
                    self.env._(
                        "Plan “%(plan)s”: %(member)s is no employee of %(company)s and cannot be "
                        "paid through payroll. Create the employee and link the user, or choose "
                        "“Vendor Bill”.",
                        plan=member.plan_id.name,
                        member=member.display_name,
                        company=member.company_id.name,
                    )
                )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for member in self:
            if member.date_from and member.date_to and member.date_to < member.date_from:
                raise ValidationError(
                    self.env._(
                        "Plan “%(plan)s”: %(member)s ends on %(end)s, before it begins on "
                        "%(start)s. Correct the dates.",
                        plan=member.plan_id.name,
                        member=member.display_name,
                        start=member.date_from,
                        end=member.date_to,
                    )
                )

    @api.constrains("plan_id", "user_id", "agent_id", "role", "date_from", "date_to")
    def _check_overlap(self):
        for plan in self.plan_id:
            rows = plan.member_ids.sorted(lambda m: (m.partner_id.id, m.role, m._span()))
            for first, second in zip(rows, rows[1:], strict=False):
                same = (first.partner_id, first.role) == (second.partner_id, second.role)
                if same and second._span()[0] <= first._span()[1]:
                    raise ValidationError(
                        self.env._(
                            "Plan “%(plan)s”: %(member)s is named twice in the same role for the "
                            "same days and would earn twice. Remove one line or separate the "
                            "dates.",
                            plan=plan.name,
                            member=second.display_name,
                        )
                    )

    @api.constrains("role", "team_ids")
    def _check_teams(self):
        for member in self:
            if member.role == "manager" and not member.team_ids:
                raise ValidationError(
                    self.env._(
                        "Plan “%(plan)s”: the manager %(member)s has no team. Choose the teams on "
                        "whose deals the rate is earned.",
                        plan=member.plan_id.name,
                        member=member.display_name,
                    )
                )

    @api.constrains("payout", "plan_id")
    def _check_payroll_account(self):
        self.plan_id._check_payroll_account()

    def _span(self):
        return (
            self.date_from or fields.Date.to_date("1900-01-01"),
            self.date_to or fields.Date.to_date("9999-12-31"),
        )

    # ------------------------------------------------------------------
    # A change of members changes what statements should say
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        members._mark_plans_dirty()
        return members

    def write(self, vals):
        self._mark_plans_dirty()
        result = super().write(vals)
        self._mark_plans_dirty()
        return result

    def unlink(self):
        plans = self.plan_id
        self._mark_plans_dirty()
        result = super().unlink()
        plans.exists()._check_payroll_account()
        return result

    def _mark_plans_dirty(self):
        plans = self.plan_id.filtered(
            lambda plan: any(version.state == "approved" for version in plan.version_ids)
        )
        plans._recompute_later()

    def _is_active_between(self, start, end):
        """Whether the member earns on at least one day between two dates."""
        self.ensure_one()
        first, last = self._span()
        return first <= end and start <= last

    def _periods_until(self, day):
        """Return the starts of the periods of the plan, up to ``day``, in which this earns."""
        self.ensure_one()
        approved = self.plan_id.version_ids.filtered(lambda v: v.state == "approved")
        if not approved:
            return []
        first = max(min(approved.mapped("date_from")), self._span()[0])
        last = min(day, self._span()[1])
        if first > last:
            return []
        start = self.plan_id._period_bounds(first)[0]
        starts = []
        while start <= last:
            starts.append(start)
            start = fields.Date.add(self.plan_id._period_bounds(start)[1], days=1)
        return starts
