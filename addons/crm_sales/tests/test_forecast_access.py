from odoo.exceptions import AccessError
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

    def test_achievement_of_accountants(self):
        self.assertTrue(self._as(self.accountant)["crm.achievement"].search([]))

    def test_drill_down_lists_what_the_rights_allow(self):
        quota = self.env["crm.quota"].search([("user_id", "=", self.li.id)], limit=1)
        action = quota.with_env(self._as(self.li)).action_open_documents()
        items = self._as(self.li)["account.move.line"].search(action["domain"])
        self.assertEqual(-sum(items.mapped("balance")), 300)
        self.assertEqual(items.move_id.invoice_user_id, self.li)
