import base64
import io
import re

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_partner.tools import unlocked

from .common_deals import HONGTAI, HONGTAI_AGAIN, DealCase

URL = "/my/partner/deals"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CHANGES = ("progress", "extend", "release", "cancel", "result")


@tagged("post_install", "-at_install")
class TestDealPortal(HttpCase, DealCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls._create_people()
        cls.alpha.user_id = cls.channel
        cls.first = cls._register(cls.alpha, user=cls.alpha_sales, **HONGTAI)
        cls.second = cls._register(cls.beta, user=cls.beta_admin, **HONGTAI_AGAIN)

    def _get(self, user, url=URL):
        self.authenticate(user.login if user else None, user.login if user else None)
        return self.url_open(url, allow_redirects=False)

    def _post(self, user, url, files=None, csrf=True, **data):
        self.authenticate(user.login, user.login)
        if csrf:
            data["csrf_token"] = self._csrf()
        return self.url_open(url, data=data, files=files, allow_redirects=False)

    def _csrf(self):
        page = self.url_open("/my/partner/deals/new")
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        return found[1] if found else self.url_open("/my") and ""

    def _form(self, **values):
        return {"customer_name": "苏州精工", "customer_domain": "jinggong.com.cn",
                "amount": "120,000.50", **values}  # fmt: skip

    # --- who may come ---

    def test_pages_are_for_sales_of_the_partner(self):
        pages = (URL, f"{URL}/new", f"{URL}/{self.first.id}")
        for page in pages:
            self.assertEqual(self._get(None, page).status_code, 303)
            self.assertEqual(self._get(self.alpha_sales, page).status_code, 200)
            self.assertEqual(self._get(self.alpha_admin, page).status_code, 200)
            for user in (self.alpha_finance, self.alpha_none, self.outsider_user):
                self.assertEqual(self._get(user, page).status_code, 404, page)

    def test_ids_of_others_do_not_exist(self):
        for deal_id in (self.first.id, self.first.id + 100000):
            self.assertEqual(self._get(self.beta_admin, f"{URL}/{deal_id}").status_code, 404)
            for change in CHANGES:
                answer = self._post(
                    self.beta_admin, f"{URL}/{deal_id}/{change}", result="won", note="x",
                    stage="demo", reason="x",
                )  # fmt: skip
                self.assertEqual(answer.status_code, 404, change)
        self.assertEqual(self.first.state, "approved")

    @mute_logger("odoo.http")
    def test_changes_need_the_token_and_a_post(self):
        for change in CHANGES:
            url = f"{URL}/{self.first.id}/{change}"
            self.assertEqual(self._get(self.alpha_sales, url).status_code, 405, change)
            self.assertEqual(
                self._post(self.alpha_sales, url, csrf=False, note="x").status_code, 400
            )
        self.assertEqual(self.first.state, "approved")

    def test_colleague_without_the_role_changes_nothing(self):
        self.authenticate(self.alpha_finance.login, self.alpha_finance.login)
        page = self.url_open("/my/account")
        token = re.search(r'csrf_token: "([^"]+)"', page.text)[1]
        for change in CHANGES:
            answer = self.url_open(
                f"{URL}/{self.first.id}/{change}", data={"csrf_token": token, "result": "won"}
            )
            self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.first.state, "approved")

    # --- what is seen ---

    def test_conflict_tells_nothing_of_the_other(self):
        page = self._get(self.beta_admin, f"{URL}/{self.second.id}").text
        self.assertIn("already being worked on", page)
        for secret in ("Alpha", self.first.name, HONGTAI["customer_name"]):
            self.assertNotIn(secret, page)

    def test_rpc_tells_nothing_of_the_other(self):
        deals = self.env["crm.deal.registration"].with_user(self.beta_admin)
        self.assertEqual(deals.search([]), self.second)
        mine = deals.browse(self.second.id)
        for name in ("conflict_ids", "possible_conflict", "customer_id", "lead_id",
                     "decided_by_id", "approval_request_ids"):  # fmt: skip
            with self.assertRaises(AccessError, msg=name):
                mine.read([name])
            with self.assertRaises(AccessError, msg=name):
                deals.search([(name, "!=", False)])
        with self.assertRaises(AccessError):
            deals.formatted_read_group([], ["lead_id"], ["__count"])
        with self.assertRaises(AccessError):
            deals.search([("conflict_ids.other_partner_id.name", "ilike", "Alpha")])
        for model in ("crm.deal.conflict", "crm.lead"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.beta_admin).search([])
        with self.assertRaises(UserError):
            mine.export_data(["name"])
        for name in deals._fields:
            try:
                self.assertNotIn("Alpha", str(mine.read([name])), name)
            except AccessError:
                continue
        with self.assertRaises(AccessError):
            deals.browse(self.first.id).read(["amount"])

    def test_rpc_changes_nothing(self):
        mine = self.env["crm.deal.registration"].with_user(self.beta_admin).browse(self.second.id)
        with self.assertRaises(AccessError):
            mine.write({"competitor": "x"})
        with self.assertRaises(AccessError):
            mine.copy()
        for action in ("action_submit", "action_approve", "action_check_again", "action_cancel",
                       "action_release", "action_reopen", "action_grant_extension"):  # fmt: skip
            with self.assertRaises(AccessError, msg=action):
                getattr(mine, action)()

    # --- list ---

    def test_list_is_searched_and_paged(self):
        self.company.deal_rate_limit = 0
        for number in range(85):
            self._register(
                self.gamma, customer_name=f"Customer {number}", amount=1000 + number,
                customer_code="", customer_domain=f"c{number}x.example.com",
            )  # fmt: skip
        page = self._get(self.gamma_admin, f"{URL}?sortby=amount").text
        self.assertIn(f"{URL}/page/2", page)
        self.assertIn("Customer 84", page)
        self.assertNotIn(">Customer 0<", page)
        self.assertIn("Customer 0", self._get(self.gamma_admin, f"{URL}/page/2?sortby=amount").text)
        found = self._get(self.gamma_admin, f"{URL}?search=Customer+77").text
        self.assertIn("Customer 77", found)
        self.assertNotIn("Customer 76", found)
        nothing = self._get(self.gamma_admin, f"{URL}?filterby=conflict&sortby=hostile").text
        self.assertIn("No deal matches", nothing)

    # --- register ---

    def test_register_with_products_and_a_file(self):
        answer = self._post(
            self.alpha_sales,
            f"{URL}/new",
            files=[("attachments", ("plan.png", io.BytesIO(PNG), "image/png"))],
            **self._form(
                product_1="Line M5", quantity_1="2", state="won", partner_id=self.beta.id,
                registration_discount="99",
            ),
        )  # fmt: skip
        self.assertEqual(answer.status_code, 303)
        deal = self.registrations.search([("customer_name", "=", "苏州精工")])
        self.assertEqual((deal.partner_id, deal.amount, deal.state),
                         (self.alpha, 120000.50, "approved"))  # fmt: skip
        self.assertEqual(deal.registration_discount, 8)
        self.assertEqual(deal.line_ids.mapped("quantity"), [2])
        self.assertEqual(deal.submitted_by_id, self.alpha_sales)
        file_url = f"{URL}/{deal.id}/file/{deal.file_ids.id}"
        self.assertEqual(self._get(self.alpha_sales, file_url).content, PNG)
        self.assertEqual(self._get(self.beta_admin, file_url).status_code, 404)
        ours = self.env["ir.attachment"].create(
            {"name": "ours.txt", "raw": b"x", "res_model": deal._name, "res_id": deal.id}
        )
        url = f"{URL}/{deal.id}/file/{ours.id}"
        self.assertEqual(self._get(self.alpha_sales, url).status_code, 404)

    def test_bad_input_is_answered_and_stores_nothing(self):
        before = self.registrations.search_count([])
        for values, answer in (
            ({"customer_code": "91310000MA1K3YJQ5X"}, "check character"),
            ({"amount": "-5"}, "greater than zero"),
            ({"amount": "NaN"}, "greater than zero"),
            ({"customer_name": " "}, "name of the end customer"),
            ({"expected_close": "tomorrow"}, "not a date"),
            ({"product_1": "No such thing"}, "There is no product"),
            ({"customer_domain": ""}, "told apart"),
        ):
            page = self._post(self.alpha_sales, f"{URL}/new", **self._form(**values))
            self.assertEqual(page.status_code, 200, values)
            self.assertIn(answer, page.text)
        page = self._post(
            self.alpha_sales,
            f"{URL}/new",
            files=[("attachments", ("run.exe", io.BytesIO(b"MZ\x90\x00" * 10), "image/png"))],
            **self._form(),
        )
        self.assertIn("type that is not accepted", page.text)
        self.assertEqual(self.registrations.search_count([]), before)

    def test_rate_limit_is_explained(self):
        self._register(
            self.alpha,
            user=self.alpha_sales,
            customer_name="Ningbo Port",
            customer_domain="port.example.com",
        )
        self.company.deal_rate_limit = 1
        page = self._post(self.alpha_sales, f"{URL}/new", **self._form())
        self.assertEqual(page.status_code, 200)
        self.assertIn("Wait a minute", page.text)

    # --- changes ---

    def test_progress_extension_and_result(self):
        url = f"{URL}/{self.first.id}"
        page = self._post(self.alpha_sales, f"{url}/extend", reason="Tender")
        self.assertIn("Report progress", page.text)
        page = self._post(self.alpha_sales, f"{url}/progress", stage="hostile", note="x")
        self.assertIn("Choose a stage", page.text)
        page = self._post(
            self.alpha_sales, f"{url}/progress", stage="offer", note="Offer sent", probability="60"
        )
        self.assertEqual(page.status_code, 303)
        self.assertEqual(self.first.progress_ids.user_id, self.alpha_sales)
        self._post(self.alpha_sales, f"{url}/extend", reason="The tender was moved")
        self.assertEqual(self.first.extension_state, "requested")
        page = self._post(self.alpha_sales, f"{url}/result", result="lost", reason="Too dear")
        self.assertEqual(page.status_code, 303)
        self.assertEqual(self.first.state, "lost")
        self.assertEqual(self.first.lead_id.won_status, "lost")
        page = self._post(self.alpha_sales, f"{url}/release")
        self.assertIn("this is possible in", page.text)

    def test_the_empty_form_has_every_field(self):
        page = self._get(self.alpha_sales, f"{URL}/new").text
        for name in ("customer_name", "amount", "description", "attachments"):
            self.assertIn(f'name="{name}"', page)

    def test_cancel_and_release(self):
        self._post(self.alpha_sales, f"{URL}/{self.first.id}/release")
        self.assertEqual(self.first.state, "released")
        self._post(self.beta_admin, f"{URL}/{self.second.id}/cancel")
        self.assertEqual(self.second.state, "cancelled")

    # --- home and tours ---

    def test_home_counts(self):
        page = self._get(self.alpha_sales, "/my/partner").text
        self.assertIn("o_partner_card_deals", page)
        self.assertNotIn("o_partner_card_deals", self._get(self.alpha_finance, "/my/partner").text)

    def test_tour_as_partner(self):
        unlocked(self.first)._release()
        unlocked(self.second)._cancel()
        self.start_tour("/my/partner", "crm_partner_deal_portal", login=self.alpha_sales.login)
        deal = self.registrations.search([("partner_id", "=", self.alpha.id)], limit=1)
        self.assertEqual((deal.amount, deal.extension_state), (500000, "requested"))

    def test_tour_as_channel_manager(self):
        unlocked(self.first)._release()
        unlocked(self.second)._cancel()
        self.gold.registration_auto_limit = 0
        deal = self._register(self.alpha, **HONGTAI)
        self.start_tour(
            "/odoo/registered-deals", "crm_partner_deal_manager", login=self.channel.login
        )
        self.assertEqual(deal.state, "approved")
