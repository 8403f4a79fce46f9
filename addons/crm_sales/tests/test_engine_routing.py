import doctest
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import matching, routing, territory
from ..engine.matching import Compiled, Condition, naive_first
from ..engine.routing import Person, choose
from ..engine.territory import CircleError, Node, RangeError, Tree, descend, parse_ranges

PATIENT = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALUES = st.frozensets(st.integers(0, 4), min_size=1, max_size=3)
BOUNDS = st.tuples(
    st.one_of(st.none(), st.integers(0, 9)), st.one_of(st.none(), st.integers(0, 9))
).filter(lambda pair: None in pair or pair[0] <= pair[1])
RANGES = st.lists(BOUNDS, min_size=1, max_size=3).map(tuple)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "country": st.tuples(st.integers(0, 4)),
        "state": st.tuples(st.integers(0, 4)),
        "segment": st.lists(st.integers(0, 4), max_size=3).map(tuple),
        "zip": st.tuples(st.integers(0, 9)),
    },
)


@st.composite
def conditions(draw, key=None):
    names = draw(st.sets(st.sampled_from(["country", "state", "segment"])))
    sets = {name: draw(VALUES) for name in names}
    ranges = {"zip": draw(RANGES)} if draw(st.booleans()) else {}
    return Condition(draw(st.integers()) if key is None else key, sets, ranges)


@st.composite
def trees(draw):
    nodes = []
    for key in range(1, draw(st.integers(1, 12)) + 1):
        parent = draw(st.sampled_from([None, *range(1, key)]))
        condition = draw(conditions(key)) if draw(st.booleans()) else None
        if condition and not (condition.sets or condition.ranges):
            condition = None
        accounts = draw(st.frozensets(st.integers(50, 55), max_size=2))
        nodes.append(Node(key, parent, draw(st.integers(0, 3)), condition, accounts))
    return Tree(nodes)


@tagged("-at_install", "post_install")
class TestMatching(BaseCase):
    def test_doctests(self):
        for engine in (matching, routing):
            self.assertFalse(doctest.testmod(engine).failed)
        # The name of the exception depends on how the module was loaded.
        flags = doctest.IGNORE_EXCEPTION_DETAIL
        self.assertFalse(doctest.testmod(territory, optionflags=flags).failed)

    def test_compiled_is_naive(self):
        @PATIENT
        @given(st.lists(conditions(), max_size=12), FACTS)
        def check(rules, facts):
            compiled = Compiled(rules)
            self.assertIs(compiled.first(facts), naive_first(rules, facts))
            matching = [rule for rule in rules if rule.matches(facts)]
            self.assertEqual(list(compiled.matching(facts)), matching)

        check()

    def test_covers_and_overlaps_say_the_truth(self):
        @PATIENT
        @given(conditions(), conditions(), FACTS.filter(lambda f: len(f.get("segment", ())) < 2))
        def check_single(one, two, facts):
            both = one.matches(facts) and two.matches(facts)
            self.assertEqual(both, one.narrowed(two).matches(facts))
            self.assertLessEqual(both, one.overlaps(two))

        @PATIENT
        @given(conditions(), conditions(), FACTS)
        def check_covers(one, two, facts):
            both = one.matches(facts) and two.matches(facts)
            self.assertLessEqual(both, one.overlaps(two, several={"segment"}))
            if one.covers(two) and two.matches(facts):
                self.assertTrue(one.matches(facts))

        check_single()
        check_covers()

    def test_few_conditions_are_tested(self):
        rules = [Condition(n, {"state": frozenset({n})}) for n in range(200)]
        self.assertEqual(Compiled(rules).candidates({"state": (7,)}), [7])
        zips = [Condition(n, {}, {"zip": ((n * 10, n * 10 + 9),)}) for n in range(200)]
        self.assertEqual(Compiled(zips).candidates({"zip": (75,)}), [7])


@tagged("-at_install", "post_install")
class TestTerritoryEngine(BaseCase):
    def test_tree_is_descent(self):
        single = FACTS.filter(lambda facts: len(facts.get("segment", ())) < 2)

        @PATIENT
        @given(trees(), single)
        def check(tree, facts):
            self.assertEqual(tree.find(facts), descend(tree, facts))

        check()

    def test_named_accounts_come_first(self):
        @PATIENT
        @given(trees(), FACTS, st.integers(50, 55))
        def check(tree, facts, account):
            owners = [key for key, _c in tree.order if account in tree.nodes[key].accounts]
            found = tree.find({**facts, "account": (account,)})
            self.assertEqual(found, owners[0] if owners else tree.find(facts))

        check()

    def test_conflicts(self):
        def node(key, sequence, *states, parent=None):
            return Node(key, parent, sequence, Condition(key, {"state": frozenset(states)}))

        tree = Tree(
            [
                node("east", 1, "SH", "JS"),
                node("north", 2, "BJ", "JS"),
                node("js", 3, "JS"),
                node("lost", 1, "GD", parent="east"),
                Node("rest", None, 9),
            ]
        )
        found = {(one.kind, one.winner, one.loser) for one in tree.conflicts()}
        self.assertEqual(
            found,
            {
                ("part", "east", "north"),
                ("never", "east", "js"),
                ("never", "north", "js"),
                ("empty", None, "lost"),
            },
        )

    def test_circle_names_its_nodes(self):
        with self.assertRaises(CircleError) as caught:
            Tree([Node(1, 2, 0), Node(2, 1, 0), Node(3, None, 0)])
        self.assertEqual(caught.exception.keys, [1, 2])

    def test_postcodes(self):
        tree = Tree([Node("sh", None, 1, Condition("sh", {}, {"zip": parse_ranges("20-201")}))])
        for code, inside in (("200000", True), ("201999", True), ("202000", False), ("2", False)):
            self.assertEqual(bool(tree.find({"zip": (code,)})), inside, code)
        for wrong in ("2-1", "ab!", "1-2-3"):
            with self.assertRaises(RangeError):
                parse_ranges(f"100, {wrong}")


@tagged("-at_install", "post_install")
class TestChoice(BaseCase):
    def test_round_robin_is_fair(self):
        @PATIENT
        @given(st.integers(1, 7), st.integers(0, 40))
        def check(number, leads):
            people = [Person(key, 10) for key in range(number)]
            counts = dict.fromkeys(range(number), 0)
            for _lead in range(leads):
                counts[choose("round_robin", people).person.key] += 1
            self.assertLessEqual(max(counts.values()) - min(counts.values()), 1)

        check()

    def test_least_loaded_evens_out(self):
        @PATIENT
        @given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(0, 60))
        def check(loads, leads):
            people = [Person(key, 10, load=load) for key, load in enumerate(loads)]
            for _lead in range(leads):
                lowest = min(person.load for person in people)
                self.assertEqual(choose("least_loaded", people).person.load, lowest + 1)

        check()

    def test_limits_hold(self):
        @PATIENT
        @given(
            st.sampled_from(routing.METHODS),
            st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), min_size=1, max_size=5),
            st.integers(0, 30),
        )
        def check(method, rows, leads):
            people = [Person(key, load=load, limit=limit) for key, (load, limit) in enumerate(rows)]
            room = sum(max(0, limit - load) for load, limit in rows)
            given_out = sum(bool(choose(method, people).person) for _lead in range(leads))
            self.assertEqual(given_out, min(room, leads))
            for person, (load, limit) in zip(people, rows, strict=True):
                self.assertLessEqual(person.load, max(load, limit))

        check()

    def test_share_of_work(self):
        people = [Person("full", 1), Person("half", 2, share=0.5)]
        found = [choose("least_loaded", people).person.key for _lead in range(6)]
        self.assertEqual(found.count("full"), 4)

    def test_hours(self):
        monday = datetime(2026, 1, 5, 1)
        people = [
            Person("late", at_work=False, starts=monday + timedelta(hours=1)),
            Person("early", at_work=False, starts=monday),
            Person("away", at_work=False, absent=True),
        ]
        choice = choose("round_robin", people, availability="hours")
        self.assertEqual(choice.person.key, "early")
        self.assertEqual(choice.skipped, [("away", "absent"), ("late", "off_hours")])

    def test_nobody(self):
        people = [Person("li"), Person("wang", day_limit=1, today=1)]
        choice = choose("round_robin", people, exclude={"li"})
        self.assertIsNone(choice.person)
        self.assertEqual(choice.skipped, [("li", "had_it"), ("wang", "day_full")])
