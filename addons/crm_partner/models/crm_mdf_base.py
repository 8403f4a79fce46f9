from odoo import api, models
from odoo.exceptions import AccessError, UserError

from ..tools import is_unlocked, unlocked


class CrmMdfBase(models.AbstractModel):
    """What funds, requests and claims share: a state that only methods change, and locks."""

    _name = "crm.mdf.base"
    _description = "Document of a Market Development Fund"

    # names of fields that nobody writes by hand
    _guarded = frozenset({"state"})

    @api.model_create_multi
    def create(self, vals_list):
        """Number documents; states begin where they begin.

        :raises AccessError: a guarded field was given by hand
        """
        if not is_unlocked(self.env):
            for vals in vals_list:
                self._check_guarded(vals)
            defaults = {f"default_{name}" for name in self._guarded} & self.env.context.keys()
            context = {k: v for k, v in self.env.context.items() if k not in defaults}
            # pylint: disable-next=context-overridden
            self = self.with_context(context) if defaults else self
        for vals in vals_list:
            if not vals.get("name"):
                vals["name"] = self._next_name(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Refuse guarded fields.

        :raises AccessError: a guarded field was given by hand
        """
        if not is_unlocked(self.env):
            self._check_guarded(vals)
        return super().write(vals)

    @api.model
    def _next_name(self, vals):
        company = vals.get("company_id") or self.env.company.id
        # sudo: numbers are counted by whoever creates a document
        return self.env["ir.sequence"].sudo().with_company(company).next_by_code(self._name)

    @api.model
    def _check_guarded(self, vals):
        for name in self._guarded & vals.keys():
            if vals[name] != self._fields[name].default and not self._is_default(name, vals[name]):
                raise AccessError(
                    self.env._(
                        "“%s” follows from what happens to the document; use its buttons.",
                        self._fields[name]._description_string(self.env),
                    )
                )

    @api.model
    def _is_default(self, name, value):
        return self.default_get([name]).get(name, False) == (value or False)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        for record in self:
            if record.state != "draft":
                raise UserError(
                    self.env._(
                        "%s is not a draft any more and stays as evidence. Cancel it instead.",
                        record.display_name,
                    )
                )

    def _update_state(self, allowed, target, **values):
        """Bring the records from one of the ``allowed`` states to ``target``.

        :raises UserError: a record is in another state
        """
        for record in self:
            if record.state not in allowed:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(record)s is “%(state)s”; this is only possible while it is "
                        "“%(allowed)s”.",
                        record=record.display_name,
                        state=labels[record.state],
                        allowed=" / ".join(labels[state] for state in allowed),
                    )
                )
        unlocked(self).write({"state": target, **values})

    def _check_channel(self):
        """Let only channel managers, who may write these records, go on."""
        self.check_access("write")
        if not (self.env.su or self.env.user.has_group("crm_partner.group_partner_user")):
            raise AccessError(self.env._("Funds are decided on by the channel managers."))

    @api.model
    def _each(self, records, method, size=50):
        """Call ``method`` on each record in a savepoint of its own, committing in batches.

        A record that fails keeps the reason in an activity, and the others go on.
        """
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(records))
        for start in range(0, len(records), size):
            batch = records[start : start + size].exists()
            for record in batch:
                record._try(method)
            if not progress._commit_progress(len(records[start : start + size])):
                break

    def _try(self, method):
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                method(self)
                self.env.flush_all()
        except Exception as error:  # whatever a bad record raises must not stop the others
            self.env.invalidate_all(flush=False)
            self._keep_failure(error)

    def _keep_failure(self, error):
        """Leave the reason where the channel manager finds it, once."""
        note = self.env._("The scheduled action failed: %s", str(error) or type(error).__name__)
        user = self.user_id or self.env.ref("base.user_admin")
        if note not in (self.activity_ids.mapped("summary")):
            self.activity_schedule("mail.mail_activity_data_todo", summary=note, user_id=user.id)
