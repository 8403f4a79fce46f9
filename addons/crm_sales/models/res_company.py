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
    crm_contract_legal_ids = fields.Many2many(
        "res.users",
        "res_company_contract_legal_rel",
        string="Legal Readers of Contracts",
        domain="[('share', '=', False)]",
        help="They read all contracts of the company, so that they can approve them.",
    )
