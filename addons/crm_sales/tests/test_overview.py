from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from odoo.addons.crm_subledger.tests.common import day

from .common import CommissionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 08:00:00")
class TestOverview(CommissionCase):
    """My commission: earned, expected through the same scale, and only one's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._create_order(80000)
        cls._pay(cls._invoice(cls.order))
        cls.env.flush_all()
        cls.env.cr.precommit.run()

    def page(self, user):
        return self.env["crm.commission.overview"].with_user(user).get_my_commission()["plans"]

    def _create_lead(self, revenue, probability, deadline="2026-03-20", user=None, **values):
        return self.env["crm.lead"].create(
            {
                "name": f"Deal {revenue}",
                "type": "opportunity",
                "user_id": (user or self.li).id,
                "team_id": self.north.id,
                "company_id": self.company.id,
                "expected_revenue": revenue,
                "date_deadline": deadline,
                "probability": probability,
                **values,
            }
        )

    def test_earned_and_why(self):
        [plan] = self.page(self.li)
        self.assertEqual((plan["basis"], plan["earned"]), (80000.0, 2400.0))
        self.assertEqual([line["deal"] for line in plan["lines"]], [self.order.name])
        self.assertEqual(plan["steps"][0][1:], ("80,000.00", "3 %", "2,400.00"))
        self.assertEqual([tier["reached"] for tier in plan["tiers"]], [True, False])
        self.assertEqual(plan["tiers"][1]["missing"], 20000.0)
        self.assertEqual(plan["date_to"], day("2026-03-31"))

    def test_expected_continues_the_scale(self):
        """57,000 at 100 % on top of 80,000: 20,000 at 3 % and 37,000 at 5 %, as in story D1."""
        self._create_lead(114000, 50)
        expected = self.page(self.li)[0]["expected"]
        self.assertEqual([row["basis"] for row in expected["rows"]], [57000.0])
        self.assertEqual(expected["total"], 2450.0)

    def test_a_later_period_starts_at_zero(self):
        self._create_lead(114000, 50, deadline="2026-05-01")
        self.assertEqual(self.page(self.li)[0]["expected"]["total"], 1710.0)

    def test_a_missed_closing_counts_today(self):
        self._create_lead(114000, 50, deadline="2026-01-15")
        row = self.page(self.li)[0]["expected"]["rows"][0]
        self.assertEqual(row["date"], day("2026-03-10"))

    def test_retroactive_lifts_what_is_credited(self):
        plan = self._create_plan(name="Retro", members=False)
        self._add_member(plan, self.li, role="owner")
        self._create_version(plan, method="retroactive")
        self.run_subledger()
        self._create_lead(114000, 50)
        page = next(page for page in self.page(self.li) if page["name"] == "Retro")
        self.assertEqual(page["expected"]["uplift"], 1600.0)
        self.assertEqual(page["expected"]["total"], 6850.0 - 2400.0)

    def test_shares_and_overlays_of_an_opportunity(self):
        lead = self._create_lead(10000, 50)
        lead.deal_member_ids = [
            Command.create({"user_id": self.chen.id, "commission": "owner", "split": 60}),
            Command.create({"user_id": self.wang.id, "commission": "overlay"}),
        ]
        self.assertEqual(self.page(self.li)[0]["expected"]["total"], 60.0)
        [row] = self.page(self.wang)[0]["expected"]["rows"]
        self.assertEqual((row["basis"], row["commission"]), (5000.0, 25.0))
        self.assertTrue(row["can_open"], "the member of the deal team reads it")

    def test_filters_of_the_version(self):
        plan = self._create_plan(name="South only", members=False)
        self._add_member(plan, self.li, role="owner")
        self._create_version(plan, team_ids=[Command.set(self.south.ids)])
        self._create_lead(10000, 50)
        page = next(page for page in self.page(self.li) if page["name"] == "South only")
        self.assertFalse(page["expected"]["rows"])

    def test_won_and_lost_are_not_expected(self):
        self._create_lead(10000, 50).action_set_won()
        self._create_lead(10000, 50).action_set_lost()
        self._create_lead(10000, 0)
        self.assertFalse(self.page(self.li)[0]["expected"]["rows"])

    def test_others_see_their_own_page(self):
        self._create_lead(10000, 50)
        self.assertFalse(self.page(self.chen))
        self.assertFalse(self.page(self.boss))
        [plan] = self.page(self.wang)
        self.assertEqual((plan["earned"], plan["lines"]), (0.0, []))
        self.assertFalse(plan["expected"]["rows"])

    def test_number_of_queries_does_not_grow_with_the_deals(self):
        for _number in range(3):
            self._create_lead(1000, 50)
        self.page(self.li)
        self.env.invalidate_all()
        few = self.env.cr.sql_log_count
        self.page(self.li)
        few = self.env.cr.sql_log_count - few
        for _number in range(20):
            self._create_lead(1000, 50)
        self.env.flush_all()
        self.env.invalidate_all()
        many = self.env.cr.sql_log_count
        self.page(self.li)
        self.assertLessEqual(self.env.cr.sql_log_count - many, few + 2)
