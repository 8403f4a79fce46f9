from odoo import api, models


class AccountPartialReconcile(models.Model):
    """Payments and their removal mark the invoices that they touch."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """Have keys that wait for the payment of these documents brought up to date."""
        partials = super().create(vals_list)
        partials._subledger_mark_documents()
        return partials

    def unlink(self):
        """Have keys that counted these documents as paid brought up to date."""
        documents = self._subledger_documents()
        result = super().unlink()
        self.env["crm.subledger.mixin"]._subledger_documents_dirty(documents.exists())
        return result

    def _subledger_documents(self):
        moves = (self.debit_move_id | self.credit_move_id).move_id
        return moves.filtered(lambda move: move.is_invoice(include_receipts=True))

    def _subledger_mark_documents(self):
        self.env["crm.subledger.mixin"]._subledger_documents_dirty(self._subledger_documents())
