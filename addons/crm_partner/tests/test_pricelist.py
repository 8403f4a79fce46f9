from odoo.tests import tagged

from .common import PartnerCase


@tagged("-at_install", "post_install")
class TestLevelPricelist(PartnerCase):
    """The price list of a level is for its partners only."""

    def test_customers_without_a_level_do_not_get_it(self):
        levels = self.gold | self.silver | self.authorised
        self.assertEqual(self.alpha.property_product_pricelist, self.gold.default_pricelist_id)
        self.assertNotIn(self.outsider.property_product_pricelist, levels.default_pricelist_id)

    def test_public_price_list_applies(self):
        self.env["product.pricelist"].search(
            [("id", "not in", (self.gold | self.silver | self.authorised).default_pricelist_id.ids)]
        ).active = False
        public = self.env["product.pricelist"].create({"name": "Public", "sequence": 99})
        self.env.invalidate_all()
        self.assertEqual(self.outsider.property_product_pricelist, public)

    def test_order_of_a_customer_costs_the_list_price(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.outsider.id,
                "company_id": self.company.id,
                "order_line": [(0, 0, {"product_id": self.pump.id})],
            }
        )
        self.assertEqual(order.amount_untaxed, 1000)
