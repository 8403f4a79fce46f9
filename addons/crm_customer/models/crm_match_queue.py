from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

#: changed customers that one transaction compares
BATCH = 100


class CrmMatchQueue(models.Model):
    """Customers to be compared with all others, in the order in which they changed."""

    _name = "crm.match.queue"
    _description = "Customer Waiting for Matching"
    _order = "id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, index=True, ondelete="cascade"
    )
    error = fields.Char(readonly=True, help="Why the customer cannot be compared.")

    @api.model
    def _add(self, partner_ids):
        """Let customers be compared soon; those that wait already are not added again."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO crm_match_queue
                               (partner_id, create_uid, write_uid, create_date, write_date)
                        SELECT id, %s, %s, %s, %s FROM res_partner p
                         WHERE id = ANY(%s) AND NOT EXISTS (
                               SELECT FROM crm_match_queue q
                                WHERE q.partner_id = p.id AND q.error IS NULL)
                      ORDER BY id""",
                self.env.uid,
                self.env.uid,
                self.env.cr.now(),
                self.env.cr.now(),
                list(partner_ids),
            )
        )
        self.invalidate_model()

    @api.model
    def _put_aside(self, partner_id, error):
        """Remember that a customer could not be compared, and why."""
        rows = self.search([("partner_id", "=", partner_id)])
        if not rows:
            rows = self.create({"partner_id": partner_id})
        rows.error = str(error)[:500] or type(error).__name__

    @api.model
    def _cron_process(self):
        """Compare new and changed customers with the base, in batches; what fails is put aside."""
        progress = self.env["ir.cron"]
        newest = self.search([], order="id desc", limit=1).id or 0
        pending = [("error", "=", False), ("id", "<=", newest)]
        progress._commit_progress(remaining=self.search_count(pending))
        while rows := self.search(pending, limit=BATCH).try_lock_for_update():
            done = len(rows)
            rows._process()
            if not progress._commit_progress(done, remaining=self.search_count(pending)):
                break
        self.env["crm.match.candidate"]._refresh_clusters()

    def _process(self):
        """Compare the customers of these rows; a failing one keeps its reason, others are done."""
        rulesets = self.env["crm.match.ruleset"]._active()
        try:
            with self.env.cr.savepoint():
                for ruleset in rulesets:
                    ruleset._match_partners(self.partner_id.ids)
                self.unlink()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # somebody else was faster: the whole is tried again
        except Exception as error:
            if len(self) == 1:
                self._put_aside(self.partner_id.id, error)
                return
            middle = len(self) // 2
            self[:middle]._process()
            self[middle:]._process()

    def action_retry(self):
        """Compare the customers again."""
        self.error = False
        cron = self.env.ref("crm_customer.ir_cron_match_changed")
        # sudo: whoever may write the queue may have it worked off now
        cron.sudo()._trigger()
