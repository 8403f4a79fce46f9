from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import clauses
from ..tools import is_unlocked, unlocked

STATES = [("draft", "Draft"), ("published", "In Use"), ("replaced", "Replaced")]


class CrmContractClauseVersion(models.Model):
    """One version of a clause: free while a draft, unchangeable once published."""

    _name = "crm.contract.clause.version"
    _description = "Version of a Contract Clause"
    _order = "clause_id, number desc"

    clause_id = fields.Many2one(
        "crm.contract.clause", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="clause_id.company_id", store=True, index=True)
    number = fields.Integer("Version", readonly=True, copy=False)
    body = fields.Html("Text", sanitize=True)
    note = fields.Char("What Is New")
    state = fields.Selection(STATES, default="draft", required=True, readonly=True, copy=False)
    published_on = fields.Datetime(readonly=True, copy=False)
    published_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    placeholder_help = fields.Html(compute="_compute_placeholder_help")

    _number_uniq = models.Constraint(
        "UNIQUE(clause_id, number)", "A clause has each version number once."
    )

    @api.depends("clause_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = f"{version.clause_id.name} v{version.number}"

    def _compute_placeholder_help(self):
        self.placeholder_help = self.env["crm.contract"]._placeholder_help()

    @api.constrains("body")
    def _check_placeholders(self):
        for version in self:
            self.env["crm.contract"]._check_text(version.body, version.clause_id.name)

    @api.model_create_multi
    def create(self, vals_list):
        """Create drafts, numbered within their clause."""
        versions = super().create([vals | {"state": "draft"} for vals in vals_list])
        for version in versions:
            version.number = max(version.clause_id.version_ids.mapped("number"), default=0) + 1
        return versions

    def write(self, vals):
        """Keep what was published as it is.

        :raise UserError: a published text would change, or a state is written by hand
        """
        fixed = {"body", "clause_id", "number"} & vals.keys()
        published = self.filtered(lambda version: version.state != "draft")
        if published and fixed:
            raise UserError(
                self.env._(
                    "%s is published: contracts were signed with this text, so it never changes. "
                    "Make a new version of the clause.",
                    published[0].display_name,
                )
            )
        if {"state", "published_on", "published_by_id"} & vals.keys() and not is_unlocked(self.env):
            raise UserError(self.env._("Versions are published with the button Publish."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        for version in self:
            if version.state != "draft":
                raise UserError(
                    self.env._(
                        "%s is published and cannot be deleted. Archive the clause instead.",
                        version.display_name,
                    )
                )

    def action_publish(self):
        """Put these versions to use; the ones before stay readable, as replaced."""
        self.check_access("write")
        for version in self:
            if version.state != "draft":
                raise UserError(self.env._("%s is published already.", version.display_name))
            if not clauses.paragraphs(version.body):
                raise ValidationError(
                    self.env._("%s has no text. Write it before you publish.", version.display_name)
                )
            others = version.clause_id.version_ids.filtered(lambda v: v.state == "published")
            unlocked(others).write({"state": "replaced"})
            unlocked(version).write(
                {
                    "state": "published",
                    "published_on": fields.Datetime.now(),
                    "published_by_id": self.env.uid,
                }
            )
        return True
