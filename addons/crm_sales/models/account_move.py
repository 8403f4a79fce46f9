from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    _commission_salesperson_idx = models.Index(
        "(invoice_user_id, company_id) WHERE move_type IN ('out_invoice', 'out_refund')"
    )
