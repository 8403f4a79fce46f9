from odoo import api, fields, models
from odoo.tools import SQL

KEY = "crm_customer.segment_dirty"
BATCH = 5000


class CrmSegmentDirty(models.Model):
    """Customers of whom something changed that segments may ask for.

    Rows are only ever added, so that no transaction waits for another; a transaction adds a
    customer once from savepoint to savepoint. The scheduled action takes each
    customer once, however many rows there are.
    """

    _name = "crm.segment.dirty"
    _description = "Customer to Evaluate for Segments"
    _log_access = False

    # No foreign key: it would lock the customer.
    partner_id = fields.Integer(required=True)

    @api.model
    def _mark(self, partners):
        """Note, before the transaction commits, customers (records or ids) that changed."""
        ids = partners.ids if isinstance(partners, models.BaseModel) else list(partners)
        if not ids:
            return
        precommit = self.env.cr.precommit
        if KEY not in precommit.data:
            precommit.data[KEY] = set()
            precommit.add(self._flush_marks)
        precommit.data[KEY].update(ids)

    @api.model
    def _flush_marks(self):
        """Write the marks of this transaction with one statement."""
        ids = self.env.cr.precommit.data.pop(KEY, ())
        rows = self.env.execute_query(
            SQL(
                "INSERT INTO crm_segment_dirty (partner_id) SELECT UNNEST(%s)"
                " WHERE EXISTS (SELECT FROM crm_segment WHERE active) RETURNING id",
                sorted(ids),
            )
        )
        if rows:
            # sudo: the scheduled action follows, whoever changed the customer
            cron = self.env.ref("crm_customer.ir_cron_segment_dirty", raise_if_not_found=False)
            if cron and not self._is_triggered(cron):
                cron.sudo()._trigger()

    @api.model
    def _is_triggered(self, cron):
        """Tell whether a run is already due, so that triggers do not pile up."""
        [(found,)] = self.env.execute_query(
            SQL("SELECT EXISTS (SELECT FROM ir_cron_trigger WHERE cron_id = %s)", cron.id)
        )
        return found

    @api.model
    def _cron_process(self):
        """Evaluate all segments for the changed customers, a batch a transaction."""
        cron = self.env["ir.cron"]
        [(remaining,)] = self.env.execute_query(SQL("SELECT COUNT(*) FROM crm_segment_dirty"))
        cron._commit_progress(remaining=remaining)
        while done := self._process_batch():
            if not cron._commit_progress(done):
                break

    @api.model
    def _process_batch(self, limit=BATCH):
        """Work off one batch; return the number of rows.

        Rows that others write meanwhile are not seen here, hence not deleted.
        """
        rows = self.env.execute_query(
            SQL(
                "DELETE FROM crm_segment_dirty WHERE id IN (SELECT id FROM crm_segment_dirty"
                " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING partner_id",
                limit,
            )
        )
        if rows:
            self.env["crm.segment"]._refresh_customers({row[0] for row in rows})
        return len(rows)
