from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    _inherit = "res.company"

    # --- value scores ---
    score_horizon_months = fields.Integer("Value Horizon (Months)", default=36)
    score_discount_rate = fields.Float("Discount Rate of Values (%)", default=10.0)
    score_minimum = fields.Integer("Repeat Customers for a Forecast", default=30)

    @api.constrains("score_horizon_months", "score_discount_rate", "score_minimum")
    def _check_score_parameters(self):
        for company in self:
            if not 1 <= company.score_horizon_months <= 600:
                raise ValidationError(
                    self.env._("The horizon of lifetime values is between 1 and 600 months.")
                )
            if not 0 <= company.score_discount_rate <= 100:
                raise ValidationError(
                    self.env._("The discount rate of lifetime values is between 0 and 100 %.")
                )
            if company.score_minimum < 10:
                raise ValidationError(
                    self.env._("A forecast needs at least 10 customers who came back.")
                )
