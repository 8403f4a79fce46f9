import doctest
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import recycling
from ..engine.recycling import Facts, Limits, decide, due_day

TODAY = date(2026, 3, 16)
days = st.dates(TODAY - timedelta(days=90), TODAY)
limit = st.none() | st.integers(1, 60)
facts = st.builds(
    Facts,
    assigned=days,
    follow_up=st.none() | days,
    deal=st.none() | days,
    exempt=st.none() | st.just("dealt"),
    reminded_for=st.none() | st.dates(TODAY, TODAY + timedelta(days=9)),
)
limits = st.builds(Limits, follow_days=limit, deal_days=limit, remind_days=st.integers(0, 9))


@tagged("post_install", "-at_install")
class TestRecycling(BaseCase):
    """Properties of the rules; their cases stand in the story and in the comparison with SQL."""

    def test_examples(self):
        self.assertEqual(doctest.testmod(recycling).failed, 0)

    @given(facts, limits)
    def test_nothing_before_the_day(self, facts, limits):
        due = due_day(facts, limits)
        if decide(facts, limits, TODAY) == "recycle":
            self.assertLessEqual(due, TODAY)
            self.assertGreater(TODAY, facts.assigned)

    @given(facts, limits)
    def test_exempt_is_never_touched(self, facts, limits):
        if facts.exempt:
            self.assertIn(decide(facts, limits, TODAY), ("none", "dealt"))

    @given(facts, limits, st.integers(1, 30))
    def test_a_follow_up_never_hastens(self, facts, limits, later):
        before = due_day(facts, limits)
        done = min(max(facts.follow_up or facts.assigned, facts.assigned) + timedelta(later), TODAY)
        after = due_day(Facts(facts.assigned, done, facts.deal), limits)
        if before:
            self.assertGreaterEqual(after, before)

    @given(facts, limits)
    def test_reminded_once(self, facts, limits):
        if decide(facts, limits, TODAY) == "remind":
            due = due_day(facts, limits)
            again = Facts(facts.assigned, facts.follow_up, facts.deal, None, due)
            self.assertEqual(decide(again, limits, TODAY), "reminded")
