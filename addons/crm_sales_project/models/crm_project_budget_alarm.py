from odoo import fields, models


class CrmProjectBudgetAlarm(models.Model):
    """A threshold of the budget that the costs of a project reached: raised once."""

    _name = "crm.project.budget.alarm"
    _description = "Budget Alarm"
    _order = "date desc, id desc"

    project_id = fields.Many2one(
        "project.project", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="project_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="project_id.currency_id")
    percent = fields.Float("Threshold (%)", required=True, readonly=True)
    budget = fields.Monetary(readonly=True)
    cost = fields.Monetary("Cost at That Time", readonly=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", "Told", readonly=True)

    _once = models.Constraint(
        "UNIQUE(project_id, percent)", "This alarm of the project was raised already."
    )
