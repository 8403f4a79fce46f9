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
