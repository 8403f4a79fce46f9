from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_subledger.engine import Share, Target
from odoo.addons.crm_subledger.engine.scale import ZERO

from ..engine.amortisation import elapsed_months, month_end, straight_line
from .crm_commission_plan_version import to_decimal

BATCH = 200


class CrmContractCost(models.Model):
    """The capitalised cost of obtaining a contract (IFRS 15.91-104, ASC 340-40).

    One per contract, plan and payee: the key of the contract-cost sub-ledger. Commissions reach
    it as transfers of the commission sub-ledger; here they are amortised month by month of the
    contract, and what is left when it is terminated is impaired.
    """

    _name = "crm.contract.cost"
    _description = "Cost of Obtaining a Contract"
    _inherit = ["crm.subledger.mixin", "mail.thread"]
    _order = "id desc"

    order_id = fields.Many2one(
        "sale.order", "Contract", required=True, readonly=True, index=True, ondelete="restrict"
    )
    plan_id = fields.Many2one(
        "crm.commission.plan", required=True, readonly=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner", "Payee", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="plan_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_start = fields.Date(compute="_compute_contract")
    months = fields.Integer(related="order_id.contract_months")
    terminated_on = fields.Date(related="order_id.contract_terminated_on")
    capitalised = fields.Monetary(readonly=True)
    amortised = fields.Monetary(readonly=True)
    impaired = fields.Monetary(readonly=True)
    clawed_back = fields.Monetary(readonly=True)
    carrying = fields.Monetary("Carrying Amount", readonly=True)
    next_date = fields.Date(
        "Next Amortisation", readonly=True, index="btree_not_null", help="Empty: nothing is left."
    )

    _key_uniq = models.Constraint(
        "UNIQUE(order_id, plan_id, partner_id)",
        "A contract has one capitalised cost per plan and payee.",
    )

    @api.depends("order_id.name", "partner_id.name")
    def _compute_display_name(self):
        for cost in self:
            cost.display_name = f"{cost.order_id.name}: {cost.partner_id.name}"

    @api.depends("order_id.contract_date_start", "order_id.date_order")
    def _compute_contract(self):
        for cost in self:
            cost.date_start = cost.order_id._contract_start()

    @api.model
    def _ensure(self, keys):
        """Return ``{(order id, plan id, payee id): id}``, creating the missing costs in bulk."""
        names = ("order_id", "plan_id", "partner_id")
        found = self.search(
            [(name, "in", ids) for name, ids in zip(names, zip(*keys, strict=True), strict=True)]
        )
        known = {tuple(cost[name].id for name in names): cost.id for cost in found}
        missing = sorted(keys - known.keys())
        created = self.create([dict(zip(names, key, strict=True)) for key in missing])
        return known | dict(zip(missing, created.ids, strict=True))

    # ------------------------------------------------------------------
    # Keys and targets
    # ------------------------------------------------------------------

    @api.model
    def _subledger_keys_of(self, *documents):
        orders = [
            id_ for records in documents if records._name == "sale.order" for id_ in records.ids
        ]
        return self.search([("order_id", "in", orders)], order="id") if orders else self.browse()

    def _after_transfer(self):
        """What was capitalised changed: amortise it again."""
        self._subledger_mark_dirty()
        self._refresh_amounts()

    def _subledger_targets(self):
        transfers = self._transfers()
        return [
            target
            for cost in self
            for target in cost._targets(*transfers.get(cost.id, (ZERO, ZERO)))
        ]

    def _transfers(self):
        """Return ``{id: (capitalised, clawed back)}``, both positive, as posted."""
        Entry = self.env["crm.subledger.entry"]
        Entry.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT e.res_id,
                          COALESCE(SUM(e.amount) FILTER (
                              WHERE origin.component NOT LIKE 'clawback%%'), 0)::text,
                          COALESCE(-SUM(e.amount) FILTER (
                              WHERE origin.component LIKE 'clawback%%'), 0)::text
                     FROM crm_subledger_entry e
                     JOIN crm_subledger_entry origin ON origin.id = e.mirror_of_id
                    WHERE e.res_model = %s AND e.res_id IN %s
                 GROUP BY e.res_id""",
                self._name,
                tuple(self.ids) or (0,),
            )
        )
        return {key: (Decimal(added), Decimal(taken)) for key, added, taken in rows}

    def _targets(self, capitalised, clawed_back):
        """Return the state of one cost: a target per month that ended, and the impairment.

        Straight-line over the months of the contract (IFRS 15.99); what is left at a termination
        is written off on that day, less what the payee gave back (IFRS 15.101). Amounts in company
        currency, days in the time zone of the user.
        """
        self.ensure_one()
        parts = self._schedule(capitalised)
        ended = self.terminated_on
        until = min(filter(None, (ended, fields.Date.context_today(self))))
        elapsed = elapsed_months(self.date_start, len(parts), until) if parts else 0
        targets = []
        for number, part in enumerate(parts[:elapsed], start=1):
            day = month_end(self.date_start, number)
            targets.append(self._target(f"amortisation:{day:%Y-%m}", -part, day))
        if ended and parts:
            lost = sum(parts[elapsed:], ZERO) - clawed_back
            targets.append(self._target("impairment", -lost, ended))
        return targets

    def _schedule(self, capitalised):
        months = self.months
        rounding = to_decimal(self.currency_id.rounding)
        return straight_line(capitalised, months, rounding) if months and capitalised else []

    def _target(self, component, amount, day):
        """Return the target of a component in company currency; consumption is negative."""
        code = component.partition(":")[0]
        return Target(
            key=self.id,
            ledger=self.plan_id.cost_ledger_id.id,
            amount=amount,
            partner=self.partner_id.id,
            date=day,
            component=component,
            sign=-1,
            explanation={"rows": [{"code": code, "date": str(day), "amount": str(amount)}]},
        )

    def _subledger_split(self, targets):
        orders = {cost.id: cost.order_id.id for cost in self}
        return {target.address: [Share(orders[target.key], target.amount)] for target in targets}

    @api.model
    def _subledger_explanation_row(self, row):
        label, basis, rate, amount = super()._subledger_explanation_row(row)
        if row["code"] == "amortisation":
            label = self.env._("Month of the contract that ended on %s", row["date"])
        elif row["code"] == "impairment":
            label = self.env._("Unearned part at the termination on %s", row["date"])
        return label, basis, rate, amount

    # ------------------------------------------------------------------
    # After posting
    # ------------------------------------------------------------------

    def _subledger_posted(self, entries):
        result = super()._subledger_posted(entries)
        self._refresh_amounts()
        return result

    def _refresh_amounts(self):
        """Read the amounts of these costs from the sub-ledger."""
        posted = defaultdict(float)
        # sudo: the sums of these costs, whoever triggered the posting
        for key, component, amount in (
            self.env["crm.subledger.entry"]
            .sudo()
            ._read_group(self._subledger_entry_domain(), ["res_id", "component"], ["amount:sum"])
        ):
            posted[key, (component or "").partition(":")[0]] += amount
        transfers = self._transfers()
        # sudo: amounts that only the sub-ledger writes
        for cost in self.sudo():
            cost._write_amounts(posted, *transfers.get(cost.id, (ZERO, ZERO)))

    def _write_amounts(self, posted, capitalised, clawed_back):
        rounded = self.currency_id.round
        amortised = rounded(-posted[self.id, "amortisation"])
        impaired = rounded(-posted[self.id, "impairment"])
        carrying = rounded(float(capitalised - clawed_back) - amortised - impaired)
        self.write(
            {
                "capitalised": float(capitalised),
                "clawed_back": float(clawed_back),
                "amortised": amortised,
                "impaired": impaired,
                "carrying": carrying,
                "next_date": self._next_date() if carrying else False,
            }
        )

    def _next_date(self):
        """Return the end of the month of the contract that is running."""
        if self.terminated_on or not self.months:
            return False
        today = fields.Date.context_today(self)
        elapsed = elapsed_months(self.date_start, self.months, today)
        return month_end(self.date_start, min(elapsed + 1, self.months))

    # ------------------------------------------------------------------
    # Daily
    # ------------------------------------------------------------------

    @api.model
    def _cron_amortise(self):
        """Post the amortisation of the months that ended; a second run posts nothing."""
        today = fields.Date.context_today(self)
        due = self.search([("next_date", "<=", today)], order="id")
        progress, queue = self.env["ir.cron"], self.env["crm.subledger.queue"]
        progress._commit_progress(remaining=len(due))
        for start in range(0, len(due), BATCH):
            batch = due[start : start + BATCH]
            queue._run(batch)
            batch._refresh_amounts()
            if not progress._commit_progress(len(batch)):
                break
