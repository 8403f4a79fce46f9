import doctest
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import splits as engine
from ..engine.splits import HUNDRED, Part, excess, remainders, totals

DAYS = st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 3, 1)))
PARTS = st.lists(
    st.builds(
        lambda percent, start, length: Part(
            Decimal(percent),
            start,
            None if length is None else (start or date(2026, 1, 15)) + timedelta(days=length),
        ),
        st.integers(1, 60),
        DAYS,
        st.one_of(st.none(), st.integers(0, 40)),
    ),
    max_size=6,
)
PROBES = [date(2025, 6, 1), *(date(2026, 1, 1) + timedelta(days=n) for n in range(120))]


def on(parts, day):
    return sum(
        (p.percent for p in parts if (p.start or date.min) <= day <= (p.end or date.max)),
        Decimal(0),
    )


@tagged("post_install", "-at_install")
class TestEngineSplits(BaseCase):
    """Splits of a deal by day, whatever the parts."""

    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    @given(PARTS)
    def test_totals_say_what_every_day_has(self, parts):
        for day in PROBES:
            assert on(totals(parts), day) == on(parts, day)

    @given(PARTS)
    def test_excess_is_found_on_every_day(self, parts):
        over = excess(parts)
        assert bool(over) == any(total.percent > HUNDRED for total in totals(parts))
        if over is None:
            assert all(on(parts, day) <= HUNDRED for day in PROBES)

    @given(PARTS)
    def test_with_the_remainders_the_deal_is_owned_on_every_day(self, parts):
        rest = remainders(parts)
        for day in PROBES:
            assert on(rest, day) == max(HUNDRED - on(parts, day), 0)
