from odoo import fields, models

KINDS = [
    ("created", "Created"),
    ("sent", "Sent"),
    ("confirmed", "Confirmed"),
    ("disputed", "Disputed"),
    ("reopened", "Withdrawn"),
    ("cancelled", "Cancelled"),
    ("changed", "Documents changed"),
    ("unchanged", "Documents as they were again"),
]


class CrmPartnerStatementLog(models.Model):
    """Who did what with a statement."""

    _name = "crm.partner.statement.log"
    _description = "Log of a Statement of Account"
    _inherit = ["crm.evidence.mixin"]
    _order = "statement_id desc, seq"
    _rec_name = "kind"
    _document_fields = ("statement_id",)
    _covered_fields = ("kind", "name", "detail", "ip", "user_agent", "content_hash")

    statement_id = fields.Many2one(
        "crm.partner.statement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="statement_id.company_id", store=True, index=True)
    kind = fields.Selection(KINDS, "Event", required=True, readonly=True)
    content_hash = fields.Char("SHA-256 of the Contents", readonly=True)

    _seq_unique = models.Constraint(
        "UNIQUE(statement_id, seq)", "Somebody else answered at the same time. Try again."
    )
