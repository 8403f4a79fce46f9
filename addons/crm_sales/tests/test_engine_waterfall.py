import doctest
from datetime import date
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import waterfall as engine
from ..engine.waterfall import KINDS, Item, Window, waterfall

FIRST, LAST = date(2026, 10, 1), date(2026, 12, 31)
INSIDE, LATER, EARLIER = date(2026, 11, 15), date(2027, 2, 1), date(2026, 8, 1)
EVERYBODY = Window(FIRST, LAST)

items = st.builds(
    Item,
    st.integers(-(10**6), 10**6).map(lambda cents: D(cents) / 100),
    st.sampled_from([None, EARLIER, FIRST, INSIDE, LAST, LATER]),
    st.sampled_from(["open", "open", "open", "omitted", "won", "lost"]),
    st.sampled_from([None, "li", "wang"]),
)
moments = st.dictionaries(st.integers(1, 12), items, max_size=12)
windows = st.builds(
    Window, st.just(FIRST), st.just(LAST), st.sampled_from([None, {"li"}, {"li", None}, set()])
)


@tagged("-at_install", "post_install")
class TestWaterfall(BaseCase):
    def kinds(self, before, after, window=EVERYBODY, **options):
        found = waterfall(
            {1: before} if before else {}, {1: after} if after else {}, window, **options
        )
        return [(change.kind, int(change.amount)) for change in found.changes]

    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    def test_opening_and_changes_are_the_closing(self):
        @given(moments, moments, windows, st.booleans())
        def check(before, after, window, new):
            result = waterfall(before, after, window, lambda key: new)
            self.assertEqual(result.opening + sum(result.totals().values(), D(0)), result.closing)
            self.assertEqual(
                result.closing,
                sum((item.amount for item in after.values() if window.holds(item)), D(0)),
            )
            self.assertLessEqual({change.kind for change in result.changes}, set(KINDS))

        check()

    def test_same_moment_changes_nothing(self):
        @given(moments, windows)
        def check(moment, window):
            open_ = {k: item for k, item in moment.items() if item.status in ("open", "omitted")}
            self.assertFalse(waterfall(open_, open_, window).changes)

        check()

    def test_each_kind(self):
        was = Item(D(100), INSIDE, owner="li")
        cases = [
            (None, was, [("new", 100)]),
            (Item(D(100), LATER, owner="li"), was, [("pulled_in", 100)]),
            (was, Item(D(100), LATER, owner="li"), [("pushed_out", -100)]),
            (was, Item(D(130), INSIDE, owner="li"), [("amount_up", 30)]),
            (was, Item(D(60), INSIDE, owner="li"), [("amount_down", -40)]),
            (was, Item(D(100), INSIDE, "omitted", "li"), [("omitted", -100)]),
            (was, Item(D(100), INSIDE, "lost", "li"), [("lost", -100)]),
            (was, None, [("removed", -100)]),
            (was, Item(D(120), INSIDE, "won", "li"), [("amount_up", 20), ("won", -120)]),
            (None, Item(D(70), INSIDE, "won", "li"), [("new", 70), ("won", -70)]),
            (Item(D(1), INSIDE, "omitted"), was, [("reopened", 100)]),
            (was, was, []),
        ]
        for before, after, expected in cases:
            with self.subTest(expected=expected):
                self.assertEqual(self.kinds(before, after), expected)

    def test_owners(self):
        lis, wangs = Item(D(10), INSIDE, owner="li"), Item(D(10), INSIDE, owner="wang")
        window = Window(FIRST, LAST, {"li"})
        self.assertEqual(self.kinds(wangs, lis, window), [("reassigned_in", 10)])
        self.assertEqual(self.kinds(lis, wangs, window), [("reassigned_out", -10)])
        self.assertEqual(self.kinds(lis, wangs), [])

    def test_known_before_counts_as_reopened(self):
        item = Item(D(10), INSIDE)
        self.assertEqual(self.kinds(None, item, is_new=lambda key: False), [("reopened", 10)])
