from odoo import fields, models
from odoo.tools import SQL

from ..models.crm_achievement import DOCUMENT_MEASURES
from ..models.crm_quota import PERIODS


class CrmQuotaReport(models.Model):
    """Quota, achieved and forecast side by side, month by month, per person and team.

    Quotas of quarters and years are spread evenly over their months. Where people have quotas of
    several periods, filter by the period of the quota.
    """

    _name = "crm.quota.report"
    _description = "Forecast and Achievement against Quota"
    _auto = False
    _order = "month, team_id, user_id, id"

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    month = fields.Date(readonly=True)
    quota_level = fields.Selection(
        [("person", "Salesperson"), ("team", "Team"), ("company", "Company")],
        "Quota of",
        readonly=True,
    )
    quota_period = fields.Selection(PERIODS, readonly=True)
    quota_booked = fields.Monetary(readonly=True)
    quota_invoiced = fields.Monetary(readonly=True)
    quota_collected = fields.Monetary(readonly=True)
    booked = fields.Monetary(readonly=True)
    invoiced = fields.Monetary(readonly=True)
    collected = fields.Monetary(readonly=True)
    commit = fields.Monetary(readonly=True)
    best_case = fields.Monetary(readonly=True)
    pipeline = fields.Monetary(readonly=True)
    attainment_booked = fields.Float("Booked of Quota (%)", readonly=True, aggregator="avg")
    attainment_invoiced = fields.Float("Invoiced of Quota (%)", readonly=True, aggregator="avg")
    attainment_collected = fields.Float("Collected of Quota (%)", readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        self.env.flush_all()
        parts = []
        # sudo: settings of the companies; the rules decide which rows may be read
        for company in self.env.companies.sudo():
            parts.append(self._sql_quotas(company))
            parts.append(self._sql_open(company))
            parts += [self._sql_achieved(company, measure) for measure in DOCUMENT_MEASURES]
        return SQL(
            """SELECT ROW_NUMBER() OVER () AS id, company_id, user_id, team_id, month, quota_level,
                      quota_period, quota_booked, quota_invoiced, quota_collected, booked, invoiced,
                      collected, commit, best_case, pipeline, NULL::float AS attainment_booked,
                      NULL::float AS attainment_invoiced, NULL::float AS attainment_collected
                 FROM (%s) AS every""",
            SQL(" UNION ALL ").join(parts),
        )

    def _sql_row(self, source, **columns):
        """Return a SELECT of all measures from ``source``; those not given are zero."""
        names = [f"quota_{measure}" for measure in DOCUMENT_MEASURES]
        names += [*DOCUMENT_MEASURES, "commit", "best_case", "pipeline"]
        return SQL(
            "(%s)",
            SQL(
                """%(before)s SELECT %(company)s AS company_id, %(user)s AS user_id,
                          %(team)s AS team_id, %(month)s AS month, %(level)s AS quota_level,
                          %(period)s AS quota_period, %(measures)s %(source)s""",
                before=columns.get("before", SQL()),
                company=columns["company"],
                user=columns.get("user", SQL("user_id")),
                team=columns.get("team", SQL("team_id")),
                month=columns["month"],
                level=columns.get("level", SQL("NULL::varchar")),
                period=columns.get("period", SQL("NULL::varchar")),
                measures=SQL(", ").join(
                    SQL("%s AS %s", columns.get(name, SQL("0::numeric")), SQL.identifier(name))
                    for name in names
                ),
                source=source,
            ),
        )

    def _sql_quotas(self, company):
        amount = "CASE WHEN measure = %s THEN amount / months ELSE 0 END"
        measures = {f"quota_{name}": SQL(amount, name) for name in DOCUMENT_MEASURES}
        return self._sql_row(
            SQL(
                """FROM (SELECT q.*, CASE q.period WHEN 'month' THEN 1 WHEN 'quarter' THEN 3
                                     ELSE 12 END AS months
                           FROM crm_quota q
                          WHERE q.active AND q.company_id = %s AND q.categ_id IS NULL) q,
                        LATERAL generate_series(date_from::timestamp, date_to::timestamp,
                                                '1 month') AS month""",
                company.id,
            ),
            company=SQL("%s", company.id),
            month=SQL("month::date"),
            level=SQL(
                "CASE WHEN user_id IS NOT NULL THEN 'person' WHEN team_id IS NOT NULL THEN 'team' "
                "ELSE 'company' END"
            ),
            period=SQL("period"),
            **measures,
        )

    def _sql_open(self, company):
        amount = "CASE WHEN category = %s THEN amount ELSE 0 END"
        return self._sql_row(
            SQL(
                "FROM (%s) open WHERE date_deadline IS NOT NULL AND ABS(amount) < 1e30",
                self.env["crm.forecast"]._sql_open_leads(company),
            ),
            company=SQL("%s", company.id),
            month=SQL("date_trunc('month', date_deadline)::date"),
            **{name: SQL(amount, name) for name in ("commit", "best_case", "pipeline")},
        )

    def _sql_achieved(self, company, measure):
        # sudo: the rules of this model decide which rows may be read
        achievement = self.env["crm.achievement"].sudo()
        return self._sql_row(
            SQL("FROM credit"),
            before=achievement._sql_credit(measure, company),
            company=SQL("%s", company.id),
            month=SQL("date_trunc('month', date)::date"),
            **{measure: SQL("amount")},
        )

    def _read_group_select(self, aggregate_spec, query):
        """An attainment is that of the sums, not the mean of attainments."""
        name, _colon, function = aggregate_spec.partition(":")
        measure = name.removeprefix("attainment_")
        if measure not in DOCUMENT_MEASURES or function != "avg" or name == measure:
            return super()._read_group_select(aggregate_spec, query)
        achieved = self._field_to_sql(self._table, measure, query)
        quota = self._field_to_sql(self._table, f"quota_{measure}", query)
        return SQL("100.0 * SUM(%s) / NULLIF(SUM(%s), 0)", achieved, quota)

    def action_open_documents(self):
        """Open what was achieved in the months of these rows, deal by deal."""
        months = self.mapped("month")
        users, teams = self.user_id, self.team_id
        domain = [("user_id", "in", users.ids)] if users else [("team_id", "in", teams.ids)]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Achieved"),
            "res_model": "crm.achievement",
            "views": [(False, "list"), (False, "pivot")],
            "domain": domain,
            "context": {
                "achievement_from": fields.Date.to_string(min(months)),
                "achievement_to": fields.Date.to_string(fields.Date.end_of(max(months), "month")),
            },
        }
