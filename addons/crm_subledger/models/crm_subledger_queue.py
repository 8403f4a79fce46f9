import logging
from collections import defaultdict

from psycopg2.errors import LockNotAvailable, SerializationFailure, UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import LockError
from odoo.tools.misc import clean_context

_logger = logging.getLogger(__name__)

DIRTY = "crm_subledger.dirty"
BATCH = 500
# Somebody else works on the same keys: not a fault, only to be tried again later.
BUSY = (LockError, LockNotAvailable, SerializationFailure, UniqueViolation)
# A document rarely concerns more than a few keys; many more are left to the scheduled action
# without asking which keys they are.
DOCUMENTS_PER_KEY = 5


class CrmSubledgerQueue(models.Model):
    """What still has to be brought up to date: documents and keys, and why one failed.

    Few changes are worked off before their transaction commits and never get here.
    """

    _name = "crm.subledger.queue"
    _description = "Pending Sub-ledger Update"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state desc, id"

    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Document", model_field="res_model", required=True, readonly=True
    )
    record_ref = fields.Reference(
        selection="_selection_record_model", string="Record", compute="_compute_record_ref"
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    state = fields.Selection(
        [("pending", "Waiting"), ("failed", "Failed")],
        default="pending",
        required=True,
        readonly=True,
        index=True,
    )
    error = fields.Text("Reason", readonly=True)
    last_try = fields.Datetime(readonly=True)

    _record_idx = models.Index("(res_model, res_id)")

    @api.model
    def _selection_record_model(self):
        names = [
            "account.move",
            "sale.order",
            *self.env["crm.subledger.mixin"]._subledger_programmes(),
        ]
        return [(model.model, model.name) for model in map(self.env["ir.model"]._get, names)]

    @api.depends("res_model", "res_id")
    def _compute_record_ref(self):
        for row in self:
            known = row.res_model in self.env
            row.record_ref = f"{row.res_model},{row.res_id}" if known else False

    @api.depends("record_ref")
    def _compute_display_name(self):
        for row in self:
            row.display_name = row.record_ref.display_name if row.record_ref else row.res_model

    # ------------------------------------------------------------------
    # Within the transaction
    # ------------------------------------------------------------------

    @api.model
    def _remember(self, records):
        """Note records that changed; they are worked off before the transaction commits."""
        if not records:
            return
        precommit = self.env.cr.precommit
        dirty = precommit.data.setdefault(DIRTY, defaultdict(set))
        if not dirty:
            # sudo: the ledger follows the documents, whoever changes them
            # The user's defaults must not reach the records that the loop creates.
            context = clean_context(self.env.context)
            queue = self.sudo().with_context(context)  # pylint: disable=context-overridden
            precommit.add(queue._work_off_remembered)
        dirty[records._name].update(records.ids)

    @api.model
    def _work_off_remembered(self):
        dirty = self.env.cr.precommit.data.pop(DIRTY, {})
        limit = self._immediate_keys()
        documents = [self.env[name].browse(sorted(ids)) for name, ids in dirty.items()]
        if sum(map(len, documents)) > limit * DOCUMENTS_PER_KEY:
            for records in documents:
                self._enqueue(records)
            return
        keys = self._keys_of(documents)
        if sum(map(len, keys)) > limit:
            for records in keys:
                self._enqueue(records)
            return
        for records in keys:
            now = records
            if not records._subledger_at_once:
                # who changes the keys themselves wants to see what becomes of them
                now &= records.browse(dirty.get(records._name, ()))
                self._enqueue(records - now)
            if now:
                self._run(now, force_split=True)

    @api.model
    def _immediate_keys(self):
        """Return how many keys are posted together with their documents; 0: always later."""
        # sudo: a technical limit; the settings remove the parameter when zero is saved
        value = self.env["ir.config_parameter"].sudo().get_param("crm_subledger.immediate_keys")
        return int(value or 0)

    @api.model
    def _keys_of(self, documents):
        """Return the keys of all programmes that ``documents`` concern, one recordset a model.

        A document whose keys cannot be found stays in the queue with the reason.
        """
        keys = {
            name: self.env[name] for name in self.env["crm.subledger.mixin"]._subledger_programmes()
        }
        others = []
        for records in filter(None, (records.exists() for records in documents)):
            if records._name in keys:
                keys[records._name] |= records
            else:
                others.append(records)
        for found in self._keys_of_programmes(others) if others else ():
            keys[found._name] |= found
        return [records for records in keys.values() if records]

    @api.model
    def _keys_of_programmes(self, documents):
        """Return a list of keys; one savepoint for all, as they rarely fail."""
        programmes = [
            self.env[name] for name in self.env["crm.subledger.mixin"]._subledger_programmes()
        ]
        try:
            with self.env.cr.savepoint():
                return [programme._subledger_keys_of(*documents) for programme in programmes]
        except Exception as error:  # found out below which programme and which document it was
            _logger.info("Asking for the keys of %s one by one: %s", documents, error)
        found = []
        for programme in programmes:
            for records in documents:
                result = self._isolate(programme._subledger_keys_of, records)
                found += result if isinstance(result, list) else [result] if result else []
        return found

    @api.model
    def _run(self, keys, force_split=False):
        """Run the loop for keys of one model; a bad key does not stop the others."""
        self._isolate(lambda records: records._subledger_run(force_split=force_split), keys)

    @api.model
    def _isolate(self, method, records):
        """Call ``method(records)``; on failure one by one, keeping the reason of the bad ones.

        :return: what ``method`` returned; after a failure a list of what it returned for the
            good ones
        """
        try:
            with self.env.cr.savepoint():
                return method(records)
        except Exception as error:  # whatever a bad record raises must not stop the good ones
            if len(records) == 1:
                self._keep_failure(records, error)
                return None
        results = [self._isolate(method, record) for record in records]
        return [part for result in results if result for part in result]

    @api.model
    def _keep_failure(self, record, error):
        """Keep the reason where an accountant finds it, or queue again what was merely busy."""
        if isinstance(error, BUSY):
            self._enqueue(record)
            return
        _logger.info("Sub-ledger update of %s failed: %s", record, error, exc_info=error)
        reason = str(error) or type(error).__name__
        row = self.search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)], limit=1
        ) or self.create({"res_model": record._name, "res_id": record.id})
        company = record.company_id if "company_id" in record else self.env.company
        row.write(
            {
                "state": "failed",
                "error": reason,
                "last_try": fields.Datetime.now(),
                "company_id": company.id,
            }
        )
        if not row.activity_ids:
            row.activity_schedule(
                "crm_subledger.mail_activity_type_failure",
                note=reason,
                user_id=company._subledger_accountant().id,
            )

    # ------------------------------------------------------------------
    # Later, by the scheduled action
    # ------------------------------------------------------------------

    @api.model
    def _enqueue(self, records):
        """Leave records to the scheduled action and wake it."""
        if not records:
            return
        # sudo: the queue is written by the documents, not by the user
        self.sudo().create([{"res_model": records._name, "res_id": id_} for id_ in records.ids])
        self.env.ref("crm_subledger.ir_cron_process").sudo()._trigger()

    @api.model
    def _done(self, keys):
        """Forget the rows of keys that were just brought up to date; a held row stays."""
        rows = self.search([("res_model", "=", keys._name), ("res_id", "in", keys.ids)])
        rows.try_lock_for_update().unlink()

    @api.model
    def _cron_process(self):
        """Work off the queue in batches; resumable, a failed record keeps its reason."""
        progress = self.env["ir.cron"]
        # What comes back because somebody else holds it is left to the next run.
        newest = self.search([], order="id desc", limit=1).id or 0
        pending = [("state", "=", "pending"), ("id", "<=", newest)]
        progress._commit_progress(remaining=self.search_count(pending))
        while rows := self.search(pending, limit=BATCH).try_lock_for_update():
            done = len(rows)
            rows._process()
            if not progress._commit_progress(done, remaining=self.search_count(pending)):
                break

    def _process(self):
        """Bring up to date what these rows stand for; rows that succeed disappear."""
        documents = [
            self.env[name].browse(set(rows.mapped("res_id")))
            for name, rows in self.grouped("res_model").items()
            if name in self.env
        ]
        for keys in self._keys_of(documents):
            for start in range(0, len(keys), BATCH):
                self._run(keys[start : start + BATCH], force_split=True)
        # What failed was marked so on its row; what is busy elsewhere has a new row.
        self.filtered(lambda row: row.state == "pending").unlink()

    def action_retry(self):
        """Try the selected rows again now."""
        self.check_access("write")
        # sudo: access was checked above; keys are posted as the system does
        rows = self.sudo()
        rows.write({"state": "pending"})
        rows._process()
        failed = rows.exists()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if failed else "success",
                "message": self.env._("%s updates still fail; see their reason.", len(failed))
                if failed
                else self.env._("Everything selected is up to date."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
