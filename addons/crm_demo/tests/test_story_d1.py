from odoo.tests import tagged

from ..builder import story
from ..builder.calendar import quarter_start
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
        payments = self.invoice.matched_payment_ids.sorted("date").mapped("date")
        back = self.order.picking_ids.filtered("return_id").date_done.date()
        dates = [self.order.date_order.date(), self.invoice.date, *payments, back, self.credit.date]
        self.assertEqual(dates, sorted(dates))
        self.assertEqual(quarter_start(dates[0]), quarter_start(dates[-1]))

    def test_nothing_else_is_collected_by_li_in_the_quarter(self):
        first = quarter_start(self.invoice.date)
        payments = self.env["account.payment"].search([("date", ">=", first)])
        invoices = payments.reconciled_invoice_ids.filtered(
            lambda move: move.invoice_user_id == self.users["li"] and move.date < self.credit.date
        )
        prior = invoices - self.invoice
        self.assertAmount(sum(prior.mapped("amount_untaxed")), 80000)

    def entries(self, login):
        """Return the commission entries of the deal for that person, in order of date."""
        return self.env["crm.subledger.entry"].search(
            [
                ("order_id", "=", self.order.id),
                ("partner_id", "=", self.users[login].partner_id.id),
            ],
            order="date, id",
        )

    def test_commission_and_claw_back(self):
        self.assertEqual(self.entries("li").mapped("amount"), [-2450.0, -2850.0, 1140.0])
        self.assertEqual(self.entries("wang").mapped("amount"), [-285.0, -285.0, 114.0])
        self.assertAmount(self.order.commission_amount, 4160 + 456)

    def test_journal_entries_of_the_commission(self):
        moves = (self.entries("li") | self.entries("wang")).move_id
        self.assertEqual(len(moves), 3)
        sides = [
            {code: self.side(move, code) for code in ("6601", "2211")}
            for move in moves.sorted("date")
        ]
        self.assertEqual(sides[0], {"6601": (2735.0, 0.0), "2211": (0.0, 2735.0)})
        self.assertEqual(sides[1], {"6601": (3135.0, 0.0), "2211": (0.0, 3135.0)})
        self.assertEqual(sides[2], {"6601": (-1254.0, 0.0), "2211": (0.0, -1254.0)})

    def side(self, move, code):
        """Return (debit, credit) of the account in the entry."""
        lines = move.line_ids.filtered(lambda line: line.account_id.code.startswith(code))
        return sum(lines.mapped("debit")), sum(lines.mapped("credit"))

    def test_quarter_of_li(self):
        start = quarter_start(self.invoice.date)
        statement = self.env["crm.commission.statement"].search(
            [
                ("partner_id", "=", self.users["li"].partner_id.id),
                ("date_from", "=", start),
                ("plan_id.period", "=", "quarter"),
            ]
        )
        self.assertAmount(statement.basis, 80000 + 91200)
        self.assertAmount(statement.earned, 80000 * 0.03 + 4160)

    def test_contribution_of_the_deal(self):
        rows = self.env["crm.deal.contribution"].search([("order_id", "=", self.order.id)])
        self.assertAmount(sum(rows.mapped("amount")), 26584)
