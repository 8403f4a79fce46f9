from odoo import fields, models


class CrmContractSign(models.TransientModel):
    """Our side signs: the PDF that was frozen, the name, the signature."""

    _name = "crm.contract.sign"
    _description = "Sign Contract"

    contract_id = fields.Many2one("crm.contract", required=True, readonly=True)
    name = fields.Char("Your Name", required=True)
    signature = fields.Binary(required=True)
    pdf = fields.Binary("PDF", related="contract_id.pdf_attachment_id.datas", readonly=True)
    pdf_sha256 = fields.Char(related="contract_id.pdf_sha256")

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
