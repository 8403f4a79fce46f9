from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CrmLeadDocument(models.Model):
    """A document of an opportunity, filed under what it is: what a stage gate can ask for."""

    _name = "crm.lead.document"
    _description = "Document of an Opportunity"
    _order = "lead_id, kind_id, id"

    lead_id = fields.Many2one("crm.lead", required=True, ondelete="cascade", index=True)
    kind_id = fields.Many2one("crm.document.kind", required=True, ondelete="restrict", index=True)
    file = fields.Binary(required=True, attachment=True)
    file_name = fields.Char()
    note = fields.Char()

    @api.depends("kind_id.name", "file_name")
    def _compute_display_name(self):
        for document in self:
            name = document.kind_id.name or ""
            document.display_name = f"{name}: {document.file_name}" if document.file_name else name

    @api.constrains("file")
    def _check_file(self):
        for document in self:
            if not document.file:
                raise ValidationError(
                    self.env._(
                        "%(lead)s: the document “%(kind)s” has no file. Attach one.",
                        lead=document.lead_id.name,
                        kind=document.kind_id.name,
                    )
                )
