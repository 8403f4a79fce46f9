import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

BATCH = 200
AT_ONCE = 1000  # lines that a button works off before the background goes on


class CrmPoolRun(models.Model):
    """One recycling of one pool: decided by one statement, then worked off in batches."""

    _name = "crm.pool.run"
    _description = "Recycling Run"
    _order = "date desc, id desc"
    _rec_name = "date"

    pool_id = fields.Many2one("crm.pool", required=True, index=True, ondelete="cascade")
    res_model = fields.Selection(related="pool_id.res_model")
    company_id = fields.Many2one(related="pool_id.company_id", store=True, index=True)
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    day = fields.Date(required=True, help="A day of the company's time zone.")
    state = fields.Selection(
        [
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("reverted", "Undone"),
        ],
        required=True,
        default="running",
        readonly=True,
    )
    error = fields.Char(readonly=True)
    line_ids = fields.One2many("crm.pool.run.line", "run_id")
    governed_count = fields.Integer("Looked at", readonly=True)
    spared_opportunity = fields.Integer("Spared: Open Opportunity", readonly=True)
    spared_dealt = fields.Integer("Spared: Bought", readonly=True)
    spared_locked = fields.Integer("Spared: Locked", readonly=True)
    spared_other = fields.Integer("Spared: Other", readonly=True)
    recycled_count = fields.Integer("Recycled", compute="_compute_counts")
    reminded_count = fields.Integer("Reminded", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")
    can_revert = fields.Boolean(compute="_compute_can_revert")

    @api.depends("line_ids.state", "line_ids.action")
    def _compute_counts(self):
        counts = {}
        rows = self.env["crm.pool.run.line"]._read_group(
            [("run_id", "in", self.ids)], ["run_id", "action", "state"], ["__count"]
        )
        for run, action, state, count in rows:
            counts[run, action, state] = count
        for run in self:
            run.recycled_count = sum(
                counts.get((run, "recycle", state), 0) for state in ("done", "reverted", "kept")
            )
            run.reminded_count = counts.get((run, "remind", "done"), 0)
            run.failed_count = sum(
                counts.get((run, action, "failed"), 0) for action in ("recycle", "remind")
            )

    @api.depends("state", "pool_id")
    @api.depends_context("uid")
    def _compute_can_revert(self):
        for run in self:
            run.can_revert = run.state == "done" and run.pool_id._managed_by(self.env.user)

    # ------------------------------------------------------------------
    # The nightly job

    @api.model
    def _cron_recycle(self):
        """Finish what was interrupted, then run every pool that has had no run today."""
        progress = self.env["ir.cron"]
        runs = self.search([("state", "=", "running")], order="id")
        started = [run for pool in self._pools_to_run() if (run := self._start_isolated(pool))]
        runs |= self.browse([run.id for run in started])
        progress._commit_progress(remaining=len(runs))
        for run in runs:
            if not run._work_off():
                break

    @api.model
    def _pools_to_run(self):
        pools = self.env["crm.pool"].search([("is_recycling", "=", True)])
        return pools.filtered(
            lambda pool: (
                not self.search_count(
                    [("pool_id", "=", pool.id), ("day", "=", pool._today())], limit=1
                )
            )
        )

    @api.model
    def _start_isolated(self, pool):
        """Start a run; a pool that cannot be decided notes why and does not stop the others."""
        try:
            with self.env.cr.savepoint():
                return self._start(pool)
        except Exception as error:
            _logger.warning("Public pool %s cannot be recycled: %s", pool.name, error)
            self.create(
                {
                    "pool_id": pool.id,
                    "day": pool._today(),
                    "state": "failed",
                    "error": str(error)[:500],
                }
            )
            return None

    @api.model
    def _start(self, pool):
        """Decide about a pool: one statement writes the lines of a run and counts the rest."""
        run = self.create({"pool_id": pool.id, "day": pool._today()})
        self.env.flush_all()
        counts = dict(self.env.execute_query(run._sql_start()))
        names = ("opportunity", "dealt", "locked")
        other = sum(
            count
            for action, count in counts.items()
            if action not in (*names, "none", "recycle", "remind", "reminded")
        )
        run.write(
            {
                "governed_count": sum(counts.values()),
                "spared_other": other,
                **{f"spared_{name}": counts.get(name, 0) for name in names},
            }
        )
        run.invalidate_recordset(["line_ids"])
        return run

    def _sql_start(self):
        pool = self.pool_id
        link = self.env[pool.res_model]._pool_link
        return SQL(
            """%(with)s, written AS (
                   INSERT INTO crm_pool_run_line (run_id, company_id, %(link)s, action, user_id,
                               level_id, last_follow_up, idle_days, days_left, state, create_uid,
                               create_date)
                   SELECT %(run)s, %(company)s, id, action, user_id, level_id, at, idle, days_left,
                          'todo', %(uid)s, now() AT TIME ZONE 'UTC'
                     FROM decided WHERE action IN ('recycle', 'remind') ORDER BY id)
               SELECT action, COUNT(*) FROM decided GROUP BY action""",
            **{"with": self.env["crm.pool.decision"]._sql_with(pool)},
            link=SQL.identifier(link),
            run=self.id,
            company=pool.company_id.id,
            uid=self.env.uid,
        )

    def _work_off(self):
        """Work off the lines batch by batch, committing each; return whether time is left."""
        self.ensure_one()
        progress = self.env["ir.cron"]
        while lines := self._todo():
            self._process(lines)
            if not progress._commit_progress():
                return False
        self.state = "done"
        return bool(progress._commit_progress(1))

    def _work_off_now(self):
        """Work off what a person can wait for; the scheduled action does the rest."""
        for _number in range(AT_ONCE // BATCH):
            lines = self._todo()
            if not lines:
                self.state = "done"
                return
            self._process(lines)
        self.env.ref("crm_sales.ir_cron_pool_recycle")._trigger()

    def _todo(self):
        return self.env["crm.pool.run.line"].search(
            [("run_id", "=", self.id), ("state", "=", "todo")], limit=BATCH, order="id"
        )

    def _process(self, lines):
        """Carry out the lines together, or one by one when one of them spoils the batch."""
        try:
            with self.env.cr.savepoint():
                self._apply(lines)
        except Exception:
            # Which one it is shows when they are tried alone; its reason is kept there.
            self.env.invalidate_all(flush=False)
            for line in lines:
                self._apply_alone(line)

    def _apply_alone(self, line):
        try:
            with self.env.cr.savepoint():
                self._apply(line)
        except OperationalError:
            # Somebody changed the record since this transaction began.
            self.env.invalidate_all(flush=False)
            line._skip("busy")
        except Exception as error:
            self.env.invalidate_all(flush=False)
            _logger.warning("Public pool %s: line %s: %s", self.pool_id.name, line.id, error)
            line.write({"state": "failed", "note": str(error)[:500]})

    def _apply(self, lines):
        """Carry out decisions, after asking again whether they still hold."""
        pool = self.pool_id
        model = self.env[pool.res_model]
        records = model.browse(lines.mapped(lambda line: line._record().id))
        free = records.try_lock_for_update()
        decided = self.env["crm.pool.decision"]._decide(pool, free.ids)
        now = {row["id"]: row["action"] for row in decided}
        for line in lines:
            record = line._record()
            if record not in free:
                line._skip("busy")
            elif now.get(record.id) != line.action:
                line._skip("changed")
        valid = lines.filtered(lambda line: line.state == "todo")
        self._recycle(valid.filtered(lambda line: line.action == "recycle"))
        self._remind(valid.filtered(lambda line: line.action == "remind"))
        valid.state = "done"
        self.env.flush_all()

    def _recycle(self, lines):
        if not lines:
            return
        lang = self.company_id.partner_id.lang
        quiet = lines.with_context(tracking_disable=True, mail_notrack=True, lang=lang)
        for days, same in quiet.grouped("idle_days").items():
            records = self.env[self.pool_id.res_model].with_context(**quiet.env.context)
            records.browse([line._record().id for line in same])._pool_enter(
                self.pool_id,
                "recycle",
                quiet.env._("No follow-up for %s days", days),
                run_id=self.id,
            )

    # ------------------------------------------------------------------
    # Reminders

    @api.model
    def _reminder_type(self):
        return (
            # sudo: a kind of activity, for the scheduled action
            self.env["mail.activity.type"]
            .sudo()
            .browse(
                self.env["ir.model.data"]._xmlid_to_res_id("crm_sales.mail_activity_type_pool") or 0
            )
            .exists()
        )

    def _remind(self, lines):
        """Give the owners an activity, and note for which day, so that they get it once."""
        if not lines:
            return
        today = self.pool_id._today()
        kind = self._reminder_type()
        model_id = self.env["ir.model"]._get_id(self.pool_id.res_model)
        quiet = self.env["mail.activity"].with_context(mail_activity_quick_update=True)
        quiet.create([line._prepare_reminder_vals(kind, model_id, today) for line in lines])
        for days, same in lines.grouped("days_left").items():
            records = self.env[self.pool_id.res_model].browse([line._record().id for line in same])
            records.with_context(mail_notrack=True).write(
                {"pool_reminded_for": fields.Date.add(today, days=days)}
            )

    @api.model
    def _drop_reminders(self, records):
        """Remove open reminders of records that have changed hands."""
        kind = self._reminder_type()
        # sudo: reminders of the pool, whoever they are for
        self.env["mail.activity"].sudo().search(
            [
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("activity_type_id", "in", kind.ids),
            ]
        ).unlink()

    # ------------------------------------------------------------------
    # Undo

    def action_revert(self):
        """Give back to their owners what this run recycled and nobody has claimed since."""
        for run in self:
            run.pool_id._check_managed()
            if run.state != "done":
                raise UserError(self.env._("Only a finished run can be undone."))
            run.sudo()._revert()  # sudo: checked above

    def _revert(self):
        lines = self.line_ids.filtered(
            lambda line: line.action == "recycle" and line.state == "done"
        )
        self.env[self.res_model].browse([line._record().id for line in lines])._pool_lock_rows()
        back = lines.filtered(
            lambda line: (
                line._record().pool_id == self.pool_id
                and line._record().pool_ex_owner_id == line.user_id
                and line._record().pool_date >= self.date
            )
        )
        for owner, same in back.grouped("user_id").items():
            records = self.env[self.res_model].browse([line._record().id for line in same])
            records._pool_set_owner(owner, "revert", pool_id=self.pool_id.id, run_id=self.id)
        back.state = "reverted"
        (lines - back).state = "kept"
        self.state = "reverted"

    def action_open_lines(self):
        """Open what this run did, record by record."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_pool_run_line_action"),
            "domain": [("run_id", "=", self.id)],
        }
