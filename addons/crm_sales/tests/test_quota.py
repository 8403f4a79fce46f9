import psycopg2

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_forecast import ForecastCase


@tagged("post_install", "-at_install")
class TestQuota(ForecastCase):
    """What counts for a quota, in each measure and dimension, to the cent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # 100,000 booked, 60,000 of it invoiced in the quarter, a part of that paid.
        cls.order = cls._create_order(100000, date="2026-01-05")
        cls.invoice = cls._invoice(cls.order, date="2026-02-10")
        cls.late = cls._create_order(40000, date="2026-04-02")
        cls._pay(cls.invoice, amount=56500, date="2026-03-20")
        cls._credit(cls.invoice, amount=20000, date="2026-03-25")

    def achieved(self, measure, **values):
        return self._quota(200000, measure=measure, **{"user": self.li, **values}).achieved

    def test_measures(self):
        self.assertEqual(self.achieved("booked"), 100000)
        self.assertEqual(self.achieved("invoiced"), 80000)
        # 56,500 of 90,400 (80,000 and 13 %) came in.
        self.assertEqual(self.achieved("collected"), 50000)

    def test_same_figures_as_commission(self):
        """A quota of collected amounts and the commission credit the same basis."""
        self.run_subledger()
        statement = self._statement(self.li)
        self.assertEqual(statement.basis, self.achieved("collected"))

    def test_unreconciled_payment_counts_no_more(self):
        quota = self._quota(1, user=self.li, measure="collected")
        self.assertEqual(quota.achieved, 50000)
        self.invoice.line_ids.remove_move_reconcile()
        quota.invalidate_recordset()
        self.assertEqual(quota.achieved, 0)

    def test_cancelled_order_counts_no_more(self):
        quota = self._quota(1, user=self.li, measure="booked", date_from="2026-04-01")
        self.assertEqual(quota.achieved, 40000)
        self.late._action_cancel()
        quota.invalidate_recordset()
        self.assertEqual(quota.achieved, 0)

    def test_shared_deal(self):
        self.order.participant_ids = [
            Command.clear(),
            Command.create({"user_id": self.li.id, "share": 70}),
            Command.create({"user_id": self.chen.id, "share": 30}),
        ]
        self.assertEqual(self.achieved("invoiced"), 56000)
        self.assertEqual(self.achieved("invoiced", user=self.chen), 24000)

    def test_teams_count_what_their_sub_teams_sell(self):
        self._invoice(
            self._create_order(5000, user=self.chen, team_id=self.south.id, date="2026-02-01"),
            date="2026-02-02",
        )
        for team, amount in ((self.north, 80000), (self.south, 5000), (self.china, 85000)):
            with self.subTest(team=team.name):
                self.assertEqual(self.achieved("invoiced", user=None, team=team), amount)
        self.assertEqual(self.achieved("invoiced", user=None), 85000)
        self.assertEqual(self.achieved("invoiced", team=self.south), 0)

    def test_product_category(self):
        pumps = self.env["product.category"].create({"name": "Pumps"})
        small = self.env["product.category"].create({"name": "Small", "parent_id": pumps.id})
        pump = self._create_product(
            name="Pump",
            type="service",
            invoice_policy="order",
            taxes_id=self.tax_13,
            categ_id=small.id,
        )
        lines = [(self.service, 3000), (pump, 7000)]
        order = self._create_order(
            0,
            date="2026-01-08",
            order_line=[
                Command.create(
                    {
                        "product_id": product.id,
                        "name": product.name,
                        "price_unit": price,
                        "tax_ids": self.tax_13.ids,
                    }
                )
                for product, price in lines
            ],
        )
        invoice = self._invoice(order, date="2026-01-09")
        self._pay(invoice, amount=5650, date="2026-01-30")
        self.assertEqual(self.achieved("booked", categ_id=pumps.id), 7000)
        self.assertEqual(self.achieved("invoiced", categ_id=pumps.id), 7000)
        # Half of the invoice was paid, so half of the pump.
        self.assertEqual(self.achieved("collected", categ_id=pumps.id), 3500)
        self.assertEqual(self.achieved("booked"), 110000)

    def test_territory(self):
        """Deals whose opportunity lies in the territory or below it."""
        model = self.env["crm.territory.model"].create(
            {"name": "Map", "company_id": self.company.id, "date_from": "2026-01-01"}
        )
        east, shanghai, west = self.env["crm.territory"].create(
            [{"name": name, "model_id": model.id} for name in ("East", "Shanghai", "West")]
        )
        shanghai.parent_id = east
        lead = self._lead(0)
        self.order.opportunity_id = lead
        lead.sudo().territory_id = shanghai
        self.env.flush_all()
        for territory, amount in ((shanghai, 80000), (east, 80000), (west, 0)):
            with self.subTest(territory=territory.name):
                self.assertEqual(self.achieved("invoiced", territory_id=territory.id), amount)

    def test_periods(self):
        self.assertEqual(self.achieved("invoiced", period="month"), 0)
        self.assertEqual(self.achieved("invoiced", period="month", date_from="2026-02-14"), 100000)
        self.assertEqual(self.achieved("invoiced", period="month", date_from="2026-03-01"), -20000)
        self.assertEqual(self.achieved("booked", period="year", date_from="2026-07-09"), 140000)

    def test_recurring(self):
        plan = self.env["crm.recurring.plan"].create({"name": "Yearly", "number_of_months": 12})
        lead = self._lead(0, recurring_revenue=12000, recurring_plan=plan.id)
        lead.action_set_won()
        lead.date_closed = "2026-02-01 00:00:00"
        self.assertEqual(self.achieved("recurring"), 1000)
        with self.assertRaises(ValidationError):
            self.achieved("recurring", categ_id=self.service.categ_id.id)

    def test_many_at_once(self):
        """The number of queries does not grow with the number of quotas."""
        quotas = self.env["crm.quota"].create(
            [
                {
                    "company_id": self.company.id,
                    "user_id": user.id,
                    "amount": 1000,
                    "period": "month",
                    "date_from": f"{year}-{month:02}-01",
                }
                for user in (self.li, self.wang, self.chen)
                for year in (2024, 2025, 2026)
                for month in range(1, 13)
            ]
        )
        self.env.flush_all()
        one, all_ = quotas[0], quotas
        one.invalidate_recordset()
        queries = []
        for quotas_ in (one, all_):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            quotas_.mapped("achieved")
            queries.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(queries[1], queries[0])
        self.env.invalidate_all()
        self.assertEqual(sum(all_.mapped("achieved")), 80000)

    def test_attainment_and_pace(self):
        quota = self._quota(160000, user=self.li)
        self.assertEqual((quota.attainment, quota.gap), (50, 80000))
        self.assertEqual((quota.elapsed, quota.pace), (100, "behind"))
        self.assertEqual(self.env["crm.quota"].search([("achieved", ">", 70000)]), quota)

    # ------------------------------------------------------------------
    # Bad input
    # ------------------------------------------------------------------

    def test_the_same_period_twice_is_refused(self):
        self._quota(1000, user=self.li)
        with self.assertRaisesRegex(ValidationError, "already a quota.*Li"):
            self._quota(2000, user=self.li, date_from="2026-03-31")
        other = self._quota(2000, user=self.li, date_from="2026-04-01")
        with self.assertRaises(ValidationError):
            other.date_from = "2026-02-02"
        self._quota(1, user=self.li, measure="booked")
        self._quota(1, user=self.li, period="month")
        self._quota(1, user=self.li, team=self.north)
        self._quota(1, user=self.wang)

    def test_not_even_around_the_check(self):
        quota = self._quota(1000, user=self.li)
        other = self._quota(1000, user=self.wang)
        self.env.flush_all()
        with self.assertRaises(psycopg2.IntegrityError), mute_logger("odoo.sql_db"):
            self.env.cr.execute(
                "UPDATE crm_quota SET key = %s WHERE id = %s", [quota.key, other.id]
            )

    def test_archived_quota_is_not_in_the_way(self):
        quota = self._quota(1000, user=self.li)
        quota.active = False
        self._quota(2000, user=self.li)
        with self.assertRaises(ValidationError):
            quota.active = True

    def test_negative_amount(self):
        with self.assertRaises(psycopg2.IntegrityError), mute_logger("odoo.sql_db"):
            self._quota(-1, user=self.li)

    # ------------------------------------------------------------------
    # Distribution and import
    # ------------------------------------------------------------------

    def distribute(self, quota, user=None, **values):
        wizard = self.env["crm.quota.distribute"].with_user(user or self.director)
        return wizard.create({"quota_id": quota.id, **values})

    def test_distribute_over_people(self):
        quota = self._quota(100000, team=self.china)
        wizard = self.distribute(quota)
        self.assertEqual(wizard.over, "people")
        self.assertEqual(wizard.line_ids.user_id, self.li | self.wang | self.chen)
        self.assertEqual(wizard.rest, 0)
        wizard.action_apply()
        parts = quota.child_ids
        self.assertEqual(len(parts), 3)
        self.assertEqual(round(sum(parts.mapped("amount")), 2), 100000)
        self.assertEqual(set(parts.mapped("amount")), {33333.34, 33333.33})
        self.assertEqual(parts.filtered(lambda q: q.user_id == self.chen).team_id, self.south)
        self.assertEqual(quota.distributed, 100000)

    def test_distribute_again_changes_the_parts(self):
        quota = self._quota(90000, team=self.china)
        self.distribute(quota).action_apply()
        quota.amount = 120000
        self.distribute(quota).action_apply()
        self.assertEqual(set(quota.child_ids.mapped("amount")), {40000})

    def test_distribute_over_periods_as_a_year_ago(self):
        quota = self._quota(300, user=self.li, period="year", date_from="2027-01-01")
        wizard = self.distribute(quota, over="quarter", by="last_year")
        self.assertEqual(wizard.line_ids.mapped("amount"), [300, 0, 0, 0])
        wizard = self.distribute(quota, over="month", by="equal")
        self.assertEqual(len(wizard.line_ids), 12)
        wizard.action_apply()
        self.assertEqual(set(quota.child_ids.mapped("amount")), {25})

    def test_distribute_by_pipeline(self):
        self._lead(3000, user=self.li, deadline="2026-02-01")
        self._lead(1000, user=self.chen, deadline="2026-02-01", team=self.south)
        quota = self._quota(4000, team=self.china)
        wizard = self.distribute(quota, by="pipeline")
        amounts = {line.user_id: line.amount for line in wizard.line_ids}
        self.assertEqual(amounts, {self.li: 3000, self.wang: 0, self.chen: 1000})

    def test_parts_that_do_not_sum_are_refused(self):
        wizard = self.distribute(self._quota(100, team=self.north))
        with Form(wizard.with_user(self.director)) as form, form.line_ids.edit(0) as line:
            line.amount = 10
        self.assertEqual(wizard.rest, 40)
        with self.assertRaisesRegex(UserError, "40.00"):
            wizard.action_apply()
        self.assertFalse(wizard.quota_id.child_ids)

    def test_import(self):
        fields_ = ["user_id", "team_id", "measure", "period", "date_from", "amount"]
        rows = [["Li", "North", "Collected", "Quarter", "2026-01-20", "1000"]]
        model = self.env["crm.quota"].with_company(self.company)
        result = model.load(fields_, rows)
        self.assertFalse(result["messages"])
        quota = model.browse(result["ids"])
        self.assertEqual((quota.user_id, quota.team_id), (self.li, self.north))
        self.assertEqual((quota.measure, str(quota.date_from)), ("collected", "2026-01-01"))
        again = model.load(fields_, rows)
        self.assertFalse(again["ids"])
        self.assertIn("already a quota", again["messages"][0]["message"])
        template = model.get_import_templates()[0]["template"]
        self.assertTrue(template.endswith("crm_quota.csv"))

    # ------------------------------------------------------------------
    # Drill-down
    # ------------------------------------------------------------------

    def test_documents_behind(self):
        quota = self._quota(1, user=self.li)
        action = quota.action_open_documents()
        items = self.env["account.move.line"].search(action["domain"])
        self.assertEqual(-sum(items.mapped("balance")), quota.achieved)
        collected = self._quota(1, user=self.li, measure="collected")
        action = collected.action_open_documents()
        moves = self.env["account.move.line"].search(action["domain"]).move_id
        self.assertIn(self.invoice, moves)
        self.assertIn("entry", moves.mapped("move_type"))

    def test_achievements_sum_to_the_quota(self):
        for measure in ("booked", "invoiced", "collected"):
            quota = self._quota(1, user=self.li, measure=measure)
            action = quota.action_open_achievements()
            rows = (
                self.env["crm.achievement"]
                .with_context(**action["context"])
                .search(action["domain"])
            )
            self.assertEqual(sum(rows.mapped("amount")), quota.achieved, measure)
            self.assertEqual(rows.order_id, self.order)
            self.assertEqual(rows[0].action_open_document()["res_id"], self.order.id)
        items = self.env["account.move.line"].search(rows.action_open_items()["domain"])
        self.assertIn(self.invoice, items.move_id)
