from odoo.tests import tagged

from .common import DealCase


@tagged("post_install", "-at_install")
class TestMargin(DealCase):
    def test_cost_of_sales_is_deducted(self):
        """The margin is what the books say: revenue less the cost of sales of the invoice."""
        plan = self._create_plan(name="Margin", members=False)
        self._add_member(plan, self.li, role="owner")
        self._create_version(plan, tiers=((0, 10),), basis="margin")
        order = self._sell_pumps()
        picking = self._deliver(order)
        invoice = self._invoice(order)
        self.assertEarned(self.li, "3900.00", plan=plan)  # 10 % of 114,000 - 75,000
        self._return(picking, 2)
        self._credit(invoice, quantity=2)
        self.assertEarned(self.li, "3120.00", plan=plan)  # 10 % of 91,200 - 60,000
        self.assertPostsNothing()
