from odoo.tests import HttpCase, tagged

from .common_mdf import MdfCase

URL = "/crm_partner/statements.xlsx"


@tagged("post_install", "-at_install")
class TestStatementHttp(MdfCase, HttpCase):
    """The workbook of several statements: who looks after partners, the partner, all others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls._invoice(cls.alpha, "2026-03-05", 200000)
        cls.sent, cls.draft = cls.env["crm.partner.statement"].create(
            [
                {
                    "partner_id": cls.alpha.id,
                    "company_id": cls.company.id,
                    "date_from": first,
                    "date_to": last,
                    "user_id": cls.channel.id,
                }
                for first, last in (("2026-03-01", "2026-03-31"), ("2026-04-01", "2026-04-30"))
            ]
        )
        (cls.sent | cls.draft).action_compute()
        cls.sent.action_send()
        cls.env.flush_all()

    def status(self, user, *ids):
        self.authenticate(user and user.login, user and user.login)
        url = f"{URL}?ids={','.join(map(str, ids))}"
        response = self.url_open(url, allow_redirects=False)
        if response.status_code == 200:
            self.assertEqual(response.content[:2], b"PK")
        return response.status_code

    def test_those_who_may_read_download(self):
        for user in (self.channel, self.programme, self.accountant):
            self.assertEqual(self.status(user, self.sent.id, self.draft.id), 200, user.login)

    def test_others_find_nothing(self):
        for user in (self.seller, self.stranger, self.beta_admin, self.alpha_sales):
            self.assertEqual(self.status(user, self.sent.id), 404, user.login)

    def test_the_partner_finds_what_was_sent(self):
        self.assertEqual(self.status(self.alpha_finance, self.sent.id), 200)
        self.assertEqual(self.status(self.alpha_finance, self.draft.id), 404)
        self.assertEqual(self.status(self.alpha_finance, self.sent.id, self.draft.id), 404)

    def test_anonymous_must_log_in(self):
        self.assertEqual(self.status(None, self.sent.id), 303)

    def test_nonsense_finds_nothing(self):
        for ids in ((), ("x",), (0,), ("9" * 30,), (self.sent.id, 999999999)):
            self.assertEqual(self.status(self.channel, *ids), 404, ids)
