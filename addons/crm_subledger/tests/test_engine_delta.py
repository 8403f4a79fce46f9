import doctest
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.crm_subledger.engine import (
    Posted,
    Share,
    Slot,
    Target,
    delta,
    deltas,
    first_open_date,
)

DAY = date(2026, 3, 10)
cents = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n) / 100)


def post(result, posted):
    """Return what is held once ``result`` is posted."""
    held = dict(posted)
    for item in result:
        before = held.get(item.slot)
        held[item.slot] = Posted(
            (before.amount if before else Decimal(0)) + item.amount, item.date or DAY
        )
    return held


@st.composite
def situations(draw):
    """Targets with their shares, and anything that may have been posted before."""
    targets, shares = [], {}
    for key in draw(st.lists(st.integers(1, 4), unique=True)):
        for component in draw(st.lists(st.sampled_from(["", "b"]), unique=True)):
            parts = [
                Share(order or None, draw(cents))
                for order in draw(st.lists(st.integers(0, 3), unique=True, min_size=1))
            ]
            amount = sum((part.amount for part in parts), Decimal(0))
            target = Target(key=key, ledger=1, component=component, amount=amount, date=DAY)
            targets.append(target)
            shares[target.address] = parts
    slots = st.builds(
        Slot,
        st.integers(1, 4),
        st.just(1),
        st.sampled_from(["", "b"]),
        st.one_of(st.none(), st.integers(1, 3)),
    )
    held = draw(st.dictionaries(slots, st.builds(Posted, cents, st.just(DAY))))
    return targets, shares, held


class TestEngineDelta(BaseCase):
    def test_doctests(self):
        failed, tried = doctest.testmod(delta)
        self.assertFalse(failed)
        self.assertGreater(tried, 5)

    @given(situations())
    def test_posting_reaches_the_target_and_ends(self, situation):
        targets, shares, held = situation
        after = post(deltas(targets, shares, held), held)
        totals = defaultdict(Decimal)
        for slot, item in after.items():
            totals[slot[:3]] += item.amount
        for target in targets:
            self.assertEqual(totals.pop(target.address, Decimal(0)), target.amount)
        self.assertFalse(any(totals.values()), "what has no target is taken back")
        self.assertEqual(deltas(targets, shares, after), [], "a second run posts nothing")

    @given(situations(), situations())
    def test_order_of_situations_does_not_matter(self, first, second):
        targets, shares, _held = first
        others, other_shares, held = second
        direct = post(deltas(targets, shares, held), held)
        detour = post(deltas(others, other_shares, held), held)
        detour = post(deltas(targets, shares, detour), detour)
        self.assertEqual(
            {slot: item.amount for slot, item in direct.items() if item.amount},
            {slot: item.amount for slot, item in detour.items() if item.amount},
        )

    @given(st.dates(), st.dates())
    def test_never_in_a_locked_period(self, wanted, locked):
        day = first_open_date(wanted, locked)
        self.assertGreater(day, locked)
        self.assertGreaterEqual(day, wanted)
        self.assertIn(day, (wanted, locked + timedelta(days=1)))

    def test_shares_must_sum_to_the_target(self):
        target = Target(key=1, ledger=1, amount=Decimal("10.00"))
        with self.assertRaisesRegex(ValueError, "do not sum"):
            deltas([target], {target.address: [Share(1, Decimal("9.99"))]}, {})

    def test_a_slot_has_one_target(self):
        target = Target(key=1, ledger=1, amount=Decimal("10.00"))
        with self.assertRaisesRegex(ValueError, "two targets"):
            deltas([target, target], {}, {})

    def test_a_correction_is_not_dated_before_what_it_corrects(self):
        target = Target(key=1, ledger=1, amount=Decimal("5"), date=DAY)
        later = DAY + timedelta(days=9)
        held = {Slot(1, 1, "", None): Posted(Decimal("8"), later)}
        self.assertEqual([item.date for item in deltas([target], {}, held)], [later])
