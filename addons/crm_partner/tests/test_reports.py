import json

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.crm_customer.engine.dashboard import charts as charts_of
from odoo.addons.crm_subledger.tests.common import day

from ..tools import dashboards, unlocked
from .common import PartnerCase


@tagged("-at_install", "post_install")
class TestSalesReport(PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        history = cls.env["crm.partner.level.history"]
        cls.history = unlocked(history.search([("company_id", "=", cls.company.id)]))
        cls.history.date = day("2026-01-01")
        cls._invoice(cls.alpha, "2026-02-10", 3000)
        cls._invoice(cls.alpha, "2026-02-20", 500, refund=True)
        cls._invoice(cls.gamma, "2026-03-05", 1000)
        cls._invoice(cls.outsider, "2026-02-11", 6500)
        cls._invoice(cls.beta, "2026-02-12", 9999, post=False)

    def _sums(self, group, user=None):
        report = self.env["crm.partner.sales.report"].with_user(user or self.channel)
        rows = report._read_group(
            [("company_id", "=", self.company.id), ("date", ">=", "2026-01-01")],
            [group],
            ["amount:sum", "partner_amount:sum", "share:avg"],
        )
        return {key: (amount, part, round(share, 4)) for key, amount, part, share in rows}

    def test_share_is_that_of_the_sums(self):
        self.assertEqual(
            self._sums("channel"),
            {"partner": (3500, 3500, 100), "direct": (6500, 0, 0)},
        )
        [total] = self._sums("company_id").values()
        self.assertEqual(total, (10000, 3500, 35))
        levels = self._sums("grade_id")
        self.assertEqual(levels[self.gold][0], 2500)
        self.assertEqual(levels[self.silver][0], 1000)

    def _event(self, date, **values):
        """Add an event of that day to the history of alpha."""
        return unlocked(self.env["crm.partner.level.history"]).create(
            {
                "partner_id": self.alpha.id,
                "company_id": self.company.id,
                "date": day(date),
                **values,
            }
        )

    def test_level_is_that_of_the_day_of_the_invoice(self):
        """Alpha is gold since January; +3,000 on 10 February and -500 on the 20th."""
        before, after = self.gold.id, self.silver.id
        self._event("2026-02-15", kind="demotion", from_grade_id=before, grade_id=after)
        self._event("2026-02-18", kind="warning", grade_id=after)
        self.alpha.grade_id = self.authorised
        levels = self._sums("grade_id")
        self.assertEqual(levels[self.gold][0], 3000)
        self.assertEqual(levels[self.silver][0], 1000 - 500)
        self.assertNotIn(self.authorised, levels)
        # the day of the event counts as the new level, and of one day the last event
        self._event("2026-02-20", kind="leave", from_grade_id=after)
        self.assertEqual(self._sums("channel")["direct"][0], 6500 - 500)
        self._event("2026-02-20", kind="start", grade_id=before)
        self.assertEqual(self._sums("grade_id")[self.gold][0], 2500)

    def test_level_before_the_first_event(self):
        """Before it joined, a partner bought directly; a first warning had its level already."""
        own = self.history.filtered(lambda row: row.partner_id == self.alpha)
        own.date = day("2026-02-15")
        sums = self._sums("channel")
        self.assertEqual((sums["direct"][0], sums["partner"][0]), (9500, 500))
        own.write({"kind": "warning", "from_grade_id": False})
        self.assertEqual(self._sums("grade_id")[self.gold][0], 2500)
        own.unlink()
        self.assertEqual(self._sums("grade_id")[self.gold][0], 2500)

    def test_equals_the_journal(self):
        [[booked]] = self.env["account.move.line"]._read_group(
            [
                ("company_id", "=", self.company.id),
                ("parent_state", "=", "posted"),
                ("account_id.account_type", "=", "income"),
            ],
            [],
            ["balance:sum"],
        )
        [total] = self._sums("company_id").values()
        self.assertEqual(total[0], -booked)

    def test_row_opens_its_invoice(self):
        row = self.env["crm.partner.sales.report"].search([("partner_id", "=", self.gamma.id)])
        self.assertEqual(row.action_open_invoice()["res_id"], row.move_id.id)

    def test_rights(self):
        with self.assertRaises(AccessError):
            self._sums("channel", self.seller)
        self.assertFalse(self._sums("channel", self.stranger))


@tagged("-at_install", "post_install")
class TestScorecard(PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()

    def _rows(self, user=None):
        rows = self.env["crm.partner.scorecard"].with_user(user or self.channel).search([])
        return {row.partner_id: row for row in rows}

    @freeze_time("2026-06-30 04:00:00")
    def test_purchases_and_growth(self):
        immediate = self.env.ref("account.account_payment_term_immediate")
        self.alpha.with_company(self.company).property_payment_term_id = immediate
        self._invoice(self.alpha, "2025-03-01", 2000)
        self._invoice(self.alpha, "2026-03-01", 3500)
        self._invoice(self.alpha, "2026-04-01", 500, refund=True)
        self._invoice(self.alpha, "2024-03-01", 9999)
        self._invoice(self.gamma, "2026-05-01", 800)
        rows = self._rows()
        self.assertEqual(rows.keys(), {self.alpha, self.beta, self.gamma})
        alpha = rows[self.alpha]
        self.assertEqual((alpha.purchases, alpha.purchases_before, alpha.growth), (3000, 2000, 50))
        self.assertTrue(alpha.comparable)
        self.assertFalse(alpha.growth_note)
        self.assertEqual((rows[self.gamma].purchases, rows[self.gamma].growth), (800, 0))
        self.assertIn("05/01/2026", rows[self.gamma].growth_note)
        self.assertEqual(rows[self.beta].growth_note, "No purchase yet")
        self.assertEqual(rows[self.beta].purchases, 0)
        total = alpha.currency_id.round((2000 + 3500 - 500 + 9999) * 1.13)
        self.assertEqual(alpha.overdue, total)
        self.assertEqual(rows[self.gamma].overdue, 0)

    @freeze_time("2026-06-30 04:00:00")
    def test_growth_needs_a_whole_year_before(self):
        self._invoice(self.alpha, "2025-06-01", 100)
        self._invoice(self.alpha, "2026-03-01", 1200)
        self._invoice(self.beta, "2024-06-30", 100)
        self._invoice(self.beta, "2026-03-01", 1200)
        rows = self._rows()
        self.assertEqual(rows[self.alpha].purchases_before, 100)
        self.assertEqual((rows[self.alpha].comparable, rows[self.alpha].growth), (False, 0))
        self.assertIn("no whole year before", rows[self.alpha].growth_note)
        self.assertEqual(rows[self.beta].growth_note, "Nothing bought in the year before")
        # neither moves the growth of its level
        self._invoice(self.beta, "2025-03-01", 600)
        self.env.invalidate_all()
        [[growth]] = self.env["crm.partner.scorecard"]._read_group([], [], ["growth:avg"])
        self.assertEqual((self._rows()[self.beta].growth, growth), (100, 100))

    @freeze_time("2026-06-30 04:00:00")
    def test_rates_are_those_of_the_sums(self):
        self._invoice(self.alpha, "2024-03-01", 9999)
        self._invoice(self.beta, "2024-03-01", 9999)
        self._invoice(self.alpha, "2025-03-01", 1000)
        self._invoice(self.alpha, "2026-03-01", 2000)
        self._invoice(self.beta, "2025-03-01", 3000)
        self._invoice(self.beta, "2026-03-01", 3000)
        [[level, growth]] = (
            self.env["crm.partner.scorecard"]
            .with_user(self.channel)
            ._read_group([("grade_id", "=", self.gold.id)], ["grade_id"], ["growth:avg"])
        )
        self.assertEqual((level, growth), (self.gold, 25))

    def test_rights(self):
        with self.assertRaises(AccessError):
            self._rows(self.seller)
        self.assertFalse(self._rows(self.stranger))
        row = self._rows()[self.alpha]
        self.assertEqual(row.action_open_partner()["res_id"], self.alpha.id)


@tagged("-at_install", "post_install")
class TestRegistrationReport(PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()

    def _register(self, partner, name, amount=1000, **values):
        registration = self.env["crm.deal.registration"].create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "customer_name": name,
                "amount": amount,
                "expected_close": fields.Date.add(fields.Date.today(), days=30),
                **values,
            }
        )
        registration.action_submit()
        return registration

    def test_conflict_rate(self):
        first = self._register(self.alpha, "上海宏泰机械有限公司", customer_phone="021-68881234")
        second = self._register(self.beta, "宏泰机械（上海）", customer_phone="021-68881234")
        self._register(self.beta, "苏州明达电子有限公司", customer_phone="0512-66668888")
        self.assertEqual((first.in_conflict, second.in_conflict), (False, True))
        rows = (
            self.env["crm.deal.registration.report"]
            .with_user(self.channel)
            ._read_group(
                [("company_id", "=", self.company.id)],
                ["partner_id"],
                ["registrations:sum", "conflicts:sum", "conflict_rate:avg", "approved:sum"],
            )
        )
        self.assertEqual(dict((row[0], row[1:]) for row in rows), {
            self.alpha: (1, 0, 0, 1),
            self.beta: (2, 1, 50, 1),
        })  # fmt: skip

    def test_rights(self):
        self._register(self.alpha, "上海宏泰机械有限公司", customer_phone="021-68881234")
        report = self.env["crm.deal.registration.report"]
        with self.assertRaises(AccessError):
            report.with_user(self.seller).search([])
        self.assertFalse(report.with_user(self.stranger).search([]))
        self.assertTrue(report.with_user(self.channel).search([]))


@tagged("-at_install", "post_install")
class TestDashboard(PartnerCase):
    def test_dashboard(self):
        """The file is what the generator writes, and what it names exists."""
        dashboard = self.env.ref("crm_partner.dashboard_channel")
        dashboard._check_spreadsheet_data()
        data = json.loads(dashboard.spreadsheet_data)
        self.assertEqual(data, dashboards.build("channel"))
        self.assertIn(self.env.ref("crm_partner.group_partner_user"), dashboard.group_ids)
        for chart in charts_of(data):
            linked = chart.get("actionXmlId") or data["chartOdooMenusReferences"][chart["chartId"]]
            self.assertTrue(self.env.ref(linked), chart["title"])
