import doctest
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.crm_subledger.engine.scale import Scale, Tier

from ..engine import period as engine
from ..engine.period import Credit, earn, settle

CENT = D("0.01")
FIRST = Scale("marginal", (Tier(D(0), D("0.03")), Tier(D(100), D("0.05"))))
SECOND = Scale("marginal", (Tier(D(0), D("0.02")), Tier(D(150), D("0.10"))))
SCALES = {1: FIRST, 2: SECOND, 3: Scale("retroactive", SECOND.tiers)}


def owner(basis, version=1):
    return Credit(version=version, role="owner", basis=D(basis))


@st.composite
def periods(draw):
    """Credits in order of time under one version after the other."""
    found = []
    for version in draw(st.sampled_from([(1,), (1, 2), (2, 1), (3, 1), (1, 3)])):
        for cents in draw(st.lists(st.integers(-(10**5), 10**5), max_size=6)):
            role = draw(st.sampled_from(["owner", "owner", "overlay"]))
            rate = D("0.005") if role == "overlay" else D(0)
            found.append(Credit(version=version, role=role, rate=rate, basis=cents * CENT))
    return found


@tagged("-at_install", "post_install")
class TestPeriod(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    def test_second_version_goes_on_counting(self):
        credits = [owner(120), owner(60, version=2)]
        self.assertEqual(earn(credits, SCALES), [D("4.00"), D("3.60")])
        rows = engine.explain(credits, SCALES)
        self.assertEqual([row.piece.basis for row in rows], [D(100), D(20), D(30), D(30)])

    def test_cap_stops_at_the_limit(self):
        credits = [owner(100), owner(100), owner(-150)]
        amounts = settle(credits, SCALES, rounding=CENT, cap=D(4))
        self.assertEqual(amounts, [D("3.00"), D("1.00"), D("-2.50")])
        self.assertTrue(engine.is_capped(credits[:2], SCALES, D(4)))
        self.assertFalse(engine.is_capped(credits, SCALES, None))

    def test_explanation_adds_up(self):
        @given(periods())
        def check(credits):
            rows = engine.explain(credits, SCALES)
            self.assertEqual(sum(row.piece.amount for row in rows), sum(earn(credits, SCALES)))
            self.assertEqual(
                sum(row.piece.basis for row in rows), sum(credit.basis for credit in credits)
            )

        check()

    def test_totals_equal_details(self):
        """Adding up the credits of a version first does not change the commission."""

        @given(periods())
        def check(credits):
            totals = {}
            for credit in credits:
                key = (credit.version, credit.role, credit.rate)
                totals[key] = totals.get(key, 0) + credit.basis
            added = [
                Credit(version=version, role=role, rate=rate, basis=basis)
                for (version, role, rate), basis in totals.items()
            ]
            versions = list(dict.fromkeys(credit.version for credit in credits))
            added.sort(key=lambda credit: versions.index(credit.version))
            detail = settle(credits, SCALES, rounding=CENT, cap=D(90))
            total = settle(added, SCALES, rounding=CENT, cap=D(90))
            self.assertEqual(sum(detail), sum(total))

        check()
