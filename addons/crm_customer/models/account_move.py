from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    # The timeline, the lifecycle and the revenue of a customer start from its invoices.
    _customer_invoices_idx = models.Index(
        "(commercial_partner_id, invoice_date DESC, id DESC)"
        " WHERE move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
    )
