import doctest
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import scale as engine
from ..engine.scale import Scale, ScaleError, Tier, cumulate, round_to

CENT = D("0.01")
cents = st.integers(-(10**11), 10**11).map(lambda n: n * CENT)
positive_cents = st.integers(0, 10**11).map(lambda n: n * CENT)
rates = st.integers(0, 10**6).map(lambda n: D(n) / 10**6)


@st.composite
def scales(draw, method=None, ascending=False):
    bounds = draw(st.lists(st.integers(1, 10**10), unique=True, max_size=5))
    bounds = [0, *sorted(bounds)]
    drawn = draw(st.lists(rates, min_size=len(bounds), max_size=len(bounds)))
    drawn = sorted(drawn) if ascending else drawn
    tiers = tuple(Tier(n * CENT, rate) for n, rate in zip(bounds, drawn, strict=True))
    return Scale(method or draw(st.sampled_from(engine.METHODS)), tiers)


@tagged("-at_install", "post_install")
class TestScale(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    def test_bound_belongs_to_the_tier_it_opens(self):
        """D4: from 5,000 on 2 %, from 20,000 on 4 %; and to the tier below it by default."""
        tiers = Tier(D(0), D(0)), Tier(D(5000), D("0.02")), Tier(D(20000), D("0.04"))
        opened = Scale("retroactive", tiers, inclusive=True)
        self.assertEqual(opened.earned(D("4999.99")), 0)
        self.assertEqual(opened.earned(D(5000)), 100)
        self.assertEqual(opened.earned(D(20000)), 800)
        self.assertEqual(opened.next_tier(D(5000)), tiers[2])
        self.assertEqual(Scale("retroactive", tiers).earned(D(5000)), 0)
        self.assertEqual(Scale("retroactive", tiers).next_tier(D(5000)), tiers[1])

    @given(scales(method="marginal"), cents)
    def test_marginal_scales_do_not_care_whose_the_bound_is(self, scale, basis):
        opened = Scale("marginal", scale.tiers, inclusive=True)
        self.assertEqual(opened.earned(basis), scale.earned(basis))

    def test_story_figures(self):
        """D1: 80,000 are credited already when the first half of 114,000 is paid."""
        scale = Scale("marginal", (Tier(D(0), D("0.03")), Tier(D(100000), D("0.05"))))
        shares = scale.attribute([D(57000), D(57000), D(-22800)], start=D(80000))
        self.assertEqual(shares, [D(2450), D(2850), D(-1140)])
        shares = scale.attribute([D(57000), D(34200)], start=D(80000))
        self.assertEqual(sum(shares), D(4160))

    def test_bound_belongs_to_lower_tier(self):
        scale = Scale("retroactive", (Tier(D(0), D("0.02")), Tier(D(100), D("0.04"))))
        self.assertEqual(scale.earned(D(100)), D(2))
        self.assertEqual(scale.earned(D("100.01")), D("4.0004"))
        self.assertEqual(scale.next_tier(D(100)).lower, D(100))
        self.assertIsNone(scale.next_tier(D(101)))

    def test_threshold_pays_nothing_below_and_all_above(self):
        scale = Scale("marginal", (Tier(D(0), D("0.10")),), threshold=D(50))
        self.assertEqual(scale.earned(D(49)), D(0))
        self.assertEqual(scale.earned(D(50)), D(5))
        self.assertEqual(scale.attribute([D(49), D(1)]), [D(0), D(5)])

    def test_broken_scales_are_refused(self):
        for code, tiers in (
            ("empty", ()),
            ("start", (Tier(D(1), D(0)),)),
            ("order", (Tier(D(0), D(0)), Tier(D(0), D("0.1")))),
            ("rate", (Tier(D(0), D("-0.1")),)),
        ):
            with self.subTest(code), self.assertRaises(ScaleError) as error:
                Scale("marginal", tiers)
            self.assertEqual(error.exception.code, code)
        with self.assertRaises(ScaleError):
            Scale("progressive", (Tier(D(0), D(0)),))

    def test_order_of_tiers_does_not_matter(self):
        low, high = Tier(D(0), D("0.01")), Tier(D(10), D("0.02"))
        self.assertEqual(Scale("marginal", (high, low)), Scale("marginal", (low, high)))


@tagged("-at_install", "post_install")
class TestScaleProperties(BaseCase):
    def test_monotone(self):
        @given(scales(ascending=True), positive_cents, positive_cents)
        def check(scale, basis, more):
            self.assertLessEqual(scale.earned(basis), scale.earned(basis + more))

        check()

    def test_no_gap_at_any_bound(self):
        """One cent more of basis never earns more than one cent at the highest rate."""

        @given(scales(method="marginal"))
        def check(scale):
            highest = max(tier.rate for tier in scale.tiers)
            for tier in scale.tiers[1:]:
                step = scale.earned(tier.lower + CENT) - scale.earned(tier.lower - CENT)
                self.assertLessEqual(step, 2 * CENT * highest)
                self.assertGreaterEqual(step, 0)

        check()

    def test_additive_over_slices(self):
        """However a basis is cut into increments, the shares sum to its commission."""

        @given(scales(), st.lists(cents, max_size=8), positive_cents)
        def check(scale, parts, start):
            total = scale.earned(start + sum(parts)) - scale.earned(start)
            self.assertEqual(sum(scale.attribute(parts, start)), total if parts else 0)

        check()

    def test_explanation_adds_up(self):
        @given(scales(), cents)
        def check(scale, basis):
            pieces = scale.explain(basis)
            self.assertEqual(sum(piece.basis for piece in pieces), basis)
            self.assertEqual(sum(p.basis * p.rate for p in pieces), scale.earned(basis))

        check()

    def test_retroactive_pays_one_rate(self):
        @given(scales(method="retroactive"), positive_cents)
        def check(scale, basis):
            self.assertEqual(scale.earned(basis), basis * scale.tier_of(basis).rate)

        check()

    def test_methods_agree_in_the_first_tier(self):
        @given(scales(method="marginal"), positive_cents)
        def check(scale, basis):
            other = Scale("retroactive", scale.tiers)
            if basis <= (scale.tiers[1].lower if len(scale.tiers) > 1 else basis):
                self.assertEqual(scale.earned(basis), other.earned(basis))

        check()

    def test_negative_basis_mirrors(self):
        @given(scales(), cents)
        def check(scale, basis):
            self.assertEqual(scale.earned(-basis), -scale.earned(basis))

        check()

    def test_rounded_shares_sum_to_the_rounded_total(self):
        amounts = st.lists(st.integers(-(10**9), 10**9).map(lambda n: D(n) / 10**5), max_size=20)

        @given(amounts, st.one_of(st.none(), positive_cents), st.sampled_from([CENT, D("0.05")]))
        def check(parts, cap, rounding):
            shares = cumulate(parts, rounding=rounding, cap=cap)
            total = engine.clamp(sum(parts, D(0)), cap)
            self.assertEqual(sum(shares, D(0)), round_to(total, rounding))
            earlier = cumulate(parts[:-1], rounding=rounding, cap=cap)
            self.assertEqual(shares[:-1], earlier, "a later amount changed an earlier share")

        check()
