from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """The decisions of the company on one page."""

    _inherit = "res.config.settings"

    # --- customer lifecycle ---
    lifecycle_risk_days = fields.Integer(related="company_id.lifecycle_risk_days", readonly=False)
    lifecycle_lost_days = fields.Integer(related="company_id.lifecycle_lost_days", readonly=False)
    lifecycle_back_days = fields.Integer(related="company_id.lifecycle_back_days", readonly=False)

    # --- value scores ---
    score_horizon_months = fields.Integer(related="company_id.score_horizon_months", readonly=False)
    score_discount_rate = fields.Float(related="company_id.score_discount_rate", readonly=False)
    score_minimum = fields.Integer(related="company_id.score_minimum", readonly=False)
