from odoo import Command
from odoo.tests import tagged

from odoo.addons.account_payment.tests.common import AccountPaymentCommon

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestPayment(ApprovalSaleCase, AccountPaymentCommon):
    """A payment that has arrived never breaks; the order waits for its approval."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("sales_team.group_sale_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_rule()
        cls.order = cls._create_order(require_payment=True, require_signature=False)
        cls.provider.journal_id.inbound_payment_method_line_ids.filtered(
            lambda line: line.payment_provider_id == cls.provider
        ).payment_account_id = cls.inbound_payment_method_line.payment_account_id

    def _pay(self, state="done"):
        tx = self._create_transaction(
            flow="redirect",
            amount=self.order.amount_total,
            currency_id=self.order.currency_id.id,
            partner_id=self.customer.id,
            reference=f"Approval {state}",
            sale_order_ids=[Command.set(self.order.ids)],
            state=state,
        )
        tx._post_process()
        return tx

    def test_paid_before_the_approval(self):
        tx = self._pay()
        self.assertTrue(tx.is_post_processed)
        self.assertEqual(tx.payment_id.state in ("in_process", "paid"), True)
        self.assertEqual(self.order.state, "draft")
        request = self.order.sudo().approval_request_ids
        self.assertEqual(request.state, "pending")
        self.assertEqual(request.requester_id, self.seller)
        request.with_user(self.boss).action_approve()
        self.assertEqual(request.state, "approved")
        self.assertEqual(self.order.state, "sale")

    def test_paid_after_the_approval(self):
        self._ask(self.order).with_user(self.boss).action_approve()
        self._pay()
        self.assertEqual(self.order.state, "sale")

    def test_pending_payment_and_a_rule_on_sending(self):
        self._create_rule(operation="send")
        tx = self._pay("pending")
        self.assertEqual(tx.state, "pending")
        self.assertEqual(self.order.state, "draft")

    def test_paid_and_nobody_can_approve(self):
        self.boss.active = False
        self._pay()
        self.assertEqual(self.order.state, "draft")
        bodies = " ".join(self.order.message_ids.mapped("body"))
        self.assertIn("could not be requested", bodies)
