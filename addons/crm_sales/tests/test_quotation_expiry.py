from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common_quotation import QuotationCase


@tagged("-at_install", "post_install")
class TestQuotationExpiry(QuotationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "quotation_blocks_expired": True,
                "quotation_reminder_days": 3,
                "quotation_cancel_days": 30,
                "quotation_validity_days": 20,
            }
        )
        cls.env["sale.order"].search([("state", "in", ("draft", "sent"))]).validity_date = False

    def _handle(self):
        orders = self.env["sale.order"]._expiring(self.company)
        for order in orders:
            order._try_expire()
        return orders

    def test_expired_is_not_confirmed(self):
        order = self._quote((self.pump, 1, None, 0), validity_date=self._days_ago(1))
        with self.assertRaisesRegex(UserError, "Extend Validity"):
            order.action_confirm()
        order.action_extend_validity()
        self.assertEqual(order.validity_date, fields.Date.add(fields.Date.today(), days=20))
        order.action_confirm()
        other = self._quote((self.pump, 1, None, 0), validity_date=self._days_ago(1))
        self.company.quotation_blocks_expired = False
        other.action_confirm()

    def test_money_is_never_refused(self):
        order = self._quote((self.pump, 1, None, 0), validity_date=self._days_ago(1))
        provider = self.env["payment.provider"].create({"name": "Test"})
        method = self.env["payment.method"].with_context(active_test=False).search([], limit=1)
        order.sudo().transaction_ids = self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": self.customer.id,
                "reference": "paid",
                "state": "done",
            }
        )
        order.sudo().action_confirm()
        self.assertEqual(order.state, "sale")

    def test_reminder_once_per_day_of_expiry(self):
        soon = fields.Date.add(fields.Date.today(), days=3)
        later = fields.Date.add(fields.Date.today(), days=4)
        order = self._quote((self.pump, 1, None, 0), validity_date=soon)
        calm = self._quote((self.pump, 1, None, 0), validity_date=later)
        self.assertEqual(self._handle(), order)
        self.assertEqual(order.activity_ids.user_id, self.rep)
        self.assertFalse(calm.activity_ids)
        self.assertFalse(self._handle())
        order.validity_date = fields.Date.today()
        self.assertEqual(self._handle(), order)
        self.assertEqual(len(order.activity_ids), 2)

    def test_cancelled_long_after(self):
        order = self._quote((self.pump, 1, None, 0), validity_date=self._days_ago(31))
        late = self._quote((self.pump, 1, None, 0), validity_date=self._days_ago(30))
        self._handle()
        self.assertEqual((order.state, late.state), ("cancel", "draft"))
        order.action_draft()
        self.assertEqual(order.state, "draft")

    def test_broken_quotation_stops_nobody(self):
        broken = self._quote((self.pump, 1, None, 0), validity_date=self._days_ago(32))
        good = self._quote((self.pump, 1, None, 0), validity_date=self._days_ago(31))
        cancel = type(good)._action_cancel

        def fail(orders):
            if broken in orders:
                raise ValueError("poisoned")
            return cancel(orders)

        with (
            patch.object(type(good), "_action_cancel", fail),
            self.assertLogs("odoo.addons.crm_sales.models.sale_order", "WARNING"),
        ):
            self.assertEqual(self._handle(), broken | good)
        self.assertEqual((broken.state, good.state), ("draft", "cancel"))
        self.assertEqual(broken.expiry_problem, "poisoned")
        self.assertFalse(self._handle(), "not tried again until somebody looks")
        broken.action_extend_validity()
        self.assertFalse(broken.expiry_problem)

    def test_cron(self):
        order = self._quote((self.pump, 1, None, 0), validity_date=self._days_ago(31))
        self.env["sale.order"].flush_model()
        with self.enter_registry_test_mode():
            self.env.ref("crm_sales.ir_cron_expire_quotations").method_direct_trigger()
        order.invalidate_recordset()
        self.assertEqual(order.state, "cancel")

    def test_bad_input(self):
        with self.assertRaises(ValidationError):
            self.company.quotation_reminder_days = -1
