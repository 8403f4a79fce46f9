from odoo import Command, http
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_leads import LeadCase


@tagged("-at_install", "post_install")
class TestPortalLeads(HttpCase, LeadCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls.lead = cls._lead()
        cls.env["crm.lead.offer"].create(
            {"lead_ids": cls.lead.ids, "method": "manual", "partner_id": cls.alpha.id}
        ).action_confirm()
        cls.offer = cls.lead.channel_assignment_ids
        cls.pooled = cls._lead(
            "Booster set", city="Suzhou", partner_name="Pooled Paper Mill", state_id=cls.jiangsu.id
        )
        cls.entry = cls._pool(cls.pooled)

    def _get(self, user, url):
        self.authenticate(user.login if user else None, user.login if user else None)
        return self.url_open(url, allow_redirects=False)

    def _post(self, user, url, token=True, **data):
        self.authenticate(user.login if user else None, user.login if user else None)
        if token:
            data["csrf_token"] = http.Request.csrf_token(self)
        return self.url_open(url, data=data or {"x": "1"}, allow_redirects=False)

    def _url(self, assignment, action=""):
        return f"/my/partner/leads/{assignment.id}{action}"

    def test_pages_by_visitor(self):
        for url in ("/my/partner/leads", self._url(self.offer)):
            with self.subTest(url):
                self.assertEqual(self._get(None, url).status_code, 303)
                for user in (self.outsider_user, self.alpha_none, self.alpha_finance):
                    self.assertEqual(self._get(user, url).status_code, 404)
                for user in (self.alpha_sales, self.alpha_admin):
                    self.assertEqual(self._get(user, url).status_code, 200)
        self.assertEqual(self._get(self.beta_admin, self._url(self.offer)).status_code, 404)
        self.assertEqual(self._get(self.beta_admin, "/my/partner/leads/999999").status_code, 404)

    def test_nothing_of_the_customer_before_acceptance(self):
        for url in (self._url(self.offer), "/my/partner/leads", self._url(self.entry)):
            page = self._get(self.alpha_sales, url).text
            for secret in ("Secret Steel", "Confidential", "5555", "Hidden", "Yangtze", "Pooled"):
                self.assertNotIn(secret, page)
        self.assertIn("Shanghai", self._get(self.alpha_sales, self._url(self.offer)).text)

    def test_each_change_by_visitor(self):
        for action in ("accept", "decline", "claim", "feedback"):
            url = self._url(self.offer, f"/{action}")
            with self.subTest(action):
                self.assertEqual(self._get(self.alpha_sales, url).status_code, 405)
                with mute_logger("odoo.http"):
                    refused = self._post(self.alpha_sales, url, token=False)
                self.assertEqual(refused.status_code, 400)
                with mute_logger("odoo.http"):
                    self.assertIn(self._post(None, url).status_code, (303, 400))
                for user in (self.alpha_finance, self.alpha_none, self.beta_admin):
                    self.assertEqual(self._post(user, url).status_code, 404)
        self.assertEqual(self.offer.state, "offered")

    def test_accept_and_report(self):
        done = self._post(self.alpha_sales, self._url(self.offer, "/accept"))
        self.assertEqual(done.status_code, 303)
        page = self._get(self.alpha_sales, self._url(self.offer)).text
        self.assertIn("Secret Steel Works", page)
        self.assertIn("Ask for the second shift.", page)
        # forged fields change nothing
        self._post(
            self.alpha_sales,
            self._url(self.offer, "/feedback"),
            progress="qualified",
            note="<script>alert(1)</script>",
            state="converted",
            partner_id=str(self.beta.id),
        )
        self.assertEqual((self.offer.state, self.offer.progress), ("accepted", "qualified"))
        self.assertEqual(self.offer.partner_id, self.alpha)
        page = self._get(self.alpha_sales, self._url(self.offer)).text
        self.assertNotIn("<script>alert(1)", page)
        wrong = self._post(
            self.alpha_sales, self._url(self.offer, "/feedback"), progress="won", amount="lots"
        )
        self.assertIn("is no amount", wrong.text)
        for amount in ("nan", "inf", "-5", "1e400"):
            self._post(
                self.alpha_sales, self._url(self.offer, "/feedback"), progress="won", amount=amount
            )
            self.assertEqual(self.offer.state, "accepted", amount)
        self._post(
            self.alpha_sales, self._url(self.offer, "/feedback"), progress="won", amount="51,000"
        )
        self.assertEqual((self.offer.state, self.offer.amount), ("converted", 51000))
        self.assertEqual(self.lead.won_status, "won")

    def test_lost(self):
        reason = self.env["crm.lost.reason"].create({"name": "Price"})
        self._post(self.alpha_sales, self._url(self.offer, "/accept"))
        for forged in ("", "x", "999999"):
            self._post(
                self.alpha_sales,
                self._url(self.offer, "/feedback"),
                progress="lost",
                lost_reason=forged,
            )
            self.assertEqual(self.offer.state, "accepted")
        self._post(
            self.alpha_sales,
            self._url(self.offer, "/feedback"),
            progress="lost",
            lost_reason=str(reason.id),
        )
        self.assertEqual((self.offer.state, self.lead.won_status), ("lost", "lost"))

    def test_decline(self):
        self._post(self.alpha_sales, self._url(self.offer, "/decline"), reason="forged")
        self.assertEqual(self.offer.state, "offered")
        self._post(self.alpha_sales, self._url(self.offer, "/decline"), reason="capacity", note="x")
        self.assertEqual((self.offer.state, self.offer.decline_note), ("declined", "x"))

    def test_claim(self):
        self.assertEqual(
            self._post(self.alpha_finance, self._url(self.entry, "/claim")).status_code, 404
        )
        self._post(self.gamma_admin, self._url(self.entry, "/claim"))
        self.assertEqual((self.entry.state, self.entry.partner_id), ("accepted", self.gamma))
        late = self._post(self.alpha_sales, self._url(self.entry, "/claim"))
        self.assertEqual(late.status_code, 404)

    def test_search_filter_and_paging(self):
        page = self._get(self.alpha_sales, "/my/partner/leads?filterby=pool&search=suzhou").text
        self.assertIn(self.entry.reference, page)
        page = self._get(self.alpha_sales, "/my/partner/leads?filterby=pool&search=Pooled").text
        self.assertNotIn(f"/leads/{self.entry.id}", page)
        page = self._get(self.alpha_sales, "/my/partner/leads?filterby=nonsense&sortby='").text
        self.assertIn(self.offer.reference, page)

    def test_home_card(self):
        page = self._get(self.alpha_sales, "/my/partner").text
        self.assertIn("o_partner_card_leads", page)
        self.assertNotIn("o_partner_card_leads", self._get(self.alpha_finance, "/my/partner").text)

    def test_tour(self):
        self.start_tour("/my/partner", "crm_partner_leads", login=self.alpha_sales.login)
        self.assertEqual((self.offer.state, self.offer.progress), ("accepted", "contacted"))
        self.assertEqual((self.entry.state, self.entry.partner_id), ("accepted", self.alpha))

    def test_tour_channel_manager(self):
        self._create_people()
        lead = self._lead("Tour Lead", user_id=self.channel.id)
        self.channel.group_ids = [Command.link(self.env.ref("base.group_user").id)]
        self.start_tour(
            f"/odoo/action-crm.crm_lead_opportunities/{lead.id}",
            "crm_partner_give_lead",
            login=self.channel.login,
        )
        self.assertEqual(lead.channel_state, "offered")

    def test_tour_board(self):
        self._create_people()
        self.start_tour(
            "/odoo/action-crm_partner.crm_lead_assignment_action",
            "crm_partner_lead_board",
            login=self.channel.login,
        )
        self.assertEqual(self.offer.state, "withdrawn")
        self.assertEqual(self.lead.channel_assignment_ids, self.offer)
