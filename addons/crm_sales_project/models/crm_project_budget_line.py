from odoo import api, fields, models


class CrmProjectBudgetLine(models.Model):
    """What one kind of cost may come to, in the currency of the project's company."""

    _name = "crm.project.budget.line"
    _description = "Budget Line of a Project"
    _order = "project_id, sequence, id"

    project_id = fields.Many2one("project.project", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    category_id = fields.Many2one(
        "crm.project.cost.category", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="project_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="project_id.currency_id")
    amount = fields.Monetary("Budget", required=True)
    actual = fields.Monetary(compute="_compute_actual")
    remaining = fields.Monetary(compute="_compute_actual")
    consumed = fields.Float("Consumed (%)", compute="_compute_actual", aggregator="avg")
    note = fields.Char()

    _once = models.Constraint(
        "UNIQUE(project_id, category_id)",
        "This category has a budget on the project already: change that line.",
    )
    _amount_positive = models.Constraint("CHECK(amount >= 0)", "A budget cannot be negative.")

    @api.depends("amount", "category_id", "project_id.account_id")
    def _compute_actual(self):
        costs = self.project_id._cost_by_category()
        for line in self:
            line.actual = costs.get((line.project_id.id, line.category_id.id), 0.0)
            line.remaining = line.amount - line.actual
            line.consumed = 100.0 * line.actual / line.amount if line.amount else 0.0

    @api.depends("category_id.name")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.category_id.name

    @api.model_create_multi
    def create(self, vals_list):
        """The total decides on alarms, and on the revenue where nothing was estimated since."""
        lines = super().create(vals_list)
        lines.project_id._budget_changed()
        return lines

    def write(self, vals):
        """See :meth:`create`."""
        result = super().write(vals)
        self.project_id._budget_changed()
        return result

    def unlink(self):
        """See :meth:`create`."""
        projects = self.project_id
        result = super().unlink()
        projects._budget_changed()
        return result
