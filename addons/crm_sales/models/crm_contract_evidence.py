from odoo import fields, models

KINDS = [
    ("frozen", "PDF frozen"),
    ("shown", "PDF shown"),
    ("signed_customer", "Signed by the customer"),
    ("signed_company", "Signed by us"),
    ("declined", "Declined by the customer"),
    ("invalidated", "Signatures invalidated"),
    ("completed", "Signed by both sides"),
]


class CrmContractEvidence(models.Model):
    """The log of the signatures of a contract, for whoever may read the contract."""

    _name = "crm.contract.evidence"
    _description = "Evidence of a Signature"
    _inherit = ["crm.evidence.mixin"]
    _order = "contract_id desc, seq"
    _rec_name = "kind"
    _document_fields = ("contract_id",)
    _covered_fields = (
        "kind",
        "name",
        "detail",
        "ip",
        "user_agent",
        "sha256",
        "signature_sha256",
    )

    contract_id = fields.Many2one(
        "crm.contract", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    kind = fields.Selection(KINDS, "Event", required=True, readonly=True)
    sha256 = fields.Char("SHA-256 of the PDF", readonly=True)
    signature_sha256 = fields.Char("SHA-256 of the Signature", readonly=True)

    _seq_unique = models.Constraint(
        "UNIQUE(contract_id, seq)", "Somebody else signed at the same time. Try again."
    )
