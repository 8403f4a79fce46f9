from odoo import api, fields, models


class CrmContractClause(models.Model):
    """A clause of the library. Its text lives in versions; a published one never changes."""

    _name = "crm.contract.clause"
    _description = "Contract Clause"
    _inherit = ["mail.thread"]
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(help="A short mark to find the clause by.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for all companies.")
    category = fields.Selection(
        [
            ("general", "General"),
            ("delivery", "Delivery"),
            ("payment", "Payment"),
            ("warranty", "Warranty"),
            ("liability", "Liability"),
            ("term", "Term and Termination"),
            ("privacy", "Confidentiality and Data"),
            ("other", "Other"),
        ],
        required=True,
        default="general",
        tracking=True,
    )
    mandatory = fields.Boolean(
        tracking=True, help="A contract made from a template with this clause cannot drop it."
    )
    version_ids = fields.One2many("crm.contract.clause.version", "clause_id", "Versions")
    current_version_id = fields.Many2one(
        "crm.contract.clause.version",
        "Version in Use",
        compute="_compute_current_version",
        store=True,
    )
    body = fields.Html("Text in Use", related="current_version_id.body")

    @api.depends("version_ids.state", "version_ids.number")
    def _compute_current_version(self):
        for clause in self:
            published = clause.version_ids.filtered(lambda version: version.state == "published")
            clause.current_version_id = published.sorted("number")[-1:]

    def action_new_version(self):
        """Open a draft of the next version, begun with the text in use."""
        self.ensure_one()
        draft = self.version_ids.filtered(lambda version: version.state == "draft")[:1]
        if not draft:
            draft = self.version_ids.create({"clause_id": self.id, "body": self.body})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Version"),
            "res_model": draft._name,
            "res_id": draft.id,
            "view_mode": "form",
            "target": "new",
        }
