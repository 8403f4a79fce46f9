from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import TransactionCase

from ..engine import instalments, mrr

AMOUNTS = st.integers(1, 500).map(Decimal)
DAYS = st.dates(date(2025, 1, 1), date(2026, 12, 31))


@st.composite
def terms(draw):
    start, end = sorted((draw(DAYS), draw(DAYS)))
    customer = draw(st.sampled_from("ABC"))
    return mrr.Term(customer, start, draw(st.sampled_from((end, None))), draw(AMOUNTS))


class TestMrrEngine(TransactionCase):
    """Opening plus movements is closing, for any contracts."""

    @settings(max_examples=150, deadline=None)
    @given(st.lists(terms(), max_size=8))
    def test_it_adds_up(self, drawn):
        rows = mrr.movements(drawn, date(2026, 12, 31))
        last = {}
        for row in rows:
            self.assertEqual(row.opening, last.get(row.customer, 0))
            self.assertEqual(row.kind is None, row.amount == 0)
            last[row.customer] = row.closing
        for customer in last:
            closing = sum(
                t.amount
                for t in drawn
                if t.customer == customer
                and t.start <= date(2026, 12, 31)
                and (t.end is None or t.end >= date(2026, 12, 31))
            )
            self.assertEqual(last[customer], closing)

    @settings(max_examples=150, deadline=None)
    @given(
        st.integers(1, 10**9).map(lambda cents: Decimal(cents) / 100),
        st.lists(st.integers(1, 100), min_size=1, max_size=12),
    )
    def test_shares_of_one_hundred_percent_sum_to_the_total(self, total, weights):
        step = Decimal("0.01")
        percents = instalments.even(Decimal(100), len(weights), Decimal("0.0001"))
        self.assertEqual(sum(instalments.shares(total, percents, step)), total)
        self.assertEqual(sum(instalments.even(total, len(weights), step)), total)
