import logging
from collections import defaultdict

from odoo import api, fields, models

from ..engine import span
from .crm_achievement import DOCUMENT_MEASURES, MEASURES

_logger = logging.getLogger(__name__)

HISTORY = 36
HORIZON = 12
ALIVE = 12

METHODS = [
    ("none", "Nothing sold yet"),
    ("mean", "Mean of a short history"),
    ("seasonal_naive", "As a year ago"),
    ("smoothing", "Exponential smoothing"),
    ("damped_trend", "Damped trend (Holt)"),
    ("holt_winters", "Seasons and trend (Holt-Winters)"),
    ("theta", "Theta"),
    ("combination", "Theta and Holt-Winters combined"),
]


class CrmForecastStatistic(models.Model):
    """What the past months alone suggest, per salesperson, team and company, month by month.

    Rows of whole months in the past hold what was achieved, those from the current month on the
    forecast of the method that erred least in the past, see ``engine/forecast.py``.
    """

    _name = "crm.forecast.statistic"
    _description = "Statistical Forecast"
    _order = "month, team_id, user_id, id"
    _rec_name = "month"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    measure = fields.Selection(MEASURES, required=True, readonly=True)
    level = fields.Selection(
        [("company", "Company"), ("team", "Team with Sub-teams"), ("person", "Salesperson")],
        required=True,
        readonly=True,
    )
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True, index="btree_not_null")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True, index="btree_not_null")
    month = fields.Date(required=True, readonly=True)
    kind = fields.Selection(
        [("actual", "Achieved"), ("forecast", "Forecast")], required=True, readonly=True
    )
    value = fields.Monetary("Amount", readonly=True)
    low = fields.Monetary("Low (80 %)", readonly=True)
    high = fields.Monetary("High (80 %)", readonly=True)
    method = fields.Selection(METHODS, readonly=True)
    mase = fields.Float(
        "MASE",
        readonly=True,
        aggregator="avg",
        digits=(16, 2),
        help="Mean absolute scaled error of the last months: below 1 is better than “as a year "
        "ago”. 0 with a history too short to say.",
    )
    mape = fields.Float(
        "Error (%)",
        readonly=True,
        aggregator="avg",
        digits=(16, 1),
        help="Mean absolute percentage error of the last months.",
    )
    computed_on = fields.Datetime(readonly=True, default=fields.Datetime.now)

    _which_idx = models.Index("(company_id, measure, month)")

    @api.model
    def _cron_refresh(self):
        """Forecast every company anew; one that fails is named in the log and left as it was."""
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(companies))
        for company in companies:
            self._refresh_safely(company)
            progress(1)

    @api.model
    def _refresh_safely(self, company):
        """Forecast a company; return whether that worked."""
        try:
            with self.env.cr.savepoint():
                self._refresh(company)
        except Exception as error:  # one company must not stop the others; the reason is logged
            _logger.warning("crm.forecast.statistic: %s was skipped: %s", company.name, error)
            return False
        return True

    @api.model
    def _refresh(self, company):
        """Replace the rows of a company."""
        # numpy is loaded when something is forecast, not with the registry
        from ..engine.forecast import forecast_many

        current = fields.Date.context_today(self).replace(day=1)
        months = span.months_of(span.add_months(current, -HISTORY), span.add_months(current, -1))
        self.search([("company_id", "=", company.id)]).unlink()
        vals_list = []
        for measure in DOCUMENT_MEASURES:
            series = self._series(measure, company, months)
            forecasts = forecast_many(series, HORIZON)
            for key, values in series.items():
                base = self._prepare_key_vals(company, measure, key)
                vals_list += self._prepare_past(base, months, values)
                vals_list += self._prepare_ahead(base, current, forecasts[key])
        return self.create(vals_list)

    @api.model
    def _series(self, measure, company, months):
        """Return ``{(level, team, user): monthly amounts}`` of whoever sold lately."""
        last = span.bounds("month", months[-1])[1]
        # sudo: series of everybody are computed; the rules decide who reads which
        achievement = self.env["crm.achievement"].sudo()
        sums = achievement._sums(measure, company, months[0], last, by="team_id, user_id, month")
        position = {month: index for index, month in enumerate(months)}
        series = defaultdict(lambda: [0.0] * len(months))
        above = self._teams_above(company)
        for (team, user, month), amount in sums.items():
            keys = [("company", None, None), *(("team", t, None) for t in above.get(team, ()))]
            if user:
                keys.append(("person", team, user))
            for key in keys:
                series[key][position[month]] += amount
        return {key: values for key, values in series.items() if any(values[-ALIVE:])}

    @api.model
    def _teams_above(self, company):
        """Return ``{team: it and the teams above it}`` of a company, as ids."""
        # sudo: the whole tree, as above
        teams = self.env["crm.team"].sudo().with_context(active_test=False)
        teams = teams.search([("company_id", "in", (company.id, False))])
        above = {}
        for team in teams:
            chain, one = [], team
            while one:
                chain.append(one.id)
                one = one.parent_id
            above[team.id] = chain
        return above

    @api.model
    def _prepare_key_vals(self, company, measure, key):
        """Return the values that every row of one series shares; see ``_series`` for the key."""
        level, team, user = key
        return {
            "company_id": company.id,
            "measure": measure,
            "level": level,
            "team_id": team,
            "user_id": user,
        }

    @api.model
    def _prepare_past(self, base, months, values):
        """Return the rows of the past from the first month with sales on."""
        first = next((index for index, value in enumerate(values) if value), len(values))
        return [
            {**base, "month": month, "kind": "actual", "value": value}
            for month, value in zip(months[first:], values[first:], strict=True)
        ]

    @api.model
    def _prepare_ahead(self, base, current, forecast):
        """Return one row for each month ahead, ``current`` being the first.

        Company currency. ``mase`` is a ratio (Hyndman & Koehler 2006), ``mape`` a percentage.
        """
        return [
            {
                **base,
                "month": span.add_months(current, step),
                "kind": "forecast",
                "value": value,
                "low": forecast.low[step],
                "high": forecast.high[step],
                "method": forecast.method,
                "mase": forecast.mase or 0.0,
                "mape": 100.0 * (forecast.mape or 0.0),
            }
            for step, value in enumerate(forecast.values)
        ]

    @api.model
    def _projections(self, company, measure, first, last, achieved):
        """Return what the statistics expect of a period: ``{(level, team, user): dict}``.

        What is achieved already counts as it is; the current month with what it will bring at
        least. Empty once the period is over.

        :param achieved: ``{(team, user, month): amount}`` of the period
        """
        current = fields.Date.context_today(self).replace(day=1)
        if last < current:
            return {}
        rows = self.search(
            [
                ("company_id", "=", company.id),
                ("measure", "=", measure),
                ("kind", "=", "forecast"),
                ("month", ">=", first),
                ("month", "<=", last),
            ]
        )
        so_far = self._achieved_by_level(company, achieved)
        found = {}
        for row in rows:
            key = (row.level, row.team_id.id or None, row.user_id.id or None)
            entry = found.setdefault(
                key,
                {
                    "value": sum(v for month, v in so_far[key].items() if month < current),
                    "method": row.method,
                    "mase": row.mase,
                    "mape": row.mape,
                },
            )
            entry["value"] += max(row.value, so_far[key].get(row.month, 0.0))
        return found

    @api.model
    def _achieved_by_level(self, company, achieved):
        so_far = defaultdict(lambda: defaultdict(float))
        above = self._teams_above(company)
        for (team, user, month), amount in achieved.items():
            keys = [("company", None, None), *(("team", t, None) for t in above.get(team, ()))]
            if user:
                keys.append(("person", team, user))
            for key in keys:
                so_far[key][month] += amount
        return so_far
