import ast
import csv
import datetime
import io
import logging
import time
from typing import NamedTuple

import psycopg2
from dateutil.relativedelta import relativedelta
from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache
from odoo.tools.safe_eval import safe_eval

_logger = logging.getLogger(__name__)

PROTECTED_MODELS = ("ir.", "bus.", "base.", "crm.validation.", "mail.", "res.users.", "res.groups")
"""Beginnings of names of models without rules: the machinery that keeps Odoo itself running."""

PENDING = "crm_approval.validation"
"""Key of what waits for the check, in the data of the cursor's ``precommit``."""

CONFIGURATION = {
    "model_id",
    "on_create",
    "on_write",
    "trigger_field_names",
    "trigger_field_ids",
    "change_kind",
    "condition_before",
    "condition",
    "required_field_names",
    "required_field_ids",
    "for_technical",
}
"""Fields that make a rule another one."""

NUMBERS = ("integer", "float", "monetary")

EXPORT_COLUMNS = (
    "id",
    "name",
    "sequence",
    "active",
    "model_id/id",
    "company_id/id",
    "level",
    "on_create",
    "on_write",
    "trigger_field_names",
    "change_kind",
    "condition_before",
    "condition",
    "required_field_names",
    "message",
    "for_technical",
)
"""Columns of the data file, as *Import records* reads them."""


class Kept(NamedTuple):
    """What is kept of a rule in memory, to tell at no cost whether a change concerns it."""

    id: int
    technical: bool
    fields: frozenset


class CrmValidationRule(models.Model):
    """What must hold for the records of a model, said without code.

    A record *violates* a rule when it meets the condition and, where the rule names required
    fields, one of these is empty. Rules are looked at when a transaction is flushed: before the
    commit, at every savepoint, and after each row of an import (see ``base.py``).
    """

    _name = "crm.validation.rule"
    _description = "Validation Rule"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        tracking=True,
        help="Empty: for every company. Records that belong to no company are checked for the "
        "users of this company.",
    )
    model_id = fields.Many2one(
        "ir.model",
        string="Record Type",
        required=True,
        ondelete="cascade",
        tracking=True,
        domain="[('transient', '=', False), ('abstract', '=', False)]",
    )
    model_name = fields.Char(
        related="model_id.model", string="Technical Name", store=True, index=True
    )
    level = fields.Selection(
        [("block", "Block"), ("warn", "Warn")],
        default="block",
        required=True,
        tracking=True,
        help="Block: nothing is saved until it is mended. Warn: it is saved; the user, the record "
        "and the list of warnings say so.",
    )
    on_create = fields.Boolean(string="When Created", default=True, tracking=True)
    on_write = fields.Boolean(string="When Changed", default=True, tracking=True)
    trigger_field_names = fields.Char(tracking=True, help="Technical names, separated by commas.")
    trigger_field_ids = fields.Many2many(
        "ir.model.fields",
        string="Only if These Change",
        compute="_compute_trigger_field_ids",
        inverse="_inverse_field_ids",
        help="Empty: every change. Otherwise the value of one of these fields must really change.",
    )
    change_kind = fields.Selection(
        [
            ("any", "in any way"),
            ("increase", "upwards"),
            ("decrease", "downwards"),
            ("clear", "to empty"),
        ],
        string="They Change",
        default="any",
        required=True,
        tracking=True,
    )
    condition_before = fields.Char(
        string="Before the Change",
        default="[]",
        tracking=True,
        help="What the record was like before the change. A new record had no state before.",
    )
    condition = fields.Char(
        default="[]",
        tracking=True,
        help="What the record is like after the change. Records that match violate the rule, "
        "unless required fields are named and filled.",
    )
    required_field_names = fields.Char(tracking=True, help="Technical names, separated by commas.")
    required_field_ids = fields.Many2many(
        "ir.model.fields",
        string="Required Fields",
        compute="_compute_required_field_ids",
        inverse="_inverse_field_ids",
        help="Fields that may not be empty on records that match the condition. Zero is empty.",
    )
    message = fields.Text(
        required=True, translate=True, help="What is wrong and what to do; the user reads it."
    )
    for_technical = fields.Boolean(
        string="Automatic Processes Too",
        tracking=True,
        help="Also check what scheduled actions and technical code write as the system. Users, "
        "imports and external programs are always checked.",
    )
    problem = fields.Text(readonly=True, copy=False)
    log_count = fields.Integer(string="Warnings", compute="_compute_log_count")

    @api.depends("trigger_field_names", "model_name")
    def _compute_trigger_field_ids(self):
        for rule in self:
            rule.trigger_field_ids = rule._fields_of(rule.trigger_field_names)

    @api.depends("required_field_names", "model_name")
    def _compute_required_field_ids(self):
        for rule in self:
            rule.required_field_ids = rule._fields_of(rule.required_field_names)

    def _inverse_field_ids(self):
        # Both at once: one without the other may make no sense, and is refused.
        for rule in self:
            rule.write(
                {
                    "trigger_field_names": ",".join(rule.trigger_field_ids.mapped("name")),
                    "required_field_names": ",".join(rule.required_field_ids.mapped("name")),
                }
            )

    def _compute_log_count(self):
        counts = dict(
            self.env["crm.validation.log"]._read_group(
                [("rule_id", "in", self.ids), ("state", "=", "open")], ["rule_id"], ["__count"]
            )
        )
        for rule in self:
            rule.log_count = counts.get(rule, 0)

    @api.onchange("model_id")
    def _onchange_model_id(self):
        if self.model_name and self.model_name != self._origin.model_name:
            self.condition = self.condition_before = "[]"
            self.trigger_field_ids = self.required_field_ids = False

    def _check_rule(self):
        """Refuse a rule that cannot work; called when all of it is written, pickers included."""
        for rule in self:
            if problem := rule._find_problem():
                raise ValidationError(
                    self.env._("Rule “%(rule)s”: %(problem)s", rule=rule.name, problem=problem)
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Add rules, which hold in all workers once this is committed.

        :raises ValidationError: a rule cannot work, with the reason
        """
        rules = super().create(vals_list)
        rules._check_rule()
        self._forget_rules()
        return rules

    def write(self, vals):
        """Change rules; one that was switched off for a problem is checked before it works again.

        :raises ValidationError: as in :meth:`create`
        """
        result = super().write(vals)
        if CONFIGURATION.intersection(vals) or vals.get("active"):
            self._check_rule()
            # What was checked again has no problem any more.
            self.filtered(lambda rule: rule.active and rule.problem).problem = False
        if CONFIGURATION.intersection(vals) or "active" in vals:
            self._forget_rules()
        return result

    def unlink(self):
        """Records are free of the rules at once."""
        self._forget_rules()
        return super().unlink()

    def copy_data(self, default=None):
        """Mark the copy."""
        return [
            {**vals, "name": self.env._("%s (copy)", rule.name)}
            for rule, vals in zip(self, super().copy_data(default), strict=True)
        ]

    # --- actions ---

    def action_test(self):
        """Open the records that violate the rule as they are now.

        What depends on a change (the state before, the fields that change) cannot be seen on a
        record at rest and is left out.
        """
        self.ensure_one()
        self._check_rule()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Violations of “%s”", self.name),
            "res_model": self.model_name,
            "view_mode": "list,form",
            "domain": list(self._existing_domain()),
            "context": {"active_test": True},
            "help": self.env._("No record violates this rule."),
        }

    def action_open_logs(self):
        """Open the warnings of this rule."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_approval.crm_validation_log_action"
        )
        return {**action, "domain": [("rule_id", "=", self.id)]}

    def action_export_data(self):
        """Download the rules as a file that *Import records* loads into another database."""
        self.check_access("read")
        content = io.StringIO()
        writer = csv.writer(content, lineterminator="\n")
        writer.writerow(EXPORT_COLUMNS)
        rules = self.with_context(lang="en_US", active_test=False)
        # The import reads True and False; what is empty stays empty.
        writer.writerows(
            ["" if cell is False and name not in _BOOLEANS else cell for name, cell in row]
            for row in rules._data_rows()
        )
        attachment = self.env["ir.attachment"].create(
            {
                "name": "crm.validation.rule.csv",
                "raw": content.getvalue().encode(),
                "mimetype": "text/csv",
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }

    def _data_rows(self):
        # sudo: rights were checked by the caller; the data of rules are meant to be taken along
        rows = self.sudo().export_data(list(EXPORT_COLUMNS))["datas"]
        return [list(zip(EXPORT_COLUMNS, row, strict=True)) for row in rows]

    # --- checks of the rule itself ---

    def _find_problem(self):
        """Return why the rule cannot work, or False."""
        self.ensure_one()
        return self._model_problem() or self._shape_problem() or self._condition_problem()

    def _model_problem(self):
        model = self.env.get(self.model_name)
        if model is None:
            return self.env._("the record type %s does not exist.", self.model_name or "")
        if model._abstract or model._transient or not model._auto:
            return self.env._("%s holds no lasting records; choose another.", self.model_name)
        if self.model_name.startswith(PROTECTED_MODELS):
            return self.env._("%s is part of the system; it takes no rules.", self.model_name)
        for name in _names(self.required_field_names) + _names(self.trigger_field_names):
            if name not in model._fields:
                return self.env._(
                    "%(model)s has no field %(field)s. Choose another field.",
                    model=self.model_name,
                    field=name,
                )
        return False

    def _shape_problem(self):
        if not (self.on_create or self.on_write):
            return self.env._("choose when it is checked: when created, when changed, or both.")
        before = self.condition_before not in (False, "", "[]")
        if (before or self.trigger_field_names) and not self.on_write:
            return self.env._("what was before, or what changes, needs “When Changed”.")
        if not before and not self.trigger_field_names and not self._restricts():
            return self.env._("without a condition and required fields nothing could be saved.")
        return self._change_problem()

    def _restricts(self):
        return bool(self.required_field_names) or self.condition not in (False, "", "[]")

    def _change_problem(self):
        if self.change_kind == "any":
            return False
        names = _names(self.trigger_field_names)
        model_fields = self.env[self.model_name]._fields
        if not names:
            return self.env._("choose the fields whose change is meant.")
        ordered = (*NUMBERS, "date", "datetime")
        if self.change_kind != "clear" and any(
            model_fields[name].type not in ordered for name in names
        ):
            return self.env._("only numbers and dates go upwards or downwards.")
        return False

    def _condition_problem(self):
        model = self.env[self.model_name].sudo()  # sudo: only asks whether the domain makes sense
        for text in (self.condition, self.condition_before):
            try:
                domain = self._parse(text)
                if name := _unsearchable(model, domain):
                    return self.env._("the field %s cannot be used in a condition.", name)
                model.browse().filtered_domain(domain)
                model._search(domain)
            except psycopg2.Error:
                raise
            except Exception as error:  # whatever a text that is no domain may raise
                return self.env._(
                    "the condition %(condition)s cannot be read (%(error)s). Choose it anew.",
                    condition=text,
                    error=error,
                )
        return False

    def _fields_of(self, names):
        """Return the ``ir.model.fields`` of the model with these names, joined by commas."""
        if not names or not self.model_name:
            return self.env["ir.model.fields"]
        # sudo: names and labels of fields are no secret to who may read the rule
        found = self.env["ir.model.fields"].sudo()
        return found.search([("model", "=", self.model_name), ("name", "in", _names(names))]).sudo(
            False
        )

    @api.model
    def _parse(self, text):
        """Return the domain that a text says; values like ``uid`` are those of now."""
        try:
            value = ast.literal_eval(text or "[]")
        except (ValueError, SyntaxError):
            value = safe_eval(text, self._domain_context())
        if not isinstance(value, list | tuple):
            raise TypeError(self.env._("it is not a list of conditions"))
        return Domain(value)

    def _domain_context(self):
        """Return the names that a condition may use; extend to add one.

        ``context_today()`` is the day in the time zone of the user, ``uid`` who changes the record.
        """
        return {
            "uid": self.env.uid,
            "time": safe_time,
            "datetime": datetime_module,
            "relativedelta": relativedelta,
            "context_today": lambda: fields.Date.context_today(self),
            "true": True,
            "false": False,
        }

    def _violation_domain(self):
        """Return the domain of the records that violate the rule."""
        domain = self._parse(self.condition)
        names = _names(self.required_field_names)
        if names:
            model = self.env[self.model_name]
            domain &= Domain.OR(_empty_domain(model, name) for name in names)
        return domain

    def _existing_domain(self):
        domain = self._violation_domain()
        if self.company_id and "company_id" in self.env[self.model_name]._fields:
            domain &= Domain("company_id", "in", [False, self.company_id.id])
        return domain

    # --- which rules there are ---

    @api.model
    def _forget_rules(self):
        self.env.registry.clear_cache("stable")

    @api.model
    @ormcache(cache="stable")
    def _active_rules(self):
        """Return the active rules (:class:`Kept`) by name of their model; costs nothing again."""
        # sudo: every user has to keep the rules that only managers may read
        result = {}
        for rule in self.sudo().search([("active", "=", True)]):
            fields_used = {name for model, name in rule._used_fields() if model == rule.model_name}
            kept = Kept(rule.id, rule.for_technical, frozenset(fields_used))
            result.setdefault(rule.model_name, []).append(kept)
        return {model: tuple(rules) for model, rules in result.items()}

    # --- rules that break later ---

    @api.model
    def _flag_removed_fields(self, removed):
        """Deactivate the rules that need one of these fields, before they go.

        :param removed: ``ir.model.fields``
        """
        gone = {(field.model, field.name) for field in removed}
        for rule in self.search([("active", "=", True)]):
            if used := rule._used_fields() & gone:
                names = ", ".join(sorted(f"{model}.{name}" for model, name in used))
                rule._flag_broken(self.env._("A field was removed: %s.", names))

    def _used_fields(self):
        """Return (model, field) of everything the rule needs, along the paths of its domains."""
        names = _names(self.required_field_names) + _names(self.trigger_field_names)
        used = {(self.model_name, name) for name in names}
        model = self.env.get(self.model_name)
        for text in (self.condition, self.condition_before):
            try:
                used |= set(_paths(model, self._parse(text)))
            except Exception:  # a rule that cannot be read at all is told about when it is used
                _logger.debug("unreadable condition of rule %s", self.id, exc_info=True)
        return used

    def _flag_broken(self, reason):
        """Deactivate the rule, say why on it, and plan an activity for who made it."""
        self.ensure_one()
        _logger.info("validation rule %s deactivated: %s", self.id, reason)
        self.with_context(tracking_disable=True).write({"active": False, "problem": reason})
        self.message_post(body=self.env._("Deactivated: %s", reason))
        user = self.create_uid if self.create_uid.id != SUPERUSER_ID else self.env.user
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=user.id,
            summary=self.env._("Validation rule deactivated"),
            note=reason,
        )

    # --- checking records ---

    @api.model
    def _check_pending(self):
        """Check what changed since the last flush; called by the flush itself.

        :raise ValidationError: naming every violation of a rule that blocks
        """
        pending = self.env.cr.precommit.data.pop(PENDING, {})
        checked = [
            self._check_changes(model, key, noted, changes)
            for model, changes in pending.items()
            for key, noted in changes.rules.items()
        ]
        blocks = {}
        for _rules, _records, found in checked:
            blocks.update({pair: pair for pair in found if pair[0].level == "block"})
        if blocks:
            self._raise_blocks(list(blocks))
        for rules, records, found in checked:
            rules._warn(records, [pair for pair in found if pair[0].level == "warn"])

    def _check_changes(self, model, key, noted, changes):
        """Return (rules, records, violations) of what one user did to records of a model."""
        uid, lang, tz, companies = key
        context = {"lang": lang, "tz": tz}
        if companies:
            context["allowed_company_ids"] = list(companies)
        # sudo: a rule holds whatever its user may read
        env = self.env(user=uid, su=True, context=context)
        active = {rule.id for rule in self._active_rules().get(model, ())}
        rules = env["crm.validation.rule"].browse(active & set().union(*noted.values()))
        records = env[model].browse(noted).exists()
        return rules, records, rules.sorted()._violations(records, noted, changes)

    def _warn(self, records, found):
        """Log the warnings on the list and on the records, tell the user, close what is mended."""
        rules = self.filtered(lambda rule: rule.level == "warn")
        if not rules or not records:
            return
        Log = rules.env["crm.validation.log"]
        new = Log._record(rules, records, found)
        if found:
            lines = [f"{rule._explain(record)}" for rule, record in found]
            self._notify_user(lines)
        if new and "message_ids" in records._fields:
            bodies = {}
            for rule, record in new:
                bodies.setdefault(record.id, []).append(rule._explain(record))
            concerned = records.filtered(lambda record: record.id in bodies)
            concerned._message_log_batch(
                {id_: Markup("<br/>").join(text) for id_, text in bodies.items()}
            )

    def _notify_user(self, lines):
        text = "\n".join(lines[:5])
        if len(lines) > 5:
            text += "\n" + self.env._("… and %s more; see Approvals > Warnings.", len(lines) - 5)
        self.env.user._bus_send(
            "simple_notification",
            {
                "type": "warning",
                "title": self.env._("Saved, with a warning"),
                "message": text,
                "sticky": True,
            },
        )

    def _violations(self, records, noted, changes):
        """Return (rule, record) of the given changes that violate a rule of ``self``.

        :param records: records of one model, as the system sees them
        :param dict noted: ids of the rules to check by id of the record
        :param changes: :class:`~odoo.addons.crm_approval.models.base.Changes`
        """
        found = []
        for rule in self:
            mine = records.filtered(lambda record, rule=rule: rule.id in noted[record.id])
            try:
                found += [(rule, record) for record in rule._violating(mine, changes)]
            except psycopg2.Error:
                raise
            except Exception as error:
                # A rule that broke may not stop everybody's work, nor be silent about it.
                problem = rule._find_problem() or f"{type(error).__name__}: {error}"
                rule._flag_broken(problem)
        return found

    def _violating(self, records, changes):
        subjects = self._of_company(records.filtered(lambda r: self._concerns(r, changes)))
        if not subjects:
            return subjects
        if self.company_id:
            subjects = subjects.with_company(self.company_id)
        return subjects.filtered_domain(self._violation_domain())

    def _matching_before(self, records):
        """Return the records that meet the condition on the state before the change."""
        if self.condition_before in (False, "", "[]"):
            return records.browse()
        try:
            return records.filtered_domain(self._parse(self.condition_before))
        except psycopg2.Error:
            raise
        except Exception as error:  # told on the rule; nobody's work stops
            self._flag_broken(self._find_problem() or f"{type(error).__name__}: {error}")
            return records.browse()

    def _of_company(self, records):
        company = self.company_id
        if not company:
            return records
        mine = company in records.env.user.company_ids
        has_company = "company_id" in records._fields
        return records.filtered(
            lambda r: r.company_id == company if has_company and r.company_id else mine
        )

    def _concerns(self, record, changes):
        if record.id in changes.created:
            return self.on_create and self.condition_before in (False, "", "[]")
        if not self.on_write or record.id not in changes.before:
            return False
        state = changes.before[record.id]
        if self.condition_before not in (False, "", "[]") and self.id not in state.matched:
            return False
        names = _names(self.trigger_field_names)
        return not names or any(self._changed(record, name, state) for name in names)

    def _changed(self, record, name, state):
        old, new = state.values.get(name), _snapshot(record, name)
        if old == new:
            return False
        if self.change_kind == "clear":
            return bool(old) and not new
        if self.change_kind in ("increase", "decrease"):
            number = record._fields[name].type in NUMBERS
            if not number and not (old and new):
                return False
            return (new > old) == (self.change_kind == "increase")
        return True

    def _explain(self, record):
        """Return one line for a violation: record, field labels, rule, what to do."""
        self.ensure_one()
        model = record.env["ir.model"]._get(record._name).name
        line = self.env._(
            "%(model)s “%(record)s”: %(message)s (rule “%(rule)s”)",
            model=model,
            record=record.display_name or record.id,
            message=self.message,
            rule=self.name,
        )
        names = [name for name in _names(self.required_field_names) if not record[name]]
        if names:
            return self.env._(
                "%(line)s — please fill in: %(fields)s",
                line=line,
                fields=", ".join(_labels(record, names)),
            )
        names = {name for _model, name in _paths(record, self._parse(self.condition), deep=False)}
        names |= set(_names(self.trigger_field_names))
        return self.env._(
            "%(line)s — please check: %(fields)s",
            line=line,
            fields=", ".join(_labels(record, sorted(names))),
        )

    @api.model
    def _raise_blocks(self, violations):
        """Raise one error that names every violation (the first fifty, and how many more)."""
        lines = [f"• {rule._explain(record)}" for rule, record in violations[:50]]
        if len(violations) > 50:
            lines.append(self.env._("… and %s more.", len(violations) - 50))
        heading = self.env._("This cannot be saved yet:")
        raise ValidationError("\n".join([heading, *lines]))


_BOOLEANS = ("active", "on_create", "on_write", "for_technical")


class _Wrapped:
    """Gives a condition the few names of a module that it may use."""

    def __init__(self, **names):
        self.__dict__.update(names)


safe_time = _Wrapped(strftime=time.strftime)
datetime_module = _Wrapped(
    date=datetime.date, datetime=datetime.datetime, timedelta=datetime.timedelta
)


def _names(text):
    """Return the names in a text that separates them by commas.

    >>> _names("name, phone,")
    ['name', 'phone']
    """
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _snapshot(record, name):
    """Return the value of a field in a form that can be compared later."""
    value = record[name]
    if isinstance(value, models.BaseModel):
        return tuple(value.ids)
    return value


def _labels(record, names):
    return [field["string"] for field in record.fields_get(names, ["string"]).values()]


def _empty_domain(model, name):
    if model._fields[name].type in NUMBERS:
        return Domain(name, "=", 0)
    return Domain(name, "=", False)


def _paths(model, domain, deep=True):
    """Yield (model, field) of every step of every path that a domain names."""
    for condition in domain.iter_conditions():
        yield from _steps(model, condition.field_expr, deep)
        if deep and isinstance(condition.value, Domain):
            target = _target(model, condition.field_expr)
            if target is not None:
                yield from _paths(target, condition.value)


def _steps(model, path, deep=True):
    for name in path.split(".") if deep else [path.split(".")[0]]:
        if model is None or name not in model._fields:
            # parts of dates and keys of properties are no fields
            return
        yield model._name, name
        comodel = model._fields[name].comodel_name
        model = model.env.get(comodel) if comodel else None


def _target(model, path):
    for name in path.split("."):
        field = model._fields.get(name) if model is not None else None
        comodel = field.comodel_name if field else None
        model = model.env.get(comodel) if comodel else None
    return model


def _unsearchable(model, domain):
    """Return the name of the first field in a domain that SQL cannot look for, or None."""
    for name, field in _paths(model, domain):
        definition = model.env[name]._fields[field]
        if not definition._description_searchable:
            return field
    return None
