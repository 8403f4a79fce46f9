from odoo import http
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_rebate import RebateCase

MODELS = ("agreement", "tier", "participant", "period", "settlement", "dispute")


@tagged("-at_install", "post_install")
class TestRebateAccess(HttpCase, RebateCase):
    """Who sees and changes what, inside and in the portal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_portal_users()
        cls.agreement = cls._agreement(
            [(5000, 2), (20000, 4)], cls.alpha + cls.beta, expected_volume=27000, name="Bonus 2025"
        )
        cls._invoice(cls.alpha, "2025-10-10", 17000)
        cls.own = cls.agreement.period_ids.filtered(lambda p: p.partner_id == cls.alpha)
        cls.foreign = cls.agreement.period_ids - cls.own
        cls.received = cls._agreement(
            [(0, 5)], direction="vendor", accrual_method="reached", name="Received"
        ).period_ids
        cls.run_subledger()
        cls.env["crm.rebate.dispute"]._open(cls.foreign, "Wrong")
        cls.url = f"/my/partner/rebates/{cls.own.id}"

    # --- inside ---

    def test_people(self):
        for user, read, write in (
            (self.channel, True, False),
            (self.programme, True, True),
            (self.accountant, True, False),
            (self.seller, False, False),
        ):
            agreement = self.agreement.with_user(user)
            self.assertEqual(agreement.has_access("read"), read, user.login)
            self.assertEqual(agreement.has_access("write"), write, user.login)
            self.assertEqual(self.own.with_user(user).has_access("read"), read, user.login)
        self.assertTrue(self.own.with_user(self.channel).accrued)
        self.assertTrue(self.own.with_user(self.channel)._subledger_entries())
        self.assertTrue(self.agreement.with_user(self.channel).balance)
        for action in ("action_activate", "action_end", "action_cancel", "action_draft"):
            with self.assertRaises(AccessError), self.cr.savepoint():
                getattr(self.agreement.with_user(self.channel), action)()
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.own.with_user(self.channel).action_close()

    def test_programme_sets_up_an_agreement(self):
        values = {
            "name": "By the programme",
            "company_id": self.company.id,
            "ledger_id": self.rebate_ledger.id,
            "date_from": "2025-10-01",
            "date_to": "2025-12-31",
            "accrual_method": "reached",
            "tier_ids": [(0, 0, {"lower_bound": 0, "rate": 1})],
            "participant_ids": [(0, 0, {"partner_id": self.alpha.id})],
        }
        agreement = self.env["crm.rebate.agreement"].with_user(self.programme).create(values)
        agreement.action_activate()
        self.run_subledger()
        self.assertEqual(agreement.accrued, 170)

    def test_dialog_of_an_answer_tells_nothing_of_other_companies(self):
        dispute = self.env["crm.rebate.dispute"].search([], limit=1)
        dialog = self.env["crm.rebate.answer"]
        own = dialog.with_user(self.programme).create({"dispute_id": dispute.id})
        self.assertEqual(own.reason, "Wrong")
        with self.assertRaises(AccessError):
            dialog.with_user(self.stranger).create({"dispute_id": dispute.id}).read(["reason"])

    def test_other_company(self):
        for name in MODELS:
            model = self.env[f"crm.rebate.{name}"].with_user(self.stranger)
            self.assertFalse(model.search([]), name)

    def test_nobody_writes_the_books_by_hand(self):
        for user in (self.accountant, self.programme, self.alpha_finance):
            for model, vals in (
                ("settlement", {"period_id": self.own.id, "amount": 1}),
                ("dispute", {"period_id": self.own.id, "reason": "x"}),
                ("period", {"agreement_id": self.agreement.id}),
            ):
                with self.assertRaises(AccessError), self.cr.savepoint():
                    self.env[f"crm.rebate.{model}"].with_user(user).create(vals)
            with self.assertRaises(AccessError), self.cr.savepoint():
                self.own.with_user(user).write({"accrued": 1})

    # --- portal, through the models ---

    def test_partner_reads_its_own_periods(self):
        for user, expected in (
            (self.alpha_finance, self.own),
            (self.alpha_admin, self.own),
            (self.beta_admin, self.foreign),
            (self.gamma_admin, self.own.browse()),
        ):
            self.assertEqual(self.env["crm.rebate.period"].with_user(user).search([]), expected)
        for user in (self.alpha_sales, self.alpha_none, self.outsider_user):
            with self.assertRaises(AccessError):
                self.env["crm.rebate.period"].with_user(user).search([])
        own = self.own.with_user(self.alpha_finance)
        self.assertEqual(own.entitlement, 340)
        for name in ("accrued", "balance", "expected_volume", "explanation_html"):
            with self.assertRaises(AccessError):
                own.read([name])
        with self.assertRaises(AccessError):
            self.agreement.with_user(self.alpha_finance).read(["name"])
        self.assertFalse(self.env["crm.rebate.dispute"].with_user(self.alpha_finance).search([]))

    # --- portal, routes ---

    def _open(self, user, url):
        self.authenticate(user and user.login, user and user.login)
        return self.url_open(url, allow_redirects=False)

    def _post(self, url, **data):
        data["csrf_token"] = http.Request.csrf_token(self)
        return self.url_open(f"{url}/dispute", data=data, allow_redirects=False)

    def test_routes(self):
        for url in ("/my/partner/rebates", "/my/partner/rebates/page/1", self.url):
            anonymous = self._open(None, url)
            self.assertEqual(anonymous.status_code, 303)
            self.assertIn("/web/login", anonymous.headers["Location"])
            for user in (self.alpha_sales, self.alpha_none, self.outsider_user):
                self.assertEqual(self._open(user, url).status_code, 404, (user.login, url))
            for user in (self.alpha_finance, self.alpha_admin):
                page = self._open(user, url)
                self.assertEqual(page.status_code, 200)
                self.assertIn("Bonus 2025", page.text)
                self.assertIn("340.00", page.text)
                self.assertIn("3,000.00", page.text)
                self.assertNotIn("Beta", page.text)
                self.assertNotIn("Received", page.text)
        self.assertEqual(self._open(self.beta_admin, self.url).status_code, 404)
        for number in (self.received.id, 0, 10**9):
            url = f"/my/partner/rebates/{number}"
            self.assertEqual(self._open(self.alpha_admin, url).status_code, 404)

    def test_home_card(self):
        page = self._open(self.alpha_finance, "/my/partner")
        self.assertIn("o_partner_card_rebates", page.text)
        self.assertNotIn("o_partner_card_rebates", self._open(self.alpha_sales, "/my/partner").text)

    def test_search_and_filters(self):
        for query, found in (
            ("search=bonus&search_in=agreement", True),
            ("search=nothing&search_in=agreement", False),
            ("filterby=settled", False),
            ("filterby=forged&sortby=forged&search_in=partner_id", True),
        ):
            page = self._open(self.alpha_finance, f"/my/partner/rebates?{query}")
            self.assertEqual("Bonus 2025" in page.text, found, query)

    def test_dispute_by_post(self):
        self.authenticate(None, None)
        self.assertNotEqual(self._post(self.url, reason="x").status_code, 200)
        for user in (self.alpha_sales, self.beta_admin, self.outsider_user):
            self.authenticate(user.login, user.login)
            self.assertEqual(self._post(self.url, reason="x").status_code, 404)
        self.assertFalse(self.own.dispute_ids)
        self.authenticate(self.alpha_finance.login, self.alpha_finance.login)
        self.assertEqual(self.url_open(f"{self.url}/dispute").status_code, 405)
        with mute_logger("odoo.http"):
            forged = self.url_open(f"{self.url}/dispute", data={"reason": "x"})
        self.assertEqual(forged.status_code, 400, "no CSRF token")
        for data, problem in (
            ({"reason": "  "}, "reason"),
            ({"reason": "x", "amount": "abc"}, "amount"),
            ({"reason": "x", "amount": "-4"}, "amount"),
            ({"reason": "x", "amount": "nan"}, "amount"),
            ({"reason": "x", "amount": "1,5"}, "amount"),
        ):
            answer = self._post(self.url, **data)
            self.assertIn(f"problem={problem}", answer.headers["Location"])
        answer = self._post(
            self.url,
            reason="<script>alert(1)</script> two are missing",
            amount="1,500.50",
            state="accepted",
            period_id=str(self.foreign.id),
        )
        self.assertIn("done=1", answer.headers["Location"])
        dispute = self.own.dispute_ids
        self.assertRecordValues(
            dispute,
            [{"amount": 1500.5, "state": "open", "opened_by_id": self.alpha_finance.id}],
        )
        page = self._open(self.alpha_finance, self.url).text
        self.assertNotIn("<script>alert(1)", page)
        self.authenticate(self.alpha_finance.login, self.alpha_finance.login)
        self.assertIn("problem=open", self._post(self.url, reason="y").headers["Location"])

    # --- tours ---

    def test_tour_portal(self):
        self.start_tour("/my/partner", "crm_partner_rebate_portal", login=self.alpha_finance.login)
        self.assertEqual(self.own.dispute_ids.reason, "The invoice of October is missing")

    def test_tour_backend(self):
        self.start_tour(
            "/odoo/rebate-periods",
            "crm_partner_rebate_settle",
            login=self.accountant_login(),
        )
        self.env.invalidate_all()
        self.assertEqual(self.own.state, "settled")
        self.assertEqual(self.own.settlement_ids.move_ids.amount_total, 340 * 1.13)

    def accountant_login(self):
        """A channel manager who may also invoice."""
        user = self._create_user(
            "channel_finance",
            "crm_partner.group_partner_user,account.group_account_invoice",
        )
        return user.login
