from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import SubledgerCase


@tagged("post_install", "-at_install")
class TestTours(SubledgerCase, HttpCase):
    """What an accountant clicks through, in English and in Chinese."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_users()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.accountant.group_ids += cls.env.ref("sales_team.group_sale_manager")

    def _follow_item(self, lang):
        self.accountant.lang = lang
        self._create_item(500)
        self.start_tour("/odoo", "crm_subledger_tour", login=self.accountant.login)
        self.assertLedgerEqualsGL()

    def test_item_to_general_ledger(self):
        self._follow_item("en_US")

    def test_item_to_general_ledger_in_chinese(self):
        self._follow_item("zh_CN")

    def _follow_contribution(self, lang):
        self.accountant.lang = lang
        service = self.env["product.product"].create(
            {"name": "Service", "type": "service", "invoice_policy": "order"}
        )
        line = {"product_id": service.id, "price_unit": 1000, "tax_ids": [Command.clear()]}
        order = self.env["sale.order"].create(
            {
                "name": "S0TOUR",
                "partner_id": self.partner_a.id,
                "company_id": self.company.id,
                "order_line": [Command.create(line)],
            }
        )
        order.action_confirm()
        order._create_invoices().action_post()
        self._create_item(50, order_id=order.id).action_post()
        self.run_subledger()
        self.start_tour(
            f"/odoo/action-sale.action_orders/{order.id}",
            "crm_subledger_contribution_tour",
            login=self.accountant.login,
        )

    def test_order_to_contribution(self):
        self._follow_contribution("en_US")

    def test_order_to_contribution_in_chinese(self):
        self._follow_contribution("zh_CN")
