from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_amount

ALARM = "crm_sales_project.mail_activity_type_budget"
BATCH = 200


class ProjectProject(models.Model):
    """A sold project: handed over by sales, held to a budget, its revenue earned over time."""

    _inherit = "project.project"

    handover_item_ids = fields.One2many("crm.handover.item", "project_id", "Hand-over")
    handover_state = fields.Selection(
        [("none", "None"), ("open", "Open"), ("done", "Done")],
        "Hand-over State",
        compute="_compute_handover",
        store=True,
    )
    handover_progress = fields.Float("Handed over (%)", compute="_compute_handover", store=True)
    budget_line_ids = fields.One2many("crm.project.budget.line", "project_id", "Budget", copy=True)
    budget_amount = fields.Monetary(
        "Total Budget", compute="_compute_budget_amount", store=True, currency_field="currency_id"
    )
    budget_cost = fields.Monetary(
        "Actual Cost", compute="_compute_budget_cost", currency_field="currency_id"
    )
    budget_consumed = fields.Float("Budget Consumed (%)", compute="_compute_budget_cost")
    budget_alarm_percents = fields.Char("Budget Alarms at (%)", help="Empty: those of the company.")
    budget_alarm_ids = fields.One2many("crm.project.budget.alarm", "project_id", "Budget Alarms")
    budget_error = fields.Char(
        readonly=True, copy=False, help="Why the daily check of budgets left this project out."
    )
    estimate_ids = fields.One2many("crm.project.estimate", "project_id", "Estimates")
    revenue_ids = fields.One2many("crm.project.revenue", "project_id")

    @api.depends("handover_item_ids.done")
    def _compute_handover(self):
        for project in self:
            items = project.handover_item_ids
            done = items.filtered("done")
            project.handover_progress = 100.0 * len(done) / len(items) if items else 0.0
            project.handover_state = (
                "none" if not items else "done" if len(done) == len(items) else "open"
            )

    @api.depends("budget_line_ids.amount")
    def _compute_budget_amount(self):
        for project in self:
            project.budget_amount = sum(project.budget_line_ids.mapped("amount"))

    @api.depends("budget_amount", "account_id")
    def _compute_budget_cost(self):
        costs = self._cost_totals()
        for project in self:
            project.budget_cost = costs.get(project.id, 0.0)
            budget = project.budget_amount
            project.budget_consumed = 100.0 * project.budget_cost / budget if budget else 0.0

    @api.constrains("budget_alarm_percents")
    def _check_budget_alarm_percents(self):
        for project in self:
            self.env["res.company"]._parse_alarm_percents(
                project.budget_alarm_percents, project.display_name
            )

    # ------------------------------------------------------------------
    # Contract
    # ------------------------------------------------------------------

    def _contract_order(self):
        """Return the order that this project delivers, as superuser: who leads a project need
        not be a salesperson."""
        self.ensure_one()
        project = self.sudo()  # sudo: which order it is, callers decide what they show of it
        return project.reinvoiced_sale_order_id or project.sale_order_id

    def _contract_lines(self, downpayments=False):
        """Return the order lines that this project delivers: those that made it, else all.

        :param bool downpayments: with the down payments of the order, which are billed but no part
            of the contract amount
        """
        self.ensure_one()
        lines = self._contract_order().order_line.filtered(lambda line: not line.display_type)
        advance = lines.filtered("is_downpayment")
        sold = lines - advance
        made = sold.filtered(lambda line: line.project_id == self)
        return (made or sold) | (advance if downpayments else advance.browse())

    # ------------------------------------------------------------------
    # Costs
    # ------------------------------------------------------------------

    def _cost_domain(self):
        """Return the analytic items that are costs: of expense accounts, or of no account."""
        return Domain("general_account_id", "=", False) | Domain(
            "general_account_id.internal_group", "=", "expense"
        )

    def _cost_groups(self, groupby):
        """Yield ``(project id, *group, cost)`` of the projects, one query a plan."""
        # sudo: costs of the project, of which users see totals
        by_plan = self.sudo().filtered("account_id").grouped(lambda one: one.account_id.plan_id)
        for plan, projects in by_plan.items():
            column = plan._column_name()
            accounts = {project.account_id.id: project.id for project in projects}
            rows = (
                self.env["account.analytic.line"]
                # sudo: as above
                .sudo()
                ._read_group(
                    Domain(column, "in", list(accounts)) & self._cost_domain(),
                    [column, *groupby],
                    ["amount:sum"],
                )
            )
            for account, *group, amount in rows:
                yield (accounts[account.id], *group, -amount)

    def _costs(self, by_day=False):
        """Return ``[(project id, day, cost)]`` of the projects."""
        return list(self._cost_groups(["date:day"] if by_day else []))

    def _cost_totals(self):
        """Return ``{project id: cost}`` in company currency."""
        return dict(self._costs())

    def _cost_by_category(self):
        """Return ``{(project id, category id): cost}``; a cost without category is left out."""
        # sudo: how costs are grouped is no secret to who sees the totals
        categories = self.env["crm.project.cost.category"].sudo().search([("active", "=", True)])
        result = defaultdict(float)
        for project_id, account, product, cost in self._cost_groups(
            ["general_account_id", "product_id"]
        ):
            category = categories._classify(account, product)
            result[project_id, category.id] += cost
        return result

    # ------------------------------------------------------------------
    # Budget alarms
    # ------------------------------------------------------------------

    def _budget_changed(self):
        self._delivery_cost_changed()

    def _delivery_cost_changed(self):
        """React to a cost of these projects that was entered, changed or removed."""
        self._check_budget()
        self._revenue_changed()

    def _revenue_changed(self):
        """Have the revenue over time of these projects brought up to date."""
        # sudo: revenue follows the figures, whoever may change them
        self.env["crm.project.revenue"].sudo().search(
            [("project_id", "in", self.ids)]
        )._subledger_mark_dirty()

    def _alarm_percents(self):
        self.ensure_one()
        company = self.company_id or self.env.company
        text = self.budget_alarm_percents or company.budget_alarm_percents
        return self.env["res.company"]._parse_alarm_percents(text, self.display_name)

    def _check_budget(self):
        """Raise each alarm whose threshold the costs have reached, once."""
        # sudo: alarms are raised by whoever enters a cost
        projects = self.sudo().filtered("budget_amount")
        if not projects:
            return
        costs = projects._cost_totals()
        for project in projects:
            project._raise_alarms(costs.get(project.id, 0.0))

    def _raise_alarms(self, cost):
        raised = set(self.budget_alarm_ids.mapped("percent"))
        currency = self.currency_id
        for percent in self._alarm_percents():
            limit = currency.round(self.budget_amount * percent / 100)
            if percent not in raised and currency.compare_amounts(cost, limit) >= 0:
                self._raise_alarm(percent, cost)

    def _raise_alarm(self, percent, cost):
        user = self.user_id or self._contract_order().user_id or self.env.user
        self.env["crm.project.budget.alarm"].create(
            {
                "project_id": self.id,
                "percent": percent,
                "budget": self.budget_amount,
                "cost": cost,
                "user_id": user.id,
            }
        )
        text = self.env._(
            "The costs, %(cost)s, have reached %(percent)s %% of the budget of %(budget)s.",
            cost=format_amount(self.env, cost, self.currency_id),
            percent=f"{percent:g}",
            budget=format_amount(self.env, self.budget_amount, self.currency_id),
        )
        self.activity_schedule(ALARM, user_id=user.id, note=text)
        self.message_post(body=text, subtype_xmlid="mail.mt_note")

    @api.model
    def _cron_check_budgets(self):
        """Check the budgets of all projects; one that fails keeps its reason."""
        projects = self.search([("budget_amount", ">", 0)], order="id")
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(projects))
        for start in range(0, len(projects), BATCH):
            batch = projects[start : start + BATCH]
            batch._check_budget_safely()
            if not progress._commit_progress(len(batch)):
                break

    def _check_budget_safely(self):
        for project in self:
            try:
                with self.env.cr.savepoint():
                    project._check_budget()
                    error = False
            except Exception as problem:
                error = str(problem)
            if project.budget_error != error:
                project.budget_error = error

    # ------------------------------------------------------------------
    # Hand-over
    # ------------------------------------------------------------------

    def _start_handover(self):
        """Give new sold projects the checklists that are meant for them."""
        # sudo: the salesperson who confirms may not create hand-over items of a project
        templates = self.env["crm.handover.template"].sudo().search([("active", "=", True)])
        today = fields.Date.context_today(self)
        items = self.env["crm.handover.item"].sudo()
        # sudo: as above
        for project in self.sudo().filtered(lambda one: not one.handover_item_ids):
            order = project._contract_order()
            rows = templates.filtered(lambda one, project=project: one._is_for(project)).item_ids
            created = items.create(
                [
                    {
                        "project_id": project.id,
                        "order_id": order.id,
                        "sequence": number,
                        "name": row.name,
                        "side": row.side,
                        "user_id": (order.user_id if row.side == "sales" else project.user_id).id,
                        "date_due": fields.Date.add(today, days=row.days),
                    }
                    for number, row in enumerate(rows)
                ]
            )
            created._translate_as(rows)

    def _handover_advanced(self):
        """Tell the followers when everything was handed over."""
        # sudo: the salesperson who ticks the last item may not write in the project
        for project in self.sudo():
            if project.handover_state == "done":
                project.message_post(
                    body=self.env._("The hand-over from sales is complete."),
                    subtype_xmlid="mail.mt_comment",
                )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_recognise_over_time(self):
        """Recognise the revenue of this project over time, from this month on."""
        self.ensure_one()
        self.check_access("write")
        order = self._contract_order()
        if not order:
            raise UserError(
                self.env._(
                    "“%s” has no sales order, so there is no contract to recognise. Choose the "
                    "sales order of the project first.",
                    self.name,
                )
            )
        if not (self.budget_amount or self.estimate_ids):
            raise UserError(
                self.env._(
                    "“%s” has neither a budget nor an estimate at completion: what is done cannot "
                    "be measured. Enter budget lines first.",
                    self.name,
                )
            )
        Revenue = self.env["crm.project.revenue"]
        if not self.revenue_ids:
            Revenue.create({"project_id": self.id, "order_id": order.id})
        return self.action_open_revenue()

    def action_open_revenue(self):
        """Open the revenue over time of these projects."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_sales_project.crm_project_revenue_action"
        )
        revenue = self.revenue_ids
        if len(revenue) == 1:
            return {**action, "view_mode": "form", "views": [(False, "form")], "res_id": revenue.id}
        return {**action, "domain": [("id", "in", revenue.ids)]}

    def action_open_budget(self):
        """Open the budget lines of this project."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_sales_project.crm_project_budget_line_action"
        )
        return {
            **action,
            "domain": [("project_id", "in", self.ids)],
            "context": {"default_project_id": self[:1].id},
        }

    def action_open_handover(self):
        """Open the hand-over checklist of these projects."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_sales_project.crm_handover_item_action"
        )
        return {
            **action,
            "domain": [("project_id", "in", self.ids)],
            "context": {"default_project_id": self[:1].id},
        }
