import io

from odoo import api, fields, models
from odoo.tools import SQL, format_date, formatLang

MONEY_GROUPS = (
    "crm_customer.group_customer_manager,"
    "account.group_account_readonly,account.group_account_invoice"
)
BATCH = 50_000
#: columns as they are copied to the database, with their type there
COLUMNS = {
    "partner_id": "integer",
    "first_day": "integer",
    "last_day": "integer",
    "purchases": "integer",
    "revenue": "numeric",
    "contribution": "numeric",
    "recency_score": "integer",
    "frequency_score": "integer",
    "monetary_score": "integer",
    "rfm_class": "varchar",
    "p_alive": "float8",
    "p_buy": "float8",
    "churn_class": "varchar",
    "expected_purchases": "float8",
    "value_per_purchase": "numeric",
    "expected_value": "numeric",
    "lifetime_value": "numeric",
}
MONEY = ("revenue", "contribution", "value_per_purchase", "expected_value", "lifetime_value")


class CrmPartnerScore(models.Model):
    """What a customer was worth in a month: RFM, chance to buy again, lifetime value.

    One row per company, commercial customer and month, written by ``crm.partner.score.run`` in
    one statement. Amounts are contribution in company currency.
    """

    _name = "crm.partner.score"
    _description = "Customer Value Score"
    # Every column of a row is a figure of its run, which knows who computed it and when.
    _log_access = False
    _order = "month desc, monetary_score desc, purchases desc, id"
    _rec_name = "partner_id"

    run_id = fields.Many2one(
        "crm.partner.score.run", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="run_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, ondelete="cascade"
    )
    month = fields.Date(required=True, readonly=True)
    is_current = fields.Boolean(
        "Latest Month", readonly=True, help="The customer's score of the company's latest month."
    )
    date = fields.Date("As of", related="run_id.date")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    country_id = fields.Many2one(related="partner_id.country_id")

    first_date = fields.Date("First Purchase", readonly=True)
    last_date = fields.Date("Last Purchase", readonly=True)
    recency_days = fields.Integer("Days since Last Purchase", readonly=True, aggregator="avg")
    purchases = fields.Integer(
        readonly=True,
        help="Days on which the customer bought: documents of one day are one purchase, a day "
        "that credit notes bring to zero is none.",
    )
    revenue = fields.Monetary(readonly=True, help="Untaxed, less credit notes, of all time.")
    contribution = fields.Monetary(readonly=True, groups=MONEY_GROUPS)

    recency_score = fields.Integer(
        "R", readonly=True, aggregator="avg", help="Recency: 5 is the fifth that bought last."
    )
    frequency_score = fields.Integer(
        "F", readonly=True, aggregator="avg", help="Frequency: 5 is the fifth that buys most often."
    )
    monetary_score = fields.Integer(
        "M",
        readonly=True,
        aggregator="avg",
        help="Monetary: 5 is the fifth that contributed most.",
    )
    rfm_class = fields.Selection(
        [
            ("champion", "Champions"),
            ("loyal", "Loyal"),
            ("potential", "Potential"),
            ("new", "New"),
            ("at_risk", "At risk"),
            ("hibernating", "Hibernating"),
            ("lost", "Lost"),
        ],
        "Class",
        readonly=True,
    )

    has_model = fields.Boolean("Forecast Available", readonly=True)
    p_alive = fields.Float("Probability Active", readonly=True, aggregator="avg")
    p_buy = fields.Float(
        "Buys within 12 Months",
        readonly=True,
        aggregator="avg",
        help="Probability of at least one purchase within 12 months.",
    )
    churn_class = fields.Selection(
        [("low", "Low"), ("medium", "Medium"), ("high", "High")],
        "Churn Risk",
        readonly=True,
        help="Low: buys within 12 months with at least 70 %. Medium: at least 40 %. High: less.",
    )
    expected_purchases = fields.Float(readonly=True, digits=(16, 2), help="Within 12 months.")
    value_per_purchase = fields.Monetary(
        "Expected per Purchase", readonly=True, aggregator="avg", groups=MONEY_GROUPS
    )
    expected_value = fields.Monetary("Expected in 12 Months", readonly=True, groups=MONEY_GROUPS)
    lifetime_value = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUPS,
        help="Expected contribution of future purchases within the company's horizon, discounted.",
    )
    explanation = fields.Text(compute="_compute_explanation")

    # A run is a company and a month.
    _run_uniq = models.UniqueIndex("(partner_id, run_id)")

    @api.depends("partner_id", "month")
    def _compute_display_name(self):
        for score in self:
            month = format_date(self.env, score.month, date_format="MMMM y") if score.month else ""
            score.display_name = f"{score.partner_id.display_name}, {month}"

    # ------------------------------------------------------------------
    # In words
    # ------------------------------------------------------------------

    @api.depends_context("lang", "uid")
    @api.depends("p_alive", "p_buy", "expected_purchases", "purchases", "run_id.reason")
    def _compute_explanation(self):
        for score in self:
            score.explanation = " ".join(score._sentences()) if score.last_date else False

    def _sentences(self):
        """Return the score in words, in the reader's language, without amounts he may not see."""
        self.ensure_one()
        parts = [self._sentence_past()]
        if not self.has_model:
            return [*parts, self.run_id.reason_text or ""]
        parts += [self._sentence_active(), self._sentence_future()]
        if self._may_see_money() and self.contribution <= 0:
            parts.append(
                self.env._("So far it contributed nothing, so its future is valued at zero.")
            )
        return parts

    def _may_see_money(self):
        return self._has_field_access(self._fields["expected_value"], "read")

    def _sentence_past(self):
        values = {
            "count": self.purchases,
            "days": self.recency_days,
            "date": format_date(self.env, self.last_date),
        }
        if self.purchases == 1:
            return self.env._("Bought once, %(days)s days ago (%(date)s).", **values)
        return self.env._("Bought %(count)s times, last %(days)s days ago (%(date)s).", **values)

    def _sentence_active(self):
        if self.purchases == 1:
            return self.env._(
                "One purchase does not tell who stays; buys again within 12 months with %s %%.",
                round(100 * self.p_buy),
            )
        percent = round(100 * self.p_alive)
        if self.p_alive >= 0.7:
            return self.env._("Likely active (%s %%).", percent)
        if self.p_alive >= 0.3:
            return self.env._("Perhaps still active (%s %%).", percent)
        return self.env._("Probably lost (active with %s %%).", percent)

    def _sentence_future(self):
        count = formatLang(self.env, self.expected_purchases, digits=1)
        if not self._may_see_money():
            return self.env._("Expected purchases in the next 12 months: %s.", count)
        return self.env._(
            "Expected purchases in the next 12 months: %(count)s, contributing %(amount)s.",
            count=count,
            amount=formatLang(self.env, self.expected_value, currency_obj=self.currency_id),
        )

    # ------------------------------------------------------------------
    # Reading and writing in bulk
    # ------------------------------------------------------------------

    @api.model
    def _sql_inputs(self, company, date):
        """Return the query of all customers' purchases until ``date``, one row a customer.

        ``partner_id``, first and last purchase (days since 1970-01-01), number of purchases,
        revenue and contribution. A purchase is a day with positive revenue, so that several
        invoices of one day count once, and a credit note of the same day undoes one. A later
        credit note reduces the amounts but not the number: the customer did come back.
        """
        return SQL(
            """
            WITH day AS (
                SELECT partner_id, date, SUM(revenue) AS revenue, SUM(contribution) AS contribution
                  FROM (%s) document
                 WHERE company_id = %s AND date <= %s AND partner_id IS NOT NULL
              GROUP BY partner_id, date
            )
            SELECT partner_id,
                   MIN(date) FILTER (WHERE revenue > 0) - DATE '1970-01-01',
                   MAX(date) FILTER (WHERE revenue > 0) - DATE '1970-01-01',
                   COUNT(*) FILTER (WHERE revenue > 0),
                   SUM(revenue)::float8, SUM(contribution)::float8
              FROM day
          GROUP BY partner_id
            HAVING COUNT(*) FILTER (WHERE revenue > 0) > 0
            """,
            self.env["res.partner"]._sql_contribution(),
            company.id,
            date,
        )

    @api.model
    def _write_month(self, run, columns):
        """Replace the scores of the run's company and month by ``columns``, lists by name."""
        cr = self.env.cr
        types = SQL(", ").join(
            SQL("%s %s", SQL.identifier(name), SQL(kind)) for name, kind in COLUMNS.items()
        )
        cr.execute(SQL("DROP TABLE IF EXISTS crm_score_copy"))
        cr.execute(SQL("CREATE TEMP TABLE crm_score_copy (%s) ON COMMIT DROP", types))
        rows = zip(*(columns[name] for name in COLUMNS), strict=True)
        for _number in range(0, len(columns["partner_id"]), BATCH):
            batch = (next(rows, None) for _row in range(BATCH))
            text = "\n".join("\t".join(map(str, row)) for row in batch if row)
            cr.copy_expert("COPY crm_score_copy FROM STDIN WITH (NULL 'None')", io.StringIO(text))
        cr.execute(SQL("ANALYZE crm_score_copy"))
        self._upsert(run)
        self.invalidate_model()
        self.env["res.partner"].invalidate_model(
            ["value_score_ids", "value_score_id", "value_class", "value_churn_class"]
        )

    @api.model
    def _upsert(self, run):
        names = [*COLUMNS, "first_date", "last_date", "recency_days", "has_model", "run_id"]
        names = [name for name in names if name not in ("first_day", "last_day")]
        special = {
            "first_date": SQL("DATE '1970-01-01' + c.first_day"),
            "last_date": SQL("DATE '1970-01-01' + c.last_day"),
            "recency_days": SQL("%s - (DATE '1970-01-01' + c.last_day)", run.date),
            "has_model": SQL("c.p_alive IS NOT NULL"),
            "run_id": SQL("%s", run.id),
        }
        for name in MONEY:
            digits = run.company_id.currency_id.decimal_places
            special[name] = SQL("ROUND(c.%s, %s)", SQL.identifier(name), digits)
        columns = SQL(", ").join(map(SQL.identifier, names))
        values = SQL(", ").join(
            special.get(name, SQL("c.%s", SQL.identifier(name))) for name in names
        )
        changes = SQL(", ").join(
            SQL("%s = EXCLUDED.%s", SQL.identifier(name), SQL.identifier(name)) for name in names
        )
        cr = self.env.cr
        cr.execute(
            SQL(
                """
                DELETE FROM crm_partner_score
                 WHERE run_id = %s AND partner_id NOT IN (SELECT partner_id FROM crm_score_copy)
                """,
                run.id,
            )
        )
        cr.execute(
            SQL(
                """
                INSERT INTO crm_partner_score (month, is_current, %(columns)s)
                SELECT %(month)s, %(current)s, %(values)s
                  FROM crm_score_copy c
                ON CONFLICT (partner_id, run_id) DO UPDATE
                   SET is_current = EXCLUDED.is_current, %(changes)s
                """,
                columns=columns,
                month=run.month,
                current=run.is_current,
                values=values,
                changes=changes,
            )
        )

    @api.model
    def _retire(self, runs):
        """Mark the scores of ``runs`` as those of a past month."""
        self.env.cr.execute(
            SQL("UPDATE crm_partner_score SET is_current = FALSE WHERE run_id = ANY(%s)", runs.ids)
        )

    # ------------------------------------------------------------------

    def action_open_partner(self):
        """Open the customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }

    @api.model
    def action_compute_now(self):
        """Compute this month's scores of the current company, for administrators."""
        return self.env["crm.partner.score.run"].action_compute_now()
