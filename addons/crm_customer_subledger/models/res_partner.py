from odoo import api, models
from odoo.tools import SQL


class ResPartner(models.Model):
    """The contribution of a customer counts what sub-ledgers accrued for its orders."""

    _inherit = "res.partner"

    @api.model
    def _sql_contribution(self):
        """Add what sub-ledgers accrued for the customer's orders: commissions, rebates and such.

        The same entries as in the contribution of the order (``crm.deal.contribution``): those
        whose other side is an income or expense account and whose journal entry is posted. They
        bring no revenue, so that they are never taken for a purchase.
        """
        return SQL(
            """
            %s
            UNION ALL
            SELECT customer.commercial_partner_id, entry.company_id, entry.move_id, entry.date,
                   0.0, entry.amount
              FROM crm_subledger_entry entry
              JOIN account_account account ON account.id = entry.counterpart_account_id
              JOIN account_move move ON move.id = entry.move_id
              JOIN sale_order deal ON deal.id = entry.order_id
              JOIN res_partner customer ON customer.id = deal.partner_id
             WHERE move.state = 'posted' AND account.account_type ~ '^(income|expense)'
            """,
            super()._sql_contribution(),
        )
