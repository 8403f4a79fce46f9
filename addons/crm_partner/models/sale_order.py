from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # --- rebates ---
    def _create_invoices(self, grouped=False, final=False, date=None):
        invoices = super()._create_invoices(grouped=grouped, final=final, date=date)
        invoices._rebate_deduct()
        return invoices
