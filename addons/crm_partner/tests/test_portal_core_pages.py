from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_portal import PortalCase


@tagged("post_install", "-at_install")
class TestPortalCorePages(PortalCase):
    """Odoo's own portal pages obey the roles of a partner's people; others see what core shows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._order(cls.alpha)
        cls.quotation = cls._order(cls.alpha, confirm=False)
        cls.quotation.action_quotation_sent()
        cls.invoice = cls._invoice(cls.alpha, "2026-05-05", 1000)
        cls.other_order = cls._order(cls.outsider)
        cls.other_invoice = cls._invoice(cls.outsider, "2026-05-05", 1000)
        cls.picking = cls.order.picking_ids

    def _sees(self, url, words):
        answer = self.url_open(url)
        return answer.status_code == 200 and words in answer.text

    def test_orders_need_the_role_sales(self):
        for user, sees in (
            (self.alpha_admin, True),
            (self.alpha_sales, True),
            (self.alpha_finance, False),
            (self.alpha_technical, False),
            (self.alpha_none, False),
            (self.beta_admin, False),
            (self.outsider_user, False),
        ):
            self.login(user)
            for url, document in (
                ("/my/orders", self.order),
                ("/my/quotes", self.quotation),
                (f"/my/orders/{self.order.id}", self.order),
                (f"/my/orders/{self.quotation.id}", self.quotation),
            ):
                self.assertEqual(self._sees(url, document.name), sees, (user.login, url))
            orders = self.env["sale.order"].with_user(user)
            self.assertEqual(self.order in orders.search([]), sees)
            lines = self.env["sale.order.line"].with_user(user)
            self.assertEqual(self.order.order_line in lines.search([]), sees)

    def test_invoices_need_the_role_finance(self):
        for user, sees in (
            (self.alpha_admin, True),
            (self.alpha_finance, True),
            (self.alpha_sales, False),
            (self.alpha_marketing, False),
            (self.alpha_none, False),
            (self.beta_admin, False),
            (self.outsider_user, False),
        ):
            self.login(user)
            for url in ("/my/invoices", f"/my/invoices/{self.invoice.id}"):
                self.assertEqual(self._sees(url, self.invoice.name), sees, (user.login, url))
            if not sees:
                url = f"/report/html/account.report_invoice/{self.invoice.id}"
                with mute_logger("odoo.http"):
                    self.assertNotIn(self.invoice.name, self.url_open(url).text, user.login)
            lines = self.env["account.move.line"].with_user(user)
            self.assertEqual(bool(lines.search([]) & self.invoice.line_ids), sees)

    def test_deliveries_need_the_role_sales_or_technical(self):
        for user, sees in (
            (self.alpha_sales, True),
            (self.alpha_technical, True),
            (self.alpha_finance, False),
            (self.alpha_none, False),
        ):
            self.picking.partner_id = user.partner_id
            pickings = self.env["stock.picking"].with_user(user)
            self.assertEqual(self.picking in pickings.search([]), sees, user.login)

    def test_ordinary_customer_sees_what_core_shows(self):
        self.login(self.outsider_user)
        self.assertTrue(self._sees("/my/orders", self.other_order.name))
        self.assertTrue(self._sees(f"/my/orders/{self.other_order.id}", self.other_order.name))
        self.assertTrue(self._sees("/my/invoices", self.other_invoice.name))
        self.assertTrue(
            self._sees(f"/my/invoices/{self.other_invoice.id}", self.other_invoice.name)
        )
        self.other_order.picking_ids.partner_id = self.outsider_user.partner_id
        pickings = self.env["stock.picking"].with_user(self.outsider_user)
        self.assertIn(self.other_order.picking_ids, pickings.search([]))

    def test_ordinary_customer_that_becomes_a_partner(self):
        """No cached rule keeps showing what the roles of the new partner do not allow."""
        orders = self.env["sale.order"].with_user(self.outsider_user)
        self.assertIn(self.other_order, orders.search([]))
        self.outsider.grade_id = self.silver
        self.assertNotIn(self.other_order, orders.search([]))
        with self.assertRaises(AccessError):
            self.other_order.with_user(self.outsider_user).read(["name"])
        self.outsider.grade_id = False
        self.assertIn(self.other_order, orders.search([]))

    def test_link_with_a_token_works_as_in_core(self):
        self.login(None)
        url = f"/my/orders/{self.order.id}"
        self.assertFalse(self._sees(url, self.order.name))
        token = self.order._portal_ensure_token()
        self.assertTrue(self._sees(f"{url}?access_token={token}", self.order.name))

    def test_internal_users_see_everything(self):
        self._create_people()
        self.assertIn(self.order, self.env["sale.order"].with_user(self.channel).search([]))
        self.assertIn(self.invoice, self.env["account.move"].with_user(self.accountant).search([]))
