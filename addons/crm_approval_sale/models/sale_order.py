import logging

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError

from odoo.addons.crm_approval.tools import KEY

_logger = logging.getLogger(__name__)

PAYMENT = "crm_approval_payment"


class SaleOrder(models.Model):
    """Quotations are sent and confirmed with the approvals that the rules ask for."""

    _name = "sale.order"
    _inherit = ["sale.order", "crm.approval.mixin"]

    # ------------------------------------------------------------------
    # What is approved
    # ------------------------------------------------------------------

    def _approval_snapshot_fields(self, operation):
        return [
            *super()._approval_snapshot_fields(operation),
            "partner_id",
            "currency_id",
            "payment_term_id",
            "amount_total",
            "order_line.product_id",
            "order_line.product_uom_qty",
            "order_line.price_unit",
            "order_line.discount",
        ]

    def _approval_snapshot_figures(self, operation):
        """Add amount (untaxed, company currency), discount (highest, %) and margin (%).

        The margin is there when ``sale_margin`` is installed.
        """
        figures = super()._approval_snapshot_figures(operation)
        rate = self.currency_rate or 1
        figures["amount"] = self.company_id.currency_id.round(self.amount_untaxed / rate)
        figures["discount"] = max(self.order_line.mapped("discount"), default=0)
        if "margin_percent" in self._fields:
            figures["margin"] = self.margin_percent * 100
        return figures

    def _approval_figure_labels(self, operation):
        labels = super()._approval_figure_labels(operation)
        labels["amount"] = self.env._("Untaxed amount (company currency)")
        labels["discount"] = self.env._("Highest discount (%)")
        if "margin_percent" in self._fields:
            labels["margin"] = self.env._("Margin (%)")
        return labels

    def _approval_four_eyes(self, operation):
        """The salesperson does not approve his own quotation, whoever requests it."""
        return super()._approval_four_eyes(operation) | self.user_id

    def _approval_ahead(self, operation):
        orders = super()._approval_ahead(operation)
        if operation in ("confirm", "send"):
            return orders.filtered(lambda order: order.state in ("draft", "sent"))
        return orders

    # ------------------------------------------------------------------
    # Gates
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Gate orders that are created sent or confirmed, as by an import.

        :raises UserError: an approval is missing
        """
        orders = super().create(vals_list)
        orders._approval_check_states(dict.fromkeys(orders.ids, "draft"))
        return orders

    def write(self, vals):
        """Gate every way into sent and confirmed, whichever method or import writes the state.

        :raises UserError: an approval is missing
        """
        if "state" not in vals:
            return super().write(vals)
        before = {order.id: order.state for order in self}
        self._approval_check_states(before, vals["state"])
        result = super().write(vals)
        self._approval_check_states(before)
        return result

    def _approval_check_states(self, before, target=None):
        """Raise for quotations that reach a state without the approval they need.

        Asked before a write, so that nothing happens that somebody could keep, and after it,
        because what was written together with the state is part of what is approved.

        :param dict before: state by id of the order
        :param target: the state that is about to be written; None when it is
        """
        sent = self.filtered(
            lambda order: (target or order.state) == "sent" and before[order.id] == "draft"
        )
        confirmed = self.filtered(
            lambda order: (target or order.state) == "sale" and before[order.id] != "sale"
        )
        sent._approval_gate("send")
        confirmed._approval_gate("confirm")

    def _confirmation_error_message(self):
        message = super()._confirmation_error_message()
        if message:
            return message
        missing = self._approval_missing("confirm")
        return missing._approval_missing_message("confirm") if missing else False

    def _action_confirm(self):
        # Here the documents of the order are made; whoever calls this has to have passed.
        self._approval_gate("confirm")
        return super()._action_confirm()

    def action_quotation_send(self):
        """Open the e-mail, unless the approval to send is missing, which is said here."""
        self._approval_ahead("send")._approval_gate("send")
        return super().action_quotation_send()

    def action_quotation_sent(self):
        """Mark as sent; while a payment comes in, quotations without the approval stay drafts."""
        # A payment that is on its way must not break: its quotation just stays a draft.
        if self.env.context.get(PAYMENT) is KEY:
            return super(SaleOrder, self - self._approval_missing("send")).action_quotation_sent()
        self._approval_gate("send")
        return super().action_quotation_sent()

    def _has_to_be_signed(self):
        return super()._has_to_be_signed() and not self._approval_missing("confirm")

    def _has_to_be_paid(self):
        return super()._has_to_be_paid() and not self._approval_missing("confirm")

    # ------------------------------------------------------------------
    # Afterwards
    # ------------------------------------------------------------------

    def _approval_request_for_payment(self):
        """Request what a payment came too early for, in the name of the salesperson."""
        for order in self:
            # sudo: payments are processed without a user
            order = order.with_user(order.user_id or SUPERUSER_ID).sudo()
            try:
                with self.env.cr.savepoint():
                    order._approval_request(
                        "confirm",
                        note=self.env._("The customer has paid; the order waits for approval."),
                    )
                note = self.env._("Paid. The order is confirmed as soon as it is approved.")
            except UserError as error:
                note = self.env._(
                    "Paid, but it needs an approval that could not be requested: %s", error
                )
            order.message_post(body=note)

    def _approval_granted(self, request):
        result = super()._approval_granted(request)
        if request.operation != "confirm":
            return result
        # The customer has paid before the approval: go on where the payment had to stop.
        for order in self.with_user(SUPERUSER_ID):
            paid = order.transaction_ids.filtered(lambda tx: tx.state in ("authorized", "done"))
            if (
                order.state in ("draft", "sent")
                and paid
                and order._is_confirmation_amount_reached()
            ):
                order._approval_confirm_paid()
        return result

    def _approval_confirm_paid(self):
        try:
            with self.env.cr.savepoint():
                self._validate_order()
        except Exception as error:  # the approval stands, whatever is wrong with the order
            _logger.info("%s is approved and paid but not confirmed: %s", self, error)
            self.message_post(
                body=self.env._("Approved and paid, but it could not be confirmed: %s", error)
            )
