import random

from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import DeliveryCase


@tagged("post_install", "-at_install")
@freeze_time("2026-03-05 08:00:00")
class TestStoryE3(DeliveryCase):
    """Story E3: percentage of completion, cost to cost, to the cent."""

    def setUp(self):
        super().setUp()
        self.order, self.project = self.sell()
        self.budget(self.project)
        self.revenue = self.recognise(self.project)

    def assertPosition(self, liability, asset):
        self.assertBalance(self.liability_account, liability)
        self.assertBalance(self.asset_account, asset)
        self.assertLedgerEqualsGL()

    def month_1(self):
        self.spend(self.project, 100000, "2026-01-20")
        invoice = self.bill(self.order, 200000, "2026-01-25")
        self.assertEqual(invoice.amount_tax, 12000)
        return invoice

    def month_2(self):
        self.spend(self.project, 200000, "2026-02-20")
        self.estimate(self.project, 480000, "2026-02-25")
        return self.bill(self.order, 100000, "2026-02-26")

    def test_month_1(self):
        self.month_1()
        self.close(self.revenue, "2026-01-31")
        self.assertPosition("-50000.00", "0.00")
        self.assertEqual(self.revenue_until("2026-01-31"), 150000)
        self.assertEqual((self.revenue.percent, self.revenue.earned), (25, 150000))
        entry = self.revenue._subledger_entries()
        self.assertJournal(entry.move_id, [("6001", 50000.0, 0.0), ("2204", 0.0, 50000.0)])
        self.assertEqual(str(entry.date), "2026-01-31")
        self.assertEqual(entry.order_id, self.order)
        self.assertEqual(entry.partner_id, self.customer)

    def test_month_2(self):
        self.month_1()
        self.close(self.revenue, "2026-01-31")
        self.month_2()
        self.close(self.revenue, "2026-02-28")
        self.assertPosition("0.00", "75000.00")
        self.assertEqual(self.revenue_until("2026-01-31"), 150000)
        self.assertEqual(self.revenue_until("2026-02-28"), 375000)
        self.assertEqual((self.revenue.percent, self.revenue.contract_asset), (62.5, 75000))
        self.assertEqual(self.revenue.contract_liability, 0)
        entries = self.revenue._subledger_entries().sorted("id")[1:]
        self.assertJournal(
            entries.move_id,
            [
                ("1481", 75000.0, 0.0),
                ("2204", 50000.0, 0.0),
                ("6001", 0.0, 50000.0),
                ("6001", 0.0, 75000.0),
            ],
        )

    def test_alarm(self):
        """It is raised when the cost reaches 80 % of 400,000, once, and again at 100 %."""
        self.spend(self.project, 100000, "2026-01-20")
        self.spend(self.project, 200000, "2026-02-20")
        self.assertFalse(self.project.budget_alarm_ids)
        self.spend(self.project, 20000, "2026-02-27")
        alarm = self.project.budget_alarm_ids
        self.assertEqual((alarm.percent, alarm.cost, alarm.budget), (80, 320000, 400000))
        activity = self.project.activity_ids
        self.assertEqual(activity.user_id, self.pm)
        self.assertIn("80 %", self.project.message_ids[0].body)
        self.spend(self.project, 10000, "2026-02-28")
        self.assertEqual(self.project.budget_alarm_ids, alarm)
        self.spend(self.project, 90000, "2026-03-01")
        self.assertEqual(sorted(self.project.budget_alarm_ids.mapped("percent")), [80, 100])

    def test_any_order_of_events(self):
        """Whatever comes first, closings in between included, both months end to the cent."""
        events = [
            lambda: self.spend(self.project, 100000, "2026-01-20"),
            lambda: self.bill(self.order, 200000, "2026-01-25"),
            lambda: self.spend(self.project, 200000, "2026-02-20"),
            lambda: self.estimate(self.project, 480000, "2026-02-25"),
            lambda: self.bill(self.order, 100000, "2026-02-26"),
            lambda: self.close(self.revenue, "2026-01-31"),
            lambda: self.close(self.revenue, "2026-02-28"),
        ]
        for seed in range(6):
            with self.subTest(seed=seed), self.env.cr.savepoint() as point:
                order = list(events)
                random.Random(seed).shuffle(order)
                for event in order:
                    event()
                    self.run_subledger()
                self.close(self.revenue, "2026-02-28")
                self.assertPosition("0.00", "75000.00")
                self.assertEqual(self.revenue_until("2026-01-31"), 150000)
                self.assertEqual(self.revenue_until("2026-02-28"), 375000)
                self.assertFalse(self.revenue._subledger_run(force_split=True), "I6")
                point.rollback()
                self.env.invalidate_all()

    def test_and_back(self):
        """Everything taken back, in the other direction, leaves nothing."""
        first = self.spend(self.project, 100000, "2026-01-20")
        invoice = self.bill(self.order, 200000, "2026-01-25")
        second = self.spend(self.project, 200000, "2026-02-20")
        estimate = self.estimate(self.project, 480000, "2026-02-25")
        other = self.bill(self.order, 100000, "2026-02-26")
        self.close(self.revenue, "2026-02-28")
        self.assertPosition("0.00", "75000.00")
        other.button_draft()
        self.run_subledger()
        self.assertPosition("0.00", "175000.00")
        estimate.unlink()
        self.run_subledger()
        self.assertPosition("0.00", "250000.00")  # 75 % of 600,000 − 200,000
        second.button_draft()
        self.run_subledger()
        self.assertPosition("-50000.00", "0.00")
        first.button_draft()
        self.run_subledger()
        self.assertPosition("-200000.00", "0.00")
        invoice.button_draft()
        self.run_subledger()
        self.assertPosition("0.00", "0.00")
        self.assertEqual(self.revenue_until("2026-12-31"), 0)
        self.assertFalse(self.revenue._subledger_run(force_split=True))

    def test_credit_note(self):
        invoice = self.month_1()
        self.close(self.revenue, "2026-01-31")
        note = invoice._reverse_moves(
            [{"invoice_date": "2026-02-03", "date": "2026-02-03"}], cancel=False
        )
        note.action_post()
        self.close(self.revenue, "2026-02-28")
        self.assertPosition("0.00", "150000.00")
        self.assertEqual(self.revenue_until("2026-02-28"), 150000)

    def test_late_bill_in_a_locked_month(self):
        self.month_1()
        self.close(self.revenue, "2026-01-31")
        self.company.fiscalyear_lock_date = "2026-01-31"
        self.month_2()
        self.close(self.revenue, "2026-02-28")
        self.assertEqual(self.revenue_until("2026-01-31"), 150000)
        self.assertPosition("0.00", "75000.00")

    def test_costs_over_the_estimate(self):
        """More cost than estimated: complete, and never more revenue than the contract."""
        self.spend(self.project, 500000, "2026-01-20")
        self.close(self.revenue, "2026-01-31")
        self.assertEqual(self.revenue.earned, 600000)
        self.estimate(self.project, 700000, "2026-01-31")
        self.run_subledger()
        self.assertTrue(self.revenue.onerous)
        self.assertEqual(self.revenue.earned, 428571.43)
        self.assertPosition("0.00", "428571.43")

    def test_close_next_month(self):
        self.month_1()
        self.revenue.with_user(self.accountant).action_close_month()
        self.run_subledger()
        self.assertPosition("-50000.00", "0.00")

    def test_daily_job(self):
        self.month_1()
        self.month_2()
        cron = self.env.ref("crm_sales_project.ir_cron_close_revenue")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.run_subledger()
        self.assertEqual(str(self.revenue.date_until), "2026-02-28")
        self.assertPosition("0.00", "75000.00")

    def test_poisoned_contract(self):
        """One contract that cannot be computed stays in the queue; the other is posted."""
        order, project = self.sell(user=self.chen)
        self.budget(project)
        other = self.recognise(project)
        self.month_1()
        self.spend(project, 100000, "2026-01-20")
        original = type(self.revenue)._contract

        def contract(record):
            if record.project_id == project:
                raise ZeroDivisionError("poisoned")
            return original(record)

        self.patch(type(self.revenue), "_contract", contract)
        with self.enter_registry_test_mode():
            self.env.ref("crm_sales_project.ir_cron_close_revenue").method_direct_trigger()
        queue = self.env["crm.subledger.queue"].search(
            [("res_id", "=", other.id), ("res_model", "=", other._name)]
        )
        self.assertEqual(queue.error, "poisoned")
        self.assertBalance(self.liability_account, "-50000.00")

    # Bad input --------------------------------------------------------------

    def test_closed_before_it_starts(self):
        with self.assertRaisesRegex(ValidationError, "before the first month"):
            self.revenue.date_until = "2025-12-31"

    def test_no_ledgers(self):
        self.company.contract_asset_ledger_id = False
        with self.assertRaisesRegex(UserError, "Settings > CRM"):
            self.revenue.action_close_month()

    def test_nothing_to_measure(self):
        _order, project = self.sell()
        with self.assertRaisesRegex(UserError, "neither a budget nor an estimate"):
            project.action_recognise_over_time()
        loose = self.env["project.project"].create({"name": "Internal"})
        with self.assertRaisesRegex(UserError, "no sales order"):
            loose.action_recognise_over_time()

    def test_who_may(self):
        for user, may in (
            (self.accountant, True), (self.pm, True), (self.li, False), (self.engineer, False),
        ):  # fmt: skip
            self.assertEqual(self.revenue.with_user(user).has_access("read"), may, user.login)
