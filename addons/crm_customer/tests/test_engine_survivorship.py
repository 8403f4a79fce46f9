import unittest
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.crm_customer.engine import survivorship as engine

VALUES = st.one_of(st.none(), st.sampled_from(["", " ", "a", "A", "bb", "b b", "长名字", "ccc"]))
MOMENTS = st.one_of(st.none(), st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)))


@st.composite
def groups(draw):
    """Candidates of two to six records, one of them the survivor."""
    ids = draw(st.lists(st.integers(1, 99), min_size=2, max_size=6, unique=True))
    survivor = draw(st.sampled_from(ids))
    return [
        engine.Candidate(
            number,
            draw(VALUES),
            draw(MOMENTS),
            draw(st.integers(0, 20)),
            draw(st.sampled_from(["", "user", "import"])),
            number == survivor,
        )
        for number in ids
    ]


class TestSurvivorship(unittest.TestCase):
    """Rules that hold for any group of records."""

    @given(groups(), st.sampled_from(engine.STRATEGIES))
    def test_the_choice_is_one_of_the_values(self, candidates, strategy):
        choice = engine.choose(strategy, candidates, ("user",))
        self.assertIn((choice.id, choice.value), [(one.id, one.value) for one in candidates])

    @given(groups(), st.sampled_from(engine.STRATEGIES))
    def test_nothing_known_is_lost(self, candidates, strategy):
        choice = engine.choose(strategy, candidates)
        known = any(not engine.is_empty(one.value) for one in candidates)
        self.assertEqual(not engine.is_empty(choice.value), known)

    @given(groups(), st.sampled_from(engine.STRATEGIES), st.randoms(use_true_random=False))
    def test_the_order_does_not_matter(self, candidates, strategy, random):
        shuffled = random.sample(candidates, len(candidates))
        self.assertEqual(engine.choose(strategy, candidates), engine.choose(strategy, shuffled))

    @given(groups(), st.sampled_from(engine.STRATEGIES))
    def test_choosing_again_changes_nothing(self, candidates, strategy):
        """The golden record, merged once more with the same records, stays what it is."""
        value = engine.choose(strategy, candidates).value
        same = [one._replace(value=value) for one in candidates]
        self.assertEqual(engine.choose(strategy, same).value, value)

    @given(groups())
    def test_each_strategy_is_the_best_by_its_measure(self, candidates):
        known = [one for one in candidates if not engine.is_empty(one.value)]
        if len({repr(engine.normal(one.value)) for one in known}) < 2:
            return
        by_id = {one.id: one for one in candidates}
        longest = by_id[engine.choose("longest", candidates).id]
        self.assertEqual(engine.size(longest.value), max(engine.size(one.value) for one in known))
        fullest = by_id[engine.choose("complete", candidates).id]
        self.assertEqual(fullest.filled, max(one.filled for one in known))
        latest = by_id[engine.choose("recent", candidates).id]
        self.assertEqual(
            latest.updated or datetime.min, max(one.updated or datetime.min for one in known)
        )
        sourced = by_id[engine.choose("source", candidates, ("user", "import")).id]
        rank = {"user": 0, "import": 1}
        self.assertEqual(
            rank.get(sourced.source, 2), min(rank.get(one.source, 2) for one in known)
        )

    def test_most_frequent(self):
        names = ["Hongtai", "HONGTAI ", "Hontai"]
        group = [
            engine.Candidate(number, name, survivor=number == 3)
            for number, name in enumerate(names, 1)
        ]
        self.assertEqual(engine.choose("frequent", group).value, "Hongtai")

    def test_unknown_strategy_and_empty_group(self):
        with self.assertRaises(ValueError):
            engine.choose("best", [engine.Candidate(1, "x")])
        with self.assertRaises(ValueError):
            engine.choose("recent", [])
