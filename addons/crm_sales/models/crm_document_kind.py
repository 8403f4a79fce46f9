from odoo import fields, models


class CrmDocumentKind(models.Model):
    """What a document of an opportunity is, so that a gate can ask for one of a kind."""

    _name = "crm.document.kind"
    _description = "Kind of Document"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)

    _name_uniq = models.Constraint("UNIQUE(name)", "There is a kind of document of this name.")
