from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    # --- market development funds ---
    # Purchases of a partner in a period, without reading all its documents.
    _mdf_purchases_idx = models.Index(
        "(commercial_partner_id, company_id, invoice_date) "
        "WHERE state = 'posted' AND move_type IN ('out_invoice', 'out_refund')"
    )

    def _post(self, soft=True):
        self._mdf_check_settlements()
        return super()._post(soft=soft)

    def _mdf_check_settlements(self):
        """Refuse to post more for a claim than was approved."""
        lines = self.line_ids.filtered("mdf_claim_id")
        for claim, items in lines.sudo().grouped("mdf_claim_id").items():
            # sudo: the claim behind a document that the user is posting
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
