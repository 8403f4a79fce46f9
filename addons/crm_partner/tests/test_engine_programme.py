import datetime
import doctest
import unittest

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.crm_partner.engine import agreement, programme

DAY = datetime.date(2026, 3, 1)
LADDER = [programme.Level(1, 90), programme.Level(2, 60), programme.Level(3, 0)]
KEYS = st.sets(st.sampled_from([1, 2, 3]))
DATES = st.none() | st.dates(datetime.date(2025, 1, 1), datetime.date(2027, 12, 31))


def load_tests(_loader, tests, _ignore):
    tests.addTests(doctest.DocTestSuite(programme))
    tests.addTests(doctest.DocTestSuite(agreement))
    return tests


class TestDecisions(unittest.TestCase):
    @given(KEYS, st.sampled_from([1, 2, 3]), DATES, DATES)
    def test_kinds_agree_with_levels(self, met, level, grace, lock):
        decision = programme.decide(LADDER, met, programme.Standing(level, grace, lock), DAY)
        target = programme.best(LADDER, met)
        self.assertEqual(decision.level, target)
        if lock and lock >= DAY:
            self.assertIn(decision.kind, (programme.KEEP, programme.LOCKED))
        elif decision.kind == programme.PROMOTE:
            self.assertLess(target, level)
        elif decision.kind in (programme.WARN, programme.WAIT, programme.DEMOTE):
            self.assertGreater(target, level)
        else:
            self.assertEqual(target, level)

    @given(KEYS, st.sampled_from([1, 2, 3]))
    def test_nobody_falls_without_a_warning(self, met, level):
        """Levels with a grace period are never lost at the first review that finds a shortfall."""
        decision = programme.decide(LADDER, met, programme.Standing(level), DAY)
        self.assertNotEqual(decision.kind, programme.DEMOTE)
        if decision.kind == programme.WARN:
            grace = {1: 90, 2: 60}[level]
            self.assertEqual(decision.grace_until, DAY + datetime.timedelta(days=grace))

    @given(KEYS, st.sampled_from([1, 2, 3]), DATES)
    def test_reviewing_the_result_again_changes_nothing(self, met, level, grace):
        """After the decision was applied, the same figures move nobody on the same day."""
        decision = programme.decide(LADDER, met, programme.Standing(level, grace), DAY)
        if decision.kind in (programme.PROMOTE, programme.DEMOTE):
            standing = programme.Standing(decision.level)
        elif decision.kind == programme.WARN:
            standing = programme.Standing(level, decision.grace_until)
        else:
            standing = programme.Standing(level, None if decision.kind == "recovery" else grace)
        again = programme.decide(LADDER, met, standing, DAY)
        self.assertIn(again.kind, (programme.KEEP, programme.WAIT))

    def test_without_grace_the_demotion_is_at_once(self):
        ladder = [programme.Level(1, 0), programme.Level(2)]
        decision = programme.decide(ladder, {2}, programme.Standing(1), DAY)
        self.assertEqual((decision.kind, decision.level), (programme.DEMOTE, 2))

    def test_empty_ladder_moves_nobody(self):
        self.assertEqual(programme.decide([], set(), programme.Standing(5), DAY).kind, "keep")


class TestWindow(unittest.TestCase):
    @given(st.dates(datetime.date(2000, 1, 1), datetime.date(2100, 1, 1)), st.integers(1, 120))
    def test_windows_end_today_and_are_whole_months(self, today, months):
        start = programme.window_start(today, months)
        self.assertLess(start, today + datetime.timedelta(days=1))
        elapsed = (today.year - start.year) * 12 + today.month - start.month
        self.assertIn(elapsed, (months, months - 1))


class TestPlaceholders(unittest.TestCase):
    @given(st.text(max_size=40))
    def test_values_bring_no_markup(self, value):
        filled = agreement.fill("<p>{{partner}}</p>", {"partner": value})
        inner = filled[3:-4]
        self.assertNotIn("<", inner)
        self.assertNotIn(">", inner)

    def test_values_are_not_filled_again(self):
        filled = agreement.fill("{{partner}}{{level}}", {"partner": "{{level}}", "level": "Gold"})
        self.assertEqual(filled, "{{level}}Gold")


if __name__ == "__main__":
    unittest.main()
