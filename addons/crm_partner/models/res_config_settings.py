from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- programme ---
    partner_review_mode = fields.Selection(
        related="company_id.partner_review_mode", readonly=False, required=True
    )

    # --- leads: distribution to channel partners ---
    channel_accept_hours = fields.Float(related="company_id.channel_accept_hours", readonly=False)
    channel_remind_hours = fields.Float(related="company_id.channel_remind_hours", readonly=False)
    channel_fairness_days = fields.Integer(
        related="company_id.channel_fairness_days", readonly=False
    )
    channel_pool_fallback = fields.Boolean(
        related="company_id.channel_pool_fallback", readonly=False
    )

    # --- market development funds ---
    mdf_reminder_days = fields.Integer(
        related="company_id.mdf_reminder_days",
        readonly=False,
        string="Remind of Expiring Funds (days before)",
    )

    # --- portal: ordering and team ---
    partner_order_confirm = fields.Selection(
        related="company_id.partner_order_confirm", readonly=False
    )
    partner_stock_few = fields.Float(related="company_id.partner_stock_few", readonly=False)
    partner_invite_limit = fields.Integer(related="company_id.partner_invite_limit", readonly=False)
