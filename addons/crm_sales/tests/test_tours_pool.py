from odoo.tests import HttpCase, tagged

from .common_pool import PoolCase
from .test_visit import AWAY, DOOR


@tagged("post_install", "-at_install")
class TestPoolTours(PoolCase, HttpCase):
    """The main paths of a salesperson in the browser, the visit at the width of a phone."""

    browser_size = "1366x768"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.x.password = cls.y.password = "pool-tour-1"

    def test_claim_and_hand_back(self):
        first = self.pooled("Hongtai Machinery", self.y, city="Shanghai")
        second = self.pooled("Ruifeng Pumps", self.y)
        self.start_tour("/odoo/crm-pools", "crm_sales_pool", login=self.x.login)
        self.assertEqual(first.user_id, self.x)
        self.assertEqual(second.pool_id, self.pool)
        self.assertEqual(second.ownership_ids.sorted("id")[-1].reason, "Wrong region")
        self.assertEqual(
            second.ownership_ids.sorted("id").mapped("how"), ["create", "put", "claim", "release"]
        )


@tagged("post_install", "-at_install")
class TestVisitTours(PoolCase, HttpCase):
    browser_size = "400x800"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site = cls.customer(
            "Hongtai Machinery", partner_latitude=DOOR[0], partner_longitude=DOOR[1]
        )
        cls.visit = cls.env["crm.visit"].create(
            {
                "name": "Present the pump",
                "partner_id": cls.site.id,
                "user_id": cls.x.id,
                "company_id": cls.company.id,
                "next_step": "Send the offer",
            }
        )

    def test_check_in_with_position(self):
        self.start_tour(
            f"/odoo/crm-visits/{self.visit.id}", "crm_sales_visit_check", login=self.x.login
        )
        self.assertEqual(self.visit.state, "done")
        self.assertAlmostEqual(self.visit.check_in_latitude, AWAY[0], 4)
        self.assertTrue(self.visit.is_far)
        self.assertIn("Wants two", self.visit.report)
        self.assertEqual(self.visit.next_activity_id.summary, "Send the offer")

    def test_check_in_without_permission(self):
        self.start_tour(
            f"/odoo/crm-visits/{self.visit.id}", "crm_sales_visit_denied", login=self.x.login
        )
        self.assertEqual(self.visit.state, "ongoing")
        self.assertEqual(self.visit.check_in_reason, "In the basement")

    def test_nearby(self):
        self.start_tour("/odoo/customers-nearby", "crm_sales_nearby", login=self.x.login)
