import datetime
import doctest
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import amortisation as engine

CENT = D("0.01")
days = st.dates(datetime.date(2000, 1, 1), datetime.date(2100, 1, 1))
terms = st.integers(1, 240)


@tagged("-at_install", "post_install")
class TestAmortisation(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    def test_story_figures(self):
        """D2: 19,200.00 over 24 months, terminated after nine."""
        parts = engine.straight_line(D(19200), 24, CENT)
        self.assertEqual(parts[:9], [D(800)] * 9)
        self.assertEqual(engine.unearned(D(19200), 24, 9, CENT), D(12000))

    def test_no_months_is_refused(self):
        with self.assertRaises(ValueError):
            engine.straight_line(D(1), 0, CENT)

    def test_parts_sum_exactly(self):
        @given(st.integers(-(10**12), 10**12).map(lambda n: n * CENT), terms)
        def check(amount, months):
            parts = engine.straight_line(amount, months, CENT)
            self.assertEqual(len(parts), months)
            self.assertEqual(sum(parts), amount)
            self.assertTrue(all(part % CENT == 0 for part in parts))

        check()

    def test_months_follow_each_other(self):
        @given(days, terms)
        def check(start, months):
            ends = [engine.month_end(start, number) for number in range(1, months + 1)]
            self.assertEqual(ends, sorted(set(ends)))
            self.assertGreaterEqual(ends[0], start)
            labels = {end.strftime("%Y-%m") for end in ends}
            self.assertEqual(len(labels), months, "every month has a name of its own")

        check()

    def test_elapsed_counts_month_ends(self):
        @given(days, st.integers(1, 60), days)
        def check(start, months, on):
            counted = sum(engine.month_end(start, n) <= on for n in range(1, months + 1))
            self.assertEqual(engine.elapsed_months(start, months, on), counted)

        check()
