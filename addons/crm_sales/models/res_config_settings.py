from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- pipeline discipline ---
    deal_contact_days = fields.Integer(related="company_id.deal_contact_days", readonly=False)
    win_reason_required = fields.Boolean(related="company_id.win_reason_required", readonly=False)
    lost_reason_required = fields.Boolean(related="company_id.lost_reason_required", readonly=False)
    stuck_digest = fields.Boolean(related="company_id.stuck_digest", readonly=False)
