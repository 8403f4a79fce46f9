from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import date_utils

from odoo.addons.crm_subledger.engine import Share, Target

from ..engine import completion as engine

ZERO = Decimal(0)
BATCH = 100


def to_decimal(value):
    """Return a stored amount exactly; six decimals are more than any currency has."""
    return Decimal(str(round(value or 0.0, 6)))


class CrmProjectRevenue(models.Model):
    """Revenue of a sold project over time, by cost-to-cost (IFRS 15.39-45).

    The key of two sub-ledgers: contract liabilities (billed ahead) and contract assets (earned
    ahead). Each month up to the closing day is a component of its own, computed from costs,
    estimates and invoices as they now stand; so a late bill corrects the month it belongs to.
    """

    _name = "crm.project.revenue"
    _description = "Revenue over Time"
    _inherit = ["crm.subledger.mixin", "mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    project_id = fields.Many2one(
        "project.project", required=True, readonly=True, ondelete="restrict", index=True
    )
    order_id = fields.Many2one(
        "sale.order", "Contract", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        related="order_id.partner_id.commercial_partner_id", string="Customer"
    )
    date_from = fields.Date(
        "First Month",
        required=True,
        default=lambda self: date_utils.start_of(fields.Date.context_today(self), "month"),
    )
    date_until = fields.Date(
        "Recognised until",
        tracking=True,
        help="Last day that is closed. Later costs and invoices wait for the next closing.",
    )
    contract_amount = fields.Monetary(readonly=True)
    cost = fields.Monetary("Cost to Date", readonly=True)
    estimate = fields.Monetary("Estimate at Completion", readonly=True)
    percent = fields.Float("Complete (%)", readonly=True, aggregator="avg", digits=(6, 2))
    earned = fields.Monetary("Earned Revenue", readonly=True)
    billed = fields.Monetary(readonly=True)
    contract_liability = fields.Monetary(readonly=True)
    contract_asset = fields.Monetary(readonly=True)
    onerous = fields.Boolean(
        readonly=True, help="The estimate exceeds the contract: a loss is to be expected."
    )

    _project_uniq = models.Constraint(
        "UNIQUE(project_id)", "The revenue of this project is recognised over time already."
    )

    @api.depends("project_id.name")
    def _compute_display_name(self):
        for revenue in self:
            # sudo: the name of the project, to who may read its revenue
            revenue.display_name = revenue.project_id.sudo().name or ""

    @api.constrains("date_from", "date_until")
    def _check_dates(self):
        for revenue in self:
            if revenue.date_until and revenue.date_until < revenue.date_from:
                raise ValidationError(
                    self.env._(
                        "%(project)s: recognised until %(end)s, before the first month, %(start)s. "
                        "Correct the dates.",
                        project=revenue.display_name,
                        start=revenue.date_from,
                        end=revenue.date_until,
                    )
                )

    def write(self, vals):
        """Have the revenue spread again when its first or last day moves."""
        result = super().write(vals)
        if {"date_from", "date_until"} & vals.keys():
            self._subledger_mark_dirty()
        return result

    # ------------------------------------------------------------------
    # Closing
    # ------------------------------------------------------------------

    def action_close_month(self):
        """Recognise the revenue until the end of last month, or of the month after the last."""
        for revenue in self:
            revenue.check_access("write")
            revenue._check_ledgers()
            revenue.date_until = revenue._next_closing()
        return True

    def _next_closing(self):
        last = self.date_until
        start = fields.Date.add(last, days=1) if last else self.date_from
        return date_utils.end_of(start, "month")

    def _check_ledgers(self):
        for company in self.company_id:
            if not (company.contract_liability_ledger_id and company.contract_asset_ledger_id):
                raise UserError(
                    self.env._(
                        "%s has no sub-ledgers for contract liabilities and contract assets. "
                        "Choose them under Settings > CRM > Project Delivery.",
                        company.display_name,
                    )
                )

    @api.model
    def _cron_close(self):
        """Close the month that ended for all contracts; one that fails stays in the queue."""
        end = fields.Date.subtract(
            date_utils.start_of(fields.Date.context_today(self), "month"), days=1
        )
        due = self.search(
            [("date_from", "<=", end), "|", ("date_until", "=", False), ("date_until", "<", end)],
            order="id",
        ).filtered(
            lambda one: (
                one.company_id.contract_liability_ledger_id
                and one.company_id.contract_asset_ledger_id
            )
        )
        progress, queue = self.env["ir.cron"], self.env["crm.subledger.queue"]
        progress._commit_progress(remaining=len(due))
        for start in range(0, len(due), BATCH):
            batch = due[start : start + BATCH]
            batch.date_until = end
            queue._run(batch)
            if not progress._commit_progress(len(batch)):
                break

    # ------------------------------------------------------------------
    # Targets
    # ------------------------------------------------------------------

    @api.model
    def _subledger_keys_of(self, *documents):
        orders = self.env["sale.order"]
        for records in documents:
            if records._name == "account.move":
                orders |= records.line_ids.sale_line_ids.order_id
            elif records._name == "sale.order":
                orders |= records
        return self.search([("order_id", "in", orders.ids)], order="id")

    def _subledger_targets(self):
        self._check_ledgers()
        self = self.with_context(active_test=False)
        months = self._months()
        costs, bills = self._costs_by_month(), self._bills_by_month()
        targets = []
        for revenue in self:
            targets += revenue._targets(months[revenue.id], costs[revenue.id], bills[revenue.id])
        return targets

    def _months(self):
        """Return ``{id: [last day of each closed month]}``."""
        result = {}
        for revenue in self:
            days, day = [], revenue.date_from
            while revenue.date_until and day <= revenue.date_until:
                end = date_utils.end_of(day, "month")
                days.append(min(end, revenue.date_until))
                day = fields.Date.add(end, days=1)
            result[revenue.id] = days
        return result

    def _costs_by_month(self):
        """Return ``{id: [(day, cost)]}`` from the analytic items of the projects."""
        result = defaultdict(list)
        revenues = {revenue.project_id.id: revenue.id for revenue in self}
        # sudo: revenue follows every cost of the project, whoever enters it
        for project_id, day, amount in self.project_id.sudo()._costs(by_day=True):
            result[revenues[project_id]].append((day, to_decimal(amount)))
        return result

    def _bills_by_month(self):
        """Return ``{id: [(day, untaxed amount billed)]}`` from posted journal items."""
        result = defaultdict(list)
        line_of = {
            line.id: revenue.id
            for revenue in self
            # sudo: the lines only tell which invoices below count
            for line in revenue.project_id.sudo()._contract_lines(downpayments=True)
        }
        # sudo: revenue follows every invoice of the contract, whoever posts it
        items = (
            self.env["account.move.line"]
            .sudo()
            .search_fetch(
                [
                    ("sale_line_ids", "in", list(line_of)),
                    ("parent_state", "=", "posted"),
                    ("move_type", "in", ("out_invoice", "out_refund")),
                    ("display_type", "=", "product"),
                ],
                ["date", "balance", "sale_line_ids"],
            )
        )
        for item in items:
            for line in item.sale_line_ids:
                if line.id in line_of:
                    result[line_of[line.id]].append((item.date, -to_decimal(item.balance)))
                    break
        return result

    def _targets(self, months, costs, bills):
        """Return a target per closed month and side, cost to cost (IFRS 15.41, B18).

        :param months: last days of the closed months
        :param costs: (day, cost), and ``bills`` (day, untaxed amount), in company currency
        """
        self.ensure_one()
        contract = self._contract()
        standings = [self._standing(day, costs, bills) for day in months]
        rounding = Decimal(str(self.currency_id.rounding))
        moves = engine.movements(contract, standings, rounding)
        targets = []
        for day, standing, move in zip(months, standings, moves, strict=True):
            row = self._explanation(contract, standing, move)
            company = self.company_id
            for name, ledger, amount in (
                ("liability", company.contract_liability_ledger_id, -move.liability),
                ("asset", company.contract_asset_ledger_id, move.asset),
            ):
                if amount:
                    targets.append(self._target(f"{name}:{day:%Y-%m}", ledger, amount, day, row))
        return targets

    def _standing(self, day, costs, bills):
        return engine.Standing(
            cost=sum((amount for when, amount in costs if when <= day), ZERO),
            estimate=self._estimate_on(day),
            billed=sum((amount for when, amount in bills if when <= day), ZERO),
        )

    def _contract(self):
        """Return the untaxed amount of the contract in company currency."""
        # sudo: accountants need no right on sales for the amount of the contract
        lines = self.project_id.sudo()._contract_lines()
        total = sum(lines.mapped("price_subtotal"))
        # sudo: as above
        rate = self.order_id.sudo().currency_rate or 1.0
        return to_decimal(self.currency_id.round(total / rate))

    def _estimate_on(self, day):
        """Return the estimate at completion as of a day: the last revision, else the budget."""
        # sudo: nor a right on projects for the estimate behind the revenue
        project = self.project_id.sudo()
        revised = project.estimate_ids.filtered(lambda one: one.date <= day).sorted("date")[-1:]
        return to_decimal(revised.amount if revised else project.budget_amount)

    def _target(self, component, ledger, amount, day, explanation):
        return Target(
            key=self.id,
            ledger=ledger.id,
            amount=amount,
            partner=self.partner_id.id,
            date=day,
            component=component,
            # Using up a liability is business, not the correction of an entry (no storno).
            sign=1 if amount > 0 else -1,
            explanation=explanation,
            shares=[Share(self.order_id.id, amount)],
        )

    def _explanation(self, contract, standing, move):
        percent = engine.completion(standing)
        rows = [
            {"code": "contract", "amount": str(contract)},
            {"code": "cost", "basis": str(standing.estimate), "amount": str(standing.cost)},
            {
                "code": "earned",
                "basis": str(contract),
                "rate": str(percent.quantize(Decimal("0.000001"))),
                "amount": str(engine.position(contract, standing).earned),
            },
            {"code": "billed", "amount": str(standing.billed)},
            {"code": "month", "amount": str(move.earned)},
        ]
        return {"rows": rows}

    @api.model
    def _subledger_explanation_row(self, row):
        label, basis, rate, amount = super()._subledger_explanation_row(row)
        labels = {
            "contract": self.env._("Contract, untaxed"),
            "cost": self.env._("Cost to date, of the estimate at completion"),
            "earned": self.env._("Earned to date (cost to cost)"),
            "billed": self.env._("Billed to date, untaxed"),
            "month": self.env._("Revenue of the month"),
        }
        return labels.get(row["code"], label), basis, rate, amount

    # ------------------------------------------------------------------
    # After posting
    # ------------------------------------------------------------------

    def _subledger_run(self, force_split=False):
        entries = super()._subledger_run(force_split=force_split)
        self.exists()._refresh_amounts()
        return entries

    def _refresh_amounts(self):
        """Show the figures of the closing day on the records."""
        costs, bills = self._costs_by_month(), self._bills_by_month()
        for revenue in self.sudo():  # sudo: figures that only this method keeps
            revenue.write(revenue._figures(costs[revenue.id], bills[revenue.id]))

    def _figures(self, costs, bills):
        """Return what the record shows as of its closing day: company currency, percent."""
        contract = self._contract()
        day = self.date_until
        if not day:
            return {"contract_amount": float(contract)}
        standing = self._standing(day, costs, bills)
        position = engine.position(contract, standing, Decimal(str(self.currency_id.rounding)))
        return {
            "contract_amount": float(contract),
            "cost": float(standing.cost),
            "estimate": float(standing.estimate),
            "billed": float(standing.billed),
            "percent": float(engine.completion(standing) * 100),
            "earned": float(position.earned),
            "contract_liability": float(position.liability),
            "contract_asset": float(position.asset),
            "onerous": standing.estimate > contract,
        }
