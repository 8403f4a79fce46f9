import doctest
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import route
from ..engine.route import box, haversine, length, shortest_way

points = st.tuples(st.floats(-80, 80), st.floats(-170, 170))
#: visits of a day: a town and its surroundings
town = st.tuples(st.floats(30.5, 31.5), st.floats(120.5, 121.5))


@tagged("post_install", "-at_install")
class TestRoute(BaseCase):
    """Distances and ways; properties that hold for all of them."""

    def test_examples(self):
        self.assertEqual(doctest.testmod(route).failed, 0)

    @given(points, points, points)
    def test_distance_is_a_metric(self, a, b, c):
        self.assertAlmostEqual(haversine(a, b), haversine(b, a), 4)
        self.assertLessEqual(haversine(a, c), haversine(a, b) + haversine(b, c) + 1e-3)
        self.assertLessEqual(haversine(a, b), 3.1416 * route.EARTH)

    @given(points, st.floats(10, 100000), st.floats(0, 1), st.floats(-1, 1))
    def test_nothing_in_the_circle_is_outside_the_box(self, point, radius, share, turn):
        south, north, west, east = box(point, radius)
        height = (north - south) / 2 * share * turn
        width = 0 if west is None else (east - west) / 2 * share
        other = (point[0] + height, point[1] + width)
        if haversine(point, other) <= radius:
            self.assertTrue(south <= other[0] <= north)
            self.assertTrue(west is None or west <= other[1] <= east)

    @given(town, st.lists(town, max_size=12))
    @settings(deadline=None)
    def test_every_visit_once(self, start, visits):
        self.assertEqual(sorted(shortest_way(start, visits)), list(range(len(visits))))

    @given(town, st.lists(town, min_size=1, max_size=6))
    @settings(deadline=None, max_examples=40)
    def test_close_to_the_best(self, start, visits):
        """No way is shorter than the best one, and ours is not much longer."""
        order = shortest_way(start, visits)
        ours = length([start, *(visits[number] for number in order)])
        best = min(length([start, *way]) for way in permutations(visits))
        self.assertGreaterEqual(ours, best - 1e-3)
        self.assertLessEqual(ours, 1.5 * best + 1e-3)

    def test_crossing_is_undone(self):
        """A square visited crosswise by the nearest neighbour alone."""
        visits = [(0.0, 1.0), (1.0, 0.9), (0.0, 2.0), (1.0, 2.1)]
        order = shortest_way((0.0, 0.0), visits)
        way = length([(0.0, 0.0), *(visits[number] for number in order)])
        best = min(length([(0.0, 0.0), *way]) for way in permutations(visits))
        self.assertAlmostEqual(way, best, 3)
