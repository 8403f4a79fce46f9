from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CrmCommissionMember(models.Model):
    """A person who earns under a plan, and how."""

    _name = "crm.commission.member"
    _description = "Commission Plan Member"
    _inherit = ["crm.person.mixin"]
    _person_of = "plan_id"
    _order = "plan_id, role, id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "crm.commission.plan", required=True, index=True, ondelete="cascade", check_company=True
    )
    company_id = fields.Many2one(related="plan_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    agent_id = fields.Many2one(help="Instead of a colleague.")
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
    def _compute_payout(self):
        for member in self:
            member.payout = "bill" if member.agent_id and not member.user_id else "payroll"

    def _not_one_person(self):
        return self.env._(
            "Plan “%(plan)s”: a member is either a colleague or an external agent. "
            "Enter exactly one of them.",
            plan=self.plan_id.name,
        )

    def _without_contact(self):
        return self.env._(
            "Plan “%(plan)s”: the user %(user)s has no contact. Link a contact to the user first.",
            plan=self.plan_id.name,
            user=self.user_id.login,
        )

    def _ends_too_early(self):
        return self.env._(
            "Plan “%(plan)s”: %(member)s ends on %(end)s, before it begins on "
            "%(start)s. Correct the dates.",
            plan=self.plan_id.name,
            member=self.display_name,
            start=self.date_from,
            end=self.date_to,
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
