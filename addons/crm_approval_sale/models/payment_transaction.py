from odoo import models

from odoo.addons.crm_approval.tools import KEY

from .sale_order import PAYMENT


class PaymentTransaction(models.Model):
    """Payments of customers never break for an approval that is missing on our side."""

    _inherit = "payment.transaction"

    def _post_process(self):
        """Let a payment pass whose quotation lacks an approval; the quotation stays one."""
        # The key is compared by identity, so a context sent by a client does not do this.
        transactions = self.with_context(**{PAYMENT: KEY})
        return super(PaymentTransaction, transactions)._post_process()

    def _check_amount_and_confirm_order(self):
        """Leave quotations without the approval they need unconfirmed, and request it."""
        waiting = self.browse()
        for tx in self.filtered(lambda tx: len(tx.sale_order_ids) == 1):
            order = tx.sale_order_ids
            due = order.state in ("draft", "sent") and order._is_confirmation_amount_reached()
            if due and order._approval_missing("confirm"):
                order._approval_request_for_payment()
                waiting |= tx
        return super(PaymentTransaction, self - waiting)._check_amount_and_confirm_order()
