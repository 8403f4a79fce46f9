from odoo import http
from odoo.tests import HttpCase, tagged

from .common_contract import SIGNATURE, ContractCase


@tagged("post_install", "-at_install")
class TestContractPortal(ContractCase, HttpCase):
    """Every route: anonymous, by token, wrong customer, colleague, right person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_contract(1000)
        cls.contract.action_send_to_sign()
        cls.draft = cls._create_contract(1000)
        cls.url = f"/my/contracts/{cls.contract.id}"
        cls.token = cls.contract._portal_ensure_token()

    def _login(self, user):
        self.authenticate(user and user.login, user and user.login)

    def _post(self, suffix, **data):
        data["csrf_token"] = http.Request.csrf_token(self)
        return self.url_open(f"{self.url}/{suffix}", data=data)

    def test_list(self):
        for user, expected in ((self.buyer, 1), (self.colleague, 1), (self.outsider, 0)):
            self._login(user)
            page = self.url_open("/my/contracts").text
            self.assertEqual(page.count(f'href="{self.url}"'), expected, user.login)
            self.assertNotIn(self.draft.name, page)
        self._login(None)
        self.assertIn("/web/login", self.url_open("/my/contracts").url)

    def test_read(self):
        for path in (self.url, f"{self.url}/pdf"):
            for user, token, status in (
                (None, None, 404),
                (None, "wrong", 404),
                (None, self.token, 200),
                (self.outsider, None, 404),
                (self.buyer, None, 200),
                (self.colleague, None, 200),
            ):
                with self.subTest(path=path, user=user and user.login, token=token):
                    self._login(user)
                    query = f"?access_token={token}" if token else ""
                    self.assertEqual(self.url_open(path + query).status_code, status)
        self._login(self.buyer)
        for number in (self.draft.id, self.contract.id + 1000):
            self.assertEqual(self.url_open(f"/my/contracts/{number}").status_code, 404)
        token = self.draft._portal_ensure_token()
        self.assertEqual(
            self.url_open(f"/my/contracts/{self.draft.id}?access_token={token}").status_code, 404
        )

    def test_pdf_is_the_frozen_one_and_its_showing_is_logged(self):
        self._login(self.buyer)
        answer = self.url_open(f"{self.url}/pdf")
        self.assertEqual(answer.content, self.contract.pdf_attachment_id.raw)
        self.url_open(f"{self.url}/pdf")
        shown = self.contract.evidence_ids.filtered(lambda row: row.kind == "shown")
        self.assertEqual(len(shown), 1)
        self.assertEqual((shown.user_id, shown.sha256), (self.buyer, self.contract.pdf_sha256))
        self.assertTrue(shown.ip)

    def test_wrong_people_do_not_sign(self):
        for user, token, status in (
            (None, None, 404),
            (None, "wrong", 404),
            (self.outsider, None, 404),
            (self.outsider, self.token, 200),
            (self.colleague, None, 200),
            (self.colleague, self.token, 200),
        ):
            with self.subTest(user=user and user.login, token=token):
                self._login(user)
                data = {"name": "X", "signature": SIGNATURE}
                answer = self._post("sign", **data, **({"access_token": token} if token else {}))
                self.assertEqual(answer.status_code, status)
                if status == 200:
                    self.assertIn("not the person", answer.json()["error"])
        self.assertFalse(self.contract.customer_signed_on)

    def test_signing_needs_post_and_csrf(self):
        self._login(self.buyer)
        self.assertEqual(self.url_open(f"{self.url}/sign").status_code, 405)
        with self.assertLogs("odoo.http", level="WARNING"):
            answer = self.url_open(
                f"{self.url}/sign", data={"name": "Buyer", "signature": SIGNATURE}
            )
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.url_open(f"{self.url}/decline").status_code, 405)
        self.assertEqual(self.contract.state, "signing")

    def test_signatory_signs(self):
        self._login(self.buyer)
        bad = self._post("sign", name="Buyer", signature="bm8gaW1hZ2U=")
        self.assertIn("no image", bad.json()["error"])
        answer = self._post("sign", name="Buyer", signature=SIGNATURE).json()
        self.assertIn("message=signed", answer["redirect_url"])
        self.contract.invalidate_recordset()
        self.assertEqual(self.contract.customer_signed_by, "Buyer")
        row = self.contract.evidence_ids.filtered(lambda r: r.kind == "signed_customer")
        self.assertTrue(row.ip and row.user_agent)
        self.assertEqual((row.user_id, row.sha256), (self.buyer, self.contract.pdf_sha256))
        again = self._post("sign", name="Buyer", signature=SIGNATURE).json()
        self.assertIn("error", again)
        self.assertIn("We sign next", self.url_open(answer["redirect_url"]).text)

    def test_by_link_without_login(self):
        self._login(None)
        answer = self._post(
            "sign", name="Buyer", signature=SIGNATURE, access_token=self.token
        ).json()
        self.assertIn("redirect_url", answer)
        self.contract.invalidate_recordset()
        row = self.contract.evidence_ids.filtered(lambda r: r.kind == "signed_customer")
        self.assertTrue(row.user_id._is_public())

    def test_decline(self):
        self._login(self.colleague)
        answer = self._post("decline", reason="No")
        self.assertNotIn(self.token, answer.url + answer.text, "nor does he get the link")
        self.contract.invalidate_recordset()
        self.assertEqual(self.contract.state, "signing", "a colleague decides nothing")
        self._login(self.buyer)
        answer = self._post("decline", reason="The price")
        self.assertIn("do not sign this contract", answer.text)
        self.contract.invalidate_recordset()
        self.assertEqual(self.contract.state, "draft")
        self.assertIn(
            "The price",
            self.contract.activity_ids.filtered(lambda a: a.user_id == self.li).mapped("summary")[
                0
            ],
        )
        self.assertEqual(self.url_open(self.url).status_code, 404)

    def test_evidence_file(self):
        url = f"/crm_sales/contract/{self.contract.id}/evidence"
        for user, status in (
            (self.li, 200),
            (self.director, 200),
            (self.accountant, 200),
            (self.chen, 404),
            (self.buyer, 404),
            (self.outsider, 404),
        ):
            self._login(user)
            answer = self.url_open(url)
            self.assertEqual(answer.status_code, status, user.login)
        self._login(None)
        self.assertIn("/web/login", self.url_open(url).url)
