from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..models.crm_partner_score import MONEY_GROUPS

MONTHS = 36


class CrmCustomerCohort(models.Model):
    """Customers by month of their first purchase, and how many buy again months later.

    A row is one cohort in one month; a month in which nobody of the cohort bought has a row of
    zeros. A purchase is a day with positive revenue, as in the value scores.
    """

    _name = "crm.customer.cohort"
    _description = "Customer Cohort"
    _auto = False
    _order = "cohort desc, months_since, id"
    _rec_name = "cohort"
    _depends = {
        "account.move": ["state", "invoice_date", "commercial_partner_id", "move_type"],
        "account.move.line": ["balance", "display_type", "account_id"],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    cohort = fields.Date("First Purchase", readonly=True)
    month = fields.Date("Month of Purchase", readonly=True)
    months_since = fields.Integer("Months since", readonly=True, aggregator=None)
    size = fields.Integer("Cohort Size", readonly=True, aggregator="max")
    customers = fields.Integer("Active Customers", readonly=True)
    retention = fields.Float(
        "Retention (%)",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Customers that bought in the month, of all in the cohort; groups are weighted by "
        "the size of the cohorts.",
    )
    revenue = fields.Monetary(readonly=True)
    contribution = fields.Monetary(readonly=True, groups=MONEY_GROUPS)

    @property
    def _table_query(self):
        return SQL(
            """
            WITH day AS (
                SELECT company_id, partner_id, date, SUM(revenue) AS revenue,
                       SUM(contribution) AS contribution
                  FROM (%(documents)s) document
                 WHERE partner_id IS NOT NULL AND date IS NOT NULL
              GROUP BY company_id, partner_id, date
            ), customer AS (
                SELECT company_id, partner_id,
                       date_trunc('month', MIN(date) FILTER (WHERE revenue > 0))::date AS cohort
                  FROM day
              GROUP BY company_id, partner_id
            ), cohort AS (
                SELECT company_id, cohort, COUNT(*) AS size
                  FROM customer
                 WHERE cohort IS NOT NULL
              GROUP BY company_id, cohort
            ), activity AS (
                SELECT company_id, cohort, date_trunc('month', date)::date AS month,
                       COUNT(DISTINCT partner_id) FILTER (WHERE day.revenue > 0) AS customers,
                       SUM(day.revenue) AS revenue, SUM(day.contribution) AS contribution
                  FROM day
                  JOIN customer USING (company_id, partner_id)
              GROUP BY company_id, cohort, 3
            ), grid AS (
                SELECT c.*, m::date AS month, (
                           (EXTRACT(YEAR FROM m) - EXTRACT(YEAR FROM c.cohort)) * 12
                           + EXTRACT(MONTH FROM m) - EXTRACT(MONTH FROM c.cohort)
                       )::integer AS months_since
                  FROM cohort c,
                       generate_series(
                           c.cohort,
                           LEAST(
                               date_trunc('month', CURRENT_DATE),
                               c.cohort + %(months)s * interval '1 month'
                           ),
                           interval '1 month'
                       ) m
            )
            SELECT g.company_id::bigint * 10000000
                   + (EXTRACT(YEAR FROM g.cohort) * 12
                      + EXTRACT(MONTH FROM g.cohort))::integer %% 100000 * 100
                   + g.months_since AS id,
                   g.company_id, g.cohort, g.month, g.months_since, g.size::integer,
                   COALESCE(a.customers, 0)::integer AS customers,
                   100.0 * COALESCE(a.customers, 0) / g.size AS retention,
                   COALESCE(a.revenue, 0) AS revenue, COALESCE(a.contribution, 0) AS contribution
              FROM grid g
         LEFT JOIN activity a USING (company_id, cohort, month)
            """,
            documents=self.env["res.partner"]._sql_contribution(),
            months=MONTHS,
        )

    def _read_group_select(self, aggregate_spec, query):
        """Weight the retention of several cohorts by their size."""
        if aggregate_spec != "retention:avg":
            return super()._read_group_select(aggregate_spec, query)
        table = self._table
        return SQL(
            "100.0 * SUM(%s) / NULLIF(SUM(%s), 0)",
            self._field_to_sql(table, "customers", query),
            self._field_to_sql(table, "size", query),
        )

    @api.depends("cohort", "month")
    def _compute_display_name(self):
        for row in self:
            cohort, month = (
                format_date(self.env, day, date_format="MMM y") for day in (row.cohort, row.month)
            )
            row.display_name = f"{cohort} → {month}"

    # ------------------------------------------------------------------
    # Down to customers
    # ------------------------------------------------------------------

    def action_open_customers(self):
        """Open the customers of the cohort that bought in the month of the row."""
        self.ensure_one()
        return self.open_customers(self.cohort, self.months_since, self.company_id.id)

    @api.model
    def open_customers(self, cohort, months_since=0, company_id=None):
        """Return the action with the customers of a cohort that bought ``months_since`` later.

        :param cohort: first day of the month of the first purchase
        """
        self.browse().check_access("read")
        cohort = fields.Date.to_date(cohort)
        month = cohort + relativedelta(months=int(months_since))
        company = int(company_id or self.env.company.id)
        partners = self._cohort_partners(company, cohort, month)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "First bought in %(cohort)s, again in %(month)s",
                cohort=format_date(self.env, cohort, date_format="MMMM y"),
                month=format_date(self.env, month, date_format="MMMM y"),
            )
            if months_since
            else self.env._(
                "First bought in %s", format_date(self.env, cohort, date_format="MMMM y")
            ),
            "res_model": "res.partner",
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "domain": [("id", "in", partners)],
        }

    @api.model
    def _cohort_partners(self, company, cohort, month):
        if company not in self.env.companies.ids:
            return []
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH day AS (
                    SELECT partner_id, date
                      FROM (%s) document
                     WHERE company_id = %s AND partner_id IS NOT NULL
                  GROUP BY partner_id, date
                    HAVING SUM(revenue) > 0
                )
                SELECT partner_id
                  FROM day
              GROUP BY partner_id
                HAVING date_trunc('month', MIN(date)) = %s
                       AND BOOL_OR(date_trunc('month', date) = %s)
                """,
                self.env["res.partner"]._sql_contribution(),
                company,
                cohort,
                month,
            )
        )
        return [partner for (partner,) in rows]

    @api.model
    def cohort_table(self, measure="retention"):
        """Return the heat map of the current company.

        :param measure: ``retention`` (%), ``customers``, ``revenue`` or ``contribution``
        :return: ``{cohorts: [{cohort, label, size, cells: [value]}], months, measures, currency}``
        """
        self.browse().check_access("read")
        names = ["retention", "customers", "revenue", "contribution"]
        names = [n for n in names if self._has_field_access(self._fields[n], "read")]
        measure = measure if measure in names else names[0]
        rows = self.search([("company_id", "=", self.env.company.id)])
        cohorts = [
            {
                "cohort": fields.Date.to_string(cohort),
                "label": format_date(self.env, cohort, date_format="MMM y"),
                "size": group[:1].size,
                "cells": [row[measure] for row in group.sorted("months_since")],
            }
            for cohort, group in rows.grouped("cohort").items()
        ]
        return {
            "cohorts": cohorts,
            "months": max((len(row["cells"]) for row in cohorts), default=0),
            "measure": measure,
            "measures": [
                {"name": n, "label": self._fields[n]._description_string(self.env)} for n in names
            ],
            "currency_id": self.env.company.currency_id.id,
            "company_id": self.env.company.id,
        }
