from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # --- contracts ---
    crm_contract_invoice_mode = fields.Selection(
        related="company_id.crm_contract_invoice_mode", readonly=False, required=True
    )
    crm_contract_legal_ids = fields.Many2many(
        related="company_id.crm_contract_legal_ids", readonly=False
    )
