from odoo import models

from ..tools import unlocked


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

    def _rebate_deduct(self):
        """Put waiting deductions of the customers on these draft invoices, oldest first."""
        for invoice in self:
            if invoice.move_type != "out_invoice" or invoice.state != "draft":
                continue
            if invoice.currency_id != invoice.company_id.currency_id:
                continue  # a deduction is in company currency
            waiting = unlocked(self.env["crm.rebate.settlement"]).search(
                [
                    ("state", "=", "waiting"),
                    ("method", "=", "deduction"),
                    ("direction", "=", "customer"),
                    ("partner_id", "=", invoice.commercial_partner_id.id),
                    ("company_id", "=", invoice.company_id.id),
                ],
                order="date, id",
            )
            for settlement in waiting.try_lock_for_update():
                # sudo: agreed on in the settlement; whoever invoices only carries it out
                settlement._deduct_from(invoice.sudo())
