from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from .common import DealCase

STEPS = st.tuples(
    st.sampled_from(["pay", "credit", "unreconcile", "repost"]),
    st.integers(1, 4),
    st.booleans(),
)


@tagged("post_install", "-at_install")
class TestStoryD1AnyOrder(DealCase):
    """Whatever happens to the documents in between, the same final ones pay the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._earn_before(80000)
        cls.order = cls._sell_pumps()
        cls.picking = cls._deliver(cls.order)
        cls.invoice = cls._invoice(cls.order, date="2026-01-10")
        # Prepared once, as a draft means nothing to a commission; the steps post them.
        cls.drafts = cls.env["account.move"].concat(
            *(cls._credit(cls.invoice, quantity=1, date="2026-03-01", post=False) for _ in "ab")
        )

    def setUp(self):
        super().setUp()
        self.run_subledger()

    def test_any_order_of_events(self):
        @settings(
            max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(st.lists(STEPS, min_size=1, max_size=4))
        def check(steps):
            savepoint = self.env.cr.savepoint()
            try:
                self.payments = self.env["account.payment"]
                self.notes = self.env["account.move"]
                for name, number, run_now in steps:
                    getattr(self, f"_step_{name}")(number)
                    if run_now:
                        self.run_subledger()
                self._finish()
                self.assertFigures()
            finally:
                self.env.cr.precommit.clear()
                savepoint.close(rollback=True)
                self.env.invalidate_all()

        check()

    def _step_pay(self, number):
        """Pay a quarter, a half, three quarters or all of what is open."""
        residual = self.invoice.amount_residual
        if residual > 0:
            amount = float(round(Decimal(str(residual)) * number / 4, 2))
            self.payments += self._pay(self.invoice, amount, date=f"2026-02-{number:02}")

    def _step_credit(self, number):
        """Credit one of the two units that come back; the customer deducts it or does not."""
        drafts = self.drafts - self.notes
        if drafts:
            note = drafts[0]
            note.write({"invoice_date": f"2026-03-{number:02}", "date": f"2026-03-{number:02}"})
            note.action_post()
            self.notes += note
            if number % 2 and self.invoice.amount_residual > 0:
                self._reconcile(self.invoice, note)

    def _step_unreconcile(self, number):
        moves = (self.payments.move_id | self.notes)[:number]
        moves[-1:].line_ids.remove_move_reconcile()

    def _step_repost(self, number):
        self.invoice.button_draft()
        if number % 2:
            self.invoice.button_cancel()
            self.invoice.button_draft()
        self.invoice.action_post()

    def _finish(self):
        """The final documents: two units credited, and nothing of the invoice is open."""
        while self.drafts - self.notes:
            self._step_credit(2)
        for move in self.payments.move_id | self.notes:
            if self.invoice.amount_residual > 0:
                self._reconcile(self.invoice, move)
        if self.invoice.amount_residual > 0:
            self._pay(self.invoice, self.invoice.amount_residual, date="2026-03-20")

    def assertFigures(self):
        self.assertEarned(self.li, "6560.00")
        self.assertEarned(self.wang, "456.00")
        entries = self.env["crm.subledger.entry"]
        sums = dict(
            entries._read_group([("order_id", "=", self.order.id)], ["partner_id"], ["amount:sum"])
        )
        self.assertEqual(round(sums[self.li.partner_id], 2), -4160.00)
        self.assertEqual(round(sums[self.wang.partner_id], 2), -456.00)
        self.assertLedgerEqualsGL()
