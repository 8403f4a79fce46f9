from odoo import fields, models


class CrmContractTemplateClause(models.Model):
    """A clause of the library in a template; contracts take its version in force that day."""

    _name = "crm.contract.template.clause"
    _description = "Clause of a Contract Template"
    _order = "template_id, sequence, id"

    template_id = fields.Many2one(
        "crm.contract.template", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    clause_id = fields.Many2one("crm.contract.clause", required=True, ondelete="restrict")
    category = fields.Selection(related="clause_id.category")
    mandatory = fields.Boolean(related="clause_id.mandatory")
    version_id = fields.Many2one(related="clause_id.current_version_id", string="Version in Use")

    def _prepare_text_vals(self):
        """Return the values of the text that a contract takes over from this clause."""
        self.ensure_one()
        version = self.clause_id.current_version_id
        return {
            "sequence": self.sequence,
            "name": self.clause_id.name,
            "version_id": version.id,
            "body": version.body,
        }
