from odoo import fields, models
from odoo.tools import SQL

from ..engine.mrr import KINDS


class CrmContractMrr(models.Model):
    """Monthly recurring revenue per month and customer, in company currency: how it moved.

    A row says what engine/mrr.py says: opening, one movement, closing. Contracts count with
    their revenue on the last day of a month, from their first signature on.
    """

    _name = "crm.contract.mrr"
    _description = "Monthly Recurring Revenue"
    _auto = False
    _depends = {
        "crm.contract": [
            "commercial_partner_id",
            "company_id",
            "effective_from",
            "effective_to",
            "mrr",
            "recurring",
            "state",
            "team_id",
            "user_id",
        ]
    }
    _rec_name = "partner_id"
    _order = "date desc, partner_id"

    date = fields.Date("Month", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    kind = fields.Selection(
        [(kind, kind.capitalize()) for kind in KINDS], "Movement", readonly=True
    )
    opening = fields.Monetary(readonly=True)
    new = fields.Monetary(readonly=True)
    reactivation = fields.Monetary(readonly=True)
    expansion = fields.Monetary(readonly=True)
    contraction = fields.Monetary(readonly=True)
    churn = fields.Monetary(readonly=True)
    closing = fields.Monetary(readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
WITH %(levels)s, step AS (
    SELECT level.*,
           COALESCE(LAG(closing) OVER own, 0) AS opening,
           COALESCE(BOOL_OR(closing <> 0) OVER (
               own ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), FALSE) AS had_any
      FROM level
    WINDOW own AS (PARTITION BY company_id, partner_id ORDER BY month_end)
), movement AS (
    SELECT step.*, CASE
               WHEN opening = closing THEN NULL
               WHEN opening = 0 THEN CASE WHEN had_any THEN 'reactivation' ELSE 'new' END
               WHEN closing = 0 THEN 'churn'
               WHEN closing > opening THEN 'expansion'
               ELSE 'contraction' END AS kind
      FROM step
     WHERE opening <> 0 OR closing <> 0
)
SELECT ROW_NUMBER() OVER (
           ORDER BY month_end, movement.company_id, movement.partner_id)::integer AS id,
       month_end AS date, movement.partner_id, movement.company_id, company.currency_id,
       movement.user_id, movement.team_id, kind, opening, closing,
       CASE WHEN kind = 'new' THEN closing - opening ELSE 0 END AS new,
       CASE WHEN kind = 'reactivation' THEN closing - opening ELSE 0 END AS reactivation,
       CASE WHEN kind = 'expansion' THEN closing - opening ELSE 0 END AS expansion,
       CASE WHEN kind = 'contraction' THEN closing - opening ELSE 0 END AS contraction,
       CASE WHEN kind = 'churn' THEN closing - opening ELSE 0 END AS churn
  FROM movement
  JOIN res_company company ON company.id = movement.company_id
            """,
            levels=self._sql_levels(),
        )

    def _sql_levels(self):
        """Return the common table expressions that end in ``level``: the sum at each month's end.

        A customer has a row for every month since the first contract until today, in the time
        zone of the reader. Amounts are monthly, in company currency.
        """
        return SQL(
            """
term AS (
    SELECT c.company_id, c.commercial_partner_id AS partner_id, c.mrr,
           c.effective_from AS date_from, c.effective_to AS date_to, c.user_id, c.team_id, c.id
      FROM crm_contract c
     WHERE c.recurring AND c.state IN ('active', 'ended', 'replaced')
       AND c.effective_from IS NOT NULL
), customer AS (
    SELECT company_id, partner_id, MIN(date_from) AS first,
           (ARRAY_AGG(user_id ORDER BY date_from DESC, id DESC))[1] AS user_id,
           (ARRAY_AGG(team_id ORDER BY date_from DESC, id DESC))[1] AS team_id
      FROM term
  GROUP BY company_id, partner_id
), month AS (
    SELECT customer.*,
           (first_day + INTERVAL '1 month' - INTERVAL '1 day')::date AS month_end
      FROM customer,
           GENERATE_SERIES(DATE_TRUNC('month', customer.first::timestamp),
                           DATE_TRUNC('month', %(today)s::timestamp), '1 month') AS first_day
), level AS (
    SELECT month.company_id, month.partner_id, month.user_id, month.team_id, month.month_end,
           COALESCE(SUM(term.mrr), 0) AS closing
      FROM month
 LEFT JOIN term ON term.company_id = month.company_id
               AND term.partner_id = month.partner_id
               AND term.date_from <= month.month_end
               AND (term.date_to IS NULL OR term.date_to >= month.month_end)
  GROUP BY 1, 2, 3, 4, 5
)
            """,
            today=fields.Date.context_today(self),
        )

    def _read_group_select(self, aggregate_spec, query):
        """Levels do not add up: a group opens with its first month and closes with its last."""
        edge = {"opening:sum": SQL("MIN"), "closing:sum": SQL("MAX")}.get(aggregate_spec)
        if not edge:
            return super()._read_group_select(aggregate_spec, query)
        level = aggregate_spec.partition(":")[0]
        return SQL(
            """(SELECT SUM(row.level)
                  FROM UNNEST(ARRAY_AGG(%(day)s), ARRAY_AGG(%(level)s)) AS row(day, level)
                 WHERE row.day = (SELECT %(edge)s(day)
                                    FROM UNNEST(ARRAY_AGG(%(day)s)) AS row(day)))""",
            day=self._field_to_sql(self._table, "date", query),
            level=self._field_to_sql(self._table, level, query),
            edge=edge,
        )

    def action_open_contracts(self):
        """Open the recurring contracts of this customer."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_contract_action")
        return action | {
            "domain": [
                ("commercial_partner_id", "in", self.partner_id.ids),
                ("recurring", "=", True),
            ],
            "context": {"create": False},
        }
