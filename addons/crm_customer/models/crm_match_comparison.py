from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: how columns are compared, as the engine names it
KINDS = [
    ("exact", "Exact"),
    ("text", "Text"),
    ("name", "Person's Name"),
    ("company", "Company Name"),
    ("party", "Person's or Company Name"),
    ("address", "Address"),
    ("phone", "Phone"),
    ("email", "E-Mail"),
    ("domain", "Domain"),
    ("identifier", "Number or Code"),
    ("date", "Date"),
    ("number", "Number"),
]


class CrmMatchComparison(models.Model):
    """How one field is compared, and how much each degree of agreement tells."""

    _name = "crm.match.comparison"
    _description = "Comparison of a Rule Set"
    _order = "sequence, id"
    _rec_name = "column"

    ruleset_id = fields.Many2one(
        "crm.match.ruleset", "Rule Set", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    column = fields.Selection(selection="_selection_columns", string="Field", required=True)
    kind = fields.Selection(KINDS, "Compared As", required=True, default="text")
    term_frequency = fields.Boolean(
        "Rarity",
        help="Rare values count more: agreeing on a rare name tells more than on a common one.",
    )
    level_ids = fields.One2many("crm.match.level", "comparison_id", "Levels", copy=True)
    summary = fields.Char("Weights", compute="_compute_summary", help="In bits, best level first.")

    @api.model
    def _selection_columns(self):
        return self.env["crm.match.ruleset"]._selection_columns()

    @api.depends("level_ids.m", "level_ids.u", "level_ids.name", "level_ids.sequence")
    def _compute_summary(self):
        for row in self:
            row.summary = " · ".join(
                f"{level.name} {level.weight:+.1f}" for level in row.level_ids.sorted()
            )

    @api.constrains("column", "kind", "level_ids")
    def _check_spec(self):
        """Refuse levels that the kind of comparison does not have, or in another order."""
        from ..engine.match.spec import KINDS as LEVELS

        for row in self:
            if problem := self.env["crm.match.ruleset"]._unknown_column([row.column]):
                raise ValidationError(problem)
            names = row.level_ids.sorted().mapped("name")
            order = [name for name in LEVELS[row.kind] if name in names]
            if len(names) < 2 or names != order or names[-1] != "else":
                raise ValidationError(
                    self.env._(
                        "%(column)s: the levels of this comparison are %(levels)s. Take two or more"
                        " of them, in this order, the last one “else”.",
                        column=row.column,
                        levels=", ".join(LEVELS[row.kind]),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Forget the compiled rule set, in all workers once this is committed."""
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        """See :meth:`create`."""
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        """See :meth:`create`."""
        self.env.registry.clear_cache()
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _refuse_the_last(self):
        """A rule set must keep a comparison; deleting the rule set as a whole is another matter."""
        for ruleset in self.ruleset_id:
            ruleset._check_remains(ruleset.comparison_ids - self, self.env._("comparison"))

    def _spec(self):
        from ..engine.match import Comparison, Level

        levels = tuple(Level(row.name, row.m, row.u) for row in self.level_ids.sorted())
        return Comparison(self.column, self.kind, levels, self.term_frequency)

    @api.model
    def _vals_from_spec(self, spec, sequence):
        """Return values made from the engine's dataclass."""
        return {
            "sequence": sequence,
            "column": spec.field,
            "kind": spec.kind,
            "term_frequency": spec.term_frequency,
            "level_ids": [
                (0, 0, {"sequence": number, "name": row.name, "m": row.m, "u": row.u})
                for number, row in enumerate(spec.levels)
            ],
        }
