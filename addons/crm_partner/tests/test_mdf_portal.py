import io
from zipfile import ZipFile

from odoo import http
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_subledger.tests.common import day

from ..tools import unlocked
from .common_mdf import MdfCase

PDF = ("proof.pdf", b"%PDF-1.4\n%proof\n%%EOF\n", "application/pdf")


@tagged("post_install", "-at_install")
class TestMdfPortal(HttpCase, MdfCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls.fund = cls._create_fund(
            kind="discretionary", allocation=48000, expiry_date=day("2099-12-31")
        )
        cls.run_subledger()
        cls.record = cls._create_request(cls.fund)
        cls.record.action_submit()
        cls.record.action_approve()
        cls.claim = cls._create_claim(cls.record, "P-1", 1000)
        cls.claim.action_submit()
        cls._invoice(cls.alpha, "2026-03-05", 200000)
        cls.statement = cls.env["crm.partner.statement"].create(
            {
                "partner_id": cls.alpha.id,
                "company_id": cls.company.id,
                "date_from": "2026-03-01",
                "date_to": "2026-03-31",
                "user_id": cls.channel.id,
            }
        )
        cls.statement.action_compute()
        cls.statement.action_send()
        cls.env.flush_all()

    def _get(self, user, url):
        self.authenticate(user and user.login, user and user.login)
        return self.url_open(url, allow_redirects=False)

    def _post(self, user, url, data=None, files=None, token=True):
        self.authenticate(user.login, user.login)
        if token:
            values = {"csrf_token": self._token(), **(data or {})}
            return self.url_open(url, data=values, files=files, allow_redirects=False)
        with mute_logger("odoo.http"):  # it warns of the missing token
            return self.url_open(url, data=data or {}, files=files, allow_redirects=False)

    def _token(self):
        return http.Request.csrf_token(self)

    def _routes(self):
        proof = self.claim._proofs()
        base = "/my/partner"
        funds = [
            f"{base}/funds",
            f"{base}/fund-requests",
            f"{base}/fund-claims",
            f"{base}/fund-requests/{self.record.id}",
            f"{base}/fund-requests/{self.record.id}/claim",
            f"{base}/fund-claims/{self.claim.id}",
            f"{base}/fund-claims/{self.claim.id}/files/{proof.id}",
        ]
        statements = [
            f"{base}/statements",
            f"{base}/statements/{self.statement.id}",
            f"{base}/statements/{self.statement.id}/xlsx",
            f"{base}/statements/{self.statement.id}/pdf",
        ]
        return funds, statements

    def test_every_page(self):
        """Anonymous, outsider, wrong partner, colleague without the role, right people."""
        funds, statements = self._routes()
        new = "/my/partner/fund-requests/new"
        for url in (*funds, *statements, new):
            answer = self._get(None, url)
            self.assertEqual(answer.status_code, 303, url)
            self.assertIn("/web/login", answer.headers["Location"])
            for user in (self.outsider_user, self.alpha_none, self.alpha_technical):
                self.assertEqual(self._get(user, url).status_code, 404, f"{user.login} {url}")
        for url in funds:
            for user in (self.alpha_marketing, self.alpha_finance, self.alpha_admin):
                self.assertEqual(self._get(user, url).status_code, 200, f"{user.login} {url}")
        for url in statements:
            self.assertEqual(self._get(self.alpha_marketing, url).status_code, 404, url)
            self.assertEqual(self._get(self.alpha_finance, url).status_code, 200, url)
        self.assertEqual(self._get(self.alpha_finance, new).status_code, 404)
        self.assertEqual(self._get(self.alpha_marketing, new).status_code, 200)
        for url in (*funds[3:], *statements[1:]):
            self.assertEqual(self._get(self.beta_admin, url).status_code, 404, url)
        for url in (*funds[:3], statements[0]):
            page = self._get(self.beta_admin, url)
            self.assertEqual(page.status_code, 200)
            for record in (self.fund, self.record, self.claim, self.statement):
                self.assertNotIn(record.name, page.text)

    def test_files_in_the_language_of_the_pages(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(["crm_partner"], ["zh_CN"])
        url = f"/my/partner/statements/{self.statement.id}/xlsx"
        self.authenticate(self.alpha_finance.login, self.alpha_finance.login)
        for lang, title in (("en_US", "Opening"), ("zh_CN", "期初")):
            answer = self.url_open(url, cookies={"frontend_lang": lang})
            with ZipFile(io.BytesIO(answer.content)) as book:
                self.assertIn(f">{title}", book.read("xl/sharedStrings.xml").decode())

    def test_home_cards(self):
        page = self._get(self.alpha_admin, "/my/partner").text
        self.assertIn("o_partner_card_funds", page)
        self.assertIn("8,000.00", page)
        self.assertIn(f"/my/partner/statements/{self.statement.id}", page)
        page = self._get(self.alpha_sales, "/my/partner").text
        self.assertNotIn("o_partner_card_funds", page)
        self.assertNotIn("o_partner_card_statements", page)

    def test_home_says_who_owes_whom(self):
        self.assertIn("you owe on", self._get(self.alpha_finance, "/my/partner").text)
        receivable = self.statement.section_ids.filtered(lambda one: one.code == "receivable")
        unlocked(receivable).closing = -500
        self.env.flush_all()
        page = self._get(self.alpha_finance, "/my/partner").text
        self.assertIn("in your favour on", page)
        self.assertNotIn("you owe on", page)

    def test_several_funds_are_summed(self):
        url = "/my/partner/funds"
        self.assertNotIn("<tfoot", self._get(self.alpha_finance, url).text)
        self._create_fund(date_from=day("2026-04-01"), date_to=day("2026-06-30"))
        self.env.flush_all()
        total = self._get(self.alpha_finance, url).text.split("<tfoot")[1]
        self.assertIn("8,000.00", total)

    def test_lists_are_searched_and_filtered(self):
        url = "/my/partner/fund-requests"
        found = self._get(self.alpha_marketing, f"{url}?search=machinery&filterby=approved")
        self.assertIn(self.record.name, found.text)
        self.assertNotIn(
            self.record.name, self._get(self.alpha_marketing, f"{url}?search=zeppelin").text
        )
        self.assertNotIn(
            self.record.name, self._get(self.alpha_marketing, f"{url}?filterby=refused").text
        )

    def _request_form(self, **values):
        return {
            "fund_id": self.fund.id,
            "kind_id": self.exhibition.id,
            "title": "Spring seminar",
            "date_from": "2026-05-01",
            "date_to": "2026-05-02",
            "cost": "16,000",
            "expected_leads": "30",
            **values,
        }

    def test_new_request(self):
        url = "/my/partner/fund-requests/new"
        Request = self.env["crm.mdf.request"]
        forged = {"state": "approved", "approved_amount": "99", "partner_id": self.beta.id}
        answer = self._post(self.alpha_marketing, url, self._request_form(**forged))
        self.assertEqual(answer.status_code, 303)
        record = Request.search([("title", "=", "Spring seminar")])
        self.assertEqual((record.state, record.approved_amount), ("submitted", 8000))
        self.assertEqual(record.partner_id, self.alpha)
        self.assertEqual(record.requested_by_id, self.alpha_marketing.partner_id)
        self.assertEqual(record.activity_ids.user_id, self.channel)
        count = Request.search_count([])
        foreign = self._create_fund(self.beta, kind="discretionary", allocation=10)
        for bad, text in (
            ({"fund_id": foreign.id}, "Choose one of your funds"),
            ({"fund_id": "1 OR 1=1"}, "Choose one of your funds"),
            ({"cost": "-5"}, "is no amount"),
            ({"cost": "nan"}, "is no amount"),
            ({"cost": "0"}, "has to be positive"),
            ({"date_to": "yesterday"}, "Enter the dates"),
            ({"date_to": "2026-04-01"}, "cannot end before"),
            ({"kind_id": "0"}, "Choose the kind"),
            ({"title": " "}, "Enter what you plan"),
            ({"expected_leads": "999999999999"}, "at most 1,000,000"),
        ):
            page = self._post(self.alpha_marketing, url, self._request_form(**bad))
            self.assertEqual(page.status_code, 200)
            self.assertIn(text, page.text)
        for user in (self.alpha_finance, self.alpha_sales, self.outsider_user):
            self.assertEqual(self._post(user, url, self._request_form()).status_code, 404)
        without = self._post(self.alpha_marketing, url, self._request_form(), token=False)
        self.assertEqual(without.status_code, 400)
        self.assertEqual(Request.search_count([]), count, "nothing half written")
        cancel = f"/my/partner/fund-requests/{record.id}/cancel"
        self.assertEqual(self._post(self.beta_admin, cancel).status_code, 404)
        self.assertEqual(self._get(self.alpha_marketing, cancel).status_code, 405)
        self._post(self.alpha_marketing, cancel)
        self.assertEqual(record.state, "cancelled")

    def _claim_form(self, **values):
        return {
            "invoice_number": "P-2",
            "invoice_date": "2026-06-01",
            "amount": "2000",
            "tax_amount": "120",
            **values,
        }

    def test_new_claim(self):
        url = f"/my/partner/fund-requests/{self.record.id}/claim"
        files = [("attachments", PDF)]
        forged = {"state": "approved", "approved_amount": "39000", "fair_value": "5"}
        answer = self._post(self.alpha_finance, url, self._claim_form(**forged), files)
        self.assertEqual(answer.status_code, 303)
        claim = self.env["crm.mdf.claim"].search([("invoice_number", "=", "P-2")])
        self.assertEqual(
            (claim.state, claim.approved_amount, claim.fair_value), ("submitted", 2000, 0)
        )
        self.assertEqual(claim._proofs().name, "proof.pdf")
        self.assertEqual(claim.tax_id, self.purchase_6)
        count = self.env["crm.mdf.claim"].search_count([])
        script = ("proof.html", b"<html><script>alert(1)</script></html>", "text/html")
        for form, sent, text in (
            ({"invoice_number": "p - 2"}, files, "claimed already"),
            ({"invoice_number": "P-3", "amount": "40001"}, files, "above the request"),
            ({"invoice_number": "P-3", "amount": "x"}, files, "is no amount"),
            ({"invoice_number": "P-3"}, None, "no proof"),
            ({"invoice_number": "P-3"}, [("attachments", script)], "not accepted"),
        ):
            page = self._post(self.alpha_marketing, url, self._claim_form(**form), sent)
            self.assertEqual(page.status_code, 200)
            self.assertIn(text, page.text)
        for user in (self.beta_admin, self.alpha_technical):
            answer = self._post(user, url, self._claim_form(invoice_number="P-4"), files)
            self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.env["crm.mdf.claim"].search_count([]), count)
        cancel = f"/my/partner/fund-claims/{claim.id}/cancel"
        self.assertEqual(self._post(self.beta_admin, cancel).status_code, 404)
        self._post(self.alpha_finance, cancel)
        self.assertEqual(claim.state, "cancelled")
        page = self._post(self.alpha_finance, cancel)
        self.assertIn("only possible while", page.text)

    def test_rate_limit_is_explained(self):
        """Requests and claims: as many a minute as registrations, of each person."""
        self.company.deal_rate_limit = 1
        new = "/my/partner/fund-requests/new"
        claim = f"/my/partner/fund-requests/{self.record.id}/claim"
        count = self.env["crm.mdf.request"].search_count([])
        self.assertEqual(
            self._post(self.alpha_marketing, new, self._request_form()).status_code, 303
        )
        page = self._post(self.alpha_marketing, new, self._request_form())
        self.assertIn("Wait a minute", page.text)
        self.assertEqual(self.env["crm.mdf.request"].search_count([]), count + 1)
        files = [("attachments", PDF)]
        count = self.env["crm.mdf.claim"].search_count([])
        answer = self._post(self.alpha_marketing, claim, self._claim_form(), files)
        self.assertEqual(answer.status_code, 303)
        form = self._claim_form(invoice_number="P-3")
        page = self._post(self.alpha_marketing, claim, form, files)
        self.assertIn("Wait a minute", page.text)
        self.assertEqual(self.env["crm.mdf.claim"].search_count([]), count + 1)
        # a colleague is another person
        self.assertEqual(self._post(self.alpha_admin, claim, form, files).status_code, 303)

    def test_confirm_and_dispute(self):
        url = f"/my/partner/statements/{self.statement.id}"
        seen = {"seen": self.statement.content_hash}
        for user in (self.beta_admin, self.alpha_marketing, self.outsider_user):
            for action in ("confirm", "dispute"):
                answer = self._post(user, f"{url}/{action}", {**seen, "reason": "x"})
                self.assertEqual(answer.status_code, 404)
        self.assertEqual(self._get(self.alpha_finance, f"{url}/confirm").status_code, 405)
        self.assertEqual(
            self._post(self.alpha_finance, f"{url}/confirm", seen, token=False).status_code, 400
        )
        page = self._post(self.alpha_finance, f"{url}/confirm", {"seen": "x"})
        self.assertIn("renewed meanwhile", page.text)
        page = self._post(self.alpha_finance, f"{url}/dispute", {**seen, "reason": " "})
        self.assertIn("Please say what is wrong", page.text)
        self.assertEqual(self.statement.state, "sent")
        self._post(self.alpha_finance, f"{url}/confirm", seen)
        self.assertEqual(self.statement.state, "confirmed")
        log = self.statement.log_ids.filtered(lambda row: row.kind == "confirmed")
        self.assertEqual((log.user_id, log.ip), (self.alpha_finance, "127.0.0.1"))
        page = self._post(self.alpha_finance, f"{url}/dispute", {**seen, "reason": "Too late"})
        self.assertIn("only possible while", page.text)

    def test_drafts_are_not_shown(self):
        self.statement.action_reopen()
        url = f"/my/partner/statements/{self.statement.id}"
        self.assertEqual(self._get(self.alpha_finance, url).status_code, 404)

    def test_portal_users_write_nothing(self):
        for record in (self.fund, self.record, self.claim, self.statement):
            shown = record.with_user(self.alpha_admin)
            self.assertTrue(shown.has_access("read"))
            self.assertFalse(shown.has_access("write"))
            self.assertFalse(shown.has_access("create"))
            self.assertFalse(record.with_user(self.beta_admin).has_access("read"))

    def test_tour_partner(self):
        self.start_tour("/my/partner", "crm_partner_mdf_portal", login=self.alpha_admin.login)
        claim = self.env["crm.mdf.claim"].search([("invoice_number", "=", "TOUR-1")])
        self.assertEqual((claim.state, claim.amount), ("submitted", 3000))
        record = self.env["crm.mdf.request"].search([("title", "=", "Autumn roadshow")])
        self.assertEqual((record.state, record.amount), ("submitted", 4000))
        self.assertEqual(self.statement.state, "confirmed")

    def test_tour_channel_manager(self):
        self.channel.group_ids |= self.env.ref("account.group_account_invoice")
        self.start_tour("/odoo", "crm_partner_mdf_channel", login=self.channel.login)
        self.assertEqual(self.claim.state, "settled")
        self.assertEqual(self.fund.settled, 1000)
