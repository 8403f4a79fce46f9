import doctest
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import completion as engine

MONEY = st.decimals(0, 10**9, places=2, allow_nan=False)
STANDING = st.builds(engine.Standing, cost=MONEY, estimate=MONEY, billed=MONEY)


@tagged("post_install", "-at_install")
class TestEngineCompletion(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    def test_position_explains_revenue(self):
        """Billed = earned + liability − asset; never both; never more than the contract."""

        @given(MONEY, STANDING)
        def check(contract, standing):
            found = engine.position(contract, standing)
            self.assertEqual(standing.billed, found.earned + found.liability - found.asset)
            self.assertFalse(found.liability and found.asset)
            self.assertLessEqual(found.earned, contract)
            self.assertGreaterEqual(found.earned, 0)

        check()

    def test_movements_sum_to_the_last_position(self):
        @given(MONEY, st.lists(STANDING, min_size=1, max_size=6))
        def check(contract, standings):
            moves = engine.movements(contract, standings)
            last = engine.position(contract, standings[-1])
            for name in ("earned", "liability", "asset"):
                total = sum((getattr(move, name) for move in moves), Decimal(0))
                self.assertEqual(total, getattr(last, name))

        check()
