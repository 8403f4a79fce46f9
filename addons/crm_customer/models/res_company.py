from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    """After how many days a customer is at risk, lost or back, and how values are scored."""

    _inherit = "res.company"

    # --- customer lifecycle ---
    lifecycle_risk_days = fields.Integer(
        "At Risk after (Days)",
        default=180,
        help="Days since the last invoice after which a customer counts as at risk.",
    )
    lifecycle_lost_days = fields.Integer(
        "Lost after (Days)",
        default=365,
        help="Days since the last invoice after which a customer counts as lost.",
    )
    lifecycle_back_days = fields.Integer(
        "Won Back for (Days)",
        default=180,
        help="A lost customer who buys again counts as won back for that many days.",
    )

    @api.constrains("lifecycle_risk_days", "lifecycle_lost_days", "lifecycle_back_days")
    def _check_lifecycle_days(self):
        for company in self:
            if not 0 < company.lifecycle_risk_days < company.lifecycle_lost_days:
                raise ValidationError(
                    self.env._(
                        "Customer lifecycle of %(company)s: a customer is at risk before it is "
                        "lost. Enter at least one day, and more days for lost than for at risk.",
                        company=company.display_name,
                    )
                )
            if company.lifecycle_back_days < 0:
                raise ValidationError(
                    self.env._("Customer lifecycle: days cannot be negative. Enter 0 or more.")
                )

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
