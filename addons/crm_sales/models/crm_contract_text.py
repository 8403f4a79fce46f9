from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import clauses
from ..tools import is_unlocked

CONTENT = {"name", "body", "sequence", "contract_id", "version_id"}


class CrmContractText(models.Model):
    """A clause as it stands in one contract: taken from the library, or deviating from it."""

    _name = "crm.contract.text"
    _description = "Text of a Contract"
    _order = "contract_id, sequence, id"

    contract_id = fields.Many2one("crm.contract", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    name = fields.Char("Heading", required=True)
    version_id = fields.Many2one(
        "crm.contract.clause.version", "Library Version", index="btree_not_null", readonly=True
    )
    body = fields.Html("Text", sanitize=True)
    mandatory = fields.Boolean(related="version_id.clause_id.mandatory")
    deviates = fields.Boolean(
        compute="_compute_deviates", store=True, help="From the text in the library."
    )

    @api.depends("body", "version_id.body")
    def _compute_deviates(self):
        for text in self:
            text.deviates = clauses.paragraphs(text.body) != clauses.paragraphs(
                text.version_id.body
            )

    @api.constrains("body")
    def _check_placeholders(self):
        for text in self:
            self.env["crm.contract"]._check_text(text.body, text.name)

    @api.model_create_multi
    def create(self, vals_list):
        """Make signatures of the contract void.

        :raise UserError: the contract is signed
        """
        texts = super().create(vals_list)
        texts.contract_id._content_changes()
        return texts

    def write(self, vals):
        """Make signatures of the contract void where the text changes.

        :raise UserError: the contract is signed
        """
        if CONTENT & vals.keys():
            self.contract_id._content_changes()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_changes_contract(self):
        kept = self.filtered("mandatory")
        if kept and not is_unlocked(self.env):
            raise UserError(
                self.env._(
                    "The clause “%s” is mandatory and cannot be dropped. You may change its "
                    "wording; the approver sees the difference.",
                    kept[0].name,
                )
            )
        self.contract_id._content_changes()

    def action_restore(self):
        """Put the text of the library back, as it was when the contract took it over."""
        for text in self.filtered("version_id"):
            text.body = text.version_id.body
        return True
