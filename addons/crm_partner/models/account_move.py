from odoo import models
from odoo.exceptions import UserError

from ..tools import unlocked


class AccountMove(models.Model):
    """An invoice counts for rebates and statements of its partner, and settles its claims."""

    _inherit = "account.move"

    # The purchases of a partner in a period: what rebates and funds ask for at every invoice.
    _channel_purchases_idx = models.Index(
        "(commercial_partner_id, company_id, invoice_date)"
        " WHERE state = 'posted'"
        " AND move_type IN ('out_invoice', 'out_refund', 'in_invoice', 'in_refund')"
    )

    # --- rebates ---

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

    def _post(self, soft=True):
        self._mdf_check_settlements()
        return super()._post(soft=soft)

    def _mdf_check_settlements(self):
        """Refuse to post more for a claim than was approved."""
        # sudo: the claims behind a document that the user is posting
        lines = self.sudo().line_ids.filtered("mdf_claim_id")
        for claim, items in lines.grouped("mdf_claim_id").items():
            total = claim.settled + sum(items.mapped("balance"))
            granted = claim.approved_amount if claim.state in ("approved", "settled") else 0.0
            if claim.currency_id.compare_amounts(total, granted) > 0:
                raise UserError(
                    self.env._(
                        "%(move)s would settle %(total)s of the claim %(claim)s, of which "
                        "%(granted)s is approved. Correct the line, or delete the document.",
                        move=items.move_id[:1].display_name,
                        total=claim.currency_id.format(total),
                        claim=claim.name,
                        granted=claim.currency_id.format(granted),
                    )
                )

    # --- statements of account ---

    def _subledger_state_changed(self):
        result = super()._subledger_state_changed()
        self._partner_statement_changed()
        return result

    def _partner_statement_changed(self):
        """Have the statements that were sent looked at again, where they hold these entries."""
        days = [move.date for move in self if move.date]
        partners = self.line_ids.partner_id
        if days and partners:
            self.env["crm.partner.statement"]._documents_changed(
                partners, self.company_id, min(days)
            )
