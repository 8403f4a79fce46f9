from datetime import date

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SubledgerCase


@tagged("post_install", "-at_install")
class TestSettlement(SubledgerCase):
    def setUp(self):
        super().setUp()
        self.item = self._create_item(500)
        self.item.action_post()
        self.run_subledger()

    def _bill(self, amount=500, account=None):
        return self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.holder.id,
                "invoice_date": "2026-04-05",
                "date": "2026-04-05",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Bonus",
                            "account_id": (account or self.payable).id,
                            "quantity": 1,
                            "price_unit": amount,
                            "tax_ids": [Command.clear()],
                            "subledger_key_model": "crm.subledger.item",
                            "subledger_key_id": self.item.id,
                        }
                    )
                ],
            }
        )

    def _settlements(self):
        return self.item._subledger_entries().filtered(lambda e: e.kind == "settlement")

    def test_posting_the_bill_settles(self):
        bill = self._bill()
        self.assertFalse(self._settlements())
        bill.action_post()
        self.assertRecordValues(
            self._settlements(),
            [{"amount": 500, "date": date(2026, 4, 5), "move_id": bill.id}],
        )
        self.assertBalance(self.payable, "0")
        self.assertLedgerEqualsGL()
        self.assertFalse(self.item._subledger_run(), "a settlement is not a target")

    def test_reset_to_draft_takes_back(self):
        bill = self._bill()
        bill.action_post()
        bill.button_draft()
        self.assertEqual(sum(self._settlements().mapped("amount")), 0)
        self.assertLedgerEqualsGL()
        bill.invoice_line_ids.price_unit = 450
        bill.action_post()
        self.assertEqual(sum(self._settlements().mapped("amount")), 450)
        self.assertBalance(self.payable, "-50.00")
        self.assertLedgerEqualsGL()

    def test_cancelled_bill(self):
        bill = self._bill()
        bill.action_post()
        bill.button_cancel()
        self.assertEqual(sum(self._settlements().mapped("amount")), 0)
        self.assertLedgerEqualsGL()

    def test_an_account_without_ledger_is_refused(self):
        bill = self._bill(account=self.expense)
        with self.assertRaisesRegex(UserError, "no sub-ledger"):
            bill.action_post()

    def test_what_is_settled_is_frozen_once_posted(self):
        bill = self._bill()
        bill.action_post()
        with self.assertRaisesRegex(UserError, "posted"):
            bill.invoice_line_ids.subledger_key_id = 1

    # ------------------------------------------------------------------
    # Reversals take the settlement back, and follow their own document
    # ------------------------------------------------------------------

    def _settled(self):
        return sum(self._settlements().mapped("amount"))

    def _wizard(self, move, method):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": "2026-04-20"})
        )
        return self.env["account.move"].browse(getattr(wizard, method)()["res_id"])

    def test_reversal_takes_back(self):
        bill = self._bill()
        bill.action_post()
        reversal = bill._reverse_moves([{"invoice_date": "2026-04-20"}], cancel=True)
        self.assertEqual(reversal.state, "posted")
        self.assertEqual(self._settled(), 0)
        self.assertBalance(self.payable, "-500.00", self.holder)
        self.assertLedgerEqualsGL()
        self.assertFalse(self.item._subledger_run(force_split=True), "I6")
        again = reversal._reverse_moves([{"invoice_date": "2026-04-21"}], cancel=True)
        self.assertEqual((again.move_type, self._settled()), ("in_invoice", 500))
        self.assertLedgerEqualsGL()

    def test_reversal_of_a_part(self):
        bill = self._bill()
        bill.action_post()
        refund = self._wizard(bill, "refund_moves")
        self.assertEqual((refund.state, self._settled()), ("draft", 500))
        refund.invoice_date = "2026-04-20"
        refund.invoice_line_ids.price_unit = 200
        refund.action_post()
        self.assertEqual(self._settled(), 300)
        self.assertBalance(self.payable, "-200.00")
        refund.button_draft()
        self.assertEqual(self._settled(), 500)
        self.assertLedgerEqualsGL()

    def test_reversed_and_replaced(self):
        bill = self._bill()
        bill.action_post()
        draft = self._wizard(bill, "modify_moves")
        self.assertEqual((draft.state, self._settled()), ("draft", 0))
        draft.invoice_date = "2026-04-20"
        draft.invoice_line_ids.price_unit = 450
        draft.action_post()
        self.assertEqual(self._settled(), 450)
        self.assertLedgerEqualsGL()

    def test_reversal_of_a_journal_entry(self):
        """A payroll entry in a company that uses storno (I7)."""
        self.company.account_storno = True
        entry = self.env["account.move"].create(
            {
                "date": "2026-04-05",
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.payable.id,
                            "partner_id": self.holder.id,
                            "balance": 500,
                            "subledger_key_model": "crm.subledger.item",
                            "subledger_key_id": self.item.id,
                        }
                    ),
                    Command.create({"account_id": self.expense.id, "balance": -500}),
                ],
            }
        )
        entry.action_post()
        self.assertEqual(self._settled(), 500)
        reversal = entry._reverse_moves([{"date": "2026-04-20"}], cancel=True)
        [line] = reversal.line_ids.filtered("subledger_key_id")
        self.assertEqual((line.debit, line.credit), (-500, 0))
        self.assertEqual(self._settled(), 0)
        self.assertLedgerEqualsGL()

    def test_a_duplicate_settles_nothing(self):
        self.assertFalse(self._bill().copy().line_ids.filtered("subledger_key_id"))
