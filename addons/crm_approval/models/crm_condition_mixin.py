import ast
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

#: what a condition raises that is no domain, or names a field that is no more
BROKEN = (ValueError, SyntaxError, TypeError, KeyError, AttributeError)


class CrmConditionMixin(models.AbstractModel):
    """A rule for the records that meet a condition.

    A condition that cannot be used is refused when it is saved. One that has become unusable since,
    by a field that was removed, stops what it should decide about; ``problem`` shows it before.
    """

    _name = "crm.condition.mixin"
    _description = "Rule with a Condition"

    domain = fields.Char("Condition", default="[]")
    problem = fields.Text(
        compute="_compute_problem", help="Why this rule stops documents until it is mended."
    )

    # ------------------------------------------------------------------
    # What a rule says about itself
    # ------------------------------------------------------------------

    def _condition_model(self):
        """Return the empty recordset of what the condition is about.

        :raise ValidationError: there is none
        """
        raise NotImplementedError

    def _condition_refused(self, error):
        """Return why the condition is not saved, and what to do."""
        raise NotImplementedError

    def _condition_broken(self, error):
        """Return why a record has to wait for this rule, and who can mend it."""
        raise NotImplementedError

    def _check_usable(self):
        """Check again whatever was checked on saving; a rule adds its own checks.

        :raise ValidationError: the rule cannot be used any more
        """
        self._check_domain()

    # ------------------------------------------------------------------

    @api.depends("domain")
    def _compute_problem(self):
        for rule in self:
            rule.problem = rule._find_problem()

    def _find_problem(self):
        try:
            self._check_usable()
        except ValidationError as error:
            return str(error)
        return False

    @api.constrains("domain")
    def _check_domain(self):
        for rule in self:
            try:
                rule._parsed_domain().validate(rule._condition_model())
            except BROKEN as error:
                raise ValidationError(rule._condition_refused(error)) from error

    def _parsed_domain(self):
        """Return the condition as a Domain.

        :raise: one of ``BROKEN``
        """
        return Domain(ast.literal_eval(self.domain or "[]"))

    @contextmanager
    def _evaluating(self):
        """Wrap what evaluates the rule.

        :raise UserError: it cannot be evaluated any more; the record has to wait
        """
        try:
            yield
        except BROKEN as error:
            raise UserError(self._condition_broken(error)) from error
