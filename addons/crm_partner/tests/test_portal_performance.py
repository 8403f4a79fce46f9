from odoo.tests import tagged

from .common_portal import PortalCase


@tagged("post_install", "-at_install")
class TestPortalPerformance(PortalCase):
    """The pages ask the database as often for a partner with many documents as for one with few."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._documents(cls.alpha, 30)
        cls._documents(cls.gamma, 2)

    @classmethod
    def _documents(cls, partner, count):
        orders = cls.env["sale.order"].create(
            [
                {
                    "partner_id": partner.id,
                    "company_id": cls.company.id,
                    "order_line": [(0, 0, {"product_id": cls.pump.id})],
                }
                for _number in range(count)
            ]
        )
        orders.action_quotation_sent()
        for _number in range(count):
            cls._invoice(partner, "2026-05-05", 100)

    def _queries(self, user, url):
        self.login(user)
        self.get(url)
        before = self.cr.sql_log_count
        self.get(url)
        return self.cr.sql_log_count - before

    def test_queries_do_not_grow_with_the_documents(self):
        for url in ("/my/partner", "/my/partner/orders", "/my/partner/order"):
            many = self._queries(self.alpha_admin, url)
            few = self._queries(self.gamma_admin, url)
            self.assertLessEqual(many, few + 2, url)
            self.assertLess(many, 120, url)
