from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.crm_subledger.tests.common import day

from .common import CommissionCase


@tagged("post_install", "-at_install")
class TestStoryD2(CommissionCase):
    """A commission that is capitalised and amortised (IFRS 15.91), and terminated early."""

    @classmethod
    @freeze_time("2026-01-01 08:00:00")
    def setUpClass(cls):
        super().setUpClass()
        cls.contracts = cls._create_plan(name="Contracts", members=False, period="year")
        cls._add_member(cls.contracts, cls.li, role="owner")
        cls._create_version(
            cls.contracts,
            tiers=((0, 8),),
            basis="booked",
            capitalise=True,
            termination_clawback=50,
        )

    def setUp(self):
        super().setUp()
        with freeze_time("2026-01-01 08:00:00"):
            self.order = self._sign(24)

    def _sign(self, months):
        order = self._create_order(
            240000,
            date="2026-01-01",
            contract_date_start="2026-01-01",
            contract_months=months,
        )
        self.run_subledger()
        return order

    def _entries(self, ledger):
        return self.env["crm.subledger.entry"].search(
            [("ledger_id", "=", ledger.id), ("order_id", "=", self.order.id)], order="date, id"
        )

    def _amortise(self, until):
        with freeze_time(f"{until} 20:00:00"):
            cron = self.env.ref("crm_sales.ir_cron_amortise")
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
            self.run_subledger()

    def test_signature(self):
        entry = self._entries(self.commissions)
        self.assertEqual(entry.amount, -19200.00)
        self.assertJournal(entry.move_id, [("180190", 19200.0, 0.0), ("2211", 0.0, 19200.0)])
        cost = self.order.contract_cost_ids
        self.assertEqual((cost.capitalised, cost.carrying), (19200.00, 19200.00))
        self.assertEqual(cost.next_date, day("2026-01-31"))
        with freeze_time("2026-01-30 22:00:00"):
            self.assertPostsNothing()

    def test_amortised_month_by_month(self):
        self._amortise("2026-01-31")
        self.assertBalance(self.contract_cost, "18400.00")
        self._amortise("2026-09-30")
        months = self._entries(self.costs).filtered(lambda e: e.kind == "accrual")
        self.assertEqual(months.mapped("amount"), [-800.00] * 9)
        self.assertEqual(months[0].date, day("2026-01-31"))
        self.assertEqual(months[-1].date, day("2026-09-30"))
        self.assertJournal(months[-1].move_id, [("6601", 800.00, 0.0), ("180190", 0.0, 800.00)])
        cost = self.order.contract_cost_ids
        self.assertEqual((cost.amortised, cost.carrying), (7200.00, 12000.00))
        with freeze_time("2026-09-30 21:00:00"):
            self.assertPostsNothing()

    def test_terminated(self):
        self._amortise("2026-09-30")
        with freeze_time("2026-09-30 22:00:00"):
            wizard = self.env["crm.contract.terminate"].create(
                {"order_id": self.order.id, "date": "2026-09-30"}
            )
            wizard.action_terminate()
            self.run_subledger()
        back = self._entries(self.commissions)[-1]
        self.assertJournal(back.move_id, [("2211", 6000.0, 0.0), ("180190", 0.0, 6000.0)])
        lost = self._entries(self.costs).filtered(lambda e: e.component == "impairment")
        self.assertJournal(lost.move_id, [("6601", 6000.0, 0.0), ("180190", 0.0, 6000.0)])
        self.assertBalance(self.contract_cost, "0.00")
        self.assertBalance(self.payroll, "-13200.00")
        cost = self.order.contract_cost_ids
        self.assertEqual((cost.clawed_back, cost.impaired, cost.carrying), (6000, 6000, 0))
        self.assertFalse(cost.next_date)
        with freeze_time("2026-12-31 22:00:00"):
            self.assertPostsNothing()
        self._amortise("2027-12-31")
        self.assertBalance(self.contract_cost, "0.00")

    def test_practical_expedient(self):
        """IFRS 15.94: a contract of twelve months is expensed at once."""
        with freeze_time("2026-01-01 08:00:00"):
            self.order = self._sign(12)
        entry = self._entries(self.commissions)
        self.assertJournal(entry.move_id, [("6601", 19200.0, 0.0), ("2211", 0.0, 19200.0)])
        self.assertFalse(self.order.contract_cost_ids)

    def test_cancelled_contract(self):
        """Cancelling the order takes everything back, the asset included."""
        with freeze_time("2026-01-20 08:00:00"):
            self.order._action_cancel()
            self.run_subledger()
            self.assertBalance(self.contract_cost, "0.00")
            self.assertBalance(self.payroll, "0.00")
            self.assertPostsNothing()
