from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- deal registration ---
    deal_direct_policy = fields.Selection(
        related="company_id.deal_direct_policy", readonly=False, required=True
    )
    deal_customer_months = fields.Integer(related="company_id.deal_customer_months", readonly=False)
    deal_review_hours = fields.Integer(related="company_id.deal_review_hours", readonly=False)
    deal_progress_days = fields.Integer(related="company_id.deal_progress_days", readonly=False)
    deal_reminder_days = fields.Integer(related="company_id.deal_reminder_days", readonly=False)
    deal_extension_auto = fields.Boolean(related="company_id.deal_extension_auto", readonly=False)
    deal_rate_limit = fields.Integer(related="company_id.deal_rate_limit", readonly=False)
    deal_referral_account_id = fields.Many2one(
        related="company_id.deal_referral_account_id", readonly=False
    )
    deal_referral_tax_id = fields.Many2one(
        related="company_id.deal_referral_tax_id", readonly=False
    )
