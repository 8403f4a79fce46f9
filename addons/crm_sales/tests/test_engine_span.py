import doctest
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import span


@tagged("-at_install", "post_install")
class TestSpan(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(span).failed)

    def test_periods_tile_the_calendar(self):
        @given(st.dates(), st.sampled_from(sorted(span.MONTHS)))
        def check(day, period):
            if day.year > 9990:
                return
            first, last = span.bounds(period, day)
            self.assertLessEqual(first, day)
            self.assertLessEqual(day, last)
            self.assertEqual(span.shift(period, day, 1), last + span.ONE_DAY)
            self.assertEqual(len(span.months_of(first, last)), span.MONTHS[period])

        check()

    def test_parts_sum_to_the_whole(self):
        amounts = st.integers(0, 10**9).map(lambda cents: D(cents) / 100)
        weights = st.lists(st.integers(0, 10**6).map(D), min_size=1, max_size=12)

        @given(amounts, weights)
        def check(total, shares):
            parts = span.distribute(total, shares, D("0.01"))
            self.assertEqual(sum(parts), total)
            whole = sum(shares) or len(shares)
            for part, share in zip(parts, shares, strict=True):
                exact = total * (share if sum(shares) else 1) / whole
                self.assertLess(abs(part - exact), D("0.01") + D("1e-12"))

        check()

    def test_bad_input(self):
        self.assertEqual(span.distribute(D(5), [], D("0.01")), [])
        with self.assertRaises(ValueError):
            span.distribute(D(5), [D(-1)], D("0.01"))
