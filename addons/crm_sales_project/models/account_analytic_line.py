from odoo import api, models

COST_FIELDS = frozenset({"amount", "date", "general_account_id", "account_id", "company_id"})


class AccountAnalyticLine(models.Model):
    """Costs move the budget and the revenue over time of the project that they are booked on."""

    _inherit = "account.analytic.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Have budgets and revenue of the projects looked at again."""
        lines = super().create(vals_list)
        lines._delivery_cost_projects()._delivery_cost_changed()
        return lines

    def write(self, vals):
        """Look at the projects that had the cost before and those that have it now."""
        relevant = COST_FIELDS & vals.keys() or any(name.startswith("x_plan") for name in vals)
        projects = self._delivery_cost_projects() if relevant else None
        result = super().write(vals)
        if relevant:
            (projects | self._delivery_cost_projects())._delivery_cost_changed()
        return result

    def unlink(self):
        """See :meth:`create`."""
        projects = self._delivery_cost_projects()
        result = super().unlink()
        projects._delivery_cost_changed()
        return result

    def _delivery_cost_projects(self):
        """Return the projects with a budget or revenue over time whose costs these lines are."""
        # sudo: whoever enters a cost need not see the project
        plans = self.env["account.analytic.plan"].sudo()
        project_plan, other_plans = plans._get_all_plans()
        accounts = self.env["account.analytic.account"].sudo()
        for plan in project_plan | other_plans:
            # sudo: as above
            accounts |= self.sudo()[plan._column_name()]
        if not accounts:
            return self.env["project.project"]
        return (
            self.env["project.project"]
            # sudo: as above; only their figures are computed again
            .sudo()
            .search(
                [
                    ("account_id", "in", accounts.ids),
                    "|",
                    ("budget_amount", ">", 0),
                    ("revenue_ids", "!=", False),
                ]
            )
        )
