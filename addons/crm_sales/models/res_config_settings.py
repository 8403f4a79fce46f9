from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- forecast ---

    forecast_period = fields.Selection(related="company_id.forecast_period", readonly=False)
    forecast_measure = fields.Selection(related="company_id.forecast_measure", readonly=False)
