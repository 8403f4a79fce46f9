from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import date_utils

REMEMBERED = "crm_sales.plans_to_recompute"
MONTHS = {"month": 1, "quarter": 3, "year": 12}


class CrmCommissionPlan(models.Model):
    """Who earns commissions, where they are posted, and since when under which conditions."""

    _name = "crm.commission.plan"
    _description = "Commission Plan"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "company_id, name"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    period = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter"), ("year", "Year")],
        required=True,
        default="quarter",
        tracking=True,
        help="How long the basis of a person counts up before the scale starts again at zero.",
    )
    ledger_id = fields.Many2one(
        "crm.subledger",
        string="Sub-ledger",
        required=True,
        check_company=True,
        domain="[('kind', '=', 'commission')]",
        tracking=True,
        help="Where commissions payable are posted, with the expense account as counterpart.",
    )
    cost_ledger_id = fields.Many2one(
        "crm.subledger",
        string="Contract Cost Sub-ledger",
        check_company=True,
        domain="[('kind', '=', 'contract_cost')]",
        tracking=True,
        help="Where commissions of long contracts are capitalised (IFRS 15.91, ASC 340-40).",
    )
    payroll_account_id = fields.Many2one(
        "account.account",
        check_company=True,
        tracking=True,
        help="Credited when the statement of an employee is handed over to payroll.",
    )
    version_ids = fields.One2many("crm.commission.plan.version", "plan_id", copy=True)
    member_ids = fields.One2many("crm.commission.member", "plan_id", copy=True)
    statement_ids = fields.One2many("crm.commission.statement", "plan_id")
    statement_count = fields.Integer(compute="_compute_statement_count")
    current_version_id = fields.Many2one(
        "crm.commission.plan.version", compute="_compute_current_version_id"
    )

    def _compute_statement_count(self):
        counts = dict(
            self.env["crm.commission.statement"]._read_group(
                [("plan_id", "in", self.ids)], ["plan_id"], ["__count"]
            )
        )
        for plan in self:
            plan.statement_count = counts.get(plan, 0)

    @api.depends("version_ids.state", "version_ids.date_from", "version_ids.date_to")
    def _compute_current_version_id(self):
        today = fields.Date.context_today(self)
        for plan in self:
            plan.current_version_id = plan._version_on(today)

    @api.constrains("ledger_id", "cost_ledger_id")
    def _check_ledgers(self):
        for plan in self:
            for ledger, kind in (
                (plan.ledger_id, "commission"),
                (plan.cost_ledger_id, "contract_cost"),
            ):
                if ledger and ledger.kind != kind:
                    raise ValidationError(
                        self.env._(
                            "Plan “%(plan)s”: the sub-ledger “%(ledger)s” does not keep "
                            "%(kind)s. Choose or create one of that kind.",
                            plan=plan.name,
                            ledger=ledger.name,
                            kind=dict(ledger._fields["kind"]._description_selection(self.env))[
                                kind
                            ],
                        )
                    )

    @api.constrains("payroll_account_id", "member_ids")
    def _check_payroll_account(self):
        for plan in self:
            employees = plan.member_ids.filtered(lambda member: member.payout == "payroll")
            if employees and not plan.payroll_account_id:
                raise ValidationError(
                    self.env._(
                        "Plan “%(plan)s”: %(member)s is paid through payroll, but the plan has no "
                        "payroll account. Set the payroll account of the plan first.",
                        plan=plan.name,
                        member=employees[:1].display_name,
                    )
                )
            if plan.payroll_account_id and plan.payroll_account_id == plan.ledger_id.account_id:
                raise ValidationError(
                    self.env._(
                        "Plan “%(plan)s”: the payroll account %(account)s is the account of the "
                        "sub-ledger itself, so that nothing would ever be paid. Choose another.",
                        plan=plan.name,
                        account=plan.payroll_account_id.display_name,
                    )
                )

    @api.constrains("period", "company_id", "ledger_id")
    def _check_version_ledgers(self):
        self.version_ids.filtered(lambda version: version.state == "approved")._check_complete()

    def write(self, vals):
        """Refuse another period, company or sub-ledger once statements exist."""
        frozen = {"period", "company_id", "ledger_id", "cost_ledger_id"} & vals.keys()
        if frozen:
            self._check_not_started(vals, frozen)
        return super().write(vals)

    def _check_not_started(self, vals, names):
        for plan in self.filtered("statement_count"):
            for name in names:
                value = plan[name].id if plan._fields[name].type == "many2one" else plan[name]
                if value and value != vals[name]:
                    raise UserError(
                        self.env._(
                            "Plan “%(plan)s” has statements: its %(field)s cannot be changed any "
                            "more. Archive it and create another plan.",
                            plan=plan.name,
                            field=plan._fields[name]._description_string(self.env),
                        )
                    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        started = self.filtered("statement_count")[:1]
        if started:
            raise UserError(
                self.env._("Plan “%s” has statements. Archive it instead.", started.name)
            )

    def action_open_statements(self):
        """Open the statements of these plans."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_sales.crm_commission_statement_action"
        )
        action["domain"] = [("plan_id", "in", self.ids)]
        action["context"] = {}
        return action

    def action_recompute(self):
        """Bring every statement of these plans up to date with the documents as they stand."""
        self.check_access("write")
        self._recompute_later()
        return True

    def _recompute_later(self):
        """Recompute these plans once, before the transaction commits."""
        precommit = self.env.cr.precommit
        remembered = precommit.data.setdefault(REMEMBERED, set())
        if not remembered:
            # sudo: the documents of all colleagues count, whoever changes the plan
            precommit.add(self.sudo().browse()._recompute_remembered)
        remembered.update(self.ids)

    @api.model
    def _recompute_remembered(self):
        ids = self.env.cr.precommit.data.pop(REMEMBERED, set())
        self.browse(sorted(ids)).exists()._recompute_statements()

    def _recompute_statements(self):
        """Create the missing statements and have the loop run for all that may have changed."""
        plans = self.filtered("active")
        plans._sync_bookings()
        statements = self.env["crm.commission.statement"]
        statements._ensure_for_plans(plans)
        statements.search([("plan_id", "in", plans.ids)], order="id")._subledger_mark_dirty()

    def _sync_bookings(self):
        """Log the orders that were confirmed before a plan counted booked orders."""
        booked = self.version_ids.filtered(lambda v: v.state == "approved" and v.basis == "booked")
        for company, versions in booked.grouped("company_id").items():
            orders = self.env["sale.order"].search(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", "sale"),
                    ("date_order", ">=", min(versions.mapped("date_from"))),
                ],
                order="id",
            )
            self.env["crm.commission.booking"]._sync(orders)

    # ------------------------------------------------------------------
    # Periods and versions
    # ------------------------------------------------------------------

    def _period_bounds(self, day):
        """Return the first and the last day of the period of this plan that contains ``day``."""
        self.ensure_one()
        start = date_utils.start_of(day, self.period)
        return start, start + relativedelta(months=MONTHS[self.period], days=-1)

    def _version_on(self, day):
        """Return the approved version in force on ``day``; empty when there is none."""
        self.ensure_one()
        return self.version_ids.filtered(
            lambda version: (
                version.state == "approved"
                and version.date_from <= day
                and (not version.date_to or day <= version.date_to)
            )
        )[:1]
