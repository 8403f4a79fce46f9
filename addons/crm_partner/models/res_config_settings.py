from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- programme ---
    partner_review_mode = fields.Selection(
        related="company_id.partner_review_mode", readonly=False, required=True
    )
