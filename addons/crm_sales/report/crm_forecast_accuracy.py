from odoo import fields, models
from odoo.tools import SQL


class CrmForecastAccuracy(models.Model):
    """What forecasts said week by week, and what the period brought in the end.

    A row is the standing of a person's forecast at a weekly snapshot. Errors are only known once
    the period is over.
    """

    _name = "crm.forecast.accuracy"
    _description = "Forecast Accuracy"
    _auto = False
    _order = "date_from desc, weeks_left, id"
    _rec_name = "forecast_id"

    forecast_id = fields.Many2one("crm.forecast", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    date_from = fields.Date("Period from", readonly=True)
    date_to = fields.Date("Period to", readonly=True)
    week = fields.Date(readonly=True)
    weeks_left = fields.Integer("Weeks before Close", readonly=True, aggregator=None)
    is_over = fields.Boolean("Period Over", readonly=True)
    submitted_amount = fields.Monetary("Submitted", readonly=True)
    call = fields.Monetary("Standing Forecast", readonly=True)
    statistical = fields.Monetary(readonly=True)
    closed_and_commit = fields.Monetary("Closed and Commit", readonly=True)
    final = fields.Monetary(readonly=True, help="What the documents say of the period.")
    error_submitted = fields.Float("Error Submitted (%)", readonly=True, aggregator="avg")
    error_call = fields.Float("Error Forecast (%)", readonly=True, aggregator="avg")
    error_statistical = fields.Float("Error Statistical (%)", readonly=True, aggregator="avg")
    bias = fields.Float(
        "Bias (%)",
        readonly=True,
        aggregator="avg",
        help="Above zero: the forecast was too high.",
    )

    @property
    def _table_query(self):
        self.env.flush_all()
        # sudo: settings of the companies; the rules decide which rows may be read
        parts = [self._sql_company(company) for company in self.env.companies.sudo()]
        return SQL(" UNION ALL ").join(parts)

    def _sql_company(self, company):
        # sudo: the rules of this model decide which rows may be read
        achievement = self.env["crm.achievement"].sudo()
        first = (
            # sudo: as above
            self.env["crm.forecast"]
            .sudo()
            .search([("company_id", "=", company.id)], order="date_from", limit=1)
        )
        credit = achievement._sql_credit(
            company.forecast_measure, company, None, first.date_from or fields.Date.today()
        )
        error = "100.0 * ABS(%s - final) / NULLIF(ABS(final), 0)"
        return SQL(
            """(WITH achieved AS (
                SELECT f.id, COALESCE(SUM(c.amount), 0) AS final
                  FROM crm_forecast f
             LEFT JOIN (%(credit)s SELECT user_id, date, amount FROM credit) c
                    ON c.user_id = f.user_id AND c.date BETWEEN f.date_from AND f.date_to
                 WHERE f.company_id = %(company)s AND f.user_id IS NOT NULL
              GROUP BY f.id
            ), standing AS (
                SELECT e.id, e.forecast_id, f.company_id, f.user_id, f.team_id, f.date_from,
                       f.date_to, e.week, (f.date_to - e.week) / 7 AS weeks_left,
                       f.date_to < CURRENT_DATE AS is_over, e.submitted_amount, e.call,
                       e.statistical,
                       e.closed + e.commit AS closed_and_commit, a.final
                  FROM crm_forecast_entry e
                  JOIN crm_forecast f ON f.id = e.forecast_id
                  JOIN achieved a ON a.id = f.id
                 WHERE e.kind = 'snapshot'
            )
            SELECT standing.*,
                   CASE WHEN is_over AND submitted_amount <> 0 THEN %(submitted)s END
                       AS error_submitted,
                   CASE WHEN is_over AND call <> 0 THEN %(call)s END AS error_call,
                   CASE WHEN is_over AND statistical <> 0 THEN %(statistical)s END
                       AS error_statistical,
                   CASE WHEN is_over AND call <> 0
                        THEN 100.0 * (call - final) / NULLIF(ABS(final), 0) END AS bias
              FROM standing)""",
            credit=credit,
            company=company.id,
            submitted=SQL(error % "submitted_amount"),
            call=SQL(error % "call"),
            statistical=SQL(error % "statistical"),
        )
