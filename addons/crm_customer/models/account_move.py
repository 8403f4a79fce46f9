from odoo import api, models

WATCHED = {"state", "partner_id", "invoice_date", "move_type"}


class AccountMove(models.Model):
    _inherit = "account.move"

    # The timeline, the lifecycle and the revenue of a customer start from its invoices.
    _customer_invoices_idx = models.Index(
        "(commercial_partner_id, invoice_date DESC, id DESC)"
        " WHERE move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
    )

    # --- segments ---

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._mark_for_segments()
        return records

    def write(self, vals):
        watched = bool(WATCHED & vals.keys())
        if watched:
            self._mark_for_segments()
        result = super().write(vals)
        if watched:
            self._mark_for_segments()
        return result

    def unlink(self):
        self._mark_for_segments()
        return super().unlink()

    def _mark_for_segments(self):
        """Have the customers of these documents evaluated for segments."""
        self.env["crm.segment.dirty"]._mark(
            self.filtered(lambda move: move.is_sale_document(include_receipts=True)).partner_id
        )
