from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """The settings of the programme, kept on the company."""

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

    # --- deal registration ---
    deal_direct_policy = fields.Selection(
        related="company_id.deal_direct_policy", readonly=False, required=True
    )
    deal_customer_months = fields.Integer(related="company_id.deal_customer_months", readonly=False)
    deal_review_hours = fields.Integer(related="company_id.deal_review_hours", readonly=False)
    deal_progress_days = fields.Integer(related="company_id.deal_progress_days", readonly=False)
    deal_reminder_days = fields.Integer(related="company_id.deal_reminder_days", readonly=False)
    deal_extension_auto = fields.Boolean(related="company_id.deal_extension_auto", readonly=False)
    deal_amount_cap = fields.Boolean(related="company_id.deal_amount_cap", readonly=False)
    deal_amount_tolerance = fields.Float(related="company_id.deal_amount_tolerance", readonly=False)
    deal_rate_limit = fields.Integer(related="company_id.deal_rate_limit", readonly=False)
    deal_referral_account_id = fields.Many2one(
        related="company_id.deal_referral_account_id", readonly=False
    )
    deal_referral_tax_id = fields.Many2one(
        related="company_id.deal_referral_tax_id", readonly=False
    )

    # --- statements of account ---
    partner_statement_auto = fields.Selection(
        related="company_id.partner_statement_auto", readonly=False
    )
