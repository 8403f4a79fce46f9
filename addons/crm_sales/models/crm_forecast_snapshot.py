import logging
from contextlib import contextmanager
from decimal import Decimal

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import span
from ..engine.waterfall import Item, Window, waterfall

_logger = logging.getLogger(__name__)

BATCH = 10_000
HORIZON_MONTHS = 18


class CrmForecastSnapshot(models.Model):
    """The open pipeline as it stood in a week, to compare with what became of it.

    Taken by a scheduled action in batches of opportunities, in order of their id; it goes on
    where it was interrupted, and taking a week twice changes nothing. An opportunity that cannot
    be kept is skipped and named with the reason.
    """

    _name = "crm.forecast.snapshot"
    _description = "Forecast Snapshot"
    _order = "date, id"

    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date("Week", required=True, readonly=True, help="The Monday of the week.")
    taken_on = fields.Datetime(readonly=True, required=True, default=fields.Datetime.now)
    state = fields.Selection(
        [("running", "Running"), ("done", "Done")], required=True, default="running", readonly=True
    )
    last_lead_id = fields.Integer(readonly=True)
    line_ids = fields.One2many("crm.forecast.snapshot.line", "snapshot_id", readonly=True)
    line_count = fields.Integer("Opportunities", compute="_compute_totals")
    amount = fields.Monetary("Open Pipeline", compute="_compute_totals")
    skipped = fields.Integer(readonly=True)
    problems = fields.Text(readonly=True)

    _one_week = models.UniqueIndex("(company_id, date)", "A company has one snapshot a week.")

    @api.depends("date")
    def _compute_display_name(self):
        for snapshot in self:
            year, week, _day = (snapshot.date or fields.Date.today()).isocalendar()
            snapshot.display_name = f"{year}-W{week:02} ({snapshot.date})"

    @api.depends("line_ids")
    def _compute_totals(self):
        rows = self.env["crm.forecast.snapshot.line"]._read_group(
            [("snapshot_id", "in", self.ids)], ["snapshot_id"], ["__count", "amount:sum"]
        )
        totals = {snapshot: values for snapshot, *values in rows}
        for snapshot in self:
            snapshot.line_count, snapshot.amount = totals.get(snapshot._origin, (0, 0.0))

    def action_open_lines(self):
        """Open the opportunities of the snapshot as they stood."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "crm.forecast.snapshot.line",
            "view_mode": "list,pivot,graph",
            "domain": [("snapshot_id", "=", self.id)],
        }

    # ------------------------------------------------------------------
    # Taking it
    # ------------------------------------------------------------------

    @api.model
    def _cron_take(self):
        """Take this week's snapshot of every company, batch by batch."""
        progress = self.env["ir.cron"]._commit_progress
        for snapshot in self._for_week():
            while snapshot.state == "running":
                done = snapshot._take_batch()
                if not progress(done, remaining=snapshot._remaining()):
                    return

    @api.model
    def _for_week(self, day=None):
        """Return the snapshots of the week of a day, one per company that sells."""
        monday = span.week_start(day or fields.Date.context_today(self))
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        found = self.search([("date", "=", monday), ("company_id", "in", companies.ids)])
        missing = companies - found.company_id
        return found | self.create([{"company_id": c.id, "date": monday} for c in missing])

    def _take(self):
        """Take the snapshot at once, however many opportunities there are."""
        for snapshot in self:
            while snapshot.state == "running":
                snapshot._take_batch()

    def _take_batch(self):
        """Keep the next opportunities; return how many were looked at."""
        self.ensure_one()
        ids = self._next_ids()
        if ids:
            self._keep(ids)
            self.last_lead_id = ids[-1]
        if len(ids) < BATCH:
            self._freeze_forecasts()
            self.state = "done"
        self.flush_recordset()
        return len(ids)

    def _sql_candidates(self):
        today = fields.Date.to_date(self.date)
        return SQL(
            """SELECT * FROM (%s) open
                WHERE id > %s
                  AND (date_deadline IS NULL OR date_deadline BETWEEN %s AND %s)""",
            self.env["crm.forecast"]._sql_open_leads(self.company_id),
            self.last_lead_id,
            span.add_months(today, -HORIZON_MONTHS),
            span.add_months(today, HORIZON_MONTHS),
        )

    def _next_ids(self):
        self.env["crm.lead"].flush_model()
        query = SQL("SELECT id FROM (%s) c ORDER BY id LIMIT %s", self._sql_candidates(), BATCH)
        return [row[0] for row in self.env.execute_query(query)]

    def _remaining(self):
        if self.state == "done":
            return 0
        query = SQL("SELECT COUNT(*) FROM (%s) c", self._sql_candidates())
        return self.env.execute_query(query)[0][0]

    def _keep(self, ids):
        """Write the lines of some opportunities; halve them until the bad one is alone."""
        try:
            with self._quietly():
                self.env.cr.execute(self._sql_insert(ids), log_exceptions=False)
        except psycopg2.Error as error:
            if len(ids) == 1:
                self._skip(ids[0], error)
                return
            middle = len(ids) // 2
            self._keep(ids[:middle])
            self._keep(ids[middle:])

    @contextmanager
    def _quietly(self):
        with self.env.cr.savepoint():
            yield

    def _sql_insert(self, ids):
        return SQL(
            """INSERT INTO crm_forecast_snapshot_line
                      (snapshot_id, company_id, lead_id, lead_ref, user_id, team_id, stage_id,
                       category, amount, date_deadline)
               SELECT %s, %s, id, id, user_id, team_id, stage_id, category, amount, date_deadline
                 FROM (%s) c WHERE id IN %s
          ON CONFLICT (snapshot_id, lead_ref) DO NOTHING""",
            self.id,
            self.company_id.id,
            self._sql_candidates(),
            tuple(ids),
        )

    def _skip(self, lead_id, error):
        """Say on the snapshot which opportunity is missing, and why."""
        reason = str(error).strip().splitlines()[0]
        # sudo: the name of what could not be kept
        lead = self.env["crm.lead"].sudo().browse(lead_id)
        line = self.env._(
            "%(lead)s (%(id)s) was not kept: %(reason)s", lead=lead.name, id=lead_id, reason=reason
        )
        self.skipped += 1
        self.problems = f"{self.problems}\n{line}" if self.problems else line
        _logger.info("crm.forecast.snapshot %s: %s", self.id, line)

    def _freeze_forecasts(self):
        """Keep the standing of every running forecast, for the report of their accuracy."""
        forecasts = self.env["crm.forecast"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("date_from", "<=", self.date),
                ("date_to", ">=", self.date),
            ]
        )
        known = self.env["crm.forecast.entry"].search(
            [("forecast_id", "in", forecasts.ids), ("week", "=", self.date)]
        )
        self.env["crm.forecast.entry"].create(
            [
                forecast._prepare_entry_vals("snapshot", forecast.call) | {"week": self.date}
                for forecast in forecasts - known.forecast_id
            ]
        )

    # ------------------------------------------------------------------
    # What changed since
    # ------------------------------------------------------------------

    def _waterfall(self, first, last, user_id=None, team_ids=None):
        """Return what changed in the pipeline of a span of days since this snapshot.

        :param user_id: id of a salesperson, else
        :param team_ids: ids of teams; without both the whole company
        :return: :class:`..engine.waterfall.Waterfall` with the ids of the opportunities
        """
        self.ensure_one()
        owner = "user_id" if user_id else "team_id"
        owners = {user_id} if user_id else (None if team_ids is None else set(team_ids))
        window = Window(first, last, owners)
        before, after, born = {}, {}, {}
        for row in self.env.execute_query(self._sql_pairs(first, last, owner)):
            key, was, was_day, was_owner, now, now_day, status, now_owner, created, closed = row
            if was is not None:
                before[key] = Item(Decimal(was), was_day, "open", was_owner)
            decided_before = was is None and status in ("won", "lost") and closed < self.taken_on
            if status and not decided_before:
                after[key] = Item(Decimal(now), now_day, status, now_owner)
                born[key] = created
        taken = self.taken_on
        return waterfall(before, after, window, lambda key: born.get(key, taken) >= taken)

    def _sql_pairs(self, first, last, owner):
        """Return what the opportunities of a span of days were at the snapshot, and are now."""
        self.env["crm.lead"].flush_model()
        owner = SQL.identifier(owner)
        return SQL(
            """WITH was AS (
                SELECT lead_ref AS id, amount, date_deadline AS day, %(owner)s AS owner
                  FROM crm_forecast_snapshot_line WHERE snapshot_id = %(snapshot)s
            ), now AS (
                SELECT l.id, COALESCE(l.expected_revenue, 0)::numeric AS amount,
                       l.%(owner)s AS owner,
                       CASE WHEN l.won_status = 'pending' THEN l.date_deadline
                            ELSE l.date_closed::date END AS day,
                       CASE l.won_status WHEN 'pending' THEN
                            CASE WHEN l.forecast_category = 'omitted' THEN 'omitted'
                                 ELSE 'open' END
                            ELSE l.won_status END AS status,
                       l.create_date, COALESCE(l.date_closed, l.write_date) AS closed
                  FROM crm_lead l
             LEFT JOIN res_users u ON u.id = l.user_id
                 WHERE l.type = 'opportunity' AND (l.active OR l.won_status <> 'pending')
                   AND COALESCE(l.company_id, u.company_id) = %(company)s
                   AND ABS(COALESCE(l.expected_revenue, 0)) < 1e30
            )
            SELECT id, was.amount, was.day, was.owner, now.amount, now.day, now.status, now.owner,
                   now.create_date, now.closed
              FROM was FULL JOIN now USING (id)
             WHERE was.day BETWEEN %(first)s AND %(last)s
                OR now.day BETWEEN %(first)s AND %(last)s
          ORDER BY id""",
            owner=owner,
            snapshot=self.id,
            company=self.company_id.id,
            first=first,
            last=last,
        )
