from odoo import api, fields, models
from odoo.tools import SQL


class CrmCommissionBooking(models.Model):
    """What was booked on which day: the log behind the basis “booked”.

    An order only knows what it is worth today. The rows of a line always sum to what it is
    worth now in company currency, untaxed; a cancelled order to zero.
    """

    _name = "crm.commission.booking"
    _description = "Booked Order Value"
    _order = "date, id"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade")
    line_id = fields.Integer(required=True)
    product_id = fields.Many2one("product.product", index="btree_not_null")
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(required=True)
    amount = fields.Monetary(required=True)

    @api.model
    def _sync(self, orders):
        """Log the difference between what ``orders`` are worth and what is logged of them."""
        if not orders:
            return self
        for name in (self._name, "sale.order", "sale.order.line"):
            self.env[name].flush_model()
        today = fields.Date.context_today(self)
        days = {order.id: order._commission_date() for order in orders}
        return self.create(
            [
                {
                    "order_id": order_id,
                    "line_id": line_id,
                    "product_id": product_id,
                    "company_id": company_id,
                    "amount": amount,
                    "date": days[order_id] if first else today,
                }
                for order_id, line_id, product_id, company_id, amount, first in (
                    self.env.execute_query(self._sql_differences(orders))
                )
            ]
        )

    @api.model
    def _sql_differences(self, orders):
        """Return the query of what is missing, ``first`` telling the rows of new orders."""
        return SQL(
            """
            WITH worth AS (
                SELECT o.id AS order_id, l.id AS line_id, l.product_id, o.company_id,
                       CASE WHEN o.state = 'sale' THEN ROUND(
                           l.price_subtotal / COALESCE(NULLIF(o.currency_rate::numeric, 0), 1),
                           c.decimal_places) ELSE 0 END AS amount
                  FROM sale_order o
                  JOIN sale_order_line l ON l.order_id = o.id AND l.display_type IS NULL
                  JOIN res_company company ON company.id = o.company_id
                  JOIN res_currency c ON c.id = company.currency_id
                 WHERE o.id IN %(orders)s
            ), logged AS (
                SELECT order_id, line_id, MAX(product_id) AS product_id,
                       MAX(company_id) AS company_id, SUM(amount) AS amount
                  FROM crm_commission_booking
                 WHERE order_id IN %(orders)s
              GROUP BY order_id, line_id
            ), known AS (SELECT DISTINCT order_id FROM logged)
            SELECT order_id, line_id, COALESCE(w.product_id, l.product_id),
                   COALESCE(w.company_id, l.company_id),
                   COALESCE(w.amount, 0) - COALESCE(l.amount, 0), known.order_id IS NULL
              FROM worth w
              FULL JOIN logged l USING (order_id, line_id)
              LEFT JOIN known USING (order_id)
             WHERE COALESCE(w.amount, 0) <> COALESCE(l.amount, 0)
            """,
            orders=tuple(orders.ids),
        )
