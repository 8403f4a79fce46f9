from odoo import fields
from odoo.tests import tagged

from .common import CommissionCase


@tagged("post_install", "-at_install")
class TestScope(CommissionCase):
    """A posting reads the deals to which something happened in the period, and only these."""

    def _deals(self, first, last):
        question = self.env["crm.commission.credit"]
        span = (fields.Date.to_date(first), fields.Date.to_date(last))
        return set(question._deals_of_payees(self.li.partner_id, self.company, *span))

    def test_deals_of_a_period(self):
        paid_later, untouched = self._create_order(1000), self._create_order(2000)
        self._pay(self._invoice(paid_later), date="2026-04-20")
        self._invoice(untouched)
        self._create_order(3000)
        self.assertEqual(self._deals("2026-01-01", "2026-03-31"), {paid_later.id, untouched.id})
        self.assertEqual(self._deals("2026-04-01", "2026-06-30"), {paid_later.id})
        self.assertFalse(self._deals("2026-07-01", "2026-09-30"))

    def test_credit_note_of_a_later_period(self):
        order = self._create_order(1000)
        self._credit(self._invoice(order), date="2026-05-05")
        self.assertEqual(self._deals("2026-04-01", "2026-06-30"), {order.id})

    def test_invoice_without_order(self):
        order = self._create_order(1000)
        invoice = self._invoice(order, post=False)
        invoice.invoice_line_ids.sale_line_ids = False
        invoice.action_post()
        self.assertEqual(self._deals("2026-01-01", "2026-03-31"), {-invoice.id})

    def test_what_was_paid_in_two_quarters(self):
        order = self._create_order(1000)
        invoice = self._invoice(order)
        self._pay(invoice, amount=565, date="2026-02-01")
        self._pay(invoice, amount=565, date="2026-04-20")
        self.assertEarned(self.li, 15)
        self.assertEarned(self.li, 15, on="2026-04-01")
        self.assertPostsNothing()
