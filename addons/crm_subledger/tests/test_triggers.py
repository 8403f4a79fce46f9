from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from .common import SubledgerCase


@tagged("post_install", "-at_install")
class TestTriggers(SubledgerCase):
    """Every change of an invoice or of what it is matched with reaches the programmes once."""

    def _changed(self):
        """Return the documents that the programmes were asked about, and forget them."""
        seen = []
        model = self.env.registry["crm.subledger.item"]

        def keys_of(programme, *documents):
            seen.extend(documents)
            return programme.browse()

        with patch.object(model, "_subledger_keys_of", keys_of):
            self.run_subledger()
        return [document for documents in seen for document in documents]

    def _pay(self, invoice, amount=None):
        values = {"amount": amount} if amount else {}
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        return wizard.create(values)._create_payments()

    def test_invoice_life(self):
        invoice = self.init_invoice("out_invoice", products=self.product_a)
        self.assertEqual(self._changed(), [])
        invoice.action_post()
        self.assertEqual(self._changed(), [invoice])
        invoice.button_draft()
        self.assertEqual(self._changed(), [invoice])
        invoice.button_cancel()
        self.assertEqual(self._changed(), [invoice])

    def test_payment_and_unreconcile(self):
        invoice = self.init_invoice("out_invoice", products=self.product_a, post=True)
        self._changed()
        payment = self._pay(invoice, 100)
        self.assertEqual(self._changed(), [invoice])
        payment.move_id.line_ids.remove_move_reconcile()
        self.assertEqual(self._changed(), [invoice])

    def test_credit_note(self):
        invoice = self.init_invoice("out_invoice", products=self.product_a, post=True)
        self._changed()
        refund = invoice._reverse_moves([{"invoice_date": invoice.date}], cancel=True)
        self.assertCountEqual(self._changed(), [invoice, refund])

    def test_other_entries_are_not_documents(self):
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.journal.id,
                "line_ids": [
                    Command.create({"account_id": self.expense.id, "balance": 5}),
                    Command.create({"account_id": self.asset.id, "balance": -5}),
                ],
            }
        )
        move.action_post()
        self.assertEqual(self._changed(), [])

    def test_nothing_dirty_costs_nothing(self):
        self.run_subledger()
        before = self.cr.sql_log_count
        self.cr.precommit.run()
        self.assertEqual(self.cr.sql_log_count, before)
