from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import CommissionCase


@tagged("post_install", "-at_install")
class TestStatement(CommissionCase):
    """Computed → confirmed → paid, with disputes and late corrections."""

    def setUp(self):
        super().setUp()
        self.order = self._create_order(10000)
        self.invoice = self._invoice(self.order)
        self.payment = self._pay(self.invoice)
        self.run_subledger()
        self.statement = self._statement(self.li)

    def _as(self, user):
        return self.statement.with_user(user)

    def test_confirmed_by_the_team_leader(self):
        with self.assertRaisesRegex(AccessError, "leader of the sales team"):
            self._as(self.li).action_confirm()
        self._as(self.zhao).action_confirm()
        self.assertEqual(self.statement.state, "confirmed")
        with self.assertRaisesRegex(UserError, "is Confirmed"):
            self._as(self.zhao).action_confirm()

    def test_nobody_confirms_their_own(self):
        self.north.user_id = self.li
        with self.assertRaises(AccessError):
            self._as(self.li).action_confirm()

    def test_quota(self):
        self.plan.member_ids.filtered(lambda m: m.user_id == self.li).quota = 40000
        self.run_subledger()
        self.assertEqual(self.statement.attainment, 25)
        self.assertEqual(self.statement.rate_reached, 3)

    def test_paid_through_payroll(self):
        self._as(self.zhao).action_confirm()
        action = self._as(self.accountant).action_pay()
        self.run_subledger()
        move = self.env["account.move"].search(action["domain"])
        self.assertEqual(move.state, "posted")
        self.assertJournal(move, [("2211", 300.0, 0.0), ("224190", 0.0, 300.0)])
        self.assertEqual(self.statement.state, "paid")
        self.assertEqual((self.statement.settled, self.statement.to_pay), (300, 0))
        self.assertEqual(self.statement.payment_count, 1)
        self.assertBalance(self.payroll, "0.00")
        self.assertPostsNothing()
        with self.assertRaisesRegex(UserError, "nothing is to pay"):
            self._as(self.accountant).action_pay()

    def test_correction_after_payment(self):
        """A credit note after the payment: the difference is shown and settled."""
        self._as(self.zhao).action_confirm()
        self._as(self.accountant).action_pay()
        self._credit(self.invoice, amount=4000)
        self.run_subledger()
        self.assertEqual(self.statement.state, "paid")
        self.assertEqual(self.statement.to_pay, -120)
        action = self._as(self.accountant).action_pay()
        self.run_subledger()
        self.assertEqual((self.statement.settled, self.statement.to_pay), (180, 0))
        self.assertEqual(len(self.env["account.move"].search(action["domain"])), 1)
        self.assertPostsNothing()

    def test_payment_taken_back(self):
        self._as(self.zhao).action_confirm()
        action = self._as(self.accountant).action_pay()
        self.env["account.move"].search(action["domain"]).button_draft()
        self.assertEqual(self.statement.state, "confirmed")
        self.assertEqual(self.statement.to_pay, 300)
        self.assertLedgerEqualsGL()

    def test_payment_reversed(self):
        """The payroll entry is reversed instead of reset: the commission is owed again."""
        self._as(self.zhao).action_confirm()
        action = self._as(self.accountant).action_pay()
        self.env["account.move"].search(action["domain"])._reverse_moves(cancel=True)
        self.run_subledger()
        self.assertEqual(self.statement.state, "confirmed")
        self.assertEqual((self.statement.settled, self.statement.to_pay), (0, 300))
        self.assertLedgerEqualsGL()
        self.assertPostsNothing()
        self._as(self.accountant).action_pay()
        self.assertEqual((self.statement.state, self.statement.to_pay), ("paid", 0))
        self.assertLedgerEqualsGL()

    def test_agent_gets_a_vendor_bill(self):
        agent = self.env["res.partner"].create({"name": "Agent Sun"})
        self._add_member(self.plan, agent, role="overlay", rate=2)
        self.order.participant_ids = [Command.create({"agent_id": agent.id, "role": "overlay"})]
        self.run_subledger()
        self.statement = self._statement(agent)
        self._as(self.boss).action_confirm()
        action = self._as(self.accountant).action_pay()
        bill = self.env["account.move"].search(action["domain"])
        self.assertEqual((bill.state, bill.move_type), ("draft", "in_invoice"))
        self.assertEqual(bill.amount_total, 200)
        self.assertEqual(self.statement.state, "confirmed")
        with self.assertRaisesRegex(UserError, "draft payment already"):
            self._as(self.accountant).action_pay()
        bill.action_post()
        self.assertEqual(self.statement.state, "paid")
        self.assertPostsNothing()
        bill._reverse_moves([{"invoice_date": bill.invoice_date}], cancel=True)
        self.assertEqual((self.statement.state, self.statement.to_pay), ("confirmed", 200))
        self.assertLedgerEqualsGL()
        self.assertPostsNothing()

    def test_agent_owes(self):
        agent = self.env["res.partner"].create({"name": "Agent Sun"})
        self._add_member(self.plan, agent, role="overlay", rate=2)
        self.order.participant_ids = [Command.create({"agent_id": agent.id, "role": "overlay"})]
        self._credit(self.invoice, amount=10000, date="2026-04-10")
        self.run_subledger()
        self.statement = self._statement(agent, on="2026-04-01")
        self._as(self.boss).action_confirm()
        action = self._as(self.accountant).action_pay()
        refund = self.env["account.move"].search(action["domain"])
        self.assertEqual((refund.move_type, refund.amount_total), ("in_refund", 200))
        refund.action_post()
        self.assertEqual(self.statement.state, "paid")
        self.assertLedgerEqualsGL()

    def test_changed_after_confirmation(self):
        self._as(self.zhao).action_confirm()
        self._credit(self.invoice, amount=4000)
        self.run_subledger()
        self.assertEqual(self.statement.state, "computed")
        self.assertIn("confirm it again", self.statement.message_ids[0].body)

    def test_dispute_rejected_and_accepted(self):
        wizard = self.env["crm.commission.dispute"]
        with self.assertRaisesRegex(AccessError, "Only Li"):
            self._as(self.zhao)._dispute("not mine")
        wizard.with_user(self.li).create(
            {"statement_id": self.statement.id, "reason": "Deal X is missing"}
        ).action_dispute()
        self.assertEqual(self.statement.state, "disputed")
        self.assertEqual(self.statement.activity_ids.user_id, self.zhao)
        answer = wizard.with_user(self.zhao).create(
            {"statement_id": self.statement.id, "answer": "X is not paid yet"}
        )
        answer.action_reject()
        self.assertEqual(self.statement.state, "confirmed")
        self.assertEqual(self.statement.dispute_answer, "X is not paid yet")
        self.assertFalse(self.statement.activity_ids)
        self._as(self.li)._dispute("It was paid on Monday")
        with self.assertRaises(AccessError):
            self._as(self.li)._answer(True, "I agree with myself")
        self._as(self.boss)._answer(True, "Right, sorry")
        self.assertEqual(self.statement.state, "computed")

    def test_new_version_from_an_approved_one(self):
        action = self.version.action_new_version()
        draft = self.env["crm.commission.plan.version"].browse(action["res_id"])
        self.assertEqual(draft.state, "draft")
        self.assertEqual(draft.tier_ids.mapped("rate"), self.version.tier_ids.mapped("rate"))

    def test_recompute(self):
        self.plan.with_user(self.boss).action_recompute()
        self.run_subledger()
        self.assertEarned(self.li, "300.00")

    def test_explanation_in_the_readers_language(self):
        html = self.statement._subledger_entries().explanation_html
        self.assertIn("10,000.00", html)
        self.assertIn("3 %", html)
        self.assertIn("100,000.00", html)


@tagged("post_install", "-at_install")
class TestClosing(CommissionCase):
    """What becomes due because time passes."""

    def _close(self, on):
        with freeze_time(f"{on} 12:00:00"), self.enter_registry_test_mode():
            self.env.ref("crm_sales.ir_cron_close_periods").method_direct_trigger()

    def test_guaranteed_minimum(self):
        with freeze_time("2026-01-02 12:00:00"):
            plan = self._create_plan(name="Draw", members=False)
            self._add_member(plan, self.li, role="owner")
            self._create_version(plan, tiers=((0, 3),), floor=1000)
            self._pay(self._invoice(self._create_order(10000)))
            self.assertEarned(self.li, "300.00", plan=plan)
        self._close("2026-03-31")
        self.assertEqual(self._statement(self.li, plan).earned, 300)
        self._close("2026-04-01")
        statement = self._statement(self.li, plan)
        self.assertEqual(statement.earned, 1000)
        self.assertTrue(statement.closed)
        entry = statement._subledger_entries().filtered(lambda e: e.component == "guarantee")
        self.assertEqual(str(entry.date), "2026-03-31")
        self._close("2026-04-01")
        self.assertEqual(len(statement._subledger_entries()), 2)

    def test_guarantee_without_any_deal(self):
        plan = self._create_plan(name="Draw", members=False)
        self._add_member(plan, self.li, role="owner", date_to="2026-05-31")
        self._create_version(plan, tiers=((0, 3),), floor=1000)
        self._close("2026-08-01")
        self.assertEqual(self._statement(self.li, plan).earned, 1000)
        self.assertEqual(self._statement(self.li, plan, on="2026-04-01").earned, 1000)
        self.assertFalse(self._statement(self.li, plan, on="2026-07-01"))
        self.assertLedgerEqualsGL()

    def test_a_bad_statement_does_not_stop_the_others(self):
        self._add_member(self.plan, self.chen, role="owner")
        for user in (self.li, self.chen):
            self._pay(self._invoice(self._create_order(10000, user=user)))
        self.run_subledger()
        bad = self._statement(self.li)
        with self._poisoned(bad):
            self._close("2026-04-01")
        self.assertTrue(self._statement(self.chen).closed)
        row = self.env["crm.subledger.queue"].search(
            [("res_model", "=", bad._name), ("res_id", "=", bad.id)]
        )
        self.assertEqual((row.state, row.error), ("failed", "poisoned"))

    def _poisoned(self, bad):
        model = self.env.registry["crm.commission.statement"]
        original = model._subledger_targets

        def targets(statements):
            if bad.id in statements.ids:
                raise ZeroDivisionError("poisoned")
            return original(statements)

        return patch.object(model, "_subledger_targets", targets)
