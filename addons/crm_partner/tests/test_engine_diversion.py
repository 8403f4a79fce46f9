import doctest
import unittest
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ..engine import diversion
from ..engine.diversion import Holder, Movement, holders, judge

HOLDERS = st.lists(
    st.builds(Holder, st.integers(0, 5), st.sampled_from([True, False, None]), st.booleans()),
    max_size=5,
)
MOVEMENTS = st.lists(
    st.builds(Movement, st.integers(0, 3), st.sampled_from([Decimal(1), Decimal(-1)])), max_size=12
)


class TestDiversion(unittest.TestCase):
    def test_documentation(self):
        failed, tried = doctest.testmod(diversion)
        self.assertTrue(tried)
        self.assertFalse(failed)

    @given(HOLDERS)
    def test_nobody_is_accused_who_may_sell_there(self, candidates):
        verdict, accused = judge(candidates)
        if verdict == "outside":
            [only] = candidates
            self.assertEqual((only.key, only.covers, only.excused), (accused, False, False))
        if any(candidate.covers for candidate in candidates):
            self.assertEqual(verdict, "inside")

    @given(MOVEMENTS)
    def test_holders_are_those_with_something_left(self, movements):
        left = {}
        for movement in movements:
            left[movement.holder] = left.get(movement.holder, 0) + movement.quantity
        self.assertEqual(set(holders(movements)), {key for key, held in left.items() if held > 0})
