import doctest

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import distribution
from ..engine.distribution import REASONS, Area, Candidate, Need, covers, distribute, obstacle

COUNTRIES = st.sampled_from(["CN", "US"])
STATES = st.sampled_from(["SH", "JS", "GD"])
CATEGORIES = st.frozensets(st.sampled_from(["pump", "seal", "motor"]), max_size=2)
ASKED = st.frozensets(st.sampled_from(["pump", "seal", "motor"]), min_size=1, max_size=2)
AREAS = st.builds(
    Area,
    country=COUNTRIES,
    states=st.frozensets(STATES, max_size=2),
    postcodes=st.sampled_from([(), ("20",), ("20", "51")]),
    cities=st.sampled_from([(), ("Suzhou",)]),
)
NEEDS = st.builds(
    Need,
    country=st.none() | COUNTRIES,
    state=st.none() | STATES,
    postcode=st.sampled_from(["", "200120", "510000"]),
    city=st.sampled_from(["", "suzhou"]),
    categories=st.lists(ASKED, max_size=2).map(tuple),
)


@st.composite
def partners(draw):
    """Return candidates with keys 1, 2, …"""
    return [
        Candidate(
            key=number,
            weight=draw(st.integers(0, 5)),
            areas=tuple(draw(st.lists(AREAS, max_size=2))),
            categories=draw(CATEGORIES),
            capacity=draw(st.none() | st.integers(0, 4)),
            load=draw(st.integers(0, 4)),
            received=draw(st.integers(0, 9)),
            last=draw(st.integers(0, 9)),
            paused=draw(st.booleans()),
        )
        for number in range(1, draw(st.integers(1, 6)) + 1)
    ]


@tagged("-at_install", "post_install")
class TestDistribution(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(distribution).failed)

    @given(NEEDS, partners(), st.sets(st.integers(1, 6), max_size=3))
    def test_everybody_is_explained_and_only_the_able_are_chosen(self, need, candidates, had):
        able = {one.key for one in candidates if not obstacle(need, one, had)}
        choice = distribute(need, candidates, had)
        self.assertEqual(choice.key is None, not able)
        if able:
            self.assertIn(choice.key, able)
        told = [one.key for one in choice.others] + ([choice.key] if able else [])
        self.assertEqual(sorted(told), sorted(one.key for one in candidates))
        for one in choice.others:
            self.assertIn(one.code, REASONS)
            self.assertEqual(one.code == "behind", one.key in able)

    @given(NEEDS, partners(), st.randoms())
    def test_order_of_the_candidates_does_not_matter(self, need, candidates, random):
        shuffled = [Candidate(**_values(one)) for one in candidates]
        random.shuffle(shuffled)
        self.assertEqual(distribute(need, candidates).key, distribute(need, shuffled).key)

    @given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(1, 60))
    @settings(max_examples=60)
    def test_nobody_is_a_whole_lead_ahead_of_its_share(self, weights, leads):
        candidates = [Candidate(key, weight) for key, weight in enumerate(weights)]
        for _lead in range(leads):
            distribute(Need("CN"), candidates)
        total = sum(weights)
        self.assertEqual(sum(one.received for one in candidates), leads)
        for one in candidates:
            ahead = one.received * total - leads * one.weight
            self.assertLess(ahead, total)
            # whoever is behind is behind because the others are ahead, each by less than one
            self.assertGreater(ahead, -total * len(weights))

    @given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(1, 4))
    def test_whole_rounds_are_shared_exactly_by_weight(self, weights, rounds):
        candidates = [Candidate(key, weight) for key, weight in enumerate(weights)]
        for _lead in range(sum(weights) * rounds):
            distribute(Need("CN"), candidates)
        self.assertEqual(
            [one.received for one in candidates], [weight * rounds for weight in weights]
        )

    @given(NEEDS, partners(), st.integers(1, 30))
    def test_capacity_is_never_exceeded(self, need, candidates, leads):
        before = {one.key: one.load for one in candidates}
        for _lead in range(leads):
            distribute(need, candidates)
        for one in candidates:
            if one.capacity is not None:
                self.assertLessEqual(one.load, max(one.capacity, before[one.key]))

    @given(NEEDS, partners())
    def test_redistribution_visits_each_able_partner_once(self, need, candidates):
        able = {one.key for one in candidates if not obstacle(need, one)}
        had = []
        while (choice := distribute(need, candidates, had)).key is not None:
            had.append(choice.key)
        self.assertEqual(len(had), len(set(had)))
        self.assertLessEqual(set(had), able)

    def test_ties_go_by_weight_then_waiting_then_key(self):
        two = [Candidate("b", 1, last=3), Candidate("a", 1, last=4)]
        self.assertEqual(distribute(Need("CN"), two).key, "b")
        two = [Candidate("b", 1), Candidate("a", 1)]
        self.assertEqual(distribute(Need("CN"), two).key, "a")

    def test_competence_holds_for_every_category_asked_for(self):
        partner = Candidate("a", categories=frozenset({"pump"}))
        pump, seal = frozenset({"pump", "all"}), frozenset({"seal", "all"})
        self.assertIsNone(obstacle(Need("CN", categories=(pump,)), partner))
        self.assertEqual(obstacle(Need("CN", categories=(pump, seal)), partner), "not_competent")

    def test_an_area_with_several_conditions_needs_all_of_them(self):
        area = Area("CN", frozenset({"JS"}), ("215",), ("Suzhou",))
        self.assertTrue(covers([area], Need("CN", "JS", "215006", "Suzhou")))
        self.assertFalse(covers([area], Need("CN", "JS", "215006", "Wuxi")))
        self.assertFalse(covers([area], Need("CN", "JS", "", "Suzhou")))
        self.assertFalse(covers([area], Need("US", "JS", "215006", "Suzhou")))
        self.assertTrue(covers([], Need(None)))

    def test_the_share_counts_among_those_who_may_get_the_lead(self):
        """Beta received much elsewhere, but alpha cannot serve this place: beta gets it."""
        alpha = Candidate("alpha", 9, areas=(Area("US"),))
        beta = Candidate("beta", 1, received=50)
        self.assertEqual(distribute(Need("CN"), [alpha, beta]).key, "beta")


def _values(candidate):
    return {name: getattr(candidate, name) for name in Candidate.__slots__}
