import doctest
import unittest
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ..engine import portal_quantity
from ..engine.portal_quantity import MAX_QUANTITY, parse_quantity, split_serials


class TestPortalQuantity(unittest.TestCase):
    def test_documentation(self):
        failed, tried = doctest.testmod(portal_quantity)
        self.assertTrue(tried)
        self.assertFalse(failed)

    @given(st.decimals(0, MAX_QUANTITY, places=2))
    def test_every_quantity_is_read_as_written(self, quantity):
        self.assertEqual(parse_quantity(f"{quantity:f}"), quantity)
        self.assertEqual(parse_quantity(f"{quantity:,f}"), quantity)

    @given(st.text(max_size=12))
    def test_whatever_is_typed_is_a_quantity_or_refused(self, text):
        try:
            quantity = parse_quantity(text)
        except ValueError:
            return
        self.assertIsInstance(quantity, Decimal)
        self.assertTrue(0 <= quantity <= MAX_QUANTITY)

    @given(st.lists(st.from_regex(r"[A-Z0-9-]{1,20}", fullmatch=True), min_size=1, max_size=100))
    def test_serials_come_back_once_in_order(self, numbers):
        self.assertEqual(split_serials("\n".join(numbers)), list(dict.fromkeys(numbers)))
