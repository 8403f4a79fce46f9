import doctest
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import splits as engine
from ..engine.splits import HUNDRED, Part

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

    def test_totals_say_what_every_day_has(self):
        @given(PARTS)
        def check(parts):
            for day in PROBES:
                self.assertEqual(on(engine.totals(parts), day), on(parts, day))

        check()

    def test_excess_is_found_on_every_day(self):
        @given(PARTS)
        def check(parts):
            over = engine.excess(parts)
            if over is None:
                self.assertTrue(all(on(parts, day) <= HUNDRED for day in PROBES))
            else:
                self.assertGreater(on(parts, over.start or date.min), HUNDRED)

        check()

    def test_with_the_remainders_the_deal_is_owned_on_every_day(self):
        @given(PARTS)
        def check(parts):
            rest = engine.remainders(parts)
            for day in PROBES:
                self.assertEqual(on(rest, day), max(HUNDRED - on(parts, day), 0))

        check()
