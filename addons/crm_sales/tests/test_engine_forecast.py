import doctest
import math
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import forecast as engine
from ..engine.forecast import METHODS, forecast_many

histories = st.lists(st.floats(0, 1e7), min_size=0, max_size=40)


def seasonal(months, noise=0.0, growth=0.0, seed=1):
    rng = random.Random(seed)
    return [
        1000 + growth * t + 400 * math.sin(2 * math.pi * t / 12) + rng.gauss(0, noise)
        for t in range(months)
    ]


@tagged("-at_install", "post_install")
class TestForecast(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    def test_whatever_the_history_there_are_numbers(self):
        @settings(deadline=None, max_examples=60)
        @given(st.lists(histories, min_size=1, max_size=4), st.integers(1, 14))
        def check(series, steps):
            found = forecast_many(dict(enumerate(series)), steps)
            self.assertEqual(list(found), list(range(len(series))))
            for forecast in found.values():
                self.assertEqual(len(forecast.values), steps)
                for low, value, high in zip(
                    forecast.low, forecast.values, forecast.high, strict=True
                ):
                    self.assertTrue(math.isfinite(value))
                    self.assertTrue(0 <= low <= value <= high)

        check()

    def test_each_method_ignores_its_neighbours(self):
        """Vectorised over series means: the same as one by one."""
        block = np.array([seasonal(36, 50, 3, seed) for seed in range(5)])
        for name, method in METHODS.items():
            together = method(block, 6)
            for row in range(len(block)):
                alone = method(block[row : row + 1], 6)
                self.assertTrue(np.allclose(together[row], alone[0]), name)

    def test_scale_and_nothing_else(self):
        """Ten times the history is ten times the forecast."""
        block = np.array([seasonal(30, 80, 2)])
        for name, method in METHODS.items():
            self.assertTrue(np.allclose(10 * method(block, 5), method(10 * block, 5)), name)

    def test_constant_history_goes_on(self):
        forecast = forecast_many({"a": [500.0] * 24}, 3)["a"]
        for value in forecast.values:
            self.assertAlmostEqual(value, 500.0, places=3)
        self.assertAlmostEqual(forecast.mape, 0.0, places=6)

    def test_seasons_are_found(self):
        truth = seasonal(48)
        forecast = forecast_many({"a": truth[:36]}, 12)["a"]
        worst = max(abs(a - b) for a, b in zip(forecast.values, truth[36:], strict=True))
        self.assertLess(worst, 60)
        self.assertIn(forecast.method, ("seasonal_naive", "holt_winters", "theta", "combination"))

    def test_the_choice_is_the_smallest_error(self):
        found = forecast_many({n: seasonal(36, 120, 5, n) for n in range(20)}, 3)
        for forecast in found.values():
            self.assertEqual(forecast.mase, min(forecast.errors.values()))
            self.assertEqual(forecast.errors[forecast.method], forecast.mase)

    def test_better_than_last_year_out_of_sample(self):
        """Chosen by past error the methods beat “as a year ago” on months not seen."""
        truth = {n: seasonal(42, 150, 12, n) for n in range(60)}
        found = forecast_many({n: values[:36] for n, values in truth.items()}, 6)

        def error(n, values):
            return sum(abs(a - b) for a, b in zip(values, truth[n][36:], strict=True))

        ours = sum(error(n, forecast.values) for n, forecast in found.items())
        last_year = sum(error(n, truth[n][24:30]) for n in truth)
        self.assertLess(ours, 0.95 * last_year)

    def test_short_and_empty(self):
        found = forecast_many({"new": [0, 0, 30, 50], "none": [0, 0, 0]}, 2)
        self.assertEqual((found["new"].method, found["new"].values), ("mean", (40.0, 40.0)))
        self.assertIsNone(found["new"].mase)
        self.assertEqual((found["none"].method, found["none"].values), ("none", (0.0, 0.0)))
        with self.assertRaises(ValueError):
            forecast_many({"a": [1.0]}, 0)
