import doctest
from datetime import date, timedelta
from decimal import Decimal as D
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.crm_subledger.engine.scale import Scale, Tier, round_to

from ..engine import rebate
from ..engine.rebate import (
    Terms,
    Volume,
    accrued,
    apportion,
    earned,
    measure,
    next_step,
    spans,
    split,
)

D4 = (Tier(D(0), D(0)), Tier(D(5000), D("0.02")), Tier(D(20000), D("0.04")))
YEAR = (
    Tier(D(0), D("0.01")),
    Tier(D(1_500_000), D("0.02")),
    Tier(D(3_000_000), D("0.03")),
    Tier(D(4_500_000), D("0.05")),
)
MONEY = st.decimals(min_value=0, max_value=10**7, places=2)


def retroactive(*tiers):
    return Scale("retroactive", tiers, inclusive=True)


def marginal(*tiers):
    return Scale("marginal", tiers, inclusive=True)


@tagged("-at_install", "post_install")
class TestEngineRebate(BaseCase):
    def test_doctests(self):
        self.assertEqual(doctest.testmod(rebate).failed, 0)

    def test_running_year(self):
        terms = Terms(scale=retroactive(*YEAR))
        total, paid, expected = D(0), [], []
        for quarter in (900_000, 1_100_000, 1_300_000, 1_500_000):
            total += quarter
            paid.append(earned(terms, Volume(revenue=total)).amount - sum(paid))
            value = accrued(terms, Volume(revenue=total), D(4_800_000)).amount
            expected.append(value - sum(expected))
        self.assertEqual(paid, [9_000, 31_000, 59_000, 141_000])
        self.assertEqual(expected, [45_000, 55_000, 65_000, 75_000])

    def test_marginal(self):
        terms = Terms(scale=marginal(*D4))
        self.assertEqual(earned(terms, Volume(revenue=D(27000))).amount, D("580.00"))
        self.assertEqual(
            accrued(terms, Volume(revenue=D(13500)), D(27000)).amount,
            D("290.00"),
            "half of the purchases carry half of what is expected",
        )

    def test_amount_per_unit(self):
        terms = Terms(
            scale=retroactive(Tier(D(0), D(0)), Tier(D(100), D("2.50"))),
            basis="quantity",
            reward="unit",
        )
        self.assertEqual(earned(terms, Volume(quantity=D(99))).amount, 0)
        self.assertEqual(earned(terms, Volume(quantity=D(100))).amount, 250)

    def test_bounds_in_units_pay_a_share_of_the_revenue(self):
        terms = Terms(
            scale=retroactive(Tier(D(0), D(0)), Tier(D(100), D("0.03"))), basis="quantity"
        )
        self.assertFalse(terms.sliced())
        self.assertEqual(earned(terms, Volume(quantity=D(120), revenue=D(6000))).amount, 180)

    def test_lump_sum(self):
        terms = Terms(
            scale=retroactive(Tier(D(0), D(0)), Tier(D(1000), D(50)), Tier(D(5000), D(300))),
            reward="fixed",
        )
        volumes = (0, 999, 1000, 4999, 5000)
        self.assertEqual(
            [earned(terms, Volume(revenue=D(n))).amount for n in volumes], [0, 0, 50, 50, 300]
        )

    def test_every_purchase_has_its_own_tier(self):
        terms = Terms(scale=retroactive(*D4), kind="transaction")
        purchases = tuple((D(n), D(1)) for n in (4000, 6000, 20000))
        volume = Volume(revenue=D(30000), purchases=purchases)
        self.assertEqual(earned(terms, volume).amount, 120 + 800)
        returned = Volume(revenue=D(24000), purchases=(*purchases, (D(-6000), D(-1))))
        self.assertEqual(earned(terms, returned).amount, 800)

    def test_growth(self):
        scale = retroactive(Tier(D(0), D(0)), Tier(D(10), D("0.01")), Tier(D(20), D("0.02")))
        terms = Terms(scale=scale, kind="growth", percent_bounds=True)
        year = Volume(revenue=D(1150), base_revenue=D(1000))
        self.assertEqual(measure(terms, year), 15)
        self.assertEqual(earned(terms, year).amount, D("11.50"), "on everything")
        only = Terms(scale=scale, kind="growth", percent_bounds=True, part=True)
        self.assertEqual(earned(only, year).amount, D("1.50"), "on the increment")
        self.assertEqual(earned(terms, Volume(revenue=D(900), base_revenue=D(1000))).amount, 0)
        self.assertEqual(earned(terms, Volume(revenue=D(900))).amount, 0, "no percentage of 0")

    def test_mix_and_target(self):
        scale = retroactive(Tier(D(0), D(0)), Tier(D(30), D("0.01")))
        mix = Terms(scale=scale, kind="mix", part=True)
        volume = Volume(revenue=D(1000), focus_revenue=D(400))
        self.assertEqual(earned(mix, volume).amount, 4)
        self.assertEqual(earned(Terms(scale=scale, kind="mix"), volume).amount, 10)
        steps = retroactive(Tier(D(0), D(0)), Tier(D(80), D("0.01")), Tier(D(100), D("0.02")))
        target = Terms(scale=steps, kind="target", target=D(5000))
        amounts = [earned(target, Volume(revenue=D(n))).amount for n in (3999, 4000, 5000)]
        self.assertEqual(amounts, [0, 40, 100])

    def test_cap(self):
        terms = Terms(scale=retroactive(*D4), cap=D(500))
        result = earned(terms, Volume(revenue=D(27000)))
        self.assertEqual((result.amount, result.capped), (500, True))
        self.assertEqual(accrued(terms, Volume(revenue=D(13500)), D(27000)).amount, 250)

    def test_returns_only(self):
        for kind in rebate.KINDS:
            terms = Terms(scale=retroactive(*D4), kind=kind, target=D(100))
            volume = Volume(revenue=D(-100), purchases=((D(-100), D(-1)),))
            self.assertEqual(earned(terms, volume).amount, 0)
            self.assertEqual(accrued(terms, volume, D(27000)).amount, 0)

    def test_more_than_expected_replaces_the_expectation(self):
        terms = Terms(scale=retroactive(*D4))
        self.assertEqual(accrued(terms, Volume(revenue=D(30000)), D(10000)).amount, 1200)

    def test_next_step(self):
        terms = Terms(scale=retroactive(*D4))
        self.assertEqual(next_step(terms, Volume())[1], 5000)
        self.assertIsNone(next_step(terms, Volume(revenue=D(20000))))
        steps = retroactive(Tier(D(0), D(0)), Tier(D(80), D("0.01")))
        target = Terms(scale=steps, kind="target", target=D(5000))
        self.assertEqual(next_step(target, Volume(revenue=D(1000)))[1], 3000)
        growth = Terms(scale=steps, kind="growth", percent_bounds=True)
        more = next_step(growth, Volume(revenue=D(100), base_revenue=D(1000)))[1]
        self.assertEqual(more, 1700)

    @given(amount=MONEY, sizes=st.lists(MONEY, min_size=1, max_size=12))
    def test_shares_sum_to_the_amount(self, amount, sizes):
        parts = split(amount, sizes)
        self.assertEqual(sum(parts), amount if any(sizes) else 0)

    @given(amount=MONEY, sizes=st.lists(MONEY, min_size=1, max_size=12))
    def test_apportioned_to_the_cent(self, amount, sizes):
        parts = apportion(amount, sizes)
        self.assertEqual(sum(parts), amount if any(sizes) else 0)
        self.assertEqual(apportion(-amount, sizes), [-part for part in parts])
        for part, size in zip(parts, sizes, strict=True):
            exact = amount * size / sum(sizes) if any(sizes) else 0
            self.assertLess(abs(part - exact), D("0.01"))

    def test_one_more_size_moves_few_shares(self):
        """At one rate, a further order leaves nearly all shares of earlier orders alone."""
        sizes = [D(1000 + 37 * number % 900) / 4 for number in range(400)]
        before = apportion(round_to(sum(sizes[:-1]) * D("0.04"), D("0.01")), sizes[:-1])
        after = apportion(round_to(sum(sizes) * D("0.04"), D("0.01")), sizes)
        moved = [pair for pair in zip(before, after[:-1], strict=True) if pair[0] != pair[1]]
        self.assertLessEqual(len(moved), 2)

    @given(volumes=st.lists(MONEY, max_size=8), expected=MONEY)
    def test_what_is_accrued_in_the_end_is_what_is_earned(self, volumes, expected):
        terms = Terms(scale=retroactive(*D4))
        total = Volume(revenue=sum(volumes, D(0)))
        if total.revenue >= expected:
            self.assertEqual(accrued(terms, total, expected), earned(terms, total))
        else:
            rate = earned(terms, Volume(revenue=expected)).amount / expected
            wanted = total.revenue * rate
            self.assertLess(abs(accrued(terms, total, expected).amount - wanted), D("0.02"))

    @given(volume=MONEY)
    def test_next_step_leads_to_the_tier(self, volume):
        terms = Terms(scale=retroactive(*YEAR))
        step = next_step(terms, Volume(revenue=volume))
        if step:
            tier, more = step
            self.assertGreater(more, 0)
            self.assertEqual(terms.scale.tier_of(volume + more), tier)

    @given(
        start=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
        days=st.integers(0, 800),
        interval=st.sampled_from(["month", "quarter", "half", "year", "whole"]),
    )
    def test_spans_cover_every_day_once(self, start, days, interval):
        end = start + timedelta(days=days)
        found = spans(start, end, interval)
        self.assertEqual((found[0][0], found[-1][1]), (start, end))
        for (first, last), (following, _end) in pairwise(found):
            self.assertLessEqual(first, last)
            self.assertEqual(following - last, timedelta(days=1))
