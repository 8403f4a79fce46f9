from odoo import Command
from odoo.tests import tagged

from .common import SubledgerCase


@tagged("post_install", "-at_install")
class TestContribution(SubledgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.env["product.product"].create(
            {"name": "Service", "type": "service", "invoice_policy": "order", "taxes_id": False}
        )
        cls.order = cls.env["sale.order"].create(
            {
                "partner_id": cls.partner_a.id,
                "company_id": cls.company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.service.id,
                            "product_uom_qty": 10,
                            "price_unit": 100,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        cls.order.action_confirm()
        cls.invoice = cls.order._create_invoices()

    def _accrue(self, amount, **values):
        item = self._create_item(amount, order_id=self.order.id, **values)
        item.action_post()
        self.run_subledger()
        return item

    def test_only_posted_items_count(self):
        self.assertEqual(self.order.contribution, 0)
        self.invoice.action_post()
        self.env.invalidate_all()
        self.assertEqual(self.order.contribution, 1000)
        self._accrue(50)
        self.env.invalidate_all()
        self.assertEqual(self.order.contribution, 950)
        self.assertEqual(self.order.contribution_rate, 0.95)
        self.assertEqual(self.partner_a.contribution, 950)

    def test_credit_note_reduces(self):
        self.invoice.action_post()
        self.invoice._reverse_moves([{"invoice_date": self.invoice.date}], cancel=True)
        self.env.invalidate_all()
        self.assertEqual(self.order.contribution, 0)

    def test_a_capitalised_cost_is_not_in_the_statement(self):
        other = self._create_account("221191", "Other payable", "liability_current")
        self._accrue(70, ledger_id=self._create_ledger("CAP", self.asset, other).id)
        self.env.invalidate_all()
        self.assertEqual(self.order.contribution, 0)
        self.assertEqual(self.order.subledger_entry_count, 1)

    def test_every_row_leads_to_its_journal_entry(self):
        self.invoice.action_post()
        item = self._accrue(50)
        self.env.flush_all()
        rows = self.env["crm.deal.contribution"].search([("order_id", "=", self.order.id)])
        self.assertEqual(rows.move_id, self.invoice | item._subledger_entries().move_id)
        self.assertEqual(
            {row.kind: row.amount for row in rows}, {"revenue": 1000, "other": -50}
        )
        for row in rows:
            self.assertEqual(row.action_open_move()["res_id"], row.move_id.id)
