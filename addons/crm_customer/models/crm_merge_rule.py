from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import survivorship

STRATEGIES = [
    ("survivor", "Survivor first"),
    ("recent", "Most recently changed record"),
    ("frequent", "Most frequent value"),
    ("complete", "Most complete record"),
    ("source", "Best source"),
    ("longest", "Longest value"),
]
SOURCES = ("user", "import", "web")


class CrmMergeRule(models.Model):
    """Which record's value of a field survives a merge."""

    _name = "crm.merge.rule"
    _description = "Survivorship Rule"
    _order = "field_id"
    _rec_name = "field_id"

    field_id = fields.Many2one(
        "ir.model.fields",
        required=True,
        ondelete="cascade",
        domain=[("model", "=", "res.partner"), ("store", "=", True)],
        help="The rule of Street decides on the whole address: its parts stay together.",
    )
    field_name = fields.Char(related="field_id.name", string="Technical Name")
    strategy = fields.Selection(STRATEGIES, "Which Value Survives", required=True)
    source_priority = fields.Char(
        "Sources, Best First",
        default=",".join(SOURCES),
        help="user: entered by a colleague. import: loaded from a file. web: came from the portal,"
        " the website, a mail or a job. Records of other sources come last.",
    )
    active = fields.Boolean(default=True)

    _field_uniq = models.Constraint("UNIQUE(field_id)", "This field has a rule already.")

    @api.constrains("field_id")
    def _check_field(self):
        allowed = set(self.env["crm.merge"]._golden_keys())
        for rule in self:
            if rule.field_id.name not in allowed:
                raise ValidationError(
                    self.env._(
                        "%s does not need a rule: it is computed, kept by the survivor, or decided"
                        " together with the street.",
                        rule.field_id.field_description,
                    )
                )

    @api.constrains("source_priority", "strategy")
    def _check_sources(self):
        for rule in self.filtered(lambda rule: rule.strategy == "source"):
            if not rule._sources():
                raise ValidationError(
                    self.env._("List the sources, the best first, separated by commas.")
                )

    def _sources(self):
        """Return the sources in order."""
        names = (self.source_priority or "").split(",")
        return tuple(name.strip() for name in names if name.strip())

    @api.model
    def _strategies(self):
        """Return {field name: (strategy, sources)}; the survivor comes first without a rule."""
        return {
            rule.field_id.name: (rule.strategy, rule._sources())
            # sudo: how to decide is no secret; at most one rule a field
            for rule in self.sudo().search_fetch([], ["field_id", "strategy", "source_priority"])
            if rule.strategy in survivorship.STRATEGIES
        }
