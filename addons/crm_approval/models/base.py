from collections import namedtuple

from odoo import SUPERUSER_ID, api, models

from .crm_validation_rule import PENDING, _names, _snapshot

State = namedtuple("State", ["values", "matched"])
"""What a record was before its first change: values of trigger fields; ids of the rules whose
condition on the state before it met."""


class Changes:
    """What was done to records of one model since the transaction was flushed last."""

    def __init__(self):
        self.created = set()
        self.before = {}  # id -> State
        self.rules = {}  # key of the one who changed -> {id: ids of the rules to check}


class Base(models.AbstractModel):
    """Notes what is created and changed on models with validation rules.

    Nothing is checked on the spot: overrides of ``create`` and ``write`` complete the record after
    the method here has ended (taxes of an invoice, the address of a contact). As tracking does, the
    check waits for the flush that ends every request, every savepoint and every row of an import.
    """

    _inherit = "base"

    @api.model_create_multi
    def create(self, vals_list):
        """Note new records for the check that the flush makes."""
        records = super().create(vals_list)
        if rules := self._validation_rules():
            records._note_created(rules)
        return records

    def write(self, vals):
        """Note how records were before their first change; rules may compare."""
        if vals and self and (rules := self._validation_rules()):
            self._note_changing(rules, vals)
        return super().write(vals)

    def _validation_rules(self):
        """Return what is kept of the rules of this model; nothing while addons are installed."""
        pool = self.pool
        if not pool.ready or "crm.validation.rule" not in pool:
            return ()
        return self.env["crm.validation.rule"]._active_rules().get(self._name, ())

    def _note_created(self, rules):
        if ids := [rule.id for rule in rules if rule.technical or not self.env.su]:
            changes = self._pending_changes()
            changes.created.update(self._ids)
            self._note_rules(changes, ids)

    def _note_changing(self, rules, vals):
        """Note the state before a change, for the rules that the change concerns.

        The core writes some fields as the system in the middle of what a user does (``is_company``
        of a contact), so a rule is checked there too when one of its own fields is written.
        """
        if self.env.su:
            by_user = self.env.uid != SUPERUSER_ID
            rules = [
                rule
                for rule in rules
                if rule.technical or (by_user and not rule.fields.isdisjoint(vals))
            ]
        if not rules:
            return
        changes = self._pending_changes()
        self._note_rules(changes, [rule.id for rule in rules])
        self._note_before(changes)

    def _note_rules(self, changes, ids):
        env = self.env
        # The companies of a context are checked against those of the user, but not for the system.
        companies = () if env.su else tuple(env.companies.ids)
        key = (env.uid, env.lang, env.context.get("tz"), companies)
        noted = changes.rules.setdefault(key, {})
        for record_id in self._ids:
            noted.setdefault(record_id, set()).update(ids)

    def _note_before(self, changes):
        new = self.browse(
            id_ for id_ in self._ids if id_ not in changes.before and id_ not in changes.created
        )
        if not new:
            return
        # sudo: a rule holds whatever its user may read; no key of the context may change that
        records = new.sudo().with_context({"lang": self.env.lang})  # pylint: disable=context-overridden
        Rule = records.env["crm.validation.rule"]
        rules = Rule.browse(rule.id for rule in self._validation_rules())
        names = {name for rule in rules for name in _names(rule.trigger_field_names)}
        for record in records:
            values = {name: _snapshot(record, name) for name in names if name in record._fields}
            changes.before[record.id] = State(values, set())
        for rule in rules:
            for record in rule._matching_before(records):
                changes.before[record.id].matched.add(rule.id)

    def _pending_changes(self):
        data = self.env.cr.precommit.data
        if PENDING not in data:
            data[PENDING] = {}
            self.env.cr.precommit.add(self.env["crm.validation.rule"]._check_pending)
        return data[PENDING].setdefault(self._name, Changes())
