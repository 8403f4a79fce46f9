from odoo.tests import tagged

from ..builder import partner_portal
from .common import DemoCase


@tagged("post_install", "-at_install")
class TestPartnerPortal(DemoCase):
    """Partners order in their portal, and a serial number turned up where it should not be."""

    def test_orders_wait_in_the_backend(self):
        orders = self.env["sale.order"].search([("channel_ordered_on", "!=", False)])
        self.assertTrue(orders)
        self.assertTrue(all(orders.mapped("client_order_ref")))
        self.assertTrue(orders.partner_id.grade_id)

    def test_catalogue(self):
        products = self.env["product.product"].search([("channel_ok", "=", True)])
        self.assertGreater(len(products), partner_portal.CATALOGUE)

    def test_diversion_case(self):
        case = self.env["crm.diversion.case"].search([])
        self.assertEqual(case.lot_id.name, partner_portal.SERIALS[1])
        inside = self.env["crm.lot.sighting"].search([("result", "=", "inside")])
        self.assertEqual(inside.lot_id.name, partner_portal.SERIALS[0])
