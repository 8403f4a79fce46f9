from odoo.tests import tagged

from ..builder import CUSTOMERS, build, tables
from .common import DemoCase


@tagged("post_install", "-at_install")
class TestCompany(DemoCase):
    """The company and the records on its screens."""

    def test_company(self):
        self.assertEqual(self.company.name, "华东精密设备有限公司")
        self.assertEqual(self.company.currency_id.name, "CNY")
        self.assertEqual(self.company.chart_template, "cn_large_bis")
        self.assertTrue(self.company.account_storno)
        self.assertIn("zh_CN", dict(self.env["res.lang"].get_installed()))
        goods = self.product("CP-100")
        self.assertEqual((goods.valuation, goods.cost_method), ("real_time", "average"))
        account = goods.product_tmpl_id.get_product_accounts()["stock_valuation"]
        self.assertTrue(account.code.startswith("1405"))

    def test_second_build_does_nothing(self):
        before = self.env["sale.order"].search_count([])
        self.assertFalse(build(self.env))
        self.assertEqual(self.env["sale.order"].search_count([]), before)

    def test_products_are_bilingual(self):
        products = self.env["product.product"].search(
            [("default_code", "in", list(tables.PRODUCT_BY_CODE))]
        )
        self.assertEqual(len(products), 40)
        pump = self.product("CP-100")
        self.assertEqual(pump.with_context(lang="en_US").name, "Centrifugal Pump CP-100, 30 kW")
        self.assertEqual(pump.with_context(lang="zh_CN").name, "离心泵 CP-100 30 kW")

    def test_figures_on_every_screen(self):
        expected = {
            "res.partner": ([("customer_rank", ">", 0), ("is_company", "=", True)], CUSTOMERS),
            "crm.lead": ([("won_status", "=", "won")], 200),
            "sale.order": ([("state", "=", "sale")], 330),
            "stock.picking": (
                [("state", "=", "done"), ("picking_type_code", "=", "outgoing")],
                300,
            ),
            "account.move": ([("move_type", "=", "out_invoice"), ("state", "=", "posted")], 300),
            "account.payment": ([("payment_type", "=", "inbound")], 250),
            "mail.activity": ([("res_model", "=", "crm.lead")], 60),
            "hr.employee": ([], 8),
            "stock.lot": ([], 3),
        }
        for model, (domain, minimum) in expected.items():
            self.assertGreaterEqual(self.env[model].search_count(domain), minimum, model)

    def test_every_state_is_there(self):
        """Each search filter of the usual screens finds something."""
        for model, domain in (
            ("crm.lead", [("type", "=", "lead")]),
            ("crm.lead", [("active", "=", False), ("lost_reason_id", "!=", False)]),
            ("crm.lead", [("stage_id.name", "=", "Negotiation"), ("won_status", "=", "pending")]),
            ("sale.order", [("state", "=", "draft")]),
            ("sale.order", [("state", "=", "sent")]),
            ("sale.order", [("state", "=", "cancel")]),
            ("sale.order", [("invoice_status", "=", "to invoice")]),
            ("stock.picking", [("state", "=", "assigned")]),
            ("stock.picking", [("return_id", "!=", False), ("state", "=", "done")]),
            ("stock.picking", [("backorder_id", "!=", False)]),
            ("account.move", [("move_type", "=", "out_invoice"), ("state", "=", "draft")]),
            (
                "account.move",
                [("move_type", "=", "out_invoice"), ("payment_state", "=", "partial")],
            ),
            ("account.move", [("move_type", "=", "out_refund"), ("state", "=", "posted")]),
        ):
            self.assertTrue(self.env[model].search_count(domain, limit=1), f"{model} {domain}")

    def test_stock_is_never_negative(self):
        self.assertFalse(
            self.env["stock.quant"].search_count(
                [("location_id.usage", "=", "internal"), ("quantity", "<", 0)], limit=1
            )
        )

    def test_stock_account_is_the_value_of_stock_and_of_goods_not_invoiced(self):
        """1405 holds the goods on hand and those that left without an invoice yet."""
        goods = self.env["product.product"].search([("is_storable", "=", True)])
        unbilled = sum(
            line.product_id.standard_price * (line.qty_delivered - posted_quantity(line))
            for line in self.env["sale.order.line"].search(
                [
                    ("product_id", "in", goods.ids),
                    ("state", "=", "sale"),
                ]
            )
        )
        self.assertAmount(self.balance("1405"), sum(goods.mapped("total_value")) + unbilled)

    def test_year_is_spread_over_the_months(self):
        months = self.env["account.move"]._read_group(
            [("move_type", "=", "out_invoice"), ("state", "=", "posted")], ["invoice_date:month"]
        )
        self.assertGreaterEqual(len(months), 11)

    def test_demonstration_sends_nothing(self):
        parameters = self.env["ir.config_parameter"].sudo()
        self.assertEqual(parameters.get_param("crm.iap.lead.enrich.setting"), "manual")
        self.assertFalse(self.env["mail.mail"].sudo().search_count([("state", "=", "outgoing")]))
        domains = self.env["res.partner"].search([("email", "!=", False)]).mapped("email")
        strange = [email for email in domains if not email.endswith("example.com")]
        self.assertFalse([email for email in strange if "@huadong" in email])


def posted_quantity(line):
    """Return the quantity of the order line on posted invoices less credit notes."""
    return sum(
        item.quantity if item.move_id.move_type == "out_invoice" else -item.quantity
        for item in line.invoice_lines
        if item.parent_state == "posted"
    )
