from datetime import date

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SubledgerCase


@tagged("post_install", "-at_install")
class TestLoop(SubledgerCase):
    def test_accrual_then_true_up(self):
        item = self._create_item(2450)
        item.action_post()
        self.run_subledger()
        entry = item._subledger_entries()
        self.assertRecordValues(
            entry,
            [
                {
                    "kind": "accrual",
                    "amount": -2450,
                    "date": date(2026, 3, 10),
                    "partner_id": self.holder.id,
                }
            ],
        )
        self.assertRecordValues(
            entry.move_id.line_ids.sorted("balance"),
            [
                {"account_id": self.payable.id, "debit": 0, "credit": 2450},
                {"account_id": self.expense.id, "debit": 2450, "credit": 0},
            ],
        )
        self.assertEqual(entry.line_id.account_id, self.payable)

        item.amount = 1000
        self.run_subledger()
        correction = item._subledger_entries() - entry
        self.assertRecordValues(correction, [{"kind": "true_up", "amount": 1450}])
        self.assertBalance(self.payable, "-1000.00", self.holder)
        self.assertLedgerEqualsGL()

    def test_second_run_posts_nothing(self):
        item = self._create_item(99.99)
        item.action_post()
        self.run_subledger()
        self.assertFalse(item._subledger_run())
        self.assertFalse(item._subledger_run(force_split=True))
        self.assertEqual(len(item._subledger_entries()), 1)

    def test_cancel_takes_back_everything(self):
        item = self._create_item(500)
        item.action_post()
        self.run_subledger()
        item.action_cancel()
        self.run_subledger()
        self.assertEqual(sum(item._subledger_entries().mapped("amount")), 0)
        self.assertBalance(self.payable, "0")
        self.assertLedgerEqualsGL()

    def test_rounding_sums_to_the_target(self):
        item = self._create_item(0.1)
        item.action_post()
        self.run_subledger()
        for amount in (0.2, 0.3, 0.7, 0.1):
            item.amount = amount
            self.run_subledger()
        self.assertBalance(self.payable, "-0.1")

    def test_reduction_is_storno_where_the_company_says_so(self):
        for storno, debit, credit in ((False, 400, 0), (True, 0, -400)):
            with self.subTest(storno=storno):
                self.company.account_storno = storno
                item = self._create_item(1000)
                item.action_post()
                self.run_subledger()
                first = item._subledger_entries()
                self.assertFalse(first.line_id.is_storno)
                item.amount = 600
                self.run_subledger()
                entry = item._subledger_entries() - first
                line = entry.line_id
                self.assertRecordValues(line, [{"debit": debit, "credit": credit, "balance": 400}])
                self.assertRecordValues(entry, [{"debit": debit, "credit": credit, "amount": 400}])
                self.assertIn("Posted before", entry.explanation_html)
                self.assertIn(">600.00<", entry.explanation_html, "owed reads positive")
                other = line.move_id.line_ids - line
                self.assertRecordValues(
                    other, [{"debit": -400 if storno else 0, "credit": 0 if storno else 400}]
                )

    def test_one_move_per_journal_and_date(self):
        items = self._create_item(10) + self._create_item(20, partner_id=self.holder_b.id)
        items += self._create_item(40, date=fields.Date.to_date("2026-03-11"))
        items.action_post()
        self.run_subledger()
        entries = items._subledger_entries()
        self.assertEqual(len(entries), 3)
        self.assertEqual(
            sorted(entries.move_id.mapped("date")), [date(2026, 3, 10), date(2026, 3, 11)]
        )
        self.assertLedgerEqualsGL()

    def test_locked_period_moves_to_the_first_open_day(self):
        item = self._create_item(700)
        self.company.fiscalyear_lock_date = "2026-03-31"
        item.action_post()
        self.run_subledger()
        entry = item._subledger_entries()
        self.assertEqual(entry.date, date(2026, 4, 1))
        self.assertEqual(entry.move_id.date, date(2026, 4, 1))
        self.assertEqual(
            entry.explanation["notes"],
            [{"code": "lock_date", "wanted": "2026-03-10", "locked": "2026-03-31"}],
        )
        self.assertIn("2026-03-31", entry.explanation_html)

    def test_a_lock_exception_does_not_open_the_period(self):
        self.company.fiscalyear_lock_date = "2026-03-31"
        self.env["account.lock_exception"].create(
            {"company_id": self.company.id, "fiscalyear_lock_date": False, "user_id": False}
        )
        item = self._create_item(700)
        item.action_post()
        self.run_subledger()
        self.assertEqual(item._subledger_entries().date, date(2026, 4, 1))

    def test_another_deal_takes_the_amount_over(self):
        orders = self.env["sale.order"].create([{"partner_id": self.holder.id}] * 2)
        item = self._create_item(300, order_id=orders[0].id)
        item.action_post()
        self.run_subledger()
        item.order_id = orders[1]
        self.run_subledger()
        entries = item._subledger_entries().sorted("id")
        self.assertEqual(
            {
                order: sum(group.mapped("amount"))
                for order, group in entries.grouped("order_id").items()
            },
            {orders[0]: 0.0, orders[1]: -300.0},
        )
        self.assertBalance(self.payable, "-300.00")
        self.assertLedgerEqualsGL()

    def test_explanation_is_a_table(self):
        item = self._create_item(2450)
        item.action_post()
        self.run_subledger()
        item.amount = 2000
        self.run_subledger()
        entry = item._subledger_entries().sorted("id")[-1]
        self.assertEqual(
            {name: entry.explanation[name] for name in ("target", "before", "delta")},
            {"target": "-2000.0", "before": "-2450.00", "delta": "450.00"},
        )
        html = entry.explanation_html
        for text in ("Bonus", ">2,000.00<", ">2,450.00<", ">-450.00<", "Target", "Posted before"):
            self.assertIn(text, html)

    def test_posted_moves_are_corrected_through_their_document(self):
        item = self._create_item(500)
        item.action_post()
        self.run_subledger()
        move = item._subledger_entries().move_id
        for attack in (
            move.button_draft,
            move.button_cancel,
            move._reverse_moves,
            lambda: move.with_context(force_delete=True).unlink(),
            lambda: move.line_ids.with_context(force_delete=True, dynamic_unlink=True).unlink(),
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                attack()
        self.assertEqual(move.state, "posted")
        self.assertLedgerEqualsGL()

    def test_entries_are_append_only(self):
        item = self._create_item(500)
        item.action_post()
        self.run_subledger()
        entry = item._subledger_entries()
        for attack in (
            lambda: entry.sudo().write({"amount": 1}),
            lambda: entry.sudo().unlink(),
            lambda: entry.sudo().copy(),
        ):
            with self.assertRaises(UserError):
                attack()

    def test_queries_do_not_grow_with_the_keys(self):
        few, many = (
            self.env["crm.subledger.item"].concat(*(self._create_item(10) for _ in range(n)))
            for n in (3, 30)
        )
        counts = []
        for items in (few, many):
            items.write({"state": "posted"})
            self.run_subledger()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            items._subledger_run(force_split=True)
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)
