import json
import logging

from odoo import api, fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

BATCH = 20_000


class CrmCustomerLifecycle(models.AbstractModel):
    """Puts every customer into the stage that its documents say, in SQL, batch by batch."""

    _name = "crm.customer.lifecycle"
    _description = "Customer Lifecycle Rules"

    @api.model
    def _cron_refresh(self):
        """Refresh every customer. A batch that fails is done one by one, so only the bad are left.

        :return: ids of the customers whose refresh failed; the reason is shown on each of them
        """
        failed, last = [], 0
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=self._count())
        while ids := self._next_ids(last, BATCH):
            last = ids[-1]
            failed += self._refresh_safely(ids)
            if not cron._commit_progress(len(ids)):
                break
        return failed

    def _count(self):
        return self.env.execute_query(
            SQL("SELECT COUNT(*) FROM res_partner WHERE commercial_partner_id = id AND active")
        )[0][0]

    def _next_ids(self, last, batch):
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM res_partner
                    WHERE id > %s AND commercial_partner_id = id AND active
                 ORDER BY id LIMIT %s""",
                last,
                batch,
            )
        )
        return [row[0] for row in rows]

    def _refresh_safely(self, ids):
        try:
            with self.env.cr.savepoint():
                self._refresh(ids)
        except Exception as error:
            if len(ids) == 1:
                self._note_error(ids[0], error)
                return ids
            half = len(ids) // 2
            return self._refresh_safely(ids[:half]) + self._refresh_safely(ids[half:])
        return []

    def _note_error(self, partner_id, error):
        """Write on the customer why its stage is not up to date; the next success removes it."""
        _logger.warning("Customer %s: lifecycle not refreshed: %s", partner_id, error)
        self.env.cr.execute(
            SQL(
                "UPDATE res_partner SET lifecycle_facts = %s WHERE id = %s",
                json.dumps({"error": str(error)[:500]}),
                partner_id,
            )
        )
        self.env["res.partner"].invalidate_model(["lifecycle_facts", "lifecycle_reason"])

    @api.model
    def _refresh(self, partner_ids, today=None):
        """Set stage and history of these commercial entities as their documents stand on a day.

        Customers whose stage is locked by hand are left alone. Running it twice changes nothing.

        :param list partner_ids: ids of commercial entities
        :param date today: documents after that day do not count
        :return: number of customers whose stage changed
        """
        if not partner_ids:
            return 0
        self.env.flush_all()
        today = today or fields.Date.context_today(self)
        self.env.cr.execute(
            SQL(
                """
                WITH target AS MATERIALIZED (%(target)s),
                changed AS (
                    SELECT target.* FROM target JOIN res_partner p ON p.id = target.id
                     WHERE p.lifecycle_stage IS DISTINCT FROM target.stage
                ),
                closed AS (
                    UPDATE crm_customer_stage_history h
                       SET date_to = GREATEST(h.date_from, %(today)s)
                      FROM changed WHERE h.partner_id = changed.id AND h.date_to IS NULL
                 RETURNING h.id
                ),
                written AS (
                    UPDATE res_partner p
                       SET lifecycle_stage = target.stage, lifecycle_facts = target.facts,
                           lifecycle_date = CASE WHEN target.stage IS DISTINCT FROM
                               p.lifecycle_stage THEN %(today)s ELSE p.lifecycle_date END
                      FROM target
                     WHERE p.commercial_partner_id = target.id
                       AND (p.lifecycle_stage IS DISTINCT FROM target.stage
                            OR p.lifecycle_facts IS DISTINCT FROM target.facts)
                 RETURNING p.id
                )
                SELECT changed.id, changed.stage, changed.facts, (SELECT COUNT(*) FROM closed),
                       (SELECT COUNT(*) FROM written)
                  FROM changed
                """,
                target=self._sql_target(partner_ids, today),
                today=today,
            )
        )
        changed = self.env.cr.fetchall()
        self._open_history([(row[0], row[1], row[2]) for row in changed if row[1]], today)
        self.env["res.partner"].invalidate_model(
            ["lifecycle_stage", "lifecycle_facts", "lifecycle_date", "lifecycle_reason"]
        )
        self.env["crm.customer.stage.history"].invalidate_model()
        return len(changed)

    def _open_history(self, rows, today):
        """Insert the open rows after the statement that closed the ones before (unique index)."""
        if not rows:
            return
        self.env.cr.execute(
            SQL(
                """INSERT INTO crm_customer_stage_history
                       (partner_id, company_id, stage, facts, date_from, manual,
                        create_uid, create_date, write_uid, write_date)
                   SELECT p.id, p.company_id, row.stage, p.lifecycle_facts, %s, FALSE,
                          %s, now() AT TIME ZONE 'UTC', %s, now() AT TIME ZONE 'UTC'
                     FROM unnest(%s, %s) AS row (id, stage) JOIN res_partner p ON p.id = row.id""",
                today,
                self.env.uid,
                self.env.uid,
                [row[0] for row in rows],
                [row[1] for row in rows],
            )
        )

    def _sql_target(self, partner_ids, today):
        """Return the query of (id, stage, facts) of unlocked customers.

        - no invoice and no confirmed order: *prospect* with an open opportunity or quotation,
          *lead* with any lead, opportunity or quotation, otherwise no stage;
        - invoiced: *lost* and *at risk* by the days since the last invoice, *won back* when that
          last series of purchases began after a pause long enough to be lost, not long ago;
          otherwise *customer*. Invoices that were reversed in full are no purchase.

        Days are those of the customer's company; a shared customer follows the company that
        invoiced it last, else the first company.
        """
        return SQL(
            """
            WITH entity AS (
                SELECT id, company_id FROM res_partner
                 WHERE id = ANY(%(ids)s) AND lifecycle_locked IS NOT TRUE
            ), invoice AS (
                %(invoice)s
            ), bought AS (
                SELECT id, MAX(day) AS last, COUNT(*) AS invoices,
                       (ARRAY_AGG(company_id ORDER BY day DESC, move_id DESC))[1] AS company_id
                  FROM invoice GROUP BY id
            ), sold AS (
                %(sold)s
            ), pursued AS (
                %(pursued)s
            ), fact AS (
                %(fact)s
            ), staged AS (
                SELECT *, %(stage)s AS stage FROM fact
            )
            SELECT id, stage, CASE
                WHEN stage IS NULL THEN NULL
                WHEN stage = 'lead' THEN '{}'::jsonb
                WHEN stage = 'prospect' THEN jsonb_build_object(
                    'open_leads', open_leads, 'open_quotations', open_quotations)
                ELSE jsonb_strip_nulls(jsonb_build_object(
                    'last_invoice', last, 'limit',
                    CASE stage WHEN 'lost' THEN lost WHEN 'at_risk' THEN risk END,
                    'returned_on', CASE WHEN stage = 'won_back' THEN returned END))
                END AS facts
              FROM staged
            """,
            ids=list(partner_ids),
            invoice=self._sql_invoice(today),
            sold=self._sql_sold(today),
            pursued=self._sql_pursued(today),
            fact=self._sql_fact(today),
            stage=self._sql_stage(today),
        )

    def _sql_stage(self, today):
        """Return the expression of the stage of a ``fact``; limits are days."""
        return SQL(
            """CASE
                    WHEN last IS NULL AND orders = 0 THEN
                        CASE WHEN open_leads + open_quotations > 0 THEN 'prospect'
                             WHEN documents > 0 THEN 'lead' END
                    WHEN days > lost THEN 'lost'
                    WHEN days > risk THEN 'at_risk'
                    WHEN %s::date - returned <= back THEN 'won_back'
                    ELSE 'customer' END""",
            today,
        )

    def _sql_invoice(self, today):
        """Return the query of purchases of each ``entity``, with the days since the one before."""
        return SQL(
            """
            SELECT e.id, m.invoice_date AS day, m.company_id, m.id AS move_id,
                   m.invoice_date - LAG(m.invoice_date) OVER (
                       PARTITION BY e.id ORDER BY m.invoice_date, m.id) AS pause
              FROM entity e
              JOIN account_move m ON m.commercial_partner_id = e.id
             WHERE m.move_type IN ('out_invoice', 'out_receipt') AND m.state = 'posted'
               AND m.payment_state IS DISTINCT FROM 'reversed'
               AND m.invoice_date <= %s
            """,
            today,
        )

    def _sql_sold(self, today):
        """Return the query of orders and open quotations of each ``entity``."""
        return SQL(
            """
            SELECT p.commercial_partner_id AS id,
                   COUNT(*) FILTER (WHERE o.state = 'sale') AS orders,
                   COUNT(*) FILTER (WHERE o.state IN ('draft', 'sent')) AS open_quotations,
                   COUNT(*) AS documents
              FROM entity e
              JOIN res_partner p ON p.commercial_partner_id = e.id
              JOIN sale_order o ON o.partner_id = p.id
             WHERE o.date_order < %(today)s::date + 1
          GROUP BY 1
            """,
            today=today,
        )

    def _sql_pursued(self, today):
        """Return the query of leads and open opportunities of each ``entity``."""
        return SQL(
            """
            SELECT p.commercial_partner_id AS id, COUNT(*) AS documents,
                   COUNT(*) FILTER (WHERE l.type = 'opportunity' AND l.active
                                      AND l.won_status = 'pending') AS open_leads
              FROM entity e
              JOIN res_partner p ON p.commercial_partner_id = e.id
              JOIN crm_lead l ON l.partner_id = p.id
             WHERE l.create_date < %(today)s::date + 1
          GROUP BY 1
            """,
            today=today,
        )

    def _sql_fact(self, today):
        """Return the query of what is known of each ``entity``, with the limits of its company."""
        return SQL(
            """
            SELECT e.id, b.last, %(today)s::date - b.last AS days,
                   COALESCE(s.orders, 0) AS orders,
                   COALESCE(s.open_quotations, 0) AS open_quotations,
                   COALESCE(l.open_leads, 0) AS open_leads,
                   COALESCE(s.documents, 0) + COALESCE(l.documents, 0) AS documents,
                   c.lifecycle_risk_days AS risk, c.lifecycle_lost_days AS lost,
                   c.lifecycle_back_days AS back,
                   (SELECT MAX(i.day) FROM invoice i
                     WHERE i.id = e.id AND i.pause > c.lifecycle_lost_days) AS returned
              FROM entity e
              LEFT JOIN bought b ON b.id = e.id
              LEFT JOIN sold s ON s.id = e.id
              LEFT JOIN pursued l ON l.id = e.id
              JOIN res_company c ON c.id = COALESCE(
                  e.company_id, b.company_id, (SELECT MIN(id) FROM res_company))
            """,
            today=today,
        )
