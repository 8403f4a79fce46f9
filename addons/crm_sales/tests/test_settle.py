from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import CommissionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-02 08:00:00")
class TestSettle(CommissionCase):
    """Many statements confirmed, or paid, at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._add_member(cls.plan, cls.chen, role="owner")
        cls._pay(cls._invoice(cls._create_order(80000)))
        cls._pay(cls._invoice(cls._create_order(10000, user=cls.chen)))
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.statements = cls.env["crm.commission.statement"].search(
            [("plan_id", "=", cls.plan.id), ("earned", ">", 0)], order="partner_id"
        )
        cls.of_li = cls.statements.filtered(lambda s: s.user_id == cls.li)

    def settle(self, user, mode, statements=None):
        form = Form(
            self.env["crm.commission.settle"]
            .with_user(user)
            .with_context(default_mode=mode, active_ids=(statements or self.statements).ids)
        )
        return form.save()

    def test_the_manager_confirms_all(self):
        settle = self.settle(self.boss, "confirm")
        self.assertEqual((settle.ready_count, settle.skipped_count), (2, 0))
        self.assertEqual(settle.total, 2700.0)
        settle.action_apply()
        self.assertEqual(set(self.statements.mapped("state")), {"confirmed"})

    def test_a_team_leader_confirms_the_team(self):
        settle = self.settle(self.zhao, "confirm")
        self.assertEqual(settle.line_ids.statement_id, self.of_li, "others are not even seen")
        settle.action_apply()
        self.assertEqual(self.of_li.state, "confirmed")

    def test_nobody_confirms_their_own(self):
        settle = self.settle(self.li, "confirm")
        self.assertEqual(settle.ready_count, 0)
        self.assertEqual(settle.line_ids.reason, "Somebody else confirms it")
        with self.assertRaisesRegex(UserError, "None of these"):
            settle.action_apply()

    def test_not_even_a_commission_manager(self):
        self._add_member(self.plan, self.boss, role="owner")
        self._pay(self._invoice(self._create_order(10000, user=self.boss)))
        self.run_subledger()
        own = self._statement(self.boss)
        self.assertEqual(own.earned, 300.0)
        with self.assertRaisesRegex(AccessError, "can only be confirmed"):
            own.with_user(self.boss).action_confirm()

    def test_what_is_not_confirmed_is_left_out_of_the_payment(self):
        self.of_li.with_user(self.boss).action_confirm()
        settle = self.settle(self.accountant, "pay")
        self.assertEqual((settle.ready_count, settle.skipped_count), (1, 1))
        self.assertEqual(settle.line_ids.mapped("reason"), [False, "It is computed"])
        settle.action_apply()
        self.assertEqual(self.of_li.state, "paid")
        self.assertEqual(self.of_li.to_pay, 0.0)
        self.assertEqual((self.statements - self.of_li).state, "computed")
        self.assertEqual(
            self.settle(self.accountant, "pay", self.of_li).line_ids.reason, "Nothing is to pay"
        )

    def _late(self, amount):
        """What is invoiced and paid now waits in the queue."""
        self.env["ir.config_parameter"].set_param("crm_subledger.immediate_keys", "0")
        self._pay(self._invoice(self._create_order(amount)))
        self.run_subledger()

    def test_what_waits_in_the_queue_is_posted_first(self):
        self._late(10000)
        self.assertEqual(self.of_li.earned, 2400.0)
        settle = self.settle(self.boss, "confirm")
        self.assertEqual(settle.total, 3000.0)
        settle.action_apply()
        self.assertEqual(set(self.statements.mapped("state")), {"confirmed"})
        self.settle(self.accountant, "pay").action_apply()
        self.assertEqual(self.of_li.settled, 2700.0)

    def test_nobody_confirms_an_amount_they_have_not_seen(self):
        self._late(10000)
        action = self.statements.with_user(self.boss).action_confirm()
        self.assertIn(self.of_li.display_name, action["params"]["message"])
        self.assertEqual((self.of_li.state, self.of_li.earned), ("computed", 2700.0))
        self.assertEqual((self.statements - self.of_li).state, "confirmed")
        self.assertIs(self.of_li.with_user(self.boss).action_confirm(), True)

    def test_nor_is_it_paid(self):
        self.statements.with_user(self.boss).action_confirm()
        settle = self.settle(self.accountant, "pay")
        self._late(10000)
        settle.action_apply()
        self.assertEqual((self.of_li.state, self.of_li.to_pay), ("computed", 2700.0))
        self.assertEqual((self.statements - self.of_li).state, "paid")
        self.of_li.with_user(self.boss).action_confirm()
        self._late(10000)
        action = self.of_li.with_user(self.accountant).action_pay()
        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual((self.of_li.state, self.of_li.settled), ("computed", 0))

    def test_only_accountants_pay(self):
        self.of_li.with_user(self.boss).action_confirm()
        with self.assertRaises(AccessError):
            self.settle(self.boss, "pay", self.of_li).action_apply()

    def test_a_line_tells_nothing_of_what_a_colleague_earns(self):
        of_chen = self.statements - self.of_li
        line = (
            self.env["crm.commission.settle.line"]
            .with_user(self.li)
            .create({"statement_id": of_chen.id})
        )
        for name in ("earned", "to_pay", "partner_id"):
            line.invalidate_recordset()
            with self.assertRaises(AccessError):
                line.read([name])
