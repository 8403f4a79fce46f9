from odoo import models


class AccountMove(models.Model):
    """Invoices and receipts move their customers between segments."""

    _name = "account.move"
    _inherit = ["account.move", "crm.segment.source"]

    # The timeline, the lifecycle and the revenue of a customer start from its invoices.
    _customer_invoices_idx = models.Index(
        "(commercial_partner_id, invoice_date DESC, id DESC)"
        " WHERE move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
    )

    _segment_watched = frozenset({"state", "partner_id", "invoice_date", "move_type"})

    def _segment_partners(self):
        """Return the customers of invoices and receipts; other entries sell nothing."""
        return self.filtered(lambda move: move.is_sale_document(include_receipts=True)).partner_id
