import re
from datetime import datetime

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.orm.domains import DomainCondition, DomainNary, DomainNot
from odoo.tools import format_date, format_datetime
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

#: operator → what is said of field and value
TEXT = {
    "=": _lt("%(field)s is %(value)s"),
    "!=": _lt("%(field)s is not %(value)s"),
    "in": _lt("%(field)s is one of %(value)s"),
    "not in": _lt("%(field)s is none of %(value)s"),
    ">": _lt("%(field)s is more than %(value)s"),
    ">=": _lt("%(field)s is at least %(value)s"),
    "<": _lt("%(field)s is less than %(value)s"),
    "<=": _lt("%(field)s is at most %(value)s"),
    "ilike": _lt("%(field)s contains %(value)s"),
    "not ilike": _lt("%(field)s does not contain %(value)s"),
    "=ilike": _lt("%(field)s looks like %(value)s"),
    "not =ilike": _lt("%(field)s does not look like %(value)s"),
    "child_of": _lt("%(field)s is %(value)s or below"),
    "parent_of": _lt("%(field)s is %(value)s or above"),
    "any": _lt("%(field)s: at least one with %(value)s"),
    "not any": _lt("%(field)s: none with %(value)s"),
    "set": _lt("%(field)s is set"),
    "not set": _lt("%(field)s is not set"),
    "maybe": _lt("%(field)s is not set or one of %(value)s"),
    "known": _lt("%(field)s is set, but none of %(value)s"),
    "other": _lt("%(field)s %(operator)s %(value)s"),
}
MANY = {
    "=": _lt("%(field)s include %(value)s"),
    "!=": _lt("%(field)s do not include %(value)s"),
    "in": _lt("%(field)s include one of %(value)s"),
    "not in": _lt("%(field)s include none of %(value)s"),
}
DATES = {
    ">": _lt("%(field)s: after %(value)s"),
    ">=": _lt("%(field)s: %(value)s or later"),
    "<": _lt("%(field)s: before %(value)s"),
    "<=": _lt("%(field)s: %(value)s or earlier"),
}
#: sign and unit of a relative date → what is said of its number
SHIFTS = {
    "-d": _lt("%s days ago"),
    "-w": _lt("%s weeks ago"),
    "-m": _lt("%s months ago"),
    "-y": _lt("%s years ago"),
    "+d": _lt("in %s days"),
    "+w": _lt("in %s weeks"),
    "+m": _lt("in %s months"),
    "+y": _lt("in %s years"),
}
SHIFT = re.compile(r"(?:(?:today|now)\s+)?([+-])(\d+)([dwmy])")
ALIKE = {
    "==": "=",
    "<>": "!=",
    "like": "ilike",
    "not like": "not ilike",
    "=like": "=ilike",
    "not =like": "not =ilike",
    "any!": "any",
    "not any!": "not any",
}


class CrmSegmentWords(models.AbstractModel):
    """Domains as sentences in the user's language."""

    _name = "crm.segment.words"
    _description = "Conditions in Words"

    @api.model
    def _of_domain(self, domain, model):
        """Return what a domain on ``model`` asks for, as a phrase.

        :param domain: a :class:`~odoo.fields.Domain`, not optimised
        """
        if isinstance(domain, DomainNary):
            joint = self.env._(" and ") if domain.OPERATOR == "&" else self.env._(" or ")
            parts = [self._of_part(child, model) for child in domain.children]
            return joint.join(parts)
        if isinstance(domain, DomainNot):
            return self.env._("not: %s", self._of_part(domain.child, model))
        if isinstance(domain, DomainCondition):
            return self._of_condition(domain, model)
        return self.env._("any customer") if domain.is_true() else self.env._("no customer")

    @api.model
    def _of_part(self, domain, model):
        text = self._of_domain(domain, model)
        return self.env._("(%(text)s)", text=text) if isinstance(domain, DomainNary) else text

    @api.model
    def _of_condition(self, condition, model):
        label, field, comodel = self._of_path(condition.field_expr, model)
        operator = ALIKE.get(condition.operator, condition.operator)
        if operator in ("any", "not any"):
            value = self._of_part(Domain(condition.value), comodel)
        elif field is not None and field.type == "boolean":
            return self._of_flag(label, operator, condition.value)
        else:
            operator, values = self._normalised(operator, condition.value)
            words = [self._of_value(one, field, comodel) for one in values]
            value = self._list(words)
        phrase = self.env._(self._phrase(operator, field))
        return phrase % {
            "field": label,
            "operator": condition.operator,
            "value": value,
        }

    @api.model
    def _list(self, words):
        """Return the words one after the other, as the language separates them."""
        text = "".join(words[:1])
        for word in words[1:]:
            text = self.env._("%(text)s, %(next)s", text=text, next=word)
        return text

    @api.model
    def _phrase(self, operator, field):
        kind = field.type if field is not None else ""
        if kind in ("many2many", "one2many") and operator in MANY:
            return MANY[operator]
        if kind in ("date", "datetime") and operator in DATES:
            return DATES[operator]
        return TEXT.get(operator, TEXT["other"])

    @api.model
    def _normalised(self, operator, value):
        """Return the operator that reads best and the list of values it is about."""
        values = list(value) if isinstance(value, list | tuple | set) else [value]
        real = [one for one in values if one is not False and one is not None]
        positive = operator in ("=", "in")
        if operator not in ("=", "!=", "in", "not in"):
            return operator, values
        if len(real) < len(values):
            if real:
                return ("maybe" if positive else "known"), real
            return ("not set" if positive else "set"), []
        if len(real) == 1:
            return ("=" if positive else "!="), real
        return ("in" if positive else "not in"), real

    @api.model
    def _of_flag(self, label, operator, value):
        wanted = any(value) if isinstance(value, list | tuple | set) else bool(value)
        if operator in ("!=", "not in"):
            wanted = not wanted
        answer = self.env._("yes") if wanted else self.env._("no")
        return self.env._("%(field)s: %(value)s", field=label, value=answer)

    @api.model
    def _of_path(self, path, model):
        """Return the labels on the way, the last field (None if unknown) and what it leads to."""
        labels, field = [], None
        for name in path.split("."):
            field = model._fields.get(name) if model is not None else None
            labels.append(field._description_string(self.env) if field else name)
            known = field is not None and field.comodel_name
            model = self.env[field.comodel_name] if known else None
        return " › ".join(labels), field, model

    @api.model
    def _of_value(self, value, field, comodel):
        if isinstance(value, bool) or value is None:
            return self.env._("yes") if value else self.env._("no")
        if comodel is not None and isinstance(value, int):
            # As the user: who may not read a record does not learn its name.
            record = comodel.browse(value).exists()._filtered_access("read")
            return record.display_name or self.env._("(unknown)")
        if field is not None and field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, str(value))
        if field is not None and field.type in ("date", "datetime"):
            return self._of_date(value)
        return self.env._('"%(text)s"', text=value) if isinstance(value, str) else f"{value:,}"

    @api.model
    def _of_date(self, value):
        if isinstance(value, str):
            shift = SHIFT.fullmatch(value.strip())
            if shift:
                sign, number, unit = shift.groups()
                phrase = self.env._(SHIFTS[sign + unit])
                return phrase % int(number)
            if value.strip() in ("today", "now"):
                return self.env._("today") if value.strip() == "today" else self.env._("now")
            if not re.match(r"\d{4}-\d\d-\d\d", value):
                return value
            value = fields.Datetime.to_datetime(value) if len(value) > 10 else value
        if isinstance(value, datetime):
            return format_datetime(self.env, value)
        return format_date(self.env, value)
