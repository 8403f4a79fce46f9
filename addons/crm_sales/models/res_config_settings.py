from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- quotation discipline ---
    authority_gates_sending = fields.Boolean(
        related="company_id.authority_gates_sending", readonly=False
    )
    quotation_blocks_expired = fields.Boolean(
        related="company_id.quotation_blocks_expired", readonly=False
    )
    quotation_reminder_days = fields.Integer(
        related="company_id.quotation_reminder_days", readonly=False
    )
    quotation_cancel_days = fields.Integer(
        related="company_id.quotation_cancel_days", readonly=False
    )
