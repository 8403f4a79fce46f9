from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- market development funds ---
    mdf_reminder_days = fields.Integer(
        related="company_id.mdf_reminder_days",
        readonly=False,
        string="Remind of Expiring Funds (days before)",
    )

    # --- statements of account ---
    partner_statement_auto = fields.Selection(
        related="company_id.partner_statement_auto", readonly=False
    )
