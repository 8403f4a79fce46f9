from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    # --- rebates ---
    # The purchases of a partner and period: what one more invoice asks for again.
    _rebate_purchase_idx = models.Index(
        "(commercial_partner_id, invoice_date)"
        " WHERE state = 'posted'"
        " AND move_type IN ('out_invoice', 'out_refund', 'in_invoice', 'in_refund')"
    )

    def _rebate_drop(self, settlements):
        """Take the lines of cancelled settlements off drafts; drop drafts of nothing else."""
        for move in self:
            own = move.line_ids.filtered(lambda line: line.rebate_settlement_id in settlements)
            if move.invoice_line_ids - own:
                own.unlink()
            else:
                own.rebate_settlement_id = False
                move.button_cancel()
