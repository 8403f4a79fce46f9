from odoo import api, fields, models


class CrmContractSign(models.TransientModel):
    """Our side signs: the PDF that was frozen, the name, the signature."""

    _name = "crm.contract.sign"
    _description = "Sign Contract"

    contract_id = fields.Many2one("crm.contract", required=True, readonly=True)
    name = fields.Char("Your Name", required=True)
    signature = fields.Binary(required=True)
    pdf_url = fields.Char("PDF", compute="_compute_pdf_url")
    pdf_sha256 = fields.Char(related="contract_id.pdf_sha256")

    @api.depends("contract_id")
    def _compute_pdf_url(self):
        for wizard in self:
            wizard.pdf_url = f"{wizard.contract_id.access_url}/pdf"

    def action_sign(self):
        """Sign for our side.

        :raise AccessError: for anybody but the person named on the contract
        """
        self.ensure_one()
        contract = self.contract_id
        contract._check_our_signatory()
        contract._log_shown()
        contract._sign("company", self.name, self.signature)
        return True
