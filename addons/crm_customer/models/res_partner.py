from odoo import api, models
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _sql_contribution(self):
        """Return a query of what customers' documents contributed, from posted journal items.

        One row per posted customer document, in company currency, income positive: ``partner_id``
        (commercial entity), ``company_id``, ``move_id``, ``date`` (of the invoice), ``revenue``
        (untaxed) and ``contribution`` (less the cost of sales the document carries). Addons that
        know further costs of a customer add rows.
        """
        return SQL(
            """
            SELECT move.commercial_partner_id AS partner_id, move.company_id, move.id AS move_id,
                   move.invoice_date AS date,
                   SUM(-line.balance) FILTER (WHERE line.display_type = 'product') AS revenue,
                   SUM(-line.balance) AS contribution
              FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id
              JOIN account_account account ON account.id = line.account_id
             WHERE move.state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND account.account_type ~ '^(income|expense)'
          GROUP BY move.id
            """
        )
