"""Orders of one registered deal that are confirmed at the same moment, in real transactions."""

from functools import partial

from odoo import Command
from odoo.tests import tagged

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

from .common_deals import remove_deals

ORDERS = 4


@tagged("-at_install", "post_install")
class TestDealParallel(ParallelCase):
    """Four orders of six, and ten registered."""

    context = {"tracking_disable": True}
    quantity = 10

    def _build(self, env):
        company = env.ref("base.main_company")
        level = env["res.partner.grade"].create(
            {
                "name": "At once",
                "company_id": company.id,
                "registration_auto_limit": 600000,
                "registration_discount": 8,
                "protection_days": 90,
            }
        )
        self.remove_at_end(level)
        partner = env["res.partner"].create({"name": "Orders at once", "is_company": True})
        self.remove_at_end(partner)
        partner.grade_id = level
        product = env["product.product"].create(
            {"name": "At once", "type": "service", "list_price": 1000, "taxes_id": []}
        )
        self.remove_at_end(product.product_tmpl_id)
        self.change_until_end(company, deal_rate_limit=0)
        self.at_end(remove_deals, partner.ids)
        deal = env["crm.deal.registration"]._register_deal(
            partner,
            {"amount": 10000, "customer_name": "At once", "customer_domain": "at-once.example.com"},
            [(product, self.quantity)] if self.quantity else [],
        )
        orders = env["sale.order"].create(
            [
                {
                    "partner_id": partner.id,
                    "deal_registration_id": deal.id,
                    "order_line": [
                        Command.create({"product_id": product.id, "product_uom_qty": 6})
                    ],
                }
                for _number in range(ORDERS)
            ]
        )
        self.deal, self.orders = deal.id, orders.ids
        self.at_end(self._remove_orders)

    def _remove_orders(self, env):
        orders = env["sale.order"].browse(self.orders).exists()
        orders.filtered(lambda order: order.state == "sale")._action_cancel()
        orders.unlink()

    def _deal(self, env):
        return env["crm.deal.registration"].browse(self.deal)

    @staticmethod
    def _confirm(order_id, env):
        env["sale.order"].browse(order_id).action_confirm()

    def test_orders_at_once_take_no_more_than_registered(self):
        outcomes = self.together(
            [partial(self._confirm, order_id) for order_id in self.orders],
            prepare=lambda env: self._deal(env).read(["state"]),
            retry=True,
        )
        results = [self.said(outcome) for outcome in outcomes]
        self.assertEqual(results.count("done"), 1, results)
        for said in results:
            self.assertRegex(said, "done|would take .*12(,000.00)?")
        with self.transaction() as env:
            self._check_taken(self._deal(env))

    def _check_taken(self, deal):
        line = deal.line_ids
        self.assertEqual((line.quantity_taken, line.quantity_left), (6, 4))


@tagged("-at_install", "post_install")
class TestDealAmountParallel(TestDealParallel):
    """The same with ten thousand registered, and no product named."""

    quantity = 0

    def _check_taken(self, deal):
        self.assertEqual((deal.amount_taken, deal.amount_left), (6000, 4000))
