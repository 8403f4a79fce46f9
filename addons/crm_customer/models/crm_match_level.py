from math import log2

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

#: what a person reads for the engine's name of a level
LABELS = {
    "exact": _lt("Equal"),
    "sound": _lt("Sounds Equal"),
    "close": _lt("Close"),
    "near": _lt("Near"),
    "similar": _lt("Similar"),
    "partial": _lt("Partly Equal"),
    "street": _lt("Same Street"),
    "local": _lt("Same Mailbox Name"),
    "domain": _lt("Same Domain"),
    "family": _lt("Same Family Name"),
    "else": _lt("Different"),
}


class CrmMatchLevel(models.Model):
    """A degree of agreement, and how likely it is for one customer (m) and for two (u)."""

    _name = "crm.match.level"
    _description = "Agreement Level of a Comparison"
    _order = "sequence, id"

    comparison_id = fields.Many2one(
        "crm.match.comparison", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    name = fields.Selection(selection="_selection_names", string="Level", required=True)
    m = fields.Float(
        "Same Customer",
        required=True,
        help="Probability that two records of one customer fall into this level.",
    )
    u = fields.Float(
        "Different Customers",
        required=True,
        help="Probability that records of two different customers fall into this level.",
    )
    weight = fields.Float(compute="_compute_weight", help="log2(m / u): bits for or against.")

    @api.model
    def _selection_names(self):
        """Return all levels that some kind of comparison of the engine has, best first."""
        from ..engine.match import KINDS

        names = dict.fromkeys(name for levels in KINDS.values() for name in levels)
        names["else"] = names.pop("else")
        return [
            (name, LABELS[name]._translate(self.env.lang or "en_US") if name in LABELS else name)
            for name in names
        ]

    @api.depends("m", "u")
    def _compute_weight(self):
        for level in self:
            positive = level.m > 0 and level.u > 0
            level.weight = log2(level.m / level.u) if positive else 0.0

    @api.constrains("m", "u")
    def _check_probabilities(self):
        for level in self:
            if not (0 < level.m < 1 and 0 < level.u < 1):
                raise ValidationError(
                    self.env._(
                        "%(column)s, level %(level)s: both probabilities must lie between 0 and 1,"
                        " without the ends. For “never” give a small one such as 0.0001.",
                        column=level.comparison_id.column,
                        level=level.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Forget the compiled rule set, in all workers once this is committed."""
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        """See :meth:`create`.

        :raises ValidationError: the kind of comparison has no such level, or not in this order
        """
        self.env.registry.clear_cache()
        result = super().write(vals)
        self.comparison_id._check_spec()
        return result

    def unlink(self):
        """See :meth:`write`: what is left must still be the levels of its kind."""
        self.env.registry.clear_cache()
        comparisons = self.comparison_id
        result = super().unlink()
        comparisons.exists()._check_spec()
        return result
