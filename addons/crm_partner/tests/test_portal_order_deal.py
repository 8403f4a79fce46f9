from odoo.tests import tagged

from ..controllers.partner_order import CART, CATALOGUE
from .common_portal import PortalCase


@tagged("-at_install", "post_install")
class TestPortalOrderDeal(PortalCase):
    """The partner says in the cart for which registered deal the order is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        register = cls.env["crm.deal.registration"]._register_deal
        own = {"customer_name": "上海宏泰机械有限公司", "customer_phone": "021-68881234"}
        other = {"customer_name": "苏州明达电子有限公司", "customer_phone": "0512-66668888"}
        cls.deal = register(cls.alpha, {"amount": 500000, **own}, []).sudo()
        cls.foreign = register(cls.beta, {"amount": 1000, **other}, []).sudo()

    def setUp(self):
        super().setUp()
        self.login(self.alpha_sales)
        self.post(f"{CATALOGUE}/add", **{f"quantity-{self.pump.id}": "10"})
        self.cart = self.env["crm.partner.cart"]._find(self.alpha, self.alpha_sales)

    def test_deal_gives_its_discount(self):
        self.assertEqual(self.cart.amount_untaxed, 8000)
        options = self.get(CART).xpath("//select[@id='deal_registration_id']/option/@value")
        self.assertEqual(options, ["", str(self.deal.id)])
        self.post(f"{CART}/update", deal_registration_id=self.deal.id)
        self.assertEqual(self.cart.deal_registration_id, self.deal)
        self.assertEqual(self.cart.amount_untaxed, 7360)
        self.post(f"{CART}/update", deal_registration_id="")
        self.assertFalse(self.cart.deal_registration_id)
        self.assertEqual(self.cart.amount_untaxed, 8000)

    def test_deal_of_somebody_else_is_refused(self):
        for forged in (self.foreign.id, "x", "-1"):
            page = self.follow(self.post(f"{CART}/update", deal_registration_id=forged))
            self.assertProblem(page, "own registered deals")
            self.assertFalse(self.cart.deal_registration_id)
