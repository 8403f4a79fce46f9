from datetime import date

from odoo import Command
from odoo.tests import tagged

from .common import SubledgerCase


@tagged("post_install", "-at_install")
class TestReport(SubledgerCase):
    def _manual_move(self, amount, day="2026-03-12"):
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.journal.id,
                "date": day,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.payable.id,
                            "partner_id": self.holder.id,
                            "balance": -amount,
                        }
                    ),
                    Command.create({"account_id": self.expense.id, "balance": amount}),
                ],
            }
        )
        move.action_post()
        return move

    def test_report_shows_both_sides(self):
        item = self._create_item(500)
        item.action_post()
        self.run_subledger()
        self._manual_move(30)
        self.env.flush_all()
        rows = self.env["crm.subledger.report"]._read_group(
            [("ledger_id", "=", self.ledger.id)],
            ["partner_id", "date:day"],
            ["subledger_amount:sum", "gl_amount:sum", "difference:sum"],
        )
        self.assertEqual(
            rows,
            [
                (self.holder, date(2026, 3, 10), -500, -500, 0),
                (self.holder, date(2026, 3, 12), 0, -30, 30),
            ],
        )
        self.assertEqual(self.ledger.difference, 30)

    def _unexplained(self):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["crm.subledger.report"].search(
            [("ledger_id", "=", self.ledger.id), ("unexplained", "=", True)]
        )

    def test_unexplained_is_what_the_other_ledger_lacks(self):
        item = self._create_item(500)
        item.action_post()
        item.copy({"amount": 20}).action_post()
        self.run_subledger()
        self.assertFalse(self._unexplained())
        move = self._manual_move(30)
        row = self._unexplained()
        self.assertEqual((row.move_id, row.difference), (move, 30))
        move.button_draft()
        self.assertFalse(self._unexplained())

    def test_a_settlement_taken_back_is_not_unexplained(self):
        item = self._create_item(500)
        item.action_post()
        self.run_subledger()
        bill = self._manual_move(-500, "2026-04-01")
        bill.button_draft()
        bill.line_ids.filtered(lambda line: line.account_id == self.payable).write(
            {"subledger_key_model": item._name, "subledger_key_id": item.id}
        )
        for state in ("posted", "draft"):
            bill.action_post() if state == "posted" else bill.button_draft()
            self.assertEqual(bill.state, state)
            self.assertFalse(self._unexplained())

    def test_daily_check_raises_one_activity_and_clears_it(self):
        move = self._manual_move(30)
        cron = self.env.ref("crm_subledger.ir_cron_check")
        for _day in range(2):
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
        activity = self.ledger.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.company._subledger_accountant())
        self.assertIn("30", activity.note)
        move.button_draft()
        self.env.flush_all()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertFalse(self.ledger.activity_ids)

    def test_roll_forward(self):
        item = self._create_item(500)
        item.action_post()
        self.run_subledger()
        item.write({"amount": 800, "date": "2026-04-15"})
        self.run_subledger()
        item.write({"amount": 750, "date": "2026-05-02"})
        self.run_subledger()
        self.env.flush_all()
        rows = self.env["crm.subledger.rollforward"].search(
            [("ledger_id", "=", self.ledger.id)], order="month", limit=4
        )
        fields_ = ["month", "opening", "accrued", "true_up", "settled", "closing"]
        self.assertEqual(
            [tuple(row[name] for name in fields_) for row in rows],
            [
                (date(2026, 3, 1), 0, -500, 0, 0, -500),
                (date(2026, 4, 1), -500, -300, 0, 0, -800),
                (date(2026, 5, 1), -800, 0, 50, 0, -750),
                (date(2026, 6, 1), -750, 0, 0, 0, -750),
            ],
        )
