from odoo import fields, models
from odoo.tools import SQL


class CrmPartnerSalesReport(models.Model):
    """Net revenue by way of selling: through partners of the programme, or direct.

    One row per line of a posted customer invoice or credit note, in the currency of the company,
    excluding taxes, on the date of the invoice. The level is the one that the customer's company
    had on that day, as the history of levels says; without any history, the one of today.
    """

    _name = "crm.partner.sales.report"
    _description = "Channel Sales Analysis"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "move_id"

    move_id = fields.Many2one("account.move", "Invoice", readonly=True)
    date = fields.Date(readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    grade_id = fields.Many2one("res.partner.grade", "Level", readonly=True)
    channel = fields.Selection(
        [("partner", "Through Partners"), ("direct", "Direct")], readonly=True
    )
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one("product.category", "Product Category", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    state_id = fields.Many2one("res.country.state", "Province", readonly=True)
    amount = fields.Monetary("Net Revenue", readonly=True)
    partner_amount = fields.Monetary("Through Partners", readonly=True)
    direct_amount = fields.Monetary("Direct", readonly=True)
    share = fields.Float("Channel Share (%)", readonly=True, aggregator="avg", digits=(5, 1))

    @property
    def _table_query(self):
        for model in (
            "account.move.line",
            "account.move",
            "res.partner",
            "product.template",
            "crm.partner.level.history",
        ):
            self.env[model].flush_model()
        return SQL(
            """SELECT id, move_id, date, company_id, partner_id, grade_id,
                      CASE WHEN grade_id IS NULL THEN 'direct' ELSE 'partner' END AS channel,
                      user_id, product_id, categ_id, country_id, state_id, amount,
                      CASE WHEN grade_id IS NULL THEN 0 ELSE amount END AS partner_amount,
                      CASE WHEN grade_id IS NULL THEN amount ELSE 0 END AS direct_amount,
                      NULL::float AS share
                 FROM (%s) sold""",
            self._sql_sold(),
        )

    def _sql_sold(self):
        """Return the query of invoice lines with the level of the customer on their day."""
        return SQL(
            """SELECT line.id, line.move_id, COALESCE(move.invoice_date, move.date) AS date,
                      line.company_id, customer.id AS partner_id,
                      CASE WHEN level.partner_id IS NULL THEN customer.grade_id
                           ELSE level.grade_id END AS grade_id,
                      move.invoice_user_id AS user_id, line.product_id, template.categ_id,
                      customer.country_id, customer.state_id, -line.balance AS amount
                 FROM account_move_line line
                 JOIN account_move move ON move.id = line.move_id
            LEFT JOIN res_partner customer ON customer.id = move.commercial_partner_id
            LEFT JOIN (%s) level ON level.partner_id = customer.id
                  AND level.since <= COALESCE(move.invoice_date, move.date)
                  AND (level.until IS NULL OR level.until > COALESCE(move.invoice_date, move.date))
            LEFT JOIN product_product product ON product.id = line.product_id
            LEFT JOIN product_template template ON template.id = product.product_tmpl_id
                WHERE move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                  AND line.parent_state = 'posted' AND line.display_type = 'product'""",
            self._sql_levels(),
        )

    def _sql_levels(self):
        """Return the query of who had which level from when (``since``) until before (``until``).

        Of several events of a day the last one counts, from that day on. Before the first event it
        was what that event changed. Who has no history at all has no row.
        """
        return SQL(
            """SELECT partner_id, grade_id, date AS since,
                      LEAD(date) OVER (PARTITION BY partner_id ORDER BY date, id) AS until
                 FROM crm_partner_level_history
            UNION ALL
              (SELECT DISTINCT ON (first.partner_id) first.partner_id,
                      CASE WHEN first.kind IN ('start', 'promotion', 'demotion', 'leave', 'undo')
                           THEN first.from_grade_id ELSE first.grade_id END,
                      '-infinity'::date, first.date
                 FROM crm_partner_level_history first
             ORDER BY first.partner_id, first.date, first.id)"""
        )

    def _read_group_select(self, aggregate_spec, query):
        """A share is that of the sums, not the mean of shares."""
        if aggregate_spec != "share:avg":
            return super()._read_group_select(aggregate_spec, query)
        part = self._field_to_sql(self._table, "partner_amount", query)
        whole = self._field_to_sql(self._table, "amount", query)
        return SQL("100.0 * SUM(%s) / NULLIF(SUM(%s), 0)", part, whole)

    def action_open_invoice(self):
        """Open the invoice of the row."""
        self.ensure_one()
        return self.move_id._get_records_action()
