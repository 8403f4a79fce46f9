import csv
import doctest
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import value as engine
from ..engine.value import Rhythm, Spending

CDNOW = Path(__file__).parent / "data" / "cdnow_frequency.csv"
positive = st.floats(0.02, 20)
rhythms = st.builds(
    Rhythm, r=positive, alpha=st.floats(1, 2000), a=positive, b=positive, log_likelihood=st.just(0)
)


@st.composite
def customers(draw):
    """A customer as (x, t_x, T) in days."""
    T = draw(st.integers(2, 3000))
    x = draw(st.integers(0, 60))
    return x, draw(st.integers(1, T)) if x else 0, T


def cdnow():
    """Return x, t_x, T (weeks) and number of customers of the 1/10th sample of CDNOW."""
    with CDNOW.open() as file:
        rows = list(csv.DictReader(file))
    return [np.array([float(row[name]) for row in rows]) for name in ("x", "t_x", "T", "customers")]


def one(x, t_x, T):
    return np.array([float(x)]), np.array([float(t_x)]), np.array([float(T)])


@tagged("-at_install", "post_install")
class TestValue(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cdnow = Rhythm(0.243, 4.414, 0.793, 2.426, -9582.4)

    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    def test_published_estimates(self):
        """Fader, Hardie, Lee (2005), table 2: BG/NBD on 2,357 customers of CDNOW."""
        data = cdnow()
        self.assertEqual(int(data[3].sum()), 2357)
        model = engine.fit_rhythm(*data)
        self.assertEqual(
            [round(number, 3) for number in model[:4]],
            [0.243, 4.414, 0.793, 2.426],
        )
        self.assertEqual(round(model.log_likelihood, 1), -9582.4)

    def test_published_expectation(self):
        """The customer of Fader and Hardie's note on the model in a spreadsheet: 1.226."""
        model = engine.fit_rhythm(*cdnow())
        [found] = engine.expected_purchases(model, *one(2, 30.43, 38.86), 39)
        self.assertEqual(round(found, 3), 1.226)

    def test_days_and_weeks_say_the_same(self):
        x, t_x, T, count = cdnow()
        weeks = engine.fit_rhythm(x, t_x, T, count)
        days = engine.fit_rhythm(x, 7 * t_x, 7 * T, count)
        self.assertAlmostEqual(days.alpha / 7, weeks.alpha, 3)
        self.assertAlmostEqual(days.a, weeks.a, 3)

    def test_the_gradient_is_the_derivative(self):
        data, point = cdnow(), [0.5, 3.0, 0.6, 2.0]
        _value, gradient = engine.log_likelihood(point, *data)
        for number in range(4):
            up, down = list(point), list(point)
            up[number] += 1e-5
            down[number] -= 1e-5
            rise = engine.log_likelihood(up, *data)[0] - engine.log_likelihood(down, *data)[0]
            self.assertAlmostEqual(gradient[number], rise / 2e-5, 2)

    def test_likelihood_of_one_customer_by_hand(self):
        """Equation 6 of the paper, term by term, for x = 1 and r = a = b = alpha = 1.

        B(1, 2)/B(1, 1) · Γ(2)/Γ(1) / (1+T)^2 + B(2, 1)/B(1, 1) · Γ(2)/Γ(1) / (1+t_x)^2.
        """
        value, _gradient = engine.log_likelihood([1, 1, 1, 1], [1], [1], [3], [1])
        self.assertAlmostEqual(value, np.log(0.5 / 4**2 + 0.5 / 2**2), 12)

    def test_too_few_came_back(self):
        with self.assertRaises(engine.NotFitted) as caught:
            engine.fit_rhythm([0, 1], [0, 10], [50, 50], [1000, 29])
        self.assertEqual(caught.exception.reason, "few_customers")
        with self.assertRaises(engine.NotFitted):
            engine.fit_rhythm([0], [0], [50], [1000], minimum=0)

    def test_recovers_what_was_simulated(self):
        rng = np.random.default_rng(7)
        size, true = 20_000, Rhythm(0.8, 60.0, 0.9, 3.0, 0)
        T = rng.integers(200, 900, size)
        x, t_x = self._simulate(rng, true, T)
        rows, count, _inverse = engine.distinct(x, np.round(t_x), T)
        model = engine.fit_rhythm(*rows, count)
        for found, right in zip(model[:4], true[:4], strict=True):
            self.assertLess(abs(found / right - 1), 0.12, (model, true))
        p, q, v = 4.0, 5.0, 100.0
        n = x + 1
        nu = rng.gamma(q, 1 / v, size)
        mean = rng.gamma(p * n) / n / nu
        spending = engine.fit_spending(n, mean)
        for found, right in zip(spending[:3], (p, q, v), strict=True):
            self.assertLess(abs(found / right - 1), 0.12, spending)

    def _simulate(self, rng, true, T):
        """Return (x, t_x) of customers who live by the story of the model."""
        size = len(T)
        rate = rng.gamma(true.r, 1 / true.alpha, size)
        leaves = rng.beta(true.a, true.b, size)
        x, t_x, clock, alive = np.zeros(size), np.zeros(size), np.zeros(size), np.ones(size, bool)
        while alive.any():
            clock = clock + rng.exponential(1 / np.maximum(rate, 1e-12))
            alive &= clock <= T
            x[alive] += 1
            t_x[alive] = clock[alive]
            alive &= rng.random(size) >= leaves
        return x, t_x

    # ------------------------------------------------------------------
    # Properties
    # ------------------------------------------------------------------

    def test_probabilities_and_values_stay_in_range(self):
        @settings(max_examples=300, deadline=None)
        @given(rhythms, customers(), st.floats(0, 0.002))
        def check(model, customer, rate):
            row = one(*customer)
            [alive], [buys] = engine.alive(model, *row), engine.buys(model, *row, 365)
            self.assertTrue(0 <= alive <= 1)
            self.assertTrue(0 <= buys <= alive)
            [year] = engine.expected_if_alive(model, row[0], row[2], 365)
            [life] = engine.discounted_if_alive(model, row[0], row[2], 1095, rate)
            [most] = engine.expected_if_alive(model, row[0], row[2], 1095)
            self.assertGreaterEqual(year, 0)
            self.assertGreaterEqual(life, 0)
            self.assertLessEqual(life, most * (1 + 1e-6))
            self.assertGreaterEqual(most, year * (1 - 1e-6))

        check()

    def test_who_bought_later_is_likelier_alive(self):
        @settings(max_examples=200, deadline=None)
        @given(rhythms, customers(), st.integers(0, 3000))
        def check(model, customer, earlier):
            x, t_x, T = customer
            [late] = engine.alive(model, *one(x, t_x, T))
            [early] = engine.alive(model, *one(x, min(earlier, t_x) if x else 0, T))
            self.assertLessEqual(early, late + 1e-12)

        check()

    def test_closed_form_agrees_with_the_integral(self):
        @settings(max_examples=200, deadline=None)
        @given(
            st.builds(
                Rhythm,
                r=st.floats(0.1, 5),
                alpha=st.floats(5, 500),
                a=st.floats(0.5, 5),
                b=st.floats(0.5, 8),
                log_likelihood=st.just(0),
            ),
            customers(),
        )
        def check(model, customer):
            x, _t_x, T = one(*customer)
            closed = engine.expected_if_alive(model, x, T, 365)
            by_parts = engine._integrate(model, x, T, 365)
            self.assertLess(abs(closed / by_parts - 1)[0], 2e-3)

        check()

    def test_expected_spend_lies_between_own_and_all(self):
        @given(st.floats(0.5, 20), st.floats(1.1, 20), positive, st.integers(1, 50), positive)
        def check(p, q, v, n, mean):
            model = Spending(p, q, v, 0)
            [found] = engine.expected_spend(model, [n], [mean])
            everybody = p * v / (q - 1)
            self.assertTrue(min(mean, everybody) * 0.999 <= found <= max(mean, everybody) * 1.001)

        check()

    def test_who_brought_nothing_is_worth_nothing(self):
        model = Spending(6.25, 3.74, 15.4, 0)
        self.assertEqual(engine.expected_spend(model, [3, 2], [-5, 0]).tolist(), [0, 0])

    def test_quintiles_follow_the_order(self):
        @given(st.lists(st.integers(-50, 50), max_size=60))
        def check(values):
            found = engine.quintiles(values).tolist()
            self.assertTrue(all(1 <= fifth <= 5 for fifth in found))
            pairs = sorted(zip(values, found, strict=True))
            self.assertEqual([fifth for _v, fifth in pairs], sorted(found))
            self.assertEqual(len(set(pairs)), len(set(values)), "equal values share a fifth")

        check()

    def test_every_customer_has_a_class(self):
        classes = {
            engine.rfm_class(r, f, m, n)
            for r in range(1, 6)
            for f in range(1, 6)
            for m in range(1, 6)
            for n in (1, 2)
        }
        self.assertEqual(
            classes, {"champion", "loyal", "potential", "new", "at_risk", "hibernating", "lost"}
        )
