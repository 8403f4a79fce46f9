from odoo import api, fields, models


class CrmProjectEstimate(models.Model):
    """What a project will cost in all, as estimated on a day."""

    _name = "crm.project.estimate"
    _description = "Estimate at Completion"
    _order = "project_id, date, id"

    project_id = fields.Many2one("project.project", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="project_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="project_id.currency_id")
    date = fields.Date("As of", required=True, default=fields.Date.context_today)
    amount = fields.Monetary("Estimate at Completion", required=True)
    note = fields.Char("Why")
    user_id = fields.Many2one(
        "res.users", "Estimated by", readonly=True, default=lambda self: self.env.uid
    )

    _once = models.Constraint(
        "UNIQUE(project_id, date)", "There is an estimate of this day already: change it."
    )
    _amount_positive = models.Constraint(
        "CHECK(amount > 0)", "An estimate at completion is above zero."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Revenue is caught up in the month of the change (IFRS 15.43)."""
        estimates = super().create(vals_list)
        estimates.project_id._revenue_changed()
        return estimates

    def write(self, vals):
        """See :meth:`create`."""
        result = super().write(vals)
        self.project_id._revenue_changed()
        return result

    def unlink(self):
        """See :meth:`create`."""
        projects = self.project_id
        result = super().unlink()
        projects._revenue_changed()
        return result
