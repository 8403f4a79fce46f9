from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    # --- forecast ---

    forecast_period = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter")],
        default="quarter",
        required=True,
        help="What the salespeople of this company submit a forecast for.",
    )
    forecast_measure = fields.Selection(
        [("booked", "Booked"), ("invoiced", "Invoiced"), ("collected", "Collected")],
        default="invoiced",
        required=True,
        help="What counts as closed in the forecast, the leaderboard and the quotas it compares.",
    )
