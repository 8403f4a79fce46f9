from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..engine import span
from .common_forecast import ForecastCase


@tagged("post_install", "-at_install")
class TestCategory(ForecastCase):
    def test_follows_the_stage(self):
        lead = self._lead(100)
        self.assertEqual(lead.forecast_category, "pipeline")
        lead.stage_id = self.stages["best_case"]
        self.assertEqual(lead.forecast_category, "best_case")
        self.stages["best_case"].forecast_category = "commit"
        self.assertEqual(lead.forecast_category, "commit")

    def test_override_keeps_who_and_when(self):
        lead = self._lead(100).with_user(self.li)
        lead.forecast_category = "commit"
        self.assertEqual(lead.forecast_override, "commit")
        self.assertEqual(lead.forecast_override_uid, self.li)
        self.assertTrue(lead.forecast_override_date)
        lead.stage_id = self.stages["best_case"]
        self.assertEqual(lead.forecast_category, "commit")
        lead.forecast_category = "best_case"
        self.assertFalse(lead.forecast_override)
        self.assertFalse(lead.forecast_override_uid)

    def test_decided(self):
        won, lost = self._lead(1, category="commit"), self._lead(1, category="commit")
        won.action_set_won()
        lost.action_set_lost()
        self.assertEqual((won.forecast_category, lost.forecast_category), ("closed", "omitted"))
        lost.action_unarchive()
        self.assertEqual(lost.forecast_category, "commit")

    def test_open_is_never_closed(self):
        lead = self._lead(1)
        lead.forecast_category = "closed"
        self.assertEqual(lead.forecast_category, "commit")

    def test_created_with_a_category(self):
        lead = self._lead(1, forecast_category="best_case")
        self.assertEqual(lead.forecast_category, "best_case")
        self.assertEqual(lead.forecast_override, "best_case")


@tagged("post_install", "-at_install")
class TestTeamTree(ForecastCase):
    def test_circle_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "China cannot belong to North"):
            self.china.parent_id = self.north
        with self.assertRaises(ValidationError):
            self.north.parent_id = self.north

    def test_leaders_up_the_tree(self):
        self.assertEqual(self.north.leader_ids, self.zhao | self.head)
        self.china.user_id = self.boss
        self.assertEqual(self.north.leader_ids, self.zhao | self.boss)
        self.north.parent_id = False
        self.assertEqual(self.north.leader_ids, self.zhao)


@tagged("post_install", "-at_install")
class TestForecast(ForecastCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.last = span.bounds("quarter", cls.today)
        day = cls.first
        cls._quota(200000, user=cls.li, team=cls.north, date_from=day)
        cls._quota(90000, user=cls.chen, team=cls.south, date_from=day)
        cls._invoice(cls._create_order(50000, date=str(day)), date=str(day))
        cls._lead(10000, category="commit", deadline=cls.last)
        cls._lead(20000, category="best_case", deadline=cls.last)
        cls._lead(40000, deadline=cls.last)
        cls._lead(5000, category="omitted", deadline=cls.last)
        cls._lead(7000, category="commit", deadline=cls.last + timedelta(days=1))
        cls._lead(8000, user=cls.chen, team=cls.south, category="commit", deadline=cls.last)

    def submit(self, user, amount=None, comment="", by=None):
        forecast = self._forecast(user, by=by)
        wizard = (
            self.env["crm.forecast.submit"]
            .with_user(by or user)
            .create({"forecast_id": forecast.id, "comment": comment})
        )
        if amount is not None:
            wizard.amount = amount
        wizard.action_submit()
        return forecast

    def judge(self, forecast, by, amount, reason="Because"):
        self.env["crm.forecast.judge"].with_user(by).create(
            {"forecast_id": forecast.id, "amount": amount, "reason": reason}
        ).action_judge()

    def board(self, user, **asked):
        board = self._as(user)["crm.forecast.board"].get_board(**asked)
        return {(row["kind"], row["name"]): row for row in board["rows"]}

    def test_live_figures(self):
        forecast = self._forecast(self.li)
        figures = {
            name: forecast[name]
            for name in ("quota", "closed", "commit", "best_case", "pipeline", "gap")
        }
        self.assertEqual(
            figures,
            {
                "quota": 200000,
                "closed": 50000,
                "commit": 10000,
                "best_case": 20000,
                "pipeline": 40000,
                "gap": 150000,
            },
        )

    def test_submission_is_frozen(self):
        forecast = self.submit(self.li, comment="One deal depends on the budget.")
        self.assertEqual(forecast.submitted_amount, 60000)
        self.assertEqual(forecast.state, "submitted")
        self._lead(99000, category="commit", deadline=self.last)
        forecast.invalidate_recordset()
        self.assertEqual((forecast.commit, forecast.submitted_commit), (109000, 10000))
        again = self.submit(self.li, amount=150000)
        self.assertEqual(again, forecast)
        entries = forecast.entry_ids.filtered(lambda e: e.kind == "submission")
        self.assertEqual(entries.mapped("amount"), [150000, 60000])
        self.assertEqual(entries[1].commit, 10000)

    def test_judgement(self):
        forecast = self.submit(self.li)
        self.judge(forecast, self.zhao, 45000, "The crane is late.")
        self.assertEqual((forecast.call, forecast.submitted_amount), (45000, 60000))
        self.assertEqual(forecast.judged_uid, self.zhao)
        self.assertEqual(forecast.judge_reason, "The crane is late.")
        forecast.with_user(self.zhao).action_withdraw_judgement()
        self.assertEqual((forecast.state, forecast.call), ("submitted", 60000))

    def test_who_may_judge_and_submit(self):
        forecast = self.submit(self.li)
        self.judge(forecast, self.head, 1)
        self.judge(forecast, self.director, 2)
        with self.assertRaises(AccessError):
            forecast._judge(3, "mine")  # the test user is no sales manager
        for user in (self.li, self.wang, self.chen):
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                forecast.with_user(user)._judge(3, "I think")
        for user in (self.zhao, self.wang):
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                forecast.with_user(user)._submit(3, "")
        with self.assertRaisesRegex(UserError, "Say why"):
            forecast.with_user(self.zhao)._judge(3, " ")
        forecast.with_user(self.director)._submit(70000, "by phone")
        self.assertEqual(forecast.submitted_uid, self.director)

    def test_nothing_is_said_of_the_past(self):
        forecast = self._forecast(self.li, day=self.first - timedelta(days=5))
        with self.assertRaisesRegex(UserError, "ended on"):
            forecast.with_user(self.li)._submit(1, "")
        with self.assertRaisesRegex(UserError, "ended on"):
            forecast.with_user(self.zhao)._judge(1, "late")

    def test_board_of_a_manager(self):
        self.submit(self.li)
        rows = self.board(self.director)
        self.assertEqual(rows["company", self.company.name]["values"]["closed"], 50000)
        china, north = rows["team", "China"], rows["team", "North"]
        self.assertEqual((china["depth"], north["depth"]), (0, 1))
        self.assertEqual(china["values"]["quota"], 290000)
        self.assertEqual(china["values"]["commit"], 18000)
        self.assertEqual(north["values"]["commit"], 10000)
        self.assertEqual(rows["person", "Li"]["depth"], 2)
        self.assertEqual(china["values"]["submitted"], 60000)

    def test_roll_up_of_judgements(self):
        li, chen = self.submit(self.li), self.submit(self.chen, amount=9000)
        self.judge(li, self.zhao, 45000)
        rows = self.board(self.head)
        self.assertEqual(rows["team", "North"]["values"]["judged"], 45000)
        self.assertEqual(rows["team", "China"]["values"]["submitted"], 69000)
        self.assertEqual(rows["team", "China"]["values"]["judged"], 54000)
        board = self._as(self.head)["crm.forecast.board"]
        north = board.get_forecast(
            self.company.id, "quarter", fields.Date.to_string(self.first), self.north.id
        )
        self.judge(self.env["crm.forecast"].browse(north), self.head, 30000)
        rows = self.board(self.head)
        self.assertEqual(rows["team", "North"]["values"]["judged"], 30000)
        self.assertEqual(rows["team", "China"]["values"]["judged"], 39000)
        self.assertTrue(chen)

    def test_every_cell_drills(self):
        board = self._as(self.director)["crm.forecast.board"]
        cell = {
            "company_id": self.company.id,
            "period": "quarter",
            "date_from": fields.Date.to_string(self.first),
            "measure": "invoiced",
            "team_id": self.china.id,
            "user_id": False,
        }
        values = self.board(self.director)["team", "China"]["values"]
        sums = {"quota": "amount", "closed": "amount", "statistical": None, "submitted": None}
        for kind in ("quota", "closed", "commit", "best_case", "pipeline", "statistical",
                     "submitted"):  # fmt: skip
            action = board.open_cell({**cell, "kind": kind})
            model = board.env[action["res_model"]].with_context(**action.get("context", {}))
            found = model.search(action["domain"])
            name = sums.get(kind, "expected_revenue")
            if name:
                with self.subTest(kind=kind):
                    self.assertEqual(sum(found.mapped(name)), values[kind])

    def test_quota_of_other_periods(self):
        """A board by month takes its part of a quarter's quota, one by quarter sums months."""
        rows = self.board(self.director, period="month")
        self.assertEqual(rows["person", "Chen"]["values"]["quota"], 30000)
        for month in span.months_of(self.first, self.last)[:2]:
            self._quota(1000, user=self.wang, team=self.north, period="month", date_from=month)
        self.assertEqual(self.board(self.director)["person", "Wang"]["values"]["quota"], 2000)

    def test_undated_opportunities_are_named(self):
        self._lead(1, date_deadline=False)
        board = self._as(self.li)["crm.forecast.board"].get_board()
        self.assertEqual(board["undated"], 1)

    def test_accuracy(self):
        """Weeks before the close, and how far off what was said then was in the end."""
        past = span.shift("quarter", self.today, -1)
        end = span.bounds("quarter", past)[1]
        self._invoice(self._create_order(80000, date=str(end)), date=str(end))
        monday = span.week_start(end - timedelta(days=21))
        with freeze_time(f"{monday} 12:00:00"):
            forecast = self._forecast(self.li, day=monday)
            forecast.with_user(self.li)._submit(100000, "")
            snapshots = self.env["crm.forecast.snapshot"].sudo()._for_week(monday)
            snapshots.filtered(lambda s: s.company_id == self.company)._take()
        row = self.env["crm.forecast.accuracy"].search([("forecast_id", "=", forecast.id)])
        self.assertEqual(len(row), 1)
        self.assertEqual((row.final, row.call), (80000, 100000))
        self.assertEqual((row.error_submitted, row.bias), (25, 25))
        self.assertEqual(row.weeks_left, (end - monday).days // 7)
        seen = self._as(self.chen)["crm.forecast.accuracy"].search([])
        self.assertNotIn(row, seen)


@tagged("post_install", "-at_install")
class TestStatistic(ForecastCase):
    def test_projection(self):
        month = self.today.replace(day=1)
        starts = [span.add_months(month, -back) for back in range(1, 9)]
        for start in starts:
            self._invoice(self._create_order(12000, date=str(start)), date=str(start))
        statistic = self.env["crm.forecast.statistic"].sudo()
        statistic._refresh(self.company)
        rows = statistic.search(
            [("user_id", "=", self.li.id), ("measure", "=", "invoiced"), ("level", "=", "person")]
        )
        ahead = rows.filtered(lambda row: row.kind == "forecast")
        self.assertEqual(len(ahead), 12)
        self.assertEqual(set(ahead.mapped("value")), {12000})
        self.assertEqual(set(ahead.mapped("mape")), {0})
        past = rows.filtered(lambda row: row.kind == "actual")
        self.assertEqual(sum(past.mapped("value")), 96000)
        levels = statistic.search([("measure", "=", "invoiced"), ("month", "=", month)])
        self.assertEqual(set(levels.mapped("level")), {"company", "team", "person"})
        self.assertEqual(levels.team_id, self.north | self.china)
        first, last = span.bounds("quarter", self.today)
        forecast = self._forecast(self.li)
        expected = 12000 * 3
        if first < starts[-1]:
            expected = 12000 * 3  # every month of the quarter has a sale or a forecast
        self.assertEqual(forecast.statistical, expected)
        self.assertEqual((last - first).days // 31, 2)
        before = len(statistic.search([]))
        statistic._refresh(self.company)
        self.assertEqual(len(statistic.search([])), before)

    def test_a_company_that_fails_stops_nobody(self):
        statistic = self.env["crm.forecast.statistic"].sudo()
        kept = statistic._refresh(self.company)
        self.patch(
            type(statistic), "_series", lambda *args: (_ for _ in ()).throw(ValueError("poisoned"))
        )
        with self.assertLogs("odoo.addons.crm_sales", level="WARNING") as logs:
            self.assertFalse(statistic._refresh_safely(self.company))
        self.assertIn("poisoned", logs.output[0])
        self.assertEqual(kept.exists(), kept)
