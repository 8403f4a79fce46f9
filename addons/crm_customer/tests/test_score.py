import datetime
import random
from unittest.mock import patch

import numpy as np

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from ..engine import value as engine
from .common_score import ScoreCase

DAY = datetime.date(2026, 3, 31)


@tagged("post_install", "-at_install")
class TestScore(ScoreCase):
    def _many(self, count=60, seed=5):
        """Rows of the inputs query as many customers would give them."""
        rng = random.Random(seed)
        partners = self.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(count)]
        )
        end = (DAY - datetime.date(1970, 1, 1)).days
        rows = []
        for partner in partners:
            purchases = 1 + min(int(rng.expovariate(0.4)), 12)
            first = end - rng.randint(100, 700)
            last = first if purchases == 1 else rng.randint(first + purchases, end)
            amount = round(purchases * rng.uniform(50, 400), 2)
            rows.append((partner.id, first, last, purchases, amount, round(amount / 2, 2)))
        return partners, rows

    def _compute_many(self, rows, date=DAY):
        values = SQL(", ").join(
            SQL("(%s::integer, %s::integer, %s::integer, %s::bigint, %s::float8, %s::float8)", *row)
            for row in rows
        )
        Score = self.env.registry["crm.partner.score"]
        query = SQL("SELECT * FROM (VALUES %s) v", values)
        with patch.object(Score, "_sql_inputs", lambda *_arguments: query):
            return self._compute(date)

    # ------------------------------------------------------------------
    # What counts
    # ------------------------------------------------------------------

    def test_figures_of_a_customer(self):
        self._sell(self.anna, 1000, "2026-01-10", cost=600)
        self._sell(self.anna, 500, "2026-01-10", cost=100)
        self._sell(self.anna, 2000, "2026-03-01", cost=900)
        run = self._compute("2026-03-31")
        self.assertRecordValues(
            self._score(self.anna, run),
            [
                {
                    "month": fields.Date.to_date("2026-03-01"),
                    "first_date": fields.Date.to_date("2026-01-10"),
                    "last_date": fields.Date.to_date("2026-03-01"),
                    "recency_days": 30,
                    "purchases": 2,
                    "revenue": 3500 - 1600,
                    "contribution": 1900,
                    "has_model": False,
                }
            ],
        )

    def test_a_credit_note_reduces(self):
        self._sell(self.anna, 1000, "2026-01-10")
        self._sell(self.anna, 400, "2026-02-10", move_type="out_refund")
        self._sell(self.bert, 1000, "2026-01-10")
        self._sell(self.bert, 1000, "2026-01-10", move_type="out_refund")
        run = self._compute("2026-03-31")
        score = self._score(self.anna, run)
        self.assertEqual((score.contribution, score.purchases), (600, 1))
        self.assertFalse(self._score(self.bert, run), "undone on the same day: no purchase")

    def test_a_later_document_is_not_in_an_earlier_month(self):
        self._sell(self.anna, 1000, "2026-01-10")
        self._sell(self.anna, 500, "2026-02-10")
        january, february = self._compute("2026-01-31"), self._compute("2026-02-28")
        self.assertEqual(self._score(self.anna, january).revenue, 1000)
        self.assertEqual(self._score(self.anna, february).revenue, 1500)
        self.assertFalse(self._score(self.anna, january).is_current)
        self.assertTrue(self._score(self.anna, february).is_current)
        again = self._compute("2026-01-31")
        self.assertFalse(self._score(self.anna, again).is_current, "an old month stays old")

    def test_drafts_and_other_companies_do_not_count(self):
        other = self.setup_other_company(name="Other Company")["company"]
        self._sell(self.anna, 700, "2026-01-10", company=other)
        self._sell(self.anna, 300, "2026-01-10").button_draft()
        self._sell(self.anna, 200, "2026-01-11")
        run = self._compute("2026-03-31")
        self.assertEqual(self._score(self.anna, run).revenue, 200)
        self.assertEqual(self._score(self.anna, self._compute("2026-03-31", other)).revenue, 700)

    def test_a_contact_counts_for_its_company(self):
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.anna.id})
        self._sell(contact, 100, "2026-01-10")
        run = self._compute("2026-03-31")
        self.assertEqual(run.score_ids.partner_id, self.anna)
        self.assertEqual(contact.with_company(self.company).value_score_id, run.score_ids)

    # ------------------------------------------------------------------
    # Set-based = one by one
    # ------------------------------------------------------------------

    def test_quintiles_are_those_of_sql(self):
        _partners, rows = self._many()
        run = self._compute_many(rows)
        self.env.cr.execute(
            """
            SELECT COUNT(*)
              FROM (
                SELECT *,
                       LEAST(5, 1 + FLOOR(5 * PERCENT_RANK() OVER (ORDER BY last_date))) AS r,
                       LEAST(5, 1 + FLOOR(5 * PERCENT_RANK() OVER (ORDER BY purchases))) AS f,
                       LEAST(5, 1 + FLOOR(5 * PERCENT_RANK() OVER (ORDER BY contribution))) AS m
                  FROM crm_partner_score
                 WHERE run_id = %s
              ) q
             WHERE (r, f, m) = (recency_score, frequency_score, monetary_score)
            """,
            [run.id],
        )
        self.assertEqual(self.env.cr.fetchone()[0], len(rows))

    def test_forecast_is_that_of_the_engine_for_each_customer(self):
        partners, rows = self._many()
        run = self._compute_many(rows)
        self.assertEqual(run.state, "fitted", run.reason_text)
        rhythm = engine.Rhythm(run.r, run.alpha, run.a, run.b, run.log_likelihood)
        end = (DAY - datetime.date(1970, 1, 1)).days
        for partner, row in list(zip(partners, rows, strict=True))[:15]:
            score = self._score(partner, run)
            customer = [np.array([float(n)]) for n in (row[3] - 1, row[2] - row[1], end - row[1])]
            self.assertAlmostEqual(score.p_alive, engine.alive(rhythm, *customer)[0], 9)
            expected = engine.expected_purchases(rhythm, *customer, 365.25)[0]
            self.assertAlmostEqual(score.expected_purchases, expected, 2)
            self.assertAlmostEqual(
                score.expected_value, expected * score.value_per_purchase, delta=0.1
            )
            self.assertGreaterEqual(score.lifetime_value, score.expected_value * 0.9)
            self.assertEqual(score.churn_class, engine.churn_class(score.p_buy))

    def test_a_longer_horizon_is_worth_more_and_discounting_less(self):
        _partners, rows = self._many()
        values = {}
        for horizon, rate in ((12, 0), (36, 0), (36, 10)):
            self.company.write({"score_horizon_months": horizon, "score_discount_rate": rate})
            values[horizon, rate] = sum(self._compute_many(rows).score_ids.mapped("lifetime_value"))
        self.assertGreater(values[36, 0], values[36, 10])
        self.assertGreater(values[36, 10], values[12, 0])
        year = sum(self._compute_many(rows).score_ids.mapped("expected_value"))
        self.assertAlmostEqual(values[12, 0], year, delta=1)

    def test_twice_in_a_month_is_once(self):
        _partners, rows = self._many()
        first = self._compute_many(rows)
        kept = {score.partner_id.id: score.id for score in first.score_ids}
        values = first.score_ids.sorted("id").mapped("lifetime_value")
        second = self._compute_many(rows)
        self.assertEqual(first, second)
        self.assertEqual({s.partner_id.id: s.id for s in second.score_ids}, kept)
        self.assertEqual(second.score_ids.sorted("id").mapped("lifetime_value"), values)
        third = self._compute_many(rows[1:])
        self.assertEqual(len(third.score_ids), len(rows) - 1, "who bought nothing any more is gone")

    # ------------------------------------------------------------------
    # Nothing is silent
    # ------------------------------------------------------------------

    def test_too_few_customers_say_so(self):
        self._sell(self.anna, 100, "2026-01-10")
        run = self._compute("2026-03-31")
        self.assertRecordValues(run, [{"state": "rfm", "reason": "few_customers", "customers": 1}])
        score = self._score(self.anna, run)
        self.assertIn("an estimate needs 30", score.explanation)
        self.assertFalse(score.churn_class)

    def test_a_company_without_sales_says_so(self):
        run = self._compute("2026-03-31")
        self.assertRecordValues(run, [{"state": "rfm", "reason": "no_purchase", "customers": 0}])
        self.assertTrue(run.reason_text)

    def test_a_bad_company_does_not_stop_the_others(self):
        other = self.setup_other_company(name="Other Company")["company"]
        self._sell(self.anna, 200, "2026-01-11", company=other)
        Score = self.env.registry["crm.partner.score"]
        original = Score._sql_inputs

        def poisoned(model, company, date):
            if company == self.company:
                raise ZeroDivisionError("poisoned")
            return original(model, company, date)

        with patch.object(Score, "_sql_inputs", poisoned), self.enter_registry_test_mode():
            self.env.ref("crm_customer.ir_cron_score").method_direct_trigger()
        runs = self.env["crm.partner.score.run"].search([])
        bad = runs.filtered(lambda run: run.company_id == self.company)
        self.assertRecordValues(bad, [{"state": "failed", "error": "poisoned"}])
        self.assertIn("poisoned", bad.reason_text)
        good = runs.filtered(lambda run: run.company_id == other)
        self.assertEqual(good.score_ids.partner_id, self.anna)
        self._sell(self.bert, 200, "2026-01-11")
        with self.enter_registry_test_mode():
            self.env.ref("crm_customer.ir_cron_score").method_direct_trigger()
        self.assertRecordValues(bad, [{"state": "rfm", "error": False, "customers": 1}])

    def test_settings_out_of_range_are_refused(self):
        for vals in (
            {"score_horizon_months": 0},
            {"score_discount_rate": -1},
            {"score_minimum": 3},
        ):
            with self.subTest(vals), self.assertRaises(ValidationError):
                self.company.write(vals)

    # ------------------------------------------------------------------
    # In words, rights
    # ------------------------------------------------------------------

    def test_explanation_in_the_language_of_the_reader(self):
        partners, rows = self._many()
        partners = partners.with_company(self.company)
        rows[0] = (*rows[0][:1], rows[0][1], rows[0][1] + 60, 7, 7000.0, 3500.0)
        run = self._compute_many(rows)
        score = self._score(partners[0], run)
        days = score.recency_days
        self.assertIn(f"Bought 7 times, last {days} days ago", score.explanation)
        self.assertIn(f"{round(100 * score.p_alive)} %", score.explanation)
        self.assertIn("contributing", score.explanation)
        chinese = score.with_context(lang="zh_CN").explanation
        self.assertIn("7", chinese)
        self.assertNotIn("Bought", chinese)
        figures = self.env["crm.customer.figures"].with_company(self.company)
        self.assertEqual(
            {
                figure["key"]: figure["value"]
                for figure in figures._figures_value(partners[0].with_company(self.company))
                if figure["type"] != "text"
            },
            {
                "expected_purchases": score.expected_purchases,
                "lifetime_value": score.lifetime_value,
            },
        )
        found = self.env["res.partner"].with_company(self.company)
        for name, value in (("value_class", score.rfm_class), ("value_churn_class", "low")):
            same = found.search([(name, "=", value), ("id", "in", partners.ids)])
            self.assertEqual(same, partners.filtered(lambda p, n=name, v=value: p[n] == v))
        nobody = found.search(
            [("value_class", "=", False), ("id", "in", (partners | self.anna).ids)]
        )
        self.assertEqual(nobody, self.anna)
        graph = partners[0].with_company(self.company).value_graph
        self.assertIn(str(round(100 * score.p_buy)), graph)

    def test_who_sees_what(self):
        self._create_users()
        partners, rows = self._many()
        run = self._compute_many(rows)
        score = self._score(partners[0], run)
        seen = score.with_user(self.seller)
        self.assertTrue(seen.rfm_class)
        self.assertNotIn("contributing", seen.explanation)
        with self.assertRaises(AccessError):
            seen.read(["contribution"])
        figures = self.env["crm.customer.figures"].with_user(self.seller)
        keys = [
            figure["key"] for figure in figures._figures_value(partners[0].with_user(self.seller))
        ]
        self.assertEqual(keys, ["value_class", "expected_purchases"])
        self.assertNotIn("contributing", partners[0].with_user(self.seller).value_explanation)
        self.assertEqual(score.with_user(self.manager).contribution, score.contribution)
        self.assertFalse(self.env["crm.partner.score"].with_user(self.stranger).search([]))
        with self.assertRaises(AccessError):
            self.env["crm.partner.score"].with_user(self.nobody).search([])
        for user in (self.seller, self.manager):
            with self.assertRaises(AccessError):
                score.with_user(user).write({"purchases": 99})

    def test_who_may_compute(self):
        self._create_users()
        Score = self.env["crm.partner.score"]
        for user in (self.seller, self.nobody):
            with self.assertRaises(AccessError):
                Score.with_user(user).action_compute_now()
        self._sell(self.anna, 100, "2026-01-10")
        notice = Score.with_user(self.manager).action_compute_now()
        self.assertEqual(notice["params"]["type"], "warning", "no forecast, and it says why")
        self.assertTrue(self.anna.with_user(self.manager).value_score_id)
