from odoo.tests import tagged

from ..builder import forecast, quota
from .common import DemoCase


@tagged("post_install", "-at_install")
class TestForecast(DemoCase):
    """Quotas, forecast board, snapshots, challenges: every screen has something to show."""

    def setUp(self):
        super().setUp()
        self.manager = self.users["zhou"]
        self.as_manager = self.env(user=self.manager)

    def test_everybody_has_quotas(self):
        quotas = self.env["crm.quota"].search([("user_id", "!=", False)])
        self.assertEqual(
            quotas.user_id, self.env["res.users"].union(*(self.users[n] for n in quota.PER_QUARTER))
        )
        self.assertEqual(len(quotas), 4 * 4 * 3)
        self.assertTrue(all(quotas.mapped("amount")))
        self.assertTrue(sum(quotas.mapped("achieved")) > 0)
        self.assertTrue(self.env["crm.quota"].search_count([("categ_id", "!=", False)]))

    def test_board_has_figures(self):
        board = self.as_manager["crm.forecast.board"].get_board()
        total = board["rows"][0]["values"]
        for name in ("quota", "closed", "commit", "best_case", "pipeline", "submitted", "judged",
                     "statistical"):  # fmt: skip
            self.assertGreater(total[name], 0, name)
        self.assertLessEqual(set(quota.PER_QUARTER), {
            self.env["res.users"].browse(row["user_id"]).login for row in board["rows"]
        })  # fmt: skip

    def test_weekly_snapshots_and_what_changed(self):
        snapshots = self.env["crm.forecast.snapshot"].search([("company_id", "=", self.company.id)])
        self.assertEqual(len(snapshots), forecast.WEEKS + 1)
        self.assertEqual(set(snapshots.mapped("state")), {"done"})
        board = self.as_manager["crm.forecast.board"].get_board()
        page = self.as_manager["crm.forecast.board"].get_waterfall(
            snapshots[0].id, board["date_from"], board["date_to"]
        )
        changes = sum(change["amount"] for change in page["changes"])
        self.assertAmount(page["opening"] + changes, page["closing"])
        self.assertTrue(page["changes"])

    def test_activities_beside_outcomes(self):
        """Every salesperson has done something for what was won; it shows in the report."""
        rows = self.env["crm.outcome.report"]._read_group(
            [], ["user_id"], ["activities:sum", "won:sum"]
        )
        active = {user: (done, won) for user, done, won in rows if won}
        people = [self.users[login] for login in ("li", "sun", "zhao", "qian")]
        sellers = {user: active.pop(user) for user in people if user in active}
        self.assertEqual(len(sellers), 4)
        for user, (done, won) in sellers.items():
            self.assertGreater(done, won, user.name)
        # what partners registered and won is nobody's work of the sales teams
        self.assertLessEqual(set(active), {self.users["gao"]})

    def test_accuracy_of_the_last_quarter(self):
        rows = self.env["crm.forecast.accuracy"].search([("is_over", "=", True)])
        self.assertGreater(len(rows), 20)
        self.assertTrue(any(rows.mapped("error_call")))

    def test_leaderboard_and_challenges(self):
        page = self.env(user=self.users["li"])["crm.leaderboard"].get_leaderboard()
        self.assertEqual(len(page["rows"]), len(quota.PER_QUARTER))
        self.assertEqual(len(page["challenges"]), 3)

    def test_reports_have_figures(self):
        for model in (
            "crm.achievement",
            "crm.opportunity.report",
            "crm.quota.report",
            "crm.outcome.report",
            "crm.forecast.statistic",
        ):
            self.assertTrue(self.env[model].search_count([], limit=1), model)
