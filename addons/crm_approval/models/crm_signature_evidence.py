from odoo import api, fields, models

KINDS = [
    ("frozen", "PDF frozen"),
    ("shown", "PDF shown"),
    ("signed", "Signed"),
    ("declined", "Declined"),
    ("invalidated", "Signatures invalidated"),
    ("completed", "Signed by everybody"),
]


class CrmSignatureEvidence(models.Model):
    """The log of the signatures of a document.

    Nobody reads it directly: documents that inherit ``crm.signature.mixin`` show their own log.
    """

    _name = "crm.signature.evidence"
    _description = "Evidence of a Signature"
    _inherit = ["crm.evidence.mixin"]
    _order = "res_model, res_id desc, seq"
    _rec_name = "kind"
    _document_fields = ("res_model", "res_id")
    _covered_fields = (
        "kind",
        "side",
        "name",
        "detail",
        "ip",
        "user_agent",
        "sha256",
        "signature_sha256",
    )

    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Document", model_field="res_model", required=True, readonly=True
    )
    kind = fields.Selection(KINDS, "Event", required=True, readonly=True)
    side = fields.Char(readonly=True, help="Who signed: a key of the sides of the document.")
    sha256 = fields.Char("SHA-256 of the PDF", readonly=True)
    signature = fields.Binary(readonly=True, attachment=False)
    signature_sha256 = fields.Char("SHA-256 of the Signature", readonly=True)

    _seq_unique = models.Constraint(
        "UNIQUE(res_model, res_id, seq)", "Somebody else signed at the same time. Try again."
    )

    @api.model
    def _document_values(self, document):
        return {"res_model": document._name, "res_id": document.id}

    @api.model
    def _document_payload(self, row):
        return {"document": f"{row['res_model']},{row['res_id']}"}
