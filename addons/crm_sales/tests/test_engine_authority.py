import doctest
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import authority as engine
from ..engine.authority import DIMENSIONS, Facts, Floor, Matrix, Row, spread

ids = st.frozensets(st.integers(1, 4), max_size=3)
facts = st.builds(Facts, **dict.fromkeys(DIMENSIONS, ids))
percent = st.none() | st.integers(0, 99).map(D)
rows = st.lists(
    st.builds(
        Row,
        id=st.integers(1, 99),
        max_discount=percent,
        min_margin=percent,
        **dict.fromkeys(DIMENSIONS, ids),
    ),
    max_size=6,
)
cents = st.integers(-(10**9), 10**9).map(lambda n: n * D("0.01"))
prices = st.integers(0, 10**9).map(lambda n: n * D("0.01"))


@tagged("-at_install", "post_install")
class TestAuthority(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    @given(rows, facts)
    def test_first_row_that_fits(self, matrix, found):
        """Splitting the question into person and line changes nothing."""
        expected = next((row for row in matrix if row.fits(found)), None)
        self.assertEqual(Matrix.for_person(matrix, found).row(found), expected)

    @given(rows, facts)
    def test_covered_rows_never_decide(self, matrix, found):
        decided = Matrix.for_person(matrix, found).row(found)
        if decided is not None:
            before = matrix[: matrix.index(decided)]
            self.assertFalse([row for row in before if row.covers(decided)])

    @given(st.lists(cents, max_size=8))
    def test_spread_keeps_the_sum(self, amounts):
        result = spread(amounts)
        if any(amount > 0 for amount in amounts):
            self.assertAlmostEqual(sum(result), sum(amounts), delta=D("0.01") * len(amounts))
        self.assertEqual([r for r, a in zip(result, amounts, strict=True) if a <= 0 and r], [])

    @given(prices, prices, percent, percent)
    def test_floor_is_never_below_its_own_gap(self, entitled, cost, max_discount, min_margin):
        floor = Floor.of(entitled, cost, max_discount, min_margin)
        if floor.price is not None:
            self.assertEqual(floor.gap(floor.price, floor.price), 0)
            below = floor.price - D("0.01")
            self.assertEqual(floor.gap(below, below), D("0.01"))

    def test_story_d11(self):
        """D11: cost 15,600 and a margin of 18 % make a floor of 19,024.39."""
        floor = Floor.of(D(23500), D(15600), None, D(18))
        self.assertEqual(floor.price, D("19024.39"))
        self.assertGreater(floor.gap(D("19025.60"), D("18525.60")), 0, "15.79 % is below 18 %")
