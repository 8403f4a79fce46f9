from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """The decisions of the company on the settings of projects."""

    _inherit = "res.config.settings"

    # --- project delivery ---
    contract_liability_ledger_id = fields.Many2one(
        related="company_id.contract_liability_ledger_id", readonly=False
    )
    contract_asset_ledger_id = fields.Many2one(
        related="company_id.contract_asset_ledger_id", readonly=False
    )
    budget_alarm_percents = fields.Char(related="company_id.budget_alarm_percents", readonly=False)
