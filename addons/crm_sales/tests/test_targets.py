from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_forecast import ForecastCase


@tagged("post_install", "-at_install")
class TestTargets(ForecastCase):
    """Leaderboard, challenges and the weekly digest."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first = cls.today.replace(day=1)
        day = str(cls.today)
        cls.company.forecast_period = "month"
        for user, team, amount in ((cls.li, cls.north, 5000), (cls.chen, cls.south, 9000)):
            order = cls._create_order(amount, user=user, team_id=team.id, date=day)
            cls._pay(cls._invoice(order, date=day), date=day)
            cls._quota(10000, user=user, team=team, period="month", date_from=cls.first)
        cls._quota(10000, user=cls.wang, team=cls.north, period="month", date_from=cls.first)

    def leaderboard(self, user, **asked):
        page = self._as(user)["crm.leaderboard"].get_leaderboard(**asked)
        return {row["name"]: row for row in page["rows"]}

    def test_ranks(self):
        rows = self.leaderboard(self.li)
        self.assertEqual(list(rows), ["Chen", "Li", "Wang"])
        self.assertEqual([row["rank"] for row in rows.values()], [1, 2, 3])
        self.assertEqual([row["attainment"] for row in rows.values()], [90, 50, 0])
        self.assertTrue(rows["Li"]["mine"])

    def test_equal_attainments_share_a_rank(self):
        day = str(self.today)
        order = self._create_order(9000, user=self.wang, date=day)
        self._invoice(order, date=day)
        rows = self.leaderboard(self.li)
        self.assertEqual([row["rank"] for row in rows.values()], [1, 1, 3])

    def test_amounts_stay_with_their_owner_and_leaders(self):
        def amounts(user):
            return {name: row["achieved"] for name, row in self.leaderboard(user).items()}

        self.assertEqual(amounts(self.li), {"Chen": False, "Li": 5000, "Wang": False})
        self.assertEqual(amounts(self.zhao), {"Chen": False, "Li": 5000, "Wang": 0})
        self.assertEqual(amounts(self.head), {"Chen": 9000, "Li": 5000, "Wang": 0})
        self.assertEqual(amounts(self.director), {"Chen": 9000, "Li": 5000, "Wang": 0})
        self.assertFalse(self.leaderboard(self.stranger))

    def test_measures_and_periods(self):
        self._quota(20000, user=self.li, team=self.north, period="year", measure="collected",
                    date_from=self.first)  # fmt: skip
        rows = self.leaderboard(self.li, period="year", measure="collected")
        self.assertEqual(rows["Li"]["attainment"], 25)

    def goals(self, challenge):
        challenge.user_domain = str([("id", "in", (self.li | self.chen).ids)])
        challenge.action_start()
        goals = self.env["gamification.goal"].search([("challenge_id", "=", challenge.id)])
        goals.update_goal()
        return {(g.user_id, g.definition_id.compute_code.split('"')[-2]): g for g in goals}

    def test_challenge_on_quota(self):
        goals = self.goals(self.env.ref("crm_sales.challenge_quota"))
        self.assertEqual(goals[self.li, "attainment"].current, 50)
        self.assertEqual(goals[self.chen, "attainment"].current, 90)
        page = self._as(self.li)["crm.leaderboard"].get_leaderboard()
        self.assertEqual([one["current"] for one in page["challenges"]], [50])

    def test_challenge_on_cash(self):
        challenge = self.env.ref("crm_sales.challenge_cash")
        challenge.line_ids.filtered(lambda line: line.sequence == 2).target_goal = 9000
        goals = self.goals(challenge)
        self.assertEqual(goals[self.li, "booked"].current, 5000)
        self.assertEqual(goals[self.chen, "collected"].current, 9000)
        self.assertEqual(goals[self.chen, "collected"].state, "reached")
        page = self._as(self.li)["crm.leaderboard"].get_leaderboard()
        self.assertEqual(len(page["challenges"]), 2)

    def kpi(self, user, name):
        end = fields.Datetime.now() + timedelta(days=1)
        digest = self.env["digest.digest"].create(
            {"name": "Week", "company_id": self.company.id, f"kpi_{name}": True}
        )
        return (
            digest.with_user(user)
            .with_context(
                start_datetime=end - timedelta(days=8),
                end_datetime=end,
                allowed_company_ids=user.company_ids.ids,
            )
            .sudo(False)[f"kpi_{name}_value"]
        )

    def test_digest(self):
        won = [self._lead(1) for _n in range(3)]
        for lead in won:
            lead.action_set_won()
        self._lead(1).action_set_lost()
        self.env.flush_all()
        expected = {"crm_booked": 14000, "crm_invoiced": 14000, "crm_collected": 14000}
        for name, amount in expected.items():
            with self.subTest(name=name):
                self.assertEqual(self.kpi(self.director, name), amount)
                self.assertEqual(self.kpi(self.li, name), 5000)
        self.assertEqual(self.kpi(self.director, "crm_win_rate"), 75)
        with self.assertRaises(AccessError):
            self.kpi(self.accountant, "crm_booked")

    def test_digest_is_sent(self):
        digest = self.env["digest.digest"].create(
            {
                "name": "Sales",
                "company_id": self.company.id,
                "kpi_crm_booked": True,
                "kpi_crm_win_rate": True,
                "user_ids": [(6, 0, self.director.ids)],
            }
        )
        kpis = (
            digest.with_user(self.director).sudo(False)._compute_kpis(self.company, self.director)
        )
        names = {kpi["kpi_name"] for kpi in kpis}
        self.assertLessEqual({"kpi_crm_booked", "kpi_crm_win_rate"}, names)
        actions = digest._compute_kpis_actions(self.company, self.director)
        self.assertTrue(self.env.ref(actions["kpi_crm_booked"].split("?")[0]))
