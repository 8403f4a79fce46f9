from odoo.tests import HttpCase, tagged

from .common import PartnerCase


@tagged("-at_install", "post_install")
class TestPortalHome(HttpCase, PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()

    def _open(self, user, url="/my/partner"):
        if user:
            self.authenticate(user.login, user.login)
        return self.url_open(url, allow_redirects=False)

    def test_home_is_for_people_of_partners(self):
        anonymous = self._open(None)
        self.assertEqual(anonymous.status_code, 303)
        self.assertIn("/web/login", anonymous.headers["Location"])
        self.assertEqual(self._open(self.outsider_user).status_code, 404)
        for user in (self.alpha_admin, self.alpha_sales, self.alpha_none):
            page = self._open(user)
            self.assertEqual(page.status_code, 200)
            self.assertIn("Alpha Reseller", page.text)
            self.assertNotIn("Beta Reseller", page.text)

    def test_administrator_has_every_role(self):
        for role in ("admin", "sales", "marketing", "finance", "technical"):
            self.assertTrue(self.alpha_admin._has_channel_role(role))
        self.assertTrue(self.alpha_sales._has_channel_role("sales"))
        self.assertFalse(self.alpha_sales._has_channel_role("finance"))
        self.assertFalse(self.alpha_none._has_channel_role("sales"))

    def test_roles_end_with_the_programme(self):
        self.alpha.grade_id = False
        self.assertFalse(self.alpha_admin._has_channel_role("sales"))
        self.assertEqual(self._open(self.alpha_admin).status_code, 404)

    def test_tour(self):
        self.start_tour("/my", "crm_partner_home", login=self.alpha_admin.login)
