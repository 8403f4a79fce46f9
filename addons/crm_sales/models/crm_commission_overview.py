from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.crm_subledger.engine.scale import ZERO

from ..engine import period as engine
from .crm_commission_plan_version import to_decimal

LINES = 10
OPEN_DEALS = 100
HISTORY = 8


class CrmCommissionOverview(models.AbstractModel):
    """What a person earned, what their open opportunities promise, and why: line by line."""

    _name = "crm.commission.overview"
    _description = "My Commission"

    @api.model
    @api.readonly
    def get_my_commission(self):
        """Return the page of the user who asks; nobody can ask for somebody else.

        :return: ``{"name", "plans": [...]}``; amounts in the currency of each plan's company
        """
        members = self._members()
        return {
            "name": self.env.user.name,
            "plans": [self._plan(plan, rows) for plan, rows in members.grouped("plan_id").items()],
        }

    @api.model
    def _members(self):
        today = fields.Date.context_today(self)
        return (
            self.env["crm.commission.member"]
            .search(
                Domain("partner_id", "=", self.env.user.partner_id.id)
                & Domain("plan_id.active", "=", True)
                & Domain("company_id", "in", self.env.companies.ids)
                & (Domain("date_to", "=", False) | Domain("date_to", ">=", today)),
                order="plan_id, role, id",
            )
            .filtered(lambda member: member.plan_id._version_on(today))
        )

    @api.model
    def _plan(self, plan, members):
        """Return one plan of the user: the running period, its lines, and what is expected."""
        today = fields.Date.context_today(self)
        start, end = plan._period_bounds(today)
        statements = self.env["crm.commission.statement"].search(
            [("plan_id", "=", plan.id), ("partner_id", "=", self.env.user.partner_id.id)],
            limit=HISTORY,
        )
        current = statements.filtered(lambda statement: statement.date_from == start)
        version = plan._version_on(today)
        return {
            "id": plan.id,
            "name": plan.name,
            "currency_id": plan.currency_id.id,
            "date_from": start,
            "date_to": end,
            "basis_kind": dict(version._fields["basis"]._description_selection(self.env))[
                version.basis
            ],
            "roles": self._roles(members),
            "owner": "owner" in members.mapped("role"),
            **self._amounts(current, members),
            "tiers": self._tiers(version, current.basis),
            "steps": self._steps(current),
            "lines": self._lines(current),
            "expected": self._expected(plan, members, current),
            "history": [self._statement(statement) for statement in statements],
        }

    @api.model
    def _roles(self, members):
        roles = dict(members._fields["role"]._description_selection(self.env))
        return [{"name": roles[member.role], "rate": member.rate} for member in members]

    @api.model
    def _amounts(self, statement, members):
        quota = sum(members.filtered(lambda member: member.role == "owner").mapped("quota"))
        return {
            "statement_id": statement.id,
            "basis": statement.basis,
            "quota": quota,
            "attainment": 100.0 * statement.basis / quota if quota else 0.0,
            "earned": statement.earned,
            "settled": statement.settled,
            "to_pay": statement.to_pay,
        }

    @api.model
    def _statement(self, statement):
        states = dict(statement._fields["state"]._description_selection(self.env))
        return {
            "id": statement.id,
            "date_from": statement.date_from,
            "date_to": statement.date_to,
            "earned": statement.earned,
            "to_pay": statement.to_pay,
            "state": statement.state,
            "state_name": states[statement.state],
        }

    @api.model
    def _tiers(self, version, basis):
        """Return the tiers with what is filled of each, and how much is missing to the next."""
        rows = []
        for tier in version.tier_ids.sorted("lower_bound"):
            upper = tier.upper_bound
            inside = max(0.0, min(basis, upper or basis) - tier.lower_bound)
            width = upper - tier.lower_bound
            rows.append(
                {
                    "lower": tier.lower_bound,
                    "upper": upper,
                    "rate": tier.rate,
                    "filled": min(100.0, 100.0 * inside / width) if upper else 100.0 * bool(inside),
                    "reached": basis > tier.lower_bound,
                    "missing": max(0.0, tier.lower_bound - basis),
                }
            )
        return rows

    @api.model
    def _steps(self, statement):
        if not statement:
            return []
        # the own statement of the user, see get_my_commission
        content = self.env["crm.commission.document"]._explanations(statement)[statement.id]
        return [*content["steps"], *([note, "", "", ""] for note in content["notes"])]

    @api.model
    def _lines(self, statement):
        if not statement:
            return []
        lines = (
            self.env["crm.commission.line"]
            .with_context(commission_statement_ids=statement.ids)
            .search([("statement_id", "=", statement.id)], limit=LINES)
        )
        roles = dict(lines._fields["role"]._description_selection(self.env))
        return [
            {
                "id": line.id,
                "date": line.date,
                "customer": line.customer_id.commercial_partner_id.name or "",
                "deal": line.order_id.name or line.invoice_id.name or "",
                "order_id": line.order_id.id,
                "role": roles[line.role],
                "basis": line.basis,
                "commission": line.commission,
            }
            # sudo: the names of the documents behind the user's own lines, which the rule selected
            for line in lines.sudo()
        ]

    # ------------------------------------------------------------------
    # Expected
    # ------------------------------------------------------------------

    @api.model
    def _expected(self, plan, members, statement):
        """Return what the open opportunities would add, weighted, through the same scale.

        Deals that close in a later period start that period's scale at zero, as they will.
        """
        periods = {}
        for lead, credit in self._expected_credits(plan, members):
            start = plan._period_bounds(credit.date)[0]
            periods.setdefault(start, []).append((lead, credit))
        running = plan._period_bounds(fields.Date.context_today(self))[0]
        rows, uplift, total = [], ZERO, ZERO
        for start, pairs in sorted(periods.items()):
            earned = self._credits_of(statement) if start == running else []
            amounts, more = self._earn(plan, earned, [credit for _lead, credit in pairs])
            uplift += more
            total += sum(amounts, more)
            rows += [
                self._expected_row(lead, credit, amount)
                for (lead, credit), amount in zip(pairs, amounts, strict=True)
            ]
        return {"rows": rows, "uplift": float(uplift), "total": float(total)}

    @api.model
    def _credits_of(self, statement):
        # sudo: the documents behind the user's own statement
        return statement.sudo()._credits(detail=False).get(statement.id, [])

    @api.model
    def _earn(self, plan, earned, expected):
        """Return (commission of each expected credit, what they add to those earned already)."""
        versions = self.env["crm.commission.statement"]._versions_in_force(None, plan)
        scales = {version.id: version._scale() for version in versions}
        rounding = to_decimal(plan.currency_id.rounding)
        version = plan._version_on(max(credit.date for credit in expected))
        cap = to_decimal(version.cap) if version.cap else None
        amounts = engine.settle(earned + expected, scales, rounding=rounding, cap=cap)
        before = engine.settle(earned, scales, rounding=rounding, cap=cap)
        uplift = sum(amounts[: len(earned)], ZERO) - sum(before, ZERO)
        return amounts[len(earned) :], uplift

    @api.model
    def _expected_credits(self, plan, members):
        """Return (opportunity, credit) in order of their closing, none before today."""
        found = []
        for lead in self._open_leads(plan, members):
            day = self._closing_day(lead)
            version = plan._version_on(day)
            if not version or not self._counts(version, lead):
                continue
            for role, share, rate in self._parts(lead, members):
                basis = to_decimal(lead.expected_revenue) * to_decimal(lead.probability) / 100
                found.append(
                    (
                        lead,
                        engine.Credit(
                            version=version.id, role=role, rate=rate, basis=basis * share, date=day
                        ),
                    )
                )
        return sorted(found, key=lambda pair: (pair[1].date, pair[0].id))

    @api.model
    def _closing_day(self, lead):
        today = fields.Date.context_today(self)
        return max(lead.date_deadline or today, today)

    @api.model
    def _open_leads(self, plan, members):
        open_ = (
            Domain("type", "=", "opportunity")
            & Domain("won_status", "=", "pending")
            & Domain("expected_revenue", ">", 0)
            & Domain("probability", ">", 0)
            & Domain("company_id", "in", (plan.company_id.id, False))
        )
        order, leads = "expected_revenue desc, id", self.env["crm.lead"]
        named = Domain("deal_member_ids.partner_id", "=", self.env.user.partner_id.id)
        owned = Domain("user_id", "=", self.env.uid)
        teams = members.filtered(lambda member: member.role == "manager").team_ids
        seen = Domain.TRUE if members.filtered("every_deal") else Domain("team_id", "in", teams.ids)
        # sudo: deals that the user owns or takes part in; all others as their rights allow
        mine = leads.sudo().search(open_ & (named | owned), order=order, limit=OPEN_DEALS)
        return mine | leads.search(open_ & seen, order=order, limit=OPEN_DEALS).sudo()

    @api.model
    def _counts(self, version, lead):
        """Whether the team and the customer of an opportunity pass the filters of a version."""
        # sudo: whether a filter lets the deal pass; the customers are not shown
        customers = version.sudo().partner_ids.commercial_partner_id
        return (not version.team_ids or lead.team_id in version.team_ids) and (
            # sudo: as above
            not customers or lead.partner_id.sudo().commercial_partner_id in customers
        )

    @api.model
    def _parts(self, lead, plan_members):
        """Return (role, share, flat rate as a fraction) of the user in an opportunity."""
        partner = self.env.user.partner_id
        members = lead.deal_member_ids
        named = members.filtered(lambda row: row.partner_id == partner)
        owns = sum(named._owners().mapped("split"))
        if lead.user_id == self.env.user:
            owns += 100.0 - sum(members._owners().mapped("split"))
        parts = []
        for member in plan_members:
            rate = to_decimal(member.rate) / 100
            overlay = named.filtered(lambda row: row.commission == "overlay")[:1]
            if member.role == "owner" and owns:
                parts.append(("owner", to_decimal(owns) / 100, ZERO))
            elif member.role == "overlay" and (overlay or member.every_deal):
                own_rate = to_decimal(overlay.rate) / 100
                parts.append(("overlay", Decimal(1), own_rate or rate))
            elif member.role == "manager" and lead.team_id in member.team_ids:
                parts.append(("manager", Decimal(1), rate))
        return parts

    @api.model
    def _expected_row(self, lead, credit, amount):
        return {
            "id": lead.id,
            "can_open": lead.with_user(self.env.uid).has_access("read"),
            "name": lead.name,
            "customer": lead.partner_id.commercial_partner_id.name or lead.partner_name or "",
            "date": credit.date,
            "revenue": lead.expected_revenue,
            "probability": lead.probability,
            "basis": float(credit.basis),
            "commission": float(amount),
        }
