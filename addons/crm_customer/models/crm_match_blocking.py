from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CrmMatchBlocking(models.Model):
    """What two customers must have in common to be compared at all."""

    _name = "crm.match.blocking"
    _description = "Blocking Rule of a Rule Set"
    _order = "sequence, id"
    _rec_name = "column_1"

    ruleset_id = fields.Many2one(
        "crm.match.ruleset", "Rule Set", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    column_1 = fields.Selection(selection="_selection_columns", string="Field", required=True)
    transform_1 = fields.Char(
        "As",
        required=True,
        default="value",
        help="What is equal: value, text, digits, email, local, domain, pinyin, core, surname,"
        " given, address, street, numbers; behind a dot prefixN, suffixN, soundex, sorted.",
    )
    column_2 = fields.Selection(selection="_selection_columns", string="and Field")
    transform_2 = fields.Char("as (2)", default="value")
    column_3 = fields.Selection(selection="_selection_columns", string="and Field (3)")
    transform_3 = fields.Char("as (3)", default="value")

    @api.model
    def _selection_columns(self):
        return self.env["crm.match.ruleset"]._selection_columns()

    @api.constrains("column_1", "transform_1", "column_2", "transform_2", "column_3", "transform_3")
    def _check_spec(self):
        """Refuse transforms that the engine does not know."""
        for row in self:
            try:
                parts = row._spec().parts
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "Blocking rule on %(column)s: %(problem)s",
                        column=row.column_1,
                        problem=str(error),
                    )
                ) from error
            names = [column for column, _transform in parts]
            if problem := self.env["crm.match.ruleset"]._unknown_column(names):
                raise ValidationError(problem)

    @api.model_create_multi
    def create(self, vals_list):
        """Have the keys of all customers made anew in the background."""
        rows = super().create(vals_list)
        rows.ruleset_id._changed()
        return rows

    def write(self, vals):
        """See :meth:`create`."""
        result = super().write(vals)
        self.ruleset_id._changed()
        return result

    def unlink(self):
        """See :meth:`create`."""
        rulesets = self.ruleset_id
        result = super().unlink()
        rulesets._changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _refuse_the_last(self):
        for ruleset in self.ruleset_id:
            ruleset._check_remains(ruleset.blocking_ids - self, self.env._("blocking rule"))

    def _spec(self):
        from ..engine.match import Blocking

        parts = (
            (self.column_1, self.transform_1),
            (self.column_2, self.transform_2),
            (self.column_3, self.transform_3),
        )
        return Blocking(tuple((column, how or "value") for column, how in parts if column))

    @api.model
    def _vals_from_spec(self, spec, sequence):
        """Return values made from the engine's dataclass."""
        vals = {"sequence": sequence}
        for number, (column, how) in enumerate(spec.parts, 1):
            vals |= {f"column_{number}": column, f"transform_{number}": how}
        return vals
