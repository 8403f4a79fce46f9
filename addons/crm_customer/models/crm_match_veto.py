from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CrmMatchVeto(models.Model):
    """What speaks against a merge so much that a person must decide, however alike two are."""

    _name = "crm.match.veto"
    _description = "Veto of a Rule Set"
    _order = "sequence, id"
    _rec_name = "kind"

    ruleset_id = fields.Many2one(
        "crm.match.ruleset", "Rule Set", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [
            ("given_name", "Given names contradict each other"),
            ("identifier", "Two different values of a unique number"),
            ("party", "One is a person, the other a company"),
        ],
        required=True,
        help="A pair with a veto is never merged without a person's decision.",
    )
    columns = fields.Char("Fields", required=True, default="name", help="Separated by commas.")

    @api.constrains("kind", "columns")
    def _check_spec(self):
        for veto in self:
            names = veto._names()
            problem = self.env["crm.match.ruleset"]._unknown_column(names)
            if not names:
                problem = self.env._("A veto needs a field.")
            if problem:
                raise ValidationError(problem)

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

    def _names(self):
        return [name.strip() for name in (self.columns or "").split(",") if name.strip()]

    def _spec(self):
        from ..engine.match import Veto

        return Veto(self.kind, tuple(self._names()))
