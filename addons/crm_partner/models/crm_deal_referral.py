from odoo import Command, fields, models

from ..engine.deal_price import HUNDRED, exact
from ..tools import unlocked


class CrmDealReferral(models.AbstractModel):
    """The referral fee: the customer of a registered deal bought directly inside the window."""

    _name = "crm.deal.referral"
    _description = "Referral Fee of Registered Deals"

    def _refer(self, order):
        """Close the deal as bought directly, and owe the partner the fee as a vendor bill.

        :param order: the confirmed ``sale.order`` of the end customer
        """
        for registration in unlocked(self):
            registration._win("direct", order)
            if registration.referral_rate and not registration.referral_bill_id:
                registration.referral_bill_id = registration._create_referral_bill(order)
            registration._tell_referred()

    def _tell_referred(self):
        if self.referral_rate:
            self._tell(
                lambda env: env._("The customer bought from us directly: you get a referral fee.")
            )
        else:
            self._tell(lambda env: env._("The customer bought from us directly."))

    def _create_referral_bill(self, order):
        """Return the vendor bill (a draft, for billing to check and post)."""
        # sudo: whoever confirms the order need not have rights on bills
        moves = self.env["account.move"].sudo().with_company(self.company_id)
        return moves.with_context(default_move_type="in_invoice").create(
            self._prepare_referral_bill_vals(order)
        )

    def _prepare_referral_bill_vals(self, order):
        """Return the values of the bill: fee in the registration's currency, excluding taxes."""
        company = self.company_id
        account = company.deal_referral_account_id
        exact_fee = exact(self.amount) * exact(self.referral_rate) / HUNDRED
        fee = self.currency_id.round(float(exact_fee))
        return {
            "move_type": "in_invoice",
            "partner_id": self.partner_id.id,
            "company_id": company.id,
            "currency_id": self.currency_id.id,
            "invoice_date": company._deal_today(),
            "ref": self.name,
            "invoice_origin": order.name,
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": self.env._(
                            "Referral fee %(rate)s %% of %(name)s, %(customer)s",
                            rate=self.referral_rate,
                            name=self.name,
                            customer=self.customer_name,
                        ),
                        "quantity": 1,
                        "price_unit": fee,
                        # without one, the account of the purchase journal
                        **({"account_id": account.id} if account else {}),
                        "tax_ids": [Command.set(company.deal_referral_tax_id.ids)],
                    }
                )
            ],
        }

    def _unrefer(self):
        """The order was cancelled: a draft bill is cancelled, a posted one needs a person."""
        for registration in unlocked(self):
            bill = registration.referral_bill_id
            if bill.state == "draft":
                bill.button_cancel()
                registration.referral_bill_id = False
            elif bill.state == "posted" and registration.user_id:
                registration.activity_schedule(
                    "mail.mail_activity_data_todo",
                    user_id=registration.user_id.id,
                    date_deadline=fields.Date.today(),
                    summary=self.env._("The order was cancelled: reverse the referral fee"),
                )
            registration._back_to_approved()
