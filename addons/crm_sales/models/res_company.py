from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    # --- contracts ---
    crm_contract_invoice_mode = fields.Selection(
        [("draft", "Drafts, an accountant posts them"), ("posted", "Posted at once")],
        "Invoices of Instalments",
        default="draft",
        required=True,
    )
