from collections import defaultdict
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import Command, api, fields, models

from odoo.addons.crm_subledger.engine.scale import ZERO

from ..engine import period as engine
from ..models.crm_commission_credit import Scope
from ..models.crm_commission_plan_version import to_decimal


class CrmCommissionSimulation(models.TransientModel):
    """A plan version against the posted documents of past periods, per person. Posts nothing."""

    _name = "crm.commission.simulation"
    _description = "Commission Simulation"

    version_id = fields.Many2one(
        "crm.commission.plan.version",
        "Simulated Version",
        required=True,
        help="A draft, or the approved version itself as a cross-check.",
    )
    plan_id = fields.Many2one(related="version_id.plan_id")
    company_id = fields.Many2one(related="version_id.company_id")
    currency_id = fields.Many2one(related="version_id.currency_id")
    compare_plan_id = fields.Many2one(
        "crm.commission.plan",
        "Compared with",
        compute="_compute_compare_plan_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        domain="[('company_id', '=', company_id)]",
        help="The plan whose statements are the present state.",
    )
    date_from = fields.Date(
        "From",
        compute="_compute_dates",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="The whole period that contains this day is simulated.",
    )
    date_to = fields.Date(
        "To", compute="_compute_dates", store=True, readonly=False, precompute=True, required=True
    )
    line_ids = fields.One2many("crm.commission.simulation.line", "simulation_id")
    posted = fields.Monetary(compute="_compute_totals")
    simulated = fields.Monetary(compute="_compute_totals")
    difference = fields.Monetary(compute="_compute_totals")

    @api.depends("version_id")
    def _compute_compare_plan_id(self):
        for simulation in self:
            simulation.compare_plan_id = simulation.version_id.plan_id

    @api.depends("version_id")
    def _compute_dates(self):
        """Propose the last period that is over."""
        today = fields.Date.context_today(self)
        for simulation in self:
            plan = simulation.version_id.plan_id
            if plan:
                running = plan._period_bounds(today)[0]
                bounds = plan._period_bounds(running - relativedelta(days=1))
                simulation.date_from, simulation.date_to = bounds

    @api.depends("line_ids.posted", "line_ids.simulated")
    def _compute_totals(self):
        for simulation in self:
            simulation.posted = sum(simulation.line_ids.mapped("posted"))
            simulation.simulated = sum(simulation.line_ids.mapped("simulated"))
            simulation.difference = simulation.simulated - simulation.posted

    @api.depends("version_id.display_name")
    def _compute_display_name(self):
        for simulation in self:
            simulation.display_name = self.env._(
                "Simulation: %s", simulation.version_id.display_name
            )

    def action_simulate(self):
        """Compute the lines anew and show them."""
        self.ensure_one()
        self.check_access("write")
        self.write({"line_ids": [Command.clear(), *map(Command.create, self._prepare_lines())]})
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------
    # Computation
    # ------------------------------------------------------------------

    def _window(self):
        """Return the first and last day of the periods of the plan that the dates touch."""
        plan = self.version_id.plan_id
        first, last = sorted((self.date_from, self.date_to))
        return plan._period_bounds(first)[0], plan._period_bounds(last)[1]

    def _prepare_lines(self):
        """Return the values of one line per person, the largest difference first."""
        posted, simulated = self._posted(), self._simulate()
        lines = []
        for partner_id in posted.keys() | simulated.keys():
            now, then = posted.get(partner_id, {}), simulated.get(partner_id, {})
            lines.append(
                {
                    "partner_id": partner_id,
                    "posted_basis": now.get("basis", 0.0),
                    "posted": now.get("amount", 0.0),
                    "basis": float(then.get("basis", ZERO)),
                    "simulated": float(then.get("amount", ZERO)),
                }
            )
        return sorted(lines, key=lambda line: -abs(line["simulated"] - line["posted"]))

    def _posted(self):
        """Return ``{partner id: {basis, amount}}`` of the statements as they now are.

        Without what was taken back for terminated contracts: the simulation does not end any.
        """
        start, end = self._window()
        domain = [
            ("plan_id", "=", self.compare_plan_id.id),
            ("date_from", ">=", start),
            ("date_to", "<=", end),
        ]
        statements = self.env["crm.commission.statement"].search(domain)
        found = defaultdict(lambda: {"basis": 0.0, "amount": 0.0})
        for statement in statements:
            found[statement.partner_id.id]["basis"] += statement.basis
            found[statement.partner_id.id]["amount"] += statement.earned
        taken_back = self.env["crm.subledger.entry"]._read_group(
            [
                ("res_model", "=", statements._name),
                ("res_id", "in", statements.ids),
                ("component", "=like", "clawback%"),
            ],
            ["partner_id"],
            ["amount:sum"],
        )
        for partner, amount in taken_back:
            found[partner.id]["amount"] += amount
        return found

    def _simulate(self):
        """Return ``{partner id: {basis, amount}}`` as the version would have it."""
        periods = defaultdict(list)
        for row in self._credit_rows():
            periods[row.partner, row.period].append(row.as_credit())
        for key in self._guaranteed_periods():
            periods.setdefault(key, [])
        found = defaultdict(lambda: {"basis": ZERO, "amount": ZERO})
        for (partner, period), credits in periods.items():
            owned = sum((credit.basis for credit in credits if credit.role == "owner"), ZERO)
            found[partner]["basis"] += owned
            found[partner]["amount"] += self._earned(partner, period, credits)
        return found

    def _credit_rows(self):
        # sudo: the documents of all colleagues count; only commission managers simulate
        question = self.env["crm.commission.credit"].sudo()
        return question._totals(self.version_id.sudo(), Scope(window=self._window()))

    def _earned(self, partner_id, period, credits):
        version = self.version_id
        amounts = engine.settle(
            credits,
            {version.id: version._scale()},
            rounding=to_decimal(self.currency_id.rounding),
            cap=to_decimal(version.cap) if version.cap else None,
        )
        total = sum(amounts, ZERO)
        if (partner_id, period) in self._guaranteed_periods():
            total += engine.guarantee(total, to_decimal(version.floor))
        return Decimal(total)

    def _guaranteed_periods(self):
        """Return the (partner, period) in which an owner is guaranteed a minimum, all over."""
        if not self.version_id.floor:
            return set()
        start, end = self._window()
        end = min(end, fields.Date.context_today(self) - relativedelta(days=1))
        plan, found = self.version_id.plan_id, set()
        while (last := plan._period_bounds(start)[1]) <= end:
            for member in plan.member_ids.filtered(lambda member: member.role == "owner"):
                if member._is_active_between(start, last):
                    found.add((member.partner_id.id, start))
            start = last + relativedelta(days=1)
        return found
