from freezegun import freeze_time

from odoo.tests import HttpCase, tagged

from .common import CommissionCase

URL = "/crm_sales/commission_statements.xlsx"


@tagged("post_install", "-at_install")
class TestStatementHttp(CommissionCase, HttpCase):
    """The download of statements: own, team, other, anonymous, another company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2026-04-02 08:00:00"):
            cls._pay(cls._invoice(cls._create_order(80000)))
            cls.env.flush_all()
            cls.env.cr.precommit.run()
        cls.statement = cls.env["crm.commission.statement"].search(
            [("partner_id", "=", cls.li.partner_id.id), ("date_from", "=", "2026-01-01")]
        )
        cls.elsewhere = cls.setup_other_company(name="Elsewhere")["company"]
        cls.stranger = cls._create_seller(
            "stranger", "crm_sales.group_commission_manager", company=cls.elsewhere
        )

    def download(self, user, ids=None):
        self.authenticate(user and user.login, user and user.login)
        ids = self.statement.ids if ids is None else ids
        return self.url_open(f"{URL}?ids={','.join(map(str, ids))}", allow_redirects=False)

    def test_those_who_may_read_download(self):
        for user in (self.li, self.zhao, self.boss, self.accountant):
            response = self.download(user)
            self.assertEqual(response.status_code, 200, user.login)
            self.assertEqual(response.content[:2], b"PK")
            self.assertIn("attachment", response.headers["Content-Disposition"])

    def test_others_find_nothing(self):
        for user in (self.chen, self.wang, self.stranger):
            self.assertEqual(self.download(user).status_code, 404, user.login)

    def test_anonymous_must_log_in(self):
        response = self.download(None)
        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])

    def test_nonsense_finds_nothing(self):
        for ids in ((), ("x",), (0,), ("9" * 30,), (*self.statement.ids, 999999999)):
            self.assertEqual(self.download(self.boss, ids).status_code, 404, ids)

    def test_button_leads_to_the_download(self):
        action = self.statement.with_user(self.li).action_export_xlsx()
        self.assertEqual(action["url"], f"{URL}?ids={self.statement.id}")
