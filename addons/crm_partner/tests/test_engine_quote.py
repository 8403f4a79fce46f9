import doctest
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import quote as engine

cents = st.integers(0, 10**9).map(lambda n: n * D("0.01"))
percent = st.integers(-99, 300).map(D)
lines = st.lists(st.tuples(st.integers(1, 999).map(D), cents), max_size=8)


@tagged("-at_install", "post_install")
class TestQuoteEngine(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    @given(lines, st.integers(0, 30).map(D))
    def test_totals_add_up_and_the_order_does_not_matter(self, rows, tax):
        found = engine.totals(rows, tax, D("0.01"))
        self.assertEqual(found.total, found.untaxed + found.tax)
        self.assertEqual(found, engine.totals(rows[::-1], tax, D("0.01")))
        self.assertEqual(found.untaxed, sum(count * price for count, price in rows))

    @given(cents, cents, percent)
    def test_prices_are_amounts_of_the_currency(self, own, listed, markup):
        for basis in engine.BASES:
            price = engine.unit_price(basis, own, listed, markup, D("0.01"))
            self.assertEqual(price % D("0.01"), 0)
            base = listed if basis == "list" else own
            self.assertLessEqual(abs(price - base * (100 + markup) / 100), D("0.005"))

    @given(cents, percent)
    def test_the_list_price_says_nothing_of_the_own_price(self, listed, markup):
        prices = {
            engine.unit_price("list", own, listed, markup, D("0.01")) for own in (D(0), D(7), D(99))
        }
        self.assertEqual(len(prices), 1)
