import re
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_programme import PDF, PIXEL, PNG, ProgrammeCase


@tagged("-at_install", "post_install")
class TestProgrammePortal(HttpCase, ProgrammeCase):
    """Every route: anonymous, wrong partner, right partner, colleague without the role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls._create_people()
        cls.certificate = cls._certify(cls.alpha, confirm=False, number="A-77")
        cls.env["crm.partner.onboarding"].create(
            {"name": "Kick-off call", "company_id": cls.company.id}
        )
        (cls.alpha | cls.beta | cls.gamma)._create_onboarding()
        cls.task = cls.alpha.onboarding_task_ids

    def setUp(self):
        super().setUp()
        self.agreement = self._send(self._create_agreement(self.alpha))

    def _get(self, user, url):
        self.authenticate(user and user.login, user and user.login)
        return self.url_open(url, allow_redirects=False)

    def _token(self, page):
        found = re.search(r'name="csrf_token"\s+value="([^"]+)"', page.text)
        if not found:
            found = re.search(r'csrf_token: "([^"]+)"', page.text)
        return found[1]

    def _post(self, user, url, data=None, files=None, token=True):
        page = self._get(user, "/my/partner")
        data = dict(data or {})
        if token:
            data["csrf_token"] = self._token(page)
        return self.url_open(url, data=data, files=files, allow_redirects=False)

    def _statuses(self, url, right):
        """Assert who gets the page: ``right`` yes, everybody else a 404, anonymous the login."""
        anonymous = self._get(None, url)
        self.assertEqual(anonymous.status_code, 303)
        self.assertIn("/web/login", anonymous.headers["Location"])
        everybody = (
            self.alpha_admin,
            self.alpha_sales,
            self.alpha_marketing,
            self.alpha_finance,
            self.alpha_technical,
            self.alpha_none,
            self.beta_admin,
            self.outsider_user,
        )
        for user in everybody:
            expected = 200 if user in right else 404
            self.assertEqual(self._get(user, url).status_code, expected, (url, user.name))

    # -- who sees what --

    def test_programme_page(self):
        roles = (
            self.alpha_admin,
            self.alpha_sales,
            self.alpha_marketing,
            self.alpha_finance,
            self.alpha_technical,
            self.beta_admin,
        )
        self._statuses("/my/partner/programme", roles)
        self._buy(self.alpha, 128000)
        self._buy(self.beta, 99123)
        page = self._get(self.alpha_sales, "/my/partner/programme").text
        self.assertIn("128,000.00", page)
        self.assertNotIn("99,123", page)
        self.assertIn("Kick-off call", page)

    def test_home_shows_the_way_to_the_next_level(self):
        self._buy(self.gamma, 128000)
        page = self._get(self.gamma_admin, "/my/partner").text
        self.assertIn("Next Level: Gold", re.sub(r"\s+", " ", page))
        self.assertIn("128,000.00", page)
        self.assertIn("0 of 2", page)
        self.assertNotIn("o_partner_card_level", self._get(self.alpha_none, "/my/partner").text)

    def test_home_takes_a_constant_number_of_queries(self):
        def queries():
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.gamma._channel_progress()
            self.gamma._onboarding_share()
            return self.cr.sql_log_count - before

        queries()
        few = queries()
        for _number in range(5):
            self._buy(self.gamma, 1000)
        self._certify(self.gamma, 3)
        self.env.flush_all()
        self.assertEqual(queries(), few)

    def test_certificates_page(self):
        self._statuses(
            "/my/partner/certificates", (self.alpha_admin, self.alpha_technical, self.beta_admin)
        )
        self.assertIn("A-77", self._get(self.alpha_technical, "/my/partner/certificates").text)
        self.assertNotIn("A-77", self._get(self.beta_admin, "/my/partner/certificates").text)
        none = self._get(
            self.alpha_technical, "/my/partner/certificates?filterby=valid&search=%25"
        ).text
        self.assertNotIn("A-77", none)
        found = self._get(
            self.alpha_technical, "/my/partner/certificates?search=A-77&search_in=hostile&sortby=x"
        ).text
        self.assertIn("A-77", found)

    def test_agreement_pages(self):
        self._statuses("/my/partner/agreement", (self.alpha_admin, self.beta_admin))
        for suffix in ("", "/pdf"):
            self._statuses(
                f"/my/partner/agreement/{self.agreement.id}{suffix}", (self.alpha_admin,)
            )
        self.assertIn("shown", self.agreement._evidence().mapped("kind"))
        pdf = self._get(self.alpha_admin, f"/my/partner/agreement/{self.agreement.id}/pdf")
        self.assertEqual(pdf.content, PDF)
        self.assertEqual(self.agreement._evidence().mapped("kind").count("shown"), 1)
        self.assertEqual(
            self._get(self.alpha_admin, "/my/partner/agreement/999999999").status_code, 404
        )

    def test_draft_agreement_is_not_shown(self):
        self.agreement.action_draft()
        url = f"/my/partner/agreement/{self.agreement.id}"
        self.assertEqual(self._get(self.alpha_admin, url).status_code, 404)

    def test_evidence_is_for_our_people(self):
        url = f"/crm_partner/agreement/{self.agreement.id}/evidence"
        for user, status in (
            (self.alpha_admin, 404),
            (self.seller, 404),
            (self.stranger, 404),
            (self.channel, 200),
        ):
            self.assertEqual(self._get(user, url).status_code, status, user.name)

    # -- agreement --

    def _sign_url(self):
        return f"/my/partner/agreement/{self.agreement.id}/sign"

    def test_signing_in_the_portal(self):
        data = {"name": "Wang Li", "signature": PIXEL}
        answer = self._post(self.alpha_admin, self._sign_url(), data).json()
        self.assertIn("message=signed", answer["redirect_url"])
        self.assertEqual(self.agreement.state, "signed")
        row = self.agreement._signed_row("partner")
        self.assertEqual((row.name, row.user_id), ("Wang Li", self.alpha_admin))
        self.assertTrue(row.ip)
        again = self._post(self.alpha_admin, self._sign_url(), data).json()
        self.assertIn("error", again)

    def test_hostile_signatures(self):
        data = {"name": "Mallory", "signature": PIXEL}
        for user in (self.beta_admin, self.alpha_sales, self.alpha_technical, self.alpha_none):
            self.assertEqual(self._post(user, self._sign_url(), data).status_code, 404, user.name)
        with mute_logger("odoo.http"):
            no_token = self._post(self.alpha_admin, self._sign_url(), data, token=False)
        self.assertEqual(no_token.status_code, 400)
        forged = {**data, "signature": "PHN2Zz4=", "state": "signed", "side": "company"}
        self.assertIn("error", self._post(self.alpha_admin, self._sign_url(), forged).json())
        # a GET changes nothing
        self.assertEqual(self._get(self.alpha_admin, self._sign_url()).status_code, 405)
        self.assertEqual(self.agreement.state, "sent")
        self.assertNotIn("signed", self.agreement._evidence().mapped("kind"))

    def test_forged_fields_are_ignored(self):
        data = {
            "name": "Wang Li",
            "signature": PIXEL,
            "agreement_id": "1",
            "signed_on": "1999-01-01",
            "partner_id": str(self.beta.id),
        }
        self._post(self.alpha_admin, self._sign_url(), data)
        self.assertEqual(self.agreement.partner_id, self.alpha)
        self.assertGreaterEqual(self.agreement.signed_on.date(), self.today - timedelta(days=1))

    def test_declining(self):
        url = f"/my/partner/agreement/{self.agreement.id}/decline"
        back = self._post(self.alpha_admin, url).headers["Location"]
        self.assertIn("why you decline", self.url_open(back).text)
        self.assertEqual(self.agreement.state, "sent")
        self.assertEqual(self._post(self.beta_admin, url, {"reason": "x"}).status_code, 404)
        self._post(self.alpha_admin, url, {"reason": "Wrong address"})
        self.assertEqual(self.agreement.state, "declined")

    # -- certificates --

    def _form(self, **values):
        return {
            "certification_id": str(self.engineer.id),
            "person_id": str(self.certificate.person_id.id),
            "number": "A-99",
            "date_from": str(self.today),
            **values,
        }

    def _hand_in(self, user, files=None, **values):
        files = files or [("proof", ("proof.png", PNG, "image/png"))]
        return self._post(user, "/my/partner/certificates/new", self._form(**values), files)

    def _new(self):
        return self.env["crm.partner.certificate"].search([("number", "=", "A-99")])

    def test_handing_in(self):
        self.alpha.user_id = self.channel
        answer = self._hand_in(
            self.alpha_technical,
            state="confirmed",
            partner_id=str(self.beta.id),
            date_to="2099-1-1",
        )
        self.assertIn("message=sent", answer.headers["Location"])
        new = self._new()
        self.assertEqual((new.partner_id, new.state), (self.alpha, "proposed"))
        self.assertEqual(new.attachment_ids.raw, PNG)
        self.assertEqual(new.activity_ids.user_id, self.channel)
        self.assertLess(new.date_to.year, 2099)

    def test_hostile_uploads(self):
        stranger = self._create_person(self.beta)
        other = self.env["crm.partner.certification"].create(
            {"name": "Elsewhere", "company_id": self.other_company.id}
        )
        tomorrow = str(self.today + timedelta(days=1))
        for values in (
            {"person_id": str(stranger.id)},
            {"certification_id": str(other.id)},
            {"certification_id": "999999999999999999"},
            {"person_id": "1 OR 1=1"},
            {"date_from": tomorrow},
            {"date_from": "<script>"},
            {"files": [("proof", ("x.html", b"<html><script>1</script></html>", "image/png"))]},
            {"files": [("proof", ("empty.png", b"", "image/png"))]},
            {"files": [("proof", ("", b"", "image/png"))]},
        ):
            answer = self._hand_in(self.alpha_technical, **values)
            self.assertEqual(answer.status_code, 200, values)
            self.assertIn("alert-danger", answer.text, values)
            self.assertFalse(self._new(), values)
        self.assertEqual(self._hand_in(self.alpha_sales).status_code, 404)
        self.assertEqual(self._hand_in(self.outsider_user).status_code, 404)

    def test_long_lists_are_cut_and_can_still_be_chosen_from(self):
        last = self.env["crm.partner.certification"].create(
            {"name": "Very last", "company_id": self.company.id, "sequence": 999}
        )
        path = "odoo.addons.crm_partner.controllers.programme_portal.CHOICES"
        with patch(path, 1):
            page = self._get(self.alpha_technical, "/my/partner/certificates").text
            self.assertNotIn("Very last", page)
            self._hand_in(self.alpha_technical, certification_id=str(last.id))
        self.assertEqual(self._new().certification_id, last)

    def test_same_number_is_a_clear_error(self):
        answer = self._hand_in(self.alpha_technical, number="A-77")
        self.assertIn("handed in already", answer.text)

    def test_withdrawing(self):
        url = f"/my/partner/certificates/{self.certificate.id}/withdraw"
        for user in (self.beta_admin, self.alpha_sales):
            self.assertEqual(self._post(user, url).status_code, 404)
        self.certificate.action_confirm()
        self._post(self.alpha_technical, url)
        self.assertTrue(self.certificate.exists())
        self.certificate.action_reset()
        self._post(self.alpha_technical, url)
        self.assertFalse(self.certificate.exists())

    def test_files_of_certificates(self):
        self._hand_in(self.alpha_technical)
        new = self._new()
        url = f"/my/partner/certificates/{new.id}/file/{new.attachment_ids.id}"
        answer = self._get(self.alpha_technical, url)
        self.assertEqual(answer.content, PNG)
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertEqual(self._get(self.beta_admin, url).status_code, 404)
        self.assertEqual(self._get(self.alpha_sales, url).status_code, 404)
        pdf = self.agreement.pdf_attachment_id.id
        guessed = f"/my/partner/certificates/{new.id}/file/{pdf}"
        self.assertEqual(self._get(self.alpha_technical, guessed).status_code, 404)

    # -- onboarding and distributors --

    def test_ticking_off(self):
        url = f"/my/partner/programme/task/{self.task.id}/done"
        for user in (self.beta_admin, self.alpha_sales, self.alpha_none):
            self.assertEqual(self._post(user, url).status_code, 404)
        self.assertEqual(self._get(self.alpha_admin, url).status_code, 405)
        self.assertEqual(self.task.state, "open")
        self._post(self.alpha_admin, url)
        self.assertEqual(self.task.state, "done")
        self.assertEqual(self.task.done_by_id, self.alpha_admin)

    def test_our_tasks_are_not_ticked_off_by_the_partner(self):
        self.task.item_id.side = "company"
        self._post(self.alpha_admin, f"/my/partner/programme/task/{self.task.id}/done")
        self.assertEqual(self.task.state, "open")

    def test_distributors_below(self):
        self._statuses(
            "/my/partner/network",
            (self.alpha_admin, self.alpha_sales, self.alpha_finance, self.beta_admin),
        )
        self.beta.channel_parent_id = self.alpha
        self.gamma.channel_parent_id = self.beta
        self._buy(self.gamma, 54321)
        page = self._get(self.alpha_sales, "/my/partner/network").text
        self.assertIn("Beta Reseller", page)
        self.assertIn("Gamma Reseller", page)
        self.assertNotIn("54,321", page)
        self.alpha.channel_see_figures = True
        self.assertIn("54,321.00", self._get(self.alpha_sales, "/my/partner/network").text)
        below = self._get(self.beta_admin, "/my/partner/network").text
        self.assertIn("Gamma Reseller", below)
        self.assertNotIn("Alpha Reseller", below)
        self.assertNotIn("54,321", below)

    def test_chinese(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(["crm_partner"], ["zh_CN"])
        self.alpha_admin.lang = "zh_CN"
        self.authenticate(self.alpha_admin.login, self.alpha_admin.login)
        self.assertIn("等级与要求", self.url_open("/my/partner/programme").text)
