from odoo.tests import tagged

from ..builder import story
from ..builder.calendar import story_quarter
from .common import DemoCase


@tagged("post_install", "-at_install")
class TestStoryD1(DemoCase):
    """The deal of the story has the figures of the story."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls.story_order()
        cls.invoice = cls.order.invoice_ids.filtered(lambda move: move.move_type == "out_invoice")
        cls.credit = cls.order.invoice_ids.filtered(lambda move: move.move_type == "out_refund")

    def lines(self, move):
        """Return {first four digits of the account: (debit, credit)} of a document."""
        return {line.account_id.code[:4]: (line.debit, line.credit) for line in move.line_ids}

    def test_order(self):
        self.assertEqual(self.order.user_id, self.users["li"])
        self.assertEqual(self.order.opportunity_id.won_status, "won")
        amounts = self.order.amount_untaxed, self.order.amount_tax, self.order.amount_total
        self.assertEqual(amounts, (114000.0, 14820.0, 128820.0))

    def test_delivery_and_stock(self):
        delivered = self.order.picking_ids.filtered(lambda one: not one.return_id)
        self.assertAmount(sum(delivered.move_ids.mapped("value")), 75000)
        self.assertFalse(delivered.move_ids.account_move_id)
        pump = self.product(story.DEAL[0])
        self.assertEqual(pump.qty_available, 92)
        self.assertAmount(pump.total_value, 690000)
        self.assertAmount(pump.standard_price, 7500)

    def test_invoice(self):
        self.assertEqual(
            self.lines(self.invoice),
            {
                "1122": (128820.0, 0.0),
                "6001": (0.0, 114000.0),
                "2221": (0.0, 14820.0),
                "6401": (75000.0, 0.0),
                "1405": (0.0, 75000.0),
            },
        )
        self.assertEqual(self.invoice.payment_state, "paid")

    def test_payments(self):
        payments = self.invoice.matched_payment_ids.sorted("date")
        self.assertEqual(payments.mapped("amount"), [64410.0, 64410.0])

    def test_credit_note_is_storno(self):
        self.assertEqual(
            self.lines(self.credit),
            {
                "1122": (-25764.0, 0.0),
                "6001": (0.0, -22800.0),
                "2221": (0.0, -2964.0),
                "6401": (-15000.0, 0.0),
                "1405": (0.0, -15000.0),
            },
        )
        self.assertEqual(self.credit.reversed_entry_id, self.invoice)

    def test_dates_lie_in_one_quarter_in_order(self):
        start, end = story_quarter(self.invoice.date)
        payments = self.invoice.matched_payment_ids.sorted("date").mapped("date")
        back = self.order.picking_ids.filtered("return_id").date_done.date()
        dates = [self.order.date_order.date(), self.invoice.date, *payments, back, self.credit.date]
        self.assertEqual(dates, sorted(dates))
        self.assertTrue(start <= dates[0] and dates[-1] <= max(end, dates[-1]))

    def test_nothing_else_is_collected_by_li_in_the_quarter(self):
        first = self.invoice.date.replace(month=(self.invoice.date.month - 1) // 3 * 3 + 1, day=1)
        payments = self.env["account.payment"].search([("date", ">=", first)])
        invoices = payments.reconciled_invoice_ids.filtered(
            lambda move: move.invoice_user_id == self.users["li"] and move.date < self.credit.date
        )
        prior = invoices - self.invoice
        self.assertAmount(sum(prior.mapped("amount_untaxed")), 80000)
