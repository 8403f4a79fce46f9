from odoo import fields, models
from odoo.tools import SQL


class CrmSubledgerRollforward(models.Model):
    """Opening + accrued + true-ups + settled + transferred = closing, month by month."""

    _name = "crm.subledger.rollforward"
    _description = "Sub-ledger Roll-forward"
    _auto = False
    _rec_name = "month"
    _order = "month desc, ledger_id, partner_id"
    _depends = {"crm.subledger.entry": ["ledger_id", "amount", "date", "partner_id", "kind"]}

    ledger_id = fields.Many2one("crm.subledger", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="ledger_id.currency_id")
    partner_id = fields.Many2one("res.partner", readonly=True)
    month = fields.Date(readonly=True)
    opening = fields.Monetary(readonly=True, aggregator="sum")
    accrued = fields.Monetary(readonly=True, aggregator="sum")
    true_up = fields.Monetary("True-ups", readonly=True, aggregator="sum")
    settled = fields.Monetary(readonly=True, aggregator="sum")
    transferred = fields.Monetary(readonly=True, aggregator="sum")
    closing = fields.Monetary(readonly=True, aggregator="sum")

    @property
    def _table_query(self):
        # A month without movement still has an opening balance: every item's holder gets a row
        # for each month from the first entry until today.
        return SQL(
            """
            WITH flow AS (
                SELECT ledger_id, company_id, COALESCE(partner_id, 0) AS partner,
                       date_trunc('month', date)::date AS month, MIN(id) AS id,
                       SUM(amount) FILTER (WHERE kind = 'accrual') AS accrued,
                       SUM(amount) FILTER (WHERE kind = 'true_up') AS true_up,
                       SUM(amount) FILTER (WHERE kind = 'settlement') AS settled,
                       SUM(amount) FILTER (WHERE kind = 'transfer') AS transferred,
                       SUM(amount) AS change
                  FROM crm_subledger_entry
              GROUP BY 1, 2, 3, 4
            ), holder AS (
                SELECT ledger_id, company_id, partner, MIN(month) AS first_month,
                       MAX(month) AS last_month, MIN(id) AS id
                  FROM flow
              GROUP BY 1, 2, 3
            ), grid AS (
                SELECT h.ledger_id, h.company_id, h.partner, h.id, m::date AS month
                  FROM holder h,
                       generate_series(
                           h.first_month,
                           GREATEST(h.last_month, date_trunc('month', now())::date),
                           interval '1 month'
                       ) m
            ), running AS (
                SELECT g.*, f.accrued, f.true_up, f.settled, f.transferred,
                       COALESCE(f.change, 0) AS change,
                       SUM(COALESCE(f.change, 0)) OVER (
                           PARTITION BY g.ledger_id, g.partner ORDER BY g.month
                       ) AS closing
                  FROM grid g
             LEFT JOIN flow f USING (ledger_id, company_id, partner, month)
            )
            SELECT id::bigint * 12000
                   + (EXTRACT(YEAR FROM month) - 1970)::integer * 12
                   + EXTRACT(MONTH FROM month)::integer AS id,
                   ledger_id, company_id, NULLIF(partner, 0) AS partner_id, month,
                   closing - change AS opening, COALESCE(accrued, 0) AS accrued,
                   COALESCE(true_up, 0) AS true_up, COALESCE(settled, 0) AS settled,
                   COALESCE(transferred, 0) AS transferred, closing
              FROM running
             WHERE closing <> 0 OR change <> 0 OR accrued IS NOT NULL OR true_up IS NOT NULL
                   OR settled IS NOT NULL OR transferred IS NOT NULL
            """
        )
