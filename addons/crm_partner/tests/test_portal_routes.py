import threading

from odoo import http
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_diversion import DiversionCase

HOSTILE = (0, 999999, 2**31, 2**63, 10**30, "-1", "abc", "1%20or%201=1", "..%2F..")
MODULES = ("partner_home", "partner_order", "partner_portal", "partner_serial", "partner_team")


@tagged("post_install", "-at_install")
class TestPortalRoutes(DiversionCase):
    """Every route: anonymous, outsider, colleague without the role, wrong partner, right person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._order(cls.alpha)
        cls.company.partner_invite_limit = 100
        cls.sighting = cls.env["crm.lot.sighting"].create(
            {
                "lot_id": cls.lot_a1.id,
                "country_id": cls.china.id,
                "state_id": cls.shanghai.id,
                "company_id": cls.company.id,
                "source": "registration",
                "reporter_partner_id": cls.alpha.id,
            }
        )
        order, member, seen = cls.order.id, cls.alpha_none.id, cls.sighting.id
        everybody = ("sales", "marketing", "finance", "technical", "none")
        # (method, address, rule, roles besides the administrator's, kind of record)
        cls.routes = [
            ("GET", "/my/partner", "/my/partner", everybody, None),
            ("GET", "/my/partner/order", "/my/partner/order", ("sales",), None),
            (
                "GET",
                "/my/partner/order/page/1",
                "/my/partner/order/page/<int:page>",
                ("sales",),
                None,
            ),
            ("POST", "/my/partner/order/add", "/my/partner/order/add", ("sales",), None),
            ("GET", "/my/partner/order/cart", "/my/partner/order/cart", ("sales",), None),
            (
                "POST",
                "/my/partner/order/cart/update",
                "/my/partner/order/cart/update",
                ("sales",),
                None,
            ),
            ("GET", "/my/partner/orders", "/my/partner/orders", ("sales",), None),
            (
                "GET",
                "/my/partner/orders/page/1",
                "/my/partner/orders/page/<int:page>",
                ("sales",),
                None,
            ),
            *(
                (
                    method,
                    f"/my/partner/orders/{order}{suffix}",
                    f"/my/partner/orders/<int:order_id>{suffix}",
                    ("sales",),
                    order,
                )
                for method, suffix in (("GET", ""), ("POST", "/repeat"), ("POST", "/take_back"))
            ),
            ("GET", "/my/partner/serials", "/my/partner/serials", ("sales", "technical"), None),
            (
                "GET",
                "/my/partner/serials/page/1",
                "/my/partner/serials/page/<int:page>",
                ("sales", "technical"),
                None,
            ),
            (
                "POST",
                "/my/partner/serials/register",
                "/my/partner/serials/register",
                ("sales", "technical"),
                None,
            ),
            (
                "POST",
                f"/my/partner/serials/{seen}/withdraw",
                "/my/partner/serials/<int:sighting_id>/withdraw",
                ("sales", "technical"),
                seen,
            ),
            ("GET", "/my/partner/team", "/my/partner/team", (), None),
            ("POST", "/my/partner/team/invite", "/my/partner/team/invite", (), None),
            *(
                (
                    "POST",
                    f"/my/partner/team/{member}/{action}",
                    f"/my/partner/team/<int:user_id>/{action}",
                    (),
                    member,
                )
                for action in ("roles", "resend", "remove", "restore")
            ),
        ]

    def _ask(self, method, url, token=True):
        if method == "GET":
            return self.url_open(url, allow_redirects=False)
        data = {"csrf_token": http.Request.csrf_token(self)} if token else {"a": "1"}
        return self.url_open(url, data=data, allow_redirects=False)

    def _status(self, method, url):
        answer = self._ask(method, url)
        if "/web/login" in answer.headers.get("Location", ""):
            return "login"
        return answer.status_code

    def test_every_route_is_in_the_table(self):
        threading.current_thread().dbname = self.env.cr.dbname
        self.addCleanup(delattr, threading.current_thread(), "dbname")
        rules = self.env["ir.http"].routing_map().iter_rules()
        ours = {
            rule.rule
            for rule in rules
            if rule.rule.startswith("/my/partner")
            and rule.endpoint.func.__module__.rpartition(".")[2] in MODULES
        }
        self.assertEqual(ours, {rule for _method, _url, rule, _roles, _record in self.routes})

    def test_anonymous(self):
        self.login(None)
        for method, url, *_rest in self.routes:
            self.assertEqual(self._status(method, url), "login", url)

    def test_outsider(self):
        self.login(self.outsider_user)
        for method, url, *_rest in self.routes:
            self.assertEqual(self._status(method, url), 404, url)

    def test_colleagues_by_role(self):
        for role in ("sales", "marketing", "finance", "technical", "none"):
            user = getattr(self, f"alpha_{role}")
            self.login(user)
            self.sighting.active = True  # the colleague before took it back
            for method, url, _rule, roles, _record in self.routes:
                expected = (200 if method == "GET" else 303) if role in roles else 404
                self.assertEqual(self._status(method, url), expected, (role, url))
        self.assertTrue(self.alpha_none.active)

    def test_administrator_of_another_partner(self):
        self.login(self.beta_admin)
        for method, url, _rule, _roles, record in self.routes:
            expected = 404 if record else (200 if method == "GET" else 303)
            self.assertEqual(self._status(method, url), expected, url)
        self.assertTrue(self.alpha_none.active)
        self.assertTrue(self.sighting.active)

    def test_administrator(self):
        self.login(self.alpha_admin)
        for method, url, *_rest in self.routes:
            self.assertEqual(self._status(method, url), 200 if method == "GET" else 303, url)

    def test_everything_ends_with_the_programme(self):
        self.alpha.grade_id = False
        self.login(self.alpha_admin)
        for method, url, *_rest in self.routes:
            self.assertEqual(self._status(method, url), 404, url)

    @mute_logger("odoo.http")
    def test_post_without_token_is_refused(self):
        self.login(self.alpha_admin)
        for method, url, *_rest in self.routes:
            if method == "POST":
                self.assertEqual(self._ask(method, url, token=False).status_code, 400, url)
        self.assertTrue(self.alpha_none.active)
        self.assertTrue(self.sighting.active)

    def test_changes_are_posts(self):
        self.login(self.alpha_admin)
        for method, url, _rule, _roles, _record in self.routes:
            if method == "POST":
                answer = self.url_open(url, allow_redirects=False)
                self.assertIn(answer.status_code, (404, 405), url)
        self.assertFalse(self.env["crm.partner.cart"]._find(self.alpha, self.alpha_admin))
        self.assertTrue(self.alpha_none.active)

    def test_hostile_ids(self):
        self.login(self.alpha_admin)
        for method, url, _rule, _roles, record in self.routes:
            if not record:
                continue
            for hostile in HOSTILE:
                address = url.replace(f"/{record}", f"/{hostile}", 1)
                self.assertIn(self._status(method, address), (404, 405), address)

    def test_other_companies_documents(self):
        """Records of every other partner, of ours and of nobody answer like what does not exist."""
        foreign_order = self._order(self.beta)
        drafts = self._order(self.alpha, confirm=False)
        self.login(self.alpha_admin)
        for order in (foreign_order, drafts):
            for method, suffix in (("GET", ""), ("POST", "/repeat"), ("POST", "/take_back")):
                url = f"/my/partner/orders/{order.id}{suffix}"
                self.assertEqual(self._status(method, url), 404, url)
        for user in (self.beta_admin, self.outsider_user, self.channel, self.env.user):
            for action in ("roles", "resend", "remove", "restore"):
                url = f"/my/partner/team/{user.id}/{action}"
                self.assertEqual(self._status("POST", url), 404, url)

    def test_message_of_another_page_cannot_be_put_in_the_address(self):
        self.login(self.alpha_admin)
        page = self.get("/my/partner?error=Transfer+money&notice=Well+done")
        self.assertFalse(self.texts(page, ".alert"))
