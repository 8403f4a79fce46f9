from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine import span
from .common_forecast import ForecastCase

MODELS = (
    "crm.quota",
    "crm.achievement",
    "crm.forecast",
    "crm.forecast.entry",
    "crm.forecast.snapshot.line",
    "crm.quota.report",
    "crm.opportunity.report",
    "crm.stage.duration.report",
    "crm.outcome.report",
    "crm.forecast.statistic",
)


@tagged("post_install", "-at_install")
class TestForecastAccess(ForecastCase):
    """Own, team, other, other company: for every model and for the pages."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        first, last = span.bounds("quarter", cls.today)
        for user, team in ((cls.li, cls.north), (cls.chen, cls.south)):
            cls._quota(1000, user=user, team=team, date_from=first)
            cls._lead(500, user=user, team=team, deadline=last)
            order = cls._create_order(300, user=user, team_id=team.id, date=str(first))
            cls._invoice(order, date=str(first))
            cls._forecast(user).with_user(user)._submit(700, "")
            cls.env["crm.forecast.statistic"].sudo().create(
                {
                    "company_id": cls.company.id,
                    "measure": "invoiced",
                    "level": "person",
                    "team_id": team.id,
                    "user_id": user.id,
                    "month": first,
                    "kind": "forecast",
                }
            )
        snapshots = cls.env["crm.forecast.snapshot"].sudo()._for_week()
        snapshots.filtered(lambda s: s.company_id == cls.company)._take()
        cls.env.flush_all()

    def seen(self, user, model):
        found = self._as(user)[model].search([])
        return found.sudo().user_id & (self.li | self.chen)

    def test_who_sees_what(self):
        for model in MODELS:
            with self.subTest(model=model):
                self.assertEqual(self.seen(self.li, model), self.li)
                self.assertEqual(self.seen(self.chen, model), self.chen)
                self.assertFalse(self.seen(self.wang, model))
                self.assertEqual(self.seen(self.zhao, model), self.li)
                self.assertEqual(self.seen(self.head, model), self.li | self.chen)
                self.assertEqual(self.seen(self.director, model), self.li | self.chen)
                self.assertFalse(self.seen(self.stranger, model))

    def test_no_right_on_sales_no_page(self):
        clerk = self._create_seller("clerk", "base.group_user")
        env = self._as(clerk)
        for model in (*MODELS, "crm.forecast.accuracy", "crm.forecast.snapshot"):
            self.assertFalse(env[model].has_access("read"), model)
        with self.assertRaises(AccessError):
            env["crm.forecast.board"].get_board()
        with self.assertRaises(AccessError):
            env["crm.leaderboard"].get_leaderboard()

    def test_salespeople_write_nothing_directly(self):
        for model in MODELS:
            records = self._as(self.li)[model].search([])
            for operation in ("write", "create", "unlink"):
                self.assertFalse(records.has_access(operation), (model, operation))
        with self.assertRaises(AccessError):
            self._as(self.li)["crm.quota"].search([]).amount = 1
        with self.assertRaises(AccessError):
            self._as(self.director)["crm.forecast"].search([]).write({"submitted_amount": 1})

    def test_board_rows(self):
        def people(user):
            board = self._as(user)["crm.forecast.board"].get_board()
            return {row["user_id"] for row in board["rows"] if row["kind"] == "person"}

        self.assertEqual(people(self.li), {self.li.id})
        self.assertEqual(people(self.zhao), {self.li.id, self.wang.id, self.zhao.id})
        self.assertLessEqual({self.li.id, self.wang.id, self.chen.id}, people(self.head))
        self.assertLessEqual({self.li.id, self.chen.id}, people(self.director))
        self.assertFalse(people(self.stranger) & {self.li.id, self.chen.id})

    def test_forecast_of_others_cannot_be_asked_for(self):
        board = self._as(self.li)["crm.forecast.board"]
        asked = (self.company.id, "quarter", str(self.today), self.south.id, self.chen.id)
        with self.assertRaises(AccessError):
            board.get_forecast(*asked)
        with self.assertRaises(AccessError):
            self._as(self.stranger)["crm.forecast.board"].get_forecast(*asked)
        own = board.get_forecast(
            self.company.id, "quarter", str(self.today), self.north.id, self.li.id
        )
        self.assertEqual(own, self._forecast(self.li).id)

    def test_leader_distributes_the_quota_of_the_team_only(self):
        first = span.bounds("quarter", self.today)[0]
        north = self._quota(100, team=self.north, date_from=first, measure="booked")
        south = self._quota(100, team=self.south, date_from=first, measure="booked")
        env = self._as(self.zhao)
        env["crm.quota.distribute"].create({"quota_id": north.id}).action_apply()
        self.assertEqual(north.child_ids.user_id, self.li | self.wang)
        with self.assertRaises(AccessError):
            env["crm.quota"].browse(south.id).action_distribute()
        own = self._as(self.li)["crm.quota"].search([("user_id", "=", self.li.id)], limit=1)
        with self.assertRaisesRegex(Exception, "Only the leader"):
            own.action_distribute()

    def test_dialog_of_distribution_tells_nothing_of_other_teams(self):
        """Its parts by sales of last year or by pipeline say who sold how much."""
        first = span.bounds("quarter", self.today)[0]
        south = self._quota(100, team=self.south, date_from=first, measure="booked")
        north = self._quota(100, team=self.north, date_from=first, measure="booked")
        for user, quota, by in (
            (self.zhao, south, "pipeline"),
            (self.li, south, "last_year"),
            (self.wang, north, "pipeline"),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                self._as(user)["crm.quota.distribute"].create({"quota_id": quota.id, "by": by})
        own = self._as(self.li)["crm.quota"].search([("user_id", "=", self.li.id)], limit=1)
        with self.assertRaisesRegex(UserError, "Only the leader"):
            self._as(self.li)["crm.quota.distribute"].create({"quota_id": own.id})
        draft = self._as(self.li)["crm.quota.distribute"].new({"quota_id": own.id})
        with self.assertRaisesRegex(UserError, "Only the leader"):
            draft.line_ids.mapped("amount")

    def test_leader_cannot_forge_a_part_of_another_team(self):
        first = span.bounds("quarter", self.today)[0]
        north = self._quota(100, team=self.north, date_from=first, measure="booked")
        chen = self._quota(70, user=self.chen, team=self.south, date_from=first, measure="booked")
        wizard = self._as(self.zhao)["crm.quota.distribute"].create({"quota_id": north.id})
        wizard.line_ids[1:].unlink()
        wizard.line_ids.write(
            {"user_id": self.chen.id, "team_id": self.south.id, "amount": north.amount}
        )
        with self.assertRaisesRegex(UserError, "has no part in"):
            wizard.action_apply()
        self.assertEqual(chen.amount, 70)

    def test_dialogs_of_the_forecast_tell_nothing_of_colleagues(self):
        theirs = self._forecast(self.chen)
        env = self._as(self.li)
        for model in ("crm.forecast.submit", "crm.forecast.judge"):
            with self.subTest(model=model):
                vals = {"forecast_id": theirs.id, "amount": 1}
                if model == "crm.forecast.judge":
                    vals["reason"] = "Curious"
                wizard = env[model].create(vals)
                wizard.invalidate_recordset()
                for name in ("quota", "closed", "commit", "statistical"):
                    with self.assertRaises(AccessError):
                        wizard.read([name])
                with self.assertRaises(AccessError), self.cr.savepoint():
                    vals.pop("amount")
                    self.assertFalse(env[model].create(vals).amount)

    def test_achievement_of_accountants(self):
        self.assertTrue(self._as(self.accountant)["crm.achievement"].search([]))

    def test_drill_down_lists_what_the_rights_allow(self):
        quota = self.env["crm.quota"].search([("user_id", "=", self.li.id)], limit=1)
        action = quota.with_env(self._as(self.li)).action_open_documents()
        items = self._as(self.li)["account.move.line"].search(action["domain"])
        self.assertEqual(-sum(items.mapped("balance")), 300)
        self.assertEqual(items.move_id.invoice_user_id, self.li)
