"""Orders of one registered deal that are confirmed at the same moment, in real transactions."""

import functools
import threading

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from ..tools import unlocked

ORDERS = 4


@tagged("-at_install", "post_install")
class TestDealParallel(BaseCase):
    """Four orders of six, and ten registered; what is created is removed afterwards."""

    quantity = 10

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.ids = {}
        self.addCleanup(self._clean)
        with self.registry.cursor() as cr:
            self._build(api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True}))

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
        partner = env["res.partner"].create({"name": "Orders at once", "is_company": True})
        partner.grade_id = level
        product = env["product.product"].create(
            {"name": "At once", "type": "service", "list_price": 1000, "taxes_id": []}
        )
        self.limit, company.deal_rate_limit = company.deal_rate_limit, 0
        self.ids = {"level": level.id, "partner": partner.id, "product": product.id}
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
        self.ids |= {"deal": deal.id, "orders": orders.ids}

    def _clean(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            orders = env["sale.order"].browse(self.ids.get("orders", []))
            orders.filtered(lambda order: order.state == "sale")._action_cancel()
            orders.unlink()
            deal = unlocked(env["crm.deal.registration"].browse(self.ids.get("deal", [])))
            lead = deal.lead_id
            deal.write({"state": "draft", "lead_id": False})
            lead.write({"deal_registration_id": False})
            lead.unlink()
            deal.unlink()
            env["product.product"].browse(self.ids["product"]).product_tmpl_id.unlink()
            env["res.partner"].browse(self.ids["partner"]).unlink()
            env["res.partner.grade"].browse(self.ids["level"]).unlink()
            env.ref("base.main_company").deal_rate_limit = self.limit

    def _confirm(self, order_id):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            env["crm.deal.registration"].browse(self.ids["deal"]).read(["state"])  # the snapshot
            self.barrier.wait(timeout=60)
            try:
                retrying(functools.partial(env["sale.order"].browse(order_id).action_confirm), env)
            except UserError as error:
                cr.rollback()  # as a request does
                return str(error)
        return "done"

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_orders_at_once_take_no_more_than_registered(self):
        self.barrier, results = threading.Barrier(ORDERS), [None] * ORDERS

        def work(number, order_id):
            try:
                results[number] = self._confirm(order_id)
            except Exception as error:  # a thread hands its failure to the test
                results[number] = repr(error)

        threads = [
            threading.Thread(target=work, args=(number, order_id))
            for number, order_id in enumerate(self.ids["orders"])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=240)
        self.assertEqual(results.count("done"), 1, results)
        for said in results:
            self.assertRegex(said, "done|would take .*12(,000.00)?")
        with self.registry.cursor() as cr:
            self._check_taken(api.Environment(cr, SUPERUSER_ID, {}))

    def _check_taken(self, env):
        line = env["crm.deal.registration"].browse(self.ids["deal"]).line_ids
        self.assertEqual((line.quantity_taken, line.quantity_left), (6, 4))


@tagged("-at_install", "post_install")
class TestDealAmountParallel(TestDealParallel):
    """The same with ten thousand registered, and no product named."""

    quantity = 0

    def _check_taken(self, env):
        deal = env["crm.deal.registration"].browse(self.ids["deal"])
        self.assertEqual((deal.amount_taken, deal.amount_left), (6000, 4000))
