from odoo import fields, models

FORECAST_CATEGORIES = [
    ("pipeline", "Pipeline"),
    ("best_case", "Best Case"),
    ("commit", "Commit"),
    ("closed", "Closed"),
    ("omitted", "Omitted"),
]


class CrmStage(models.Model):
    _inherit = "crm.stage"

    forecast_category = fields.Selection(
        FORECAST_CATEGORIES,
        required=True,
        default="pipeline",
        help="Where opportunities of this stage count in the forecast, unless their salesperson "
        "says otherwise. Won opportunities always count as closed.",
    )
