from odoo.tests import tagged

from .common import DealCase


@tagged("post_install", "-at_install")
class TestStoryD1(DealCase):
    """Deal → delivery → invoice → payment → commission → return → claw-back → contribution."""

    def setUp(self):
        super().setUp()
        self._earn_before(80000)
        self.assertEarned(self.li, "2400.00")
        self.order = self._sell_pumps()

    def _entries(self, move_date=None):
        """Return the journal entries of the commissions of the order, oldest first."""
        entries = self.env["crm.subledger.entry"].search(
            [("order_id", "=", self.order.id)], order="id"
        )
        return entries.move_id.sorted("id")

    def _commissions_of(self, user):
        entries = self.env["crm.subledger.entry"].search(
            [("order_id", "=", self.order.id), ("partner_id", "=", user.partner_id.id)],
            order="id",
        )
        return [round(-entry.amount, 2) for entry in entries]

    def test_order_and_delivery(self):
        self.assertEqual(self.order.amount_untaxed, 114000.00)
        self.assertEqual(self.order.amount_tax, 14820.00)
        self.assertEqual(self.order.amount_total, 128820.00)
        before = self.env["account.move"].search_count([("company_id", "=", self.company.id)])
        picking = self._deliver(self.order)
        self.assertEqual(self._stock(), (90.0, 675000.00))
        self.assertEqual(picking.move_ids.value, 75000.00)
        after = self.env["account.move"].search_count([("company_id", "=", self.company.id)])
        self.assertEqual(before, after, "a delivery posts nothing")

    def test_invoice(self):
        self._deliver(self.order)
        invoice = self._invoice(self.order, date="2026-01-10")
        self.assertJournal(
            invoice,
            [
                ("1122", 128820.00, 0.0),
                ("6001", 0.0, 114000.00),
                (self.tax_13.invoice_repartition_line_ids.account_id.code, 0.0, 14820.00),
                ("6401", 75000.00, 0.0),
                ("1405", 0.0, 75000.00),
            ],
        )
        self.run_subledger()
        self.assertFalse(self._entries(), "nothing is collected yet")

    def _deliver_invoice_pay_half(self):
        self.picking = self._deliver(self.order)
        self.invoice = self._invoice(self.order, date="2026-01-10")
        payment = self._pay(self.invoice, 64410, date="2026-01-20")
        self.run_subledger()
        return payment

    def test_paid_then_credited(self):
        self._deliver_invoice_pay_half()
        self.assertEqual(self._commissions_of(self.li), [2450.00])
        self.assertEqual(self._commissions_of(self.wang), [285.00])
        self.assertJournal(
            self._entries()[-1],
            [
                ("6601", 2450.00, 0.0),
                ("2211", 0.0, 2450.00),
                ("6601", 285.00, 0.0),
                ("2211", 0.0, 285.00),
            ],
        )
        self._pay(self.invoice, 64410, date="2026-02-10")
        self.run_subledger()
        self.assertEqual(self._commissions_of(self.li), [2450.00, 2850.00])
        self.assertEqual(self._commissions_of(self.wang), [285.00, 285.00])
        self.assertEqual(self.invoice.payment_state, "paid")
        self._return_and_credit()
        self.assertEqual(self._commissions_of(self.li), [2450.00, 2850.00, -1140.00])
        self.assertEqual(self._commissions_of(self.wang), [285.00, 285.00, -114.00])
        self.assertJournal(
            self._entries()[-1],
            [
                ("6601", -1140.00, 0.0),
                ("2211", 0.0, -1140.00),
                ("6601", -114.00, 0.0),
                ("2211", 0.0, -114.00),
            ],
        )
        self.assertClosing()

    def _return_and_credit(self):
        self._return(self.picking, 2)
        note = self._credit(self.invoice, quantity=2, date="2026-03-01")
        self.assertJournal(
            note,
            [
                ("1122", -25764.00, 0.0),
                ("6001", 0.0, -22800.00),
                (self.tax_13.invoice_repartition_line_ids.account_id.code, 0.0, -2964.00),
                ("6401", -15000.00, 0.0),
                ("1405", 0.0, -15000.00),
            ],
        )
        self.assertEqual(self._stock(), (92.0, 690000.00))
        self.run_subledger()
        return note

    def assertClosing(self):
        self.assertEqual(sum(self._commissions_of(self.li)), 4160.00)
        self.assertEqual(sum(self._commissions_of(self.wang)), 456.00)
        self.assertEarned(self.li, "6560.00")
        self.assertEarned(self.wang, "456.00")
        self.assertPostsNothing()
        self.assertEqual(self.order.contribution, 26584.00)
        self.assertAlmostEqual(self.order.contribution_rate, 0.2915, 4)

    def test_credited_then_paid(self):
        """The customer deducts the credit note: the same commission, without any claw-back."""
        self._deliver_invoice_pay_half()
        note = self._return_and_credit()
        self._reconcile(self.invoice, note)
        self.run_subledger()
        self.assertEqual(self._commissions_of(self.li), [2450.00])
        self.assertEqual(self.invoice.amount_residual, 38646.00)
        self._pay(self.invoice, 38646, date="2026-03-10")
        self.run_subledger()
        self.assertEqual(self._commissions_of(self.li), [2450.00, 1710.00])
        self.assertEqual(self._commissions_of(self.wang), [285.00, 171.00])
        self.assertClosing()

    def test_unreconcile(self):
        payment = self._deliver_invoice_pay_half()
        self._unreconcile(payment)
        self.run_subledger()
        self.assertEqual(self._commissions_of(self.li), [2450.00, -2450.00])
        self.assertEqual(self._commissions_of(self.wang), [285.00, -285.00])
        self.assertPostsNothing()
        self._reconcile(self.invoice, payment.move_id)
        self.run_subledger()
        self.assertEqual(self._commissions_of(self.li)[-1], 2450.00)

    def test_follow_the_deal(self):
        """From the entry every document of the deal is one click away, and back."""
        self._deliver_invoice_pay_half()
        self._return(self.picking, 2)
        entry = self.env["crm.subledger.entry"].search(
            [("order_id", "=", self.order.id), ("partner_id", "=", self.li.partner_id.id)]
        )
        self.assertEqual(entry.action_open_order()["res_id"], self.order.id)
        self.assertEqual(entry.action_open_invoices()["res_id"], self.invoice.id)
        self.assertEqual(entry.payment_count, 1)
        self.assertEqual((entry.delivery_count, entry.return_count), (1, 1))
        self.assertEqual(entry.action_open_deliveries()["res_id"], self.picking.id)
        self.assertEqual(entry.action_open_returns()["res_model"], "stock.picking")
        found = self.env["crm.subledger.entry"].search(
            self.order.action_open_commissions()["domain"]
        )
        self.assertIn(entry, found)
