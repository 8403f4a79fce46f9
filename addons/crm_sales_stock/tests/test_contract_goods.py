from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_sales.tests.common_contract import ContractCase


@tagged("post_install", "-at_install")
class TestContractGoods(ContractCase):
    """Goods are delivered and invoiced by an order; a contract alone cannot invoice them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service.write({"type": "consu", "is_storable": True, "invoice_policy": "delivery"})

    @freeze_time("2026-01-10 08:00:00")
    def test_refused_without_an_order(self):
        contract = self._active_contract()
        row = contract.instalment_ids.filtered(lambda row: row.kind == "date")[:1]
        with self.assertRaisesRegex(UserError, "is delivered from stock"):
            row.action_invoice()
        self._run_cron("crm_sales.ir_cron_contract_invoice")
        self.assertFalse(contract.instalment_ids.invoice_ids)
        self.assertIn("is delivered from stock", row.error)

    @freeze_time("2026-01-10 08:00:00")
    def test_order_delivers_them(self):
        """The instalment is an advance of the order, whose delivery invoices the goods once."""
        order, contract = self._ordered_contract()
        first = contract.instalment_ids[0]
        self.assertFalse(first.error)
        self.assertTrue(first.invoice_ids.invoice_line_ids.is_downpayment)
        self.assertEqual(first.invoice_ids.amount_total, 33900)
        picking = order.picking_ids
        picking.move_ids.write({"quantity": 1, "picked": True})
        picking.button_validate()
        final = order._create_invoices(final=True)
        self.assertEqual(final.amount_total, 113000 - 33900, "what was paid ahead is deducted")
