from odoo import models

from ..tools import CONTEXT, KEY


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # --- programme ---

    def _add_partnership(self):
        """A sold membership gives its level, whoever confirms the order."""
        orders = self.with_context(**{CONTEXT: KEY})
        return super(SaleOrder, orders)._add_partnership()
