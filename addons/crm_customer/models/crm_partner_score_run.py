import logging

from dateutil.relativedelta import relativedelta
from psycopg2.errors import LockNotAvailable, SerializationFailure, UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError
from odoo.tools import format_date

from ..engine import value as engine

_logger = logging.getLogger(__name__)

# Somebody else computes the same month: not a fault.
BUSY = (LockError, LockNotAvailable, SerializationFailure, UniqueViolation)
YEAR = 365.25
#: beyond this the value of a purchase and the number of purchases are not independent
CORRELATION = 0.3


class CrmPartnerScoreRun(models.Model):
    """One computation of a company's value scores in a month: the models, or why there is none."""

    _name = "crm.partner.score.run"
    _description = "Value Score Computation"
    _order = "month desc, company_id"
    _rec_name = "month"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    month = fields.Date(required=True, readonly=True)
    date = fields.Date("As of", required=True, readonly=True)
    state = fields.Selection(
        [
            ("pending", "Not computed"),
            ("fitted", "RFM and forecast"),
            ("rfm", "RFM only"),
            ("failed", "Failed"),
        ],
        default="pending",
        required=True,
        readonly=True,
    )
    reason = fields.Selection(
        [
            ("no_purchase", "No purchases"),
            ("few_customers", "Too few customers came back"),
            ("no_optimum", "The estimation found no solution"),
        ],
        readonly=True,
    )
    spending_reason = fields.Selection(
        [
            ("few_customers", "Too few customers came back"),
            ("no_optimum", "The estimation found no solution"),
        ],
        readonly=True,
        help="Why the value of a purchase is the customer's own mean.",
    )
    reason_text = fields.Text("Note", compute="_compute_reason_text")
    is_current = fields.Boolean("Latest Month", readonly=True)
    error = fields.Text(readonly=True)
    customers = fields.Integer(readonly=True)
    repeat_customers = fields.Integer(readonly=True)
    minimum = fields.Integer("Repeat Customers Needed", readonly=True)
    horizon_months = fields.Integer("Horizon (Months)", readonly=True)
    discount_rate = fields.Float("Discount Rate (%)", readonly=True)
    r = fields.Float("r", readonly=True, aggregator=None)
    alpha = fields.Float("α (days)", readonly=True, aggregator=None)
    a = fields.Float("a", readonly=True, aggregator=None)
    b = fields.Float("b", readonly=True, aggregator=None)
    log_likelihood = fields.Float(readonly=True, aggregator=None)
    p = fields.Float("p", readonly=True, aggregator=None)
    q = fields.Float("q", readonly=True, aggregator=None)
    v = fields.Float("γ", readonly=True, aggregator=None)
    correlation = fields.Float(
        readonly=True,
        aggregator=None,
        help="Of the number of purchases and their mean contribution. The forecast takes them as "
        "independent; beyond ±0.3 the value of frequent buyers is uncertain.",
    )
    score_ids = fields.One2many("crm.partner.score", "run_id", readonly=True)

    _month_uniq = models.Constraint(
        "UNIQUE(company_id, month)", "A month is computed once for each company."
    )

    @api.depends("month", "company_id")
    def _compute_display_name(self):
        for run in self:
            month = format_date(self.env, run.month, date_format="MMMM y") if run.month else ""
            run.display_name = f"{run.company_id.display_name}, {month}"

    @api.depends_context("lang")
    @api.depends("state", "reason", "spending_reason", "error", "correlation")
    def _compute_reason_text(self):
        for run in self:
            run.reason_text = " ".join(run._notes()) or False

    def _notes(self):
        self.ensure_one()
        notes = [self._note(self.reason)] if self.reason else []
        if self.state == "failed":
            notes.append(self.env._("The computation failed: %s", self.error))
        if self.spending_reason:
            notes.append(
                self.env._(
                    "The value of a purchase is each customer's own mean: the data do not support "
                    "an estimate over all customers."
                )
            )
        if abs(self.correlation) > CORRELATION:
            notes.append(
                self.env._(
                    "Number and value of purchases are correlated (%s), which the forecast does "
                    "not know: read the values of frequent buyers with care.",
                    round(self.correlation, 2),
                )
            )
        return notes

    def _note(self, reason):
        if reason == "no_purchase":
            return self.env._("No customer bought anything in this company yet.")
        if reason == "few_customers":
            return self.env._(
                "No forecast: %(found)s customers came back, an estimate needs %(needed)s.",
                found=self.repeat_customers,
                needed=self.minimum,
            )
        return self.env._("No forecast: the estimation found no solution for these customers.")

    def _take_over(self):
        """Become the current run of the company, unless a later month has scores."""
        self.ensure_one()
        mine = [("company_id", "=", self.company_id.id), ("id", "!=", self.id)]
        self.is_current = not self.search_count(
            [*mine, ("month", ">", self.month), ("customers", ">", 0)], limit=1
        )
        if self.is_current:
            before = self.search([*mine, ("is_current", "=", True)])
            before.is_current = False
            self.env["crm.partner.score"]._retire(before)

    # ------------------------------------------------------------------
    # Computing
    # ------------------------------------------------------------------

    @api.model
    def _cron_compute(self):
        """Compute this month's scores, company by company; a bad one keeps its reason."""
        companies = self.env["res.company"].search([("active", "=", True)])
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(companies))
        for company in companies:
            self._compute_isolated(company)
            if not progress._commit_progress(1):
                break

    @api.model
    def _compute_isolated(self, company, date=None):
        """Compute the scores of one company; on failure keep the reason on the run."""
        run = self.browse()
        try:
            with self.env.cr.savepoint():
                run = self._run_of(company, date)
            with self.env.cr.savepoint():
                run._compute_scores(date)
        except BUSY:
            _logger.info("Scores of %s are being computed elsewhere", company.name)
        except Exception as error:  # a bad company must not stop the others
            _logger.info("Scores of %s failed", company.name, exc_info=error)
            run.invalidate_recordset()
            run.write({"state": "failed", "error": str(error) or type(error).__name__})
        return run

    @api.model
    def _run_of(self, company, date=None):
        """Return the run of the company and the month of ``date`` (default today)."""
        date = date or fields.Date.context_today(self)
        month = date.replace(day=1)
        run = self.search([("company_id", "=", company.id), ("month", "=", month)])
        return run or self.create({"company_id": company.id, "month": month, "date": date})

    def _compute_scores(self, date=None):
        """Compute and write the scores of one company and month; running twice changes nothing."""
        self.ensure_one()
        self.lock_for_update()
        self.date = date or fields.Date.context_today(self)
        self.env.flush_all()
        Score = self.env["crm.partner.score"]
        self.env.cr.execute(Score._sql_inputs(self.company_id, self.date))
        data = self.env.cr.fetchall()
        vals = {
            "error": False,
            "reason": False,
            "customers": len(data),
            "minimum": self.company_id.score_minimum,
            "horizon_months": self.company_id.score_horizon_months,
            "discount_rate": self.company_id.score_discount_rate,
        }
        self.write({**vals, **self._no_parameters()})
        self._take_over()
        columns = self._columns(data) if data else self._no_customers()
        Score._write_month(self, columns)

    def _no_parameters(self):
        names = ("r", "alpha", "a", "b", "log_likelihood", "p", "q", "v", "correlation")
        return {**dict.fromkeys(names, 0.0), "repeat_customers": 0, "spending_reason": False}

    def _no_customers(self):
        from .crm_partner_score import COLUMNS

        self.write({"state": "rfm", "reason": "no_purchase"})
        return {name: [] for name in COLUMNS}

    def _columns(self, data):
        """Return the columns of ``crm.partner.score`` for the rows of its inputs."""
        import numpy as np

        partner, first, last, count, revenue, contribution = map(
            np.asarray, zip(*data, strict=True)
        )
        columns = {
            "partner_id": partner,
            "first_day": first,
            "last_day": last,
            "purchases": count,
            "revenue": revenue,
            "contribution": contribution,
            **self._rfm(last, count, contribution),
            **self._forecast(first, last, count, contribution),
        }
        return {
            name: column.tolist() if hasattr(column, "tolist") else column
            for name, column in columns.items()
        }

    def _rfm(self, last, count, contribution):
        import numpy as np

        scores = {
            "recency_score": engine.quintiles(last),
            "frequency_score": engine.quintiles(count),
            "monetary_score": engine.quintiles(contribution),
        }
        keys, inverse = np.unique(
            np.stack([*scores.values(), np.minimum(count, 2)]), axis=1, return_inverse=True
        )
        classes = [engine.rfm_class(*key) for key in keys.T.tolist()]
        return {**scores, "rfm_class": np.asarray(classes)[inverse.ravel()]}

    def _forecast(self, first, last, count, contribution):
        """Return the columns of the forecast: empty, with the reason on the run, without a fit."""
        x, t_x, T = count - 1, last - first, self._epoch_day() - first
        (dx, dt_x, dT), customers, inverse = engine.distinct(x, t_x, T)
        self.repeat_customers = int(customers[dx > 0].sum())
        try:
            rhythm = engine.fit_rhythm(dx, dt_x, dT, customers, self.minimum)
        except engine.NotFitted as error:
            self.write({"state": "rfm", "reason": error.reason})
            return self._no_forecast(len(count))
        self.write({"state": "fitted", **self._parameters(rhythm)})
        worth = self._worth(count, contribution)
        return self._predict(rhythm, (dx, dt_x, dT), inverse, worth)

    def _epoch_day(self):
        return (self.date - fields.Date.to_date("1970-01-01")).days

    def _parameters(self, model):
        return {name: float(number) for name, number in model._asdict().items()}

    def _no_forecast(self, count):
        names = (
            "p_alive",
            "p_buy",
            "churn_class",
            "expected_purchases",
            "value_per_purchase",
            "expected_value",
            "lifetime_value",
        )
        return {name: [None] * count for name in names}

    def _worth(self, count, contribution):
        """Return the expected contribution of a customer's next purchase."""
        import numpy as np

        mean = contribution / count
        back = (count > 1) & (mean > 0)
        if back.sum() > 2 and count[back].std() and mean[back].std():
            self.correlation = float(np.corrcoef(count[back], mean[back])[0, 1])
        try:
            model = engine.fit_spending(count[back], mean[back], minimum=self.minimum)
        except engine.NotFitted as error:
            self.spending_reason = error.reason
            return np.maximum(mean, 0)
        self.write({name: getattr(model, name) for name in ("p", "q", "v")})
        return engine.expected_spend(model, count, mean)

    def _predict(self, rhythm, rows, inverse, worth):
        import numpy as np

        x, t_x, T = rows
        # What is expected of somebody alive does not depend on t_x: fewer rows to compute.
        (ux, uT), _count, pair = engine.distinct(x, T)
        horizon = self.horizon_months * YEAR / 12
        rate = np.log1p(self.discount_rate / 100) / YEAR
        alive = engine.alive(rhythm, x, t_x, T)
        year = alive * engine.expected_if_alive(rhythm, ux, uT, YEAR)[pair]
        life = alive * engine.discounted_if_alive(rhythm, ux, uT, horizon, rate)[pair]
        buys = engine.buys(rhythm, x, t_x, T, YEAR)
        churn = np.asarray([engine.churn_class(chance) for chance in buys])
        return {
            "p_alive": alive[inverse],
            "p_buy": buys[inverse],
            "churn_class": churn[inverse],
            "expected_purchases": year[inverse],
            "value_per_purchase": worth,
            "expected_value": year[inverse] * worth,
            "lifetime_value": life[inverse] * worth,
        }

    # ------------------------------------------------------------------

    @api.model
    def action_compute_now(self):
        """Compute this month's scores of the current company, for administrators of customers."""
        if not self.env.user.has_group("crm_customer.group_customer_manager"):
            raise AccessError(
                self.env._("Only administrators of customer data may compute value scores.")
            )
        # sudo: the group was checked above; the figures come from all documents of the company
        run = self.sudo()._run_of(self.env.company)
        run._compute_now()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if run.state == "fitted" else "warning",
                "message": run.reason_text
                or self.env._("Scores of %s customers are up to date.", run.customers),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _compute_now(self):
        """Compute the scores for somebody who waits for them.

        :raise UserError: somebody else computes them at the moment
        """
        try:
            self._compute_scores()
        except BUSY as error:
            raise UserError(
                self.env._("The scores are being computed right now; look again in a minute.")
            ) from error

    def action_open_scores(self):
        """Open the scores of this computation."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_customer.crm_partner_score_action"
        )
        return {**action, "domain": [("run_id", "=", self.id)], "context": {}}

    @api.model
    def _compute_last_months(self, company, months, today=None):
        """Compute the snapshots that ``months`` past months and the current one would have had."""
        today = today or fields.Date.context_today(self)
        dates = [today - relativedelta(months=number, day=31) for number in range(months, 0, -1)]
        return self.concat(*(self._compute_isolated(company, day) for day in [*dates, today]))
