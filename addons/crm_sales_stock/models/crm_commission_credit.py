from odoo import api, models
from odoo.tools import SQL


class CrmCommissionCredit(models.AbstractModel):
    """Commissions on margin take the cost from the books where stock is valued there."""

    _inherit = "crm.commission.credit"

    @api.model
    def _sql_cost(self, version):
        """Take the cost of sales from the posted journal items of the invoice itself.

        Lines whose cost is not kept in the books fall back to what their order line says.
        """
        if version.basis != "margin":
            return super()._sql_cost(version)
        return SQL(
            """COALESCE((
                   SELECT SUM(cogs.balance) FROM account_move_line cogs
                     JOIN account_account account ON account.id = cogs.account_id
                    WHERE cogs.cogs_origin_id = l.id AND cogs.display_type = 'cogs'
                      AND account.account_type LIKE 'expense%%'), %(other)s)""",
            other=super()._sql_cost(version),
        )
