from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- portal: ordering and team ---
    partner_order_confirm = fields.Selection(
        related="company_id.partner_order_confirm", readonly=False
    )
    partner_stock_few = fields.Float(related="company_id.partner_stock_few", readonly=False)
    partner_invite_limit = fields.Integer(related="company_id.partner_invite_limit", readonly=False)
