from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- customer lifecycle ---
    lifecycle_risk_days = fields.Integer(related="company_id.lifecycle_risk_days", readonly=False)
    lifecycle_lost_days = fields.Integer(related="company_id.lifecycle_lost_days", readonly=False)
    lifecycle_back_days = fields.Integer(related="company_id.lifecycle_back_days", readonly=False)
