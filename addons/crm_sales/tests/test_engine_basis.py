import datetime
import doctest
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import basis as engine
from ..engine.basis import Event, increments

CENT = D("0.01")
DAY = datetime.date(2026, 1, 1)
amounts = st.integers(-(10**8), 10**8).map(lambda n: n * CENT)


@st.composite
def events(draw):
    date = DAY + datetime.timedelta(days=draw(st.integers(0, 100)))
    untaxed = draw(amounts)
    return Event(
        deal=draw(st.integers(1, 3)),
        date=date,
        untaxed=untaxed,
        total=untaxed * D("1.13"),
        settled=draw(amounts),
        cost=draw(amounts),
    )


def day(number):
    return DAY + datetime.timedelta(days=number)


@tagged("-at_install", "post_install")
class TestBasis(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    def steps(self, *documents):
        found = increments("collected", documents, CENT)
        return [step.amount for step in found]

    def test_story_paid_then_credited(self):
        self.assertEqual(
            self.steps(
                Event(deal=1, date=day(0), untaxed=D(114000), total=D(128820)),
                Event(deal=1, date=day(10), settled=D(64410)),
                Event(deal=1, date=day(20), settled=D(64410)),
                Event(deal=1, date=day(30), untaxed=D(-22800), total=D(-25764)),
            ),
            [D(57000), D(57000), D(-22800)],
        )

    def test_story_credited_then_paid(self):
        """The credit note settles a part of the invoice, which is no money received."""
        self.assertEqual(
            self.steps(
                Event(deal=1, date=day(0), untaxed=D(114000), total=D(128820)),
                Event(deal=1, date=day(10), settled=D(64410)),
                Event(deal=1, date=day(20), untaxed=D(-22800), total=D(-25764)),
                Event(deal=1, date=day(20), settled=D(25764)),
                Event(deal=1, date=day(20), settled=D(-25764)),
                Event(deal=1, date=day(30), settled=D(38646)),
            ),
            [D(57000), D(34200)],
        )

    def test_margin_deducts_the_cost(self):
        sold = Event(deal=1, date=DAY, untaxed=D(100), total=D(113), cost=D(60))
        self.assertEqual(increments("margin", [sold], CENT)[0].amount, D(40))

    def test_unknown_basis(self):
        with self.assertRaises(ValueError):
            increments("guessed", [], CENT)

    def test_order_of_entry_does_not_matter(self):
        @given(st.sampled_from(engine.BASES), st.lists(events(), max_size=12), st.randoms())
        def check(basis, documents, random):
            expected = increments(basis, documents, CENT)
            random.shuffle(documents)
            self.assertEqual(increments(basis, documents, CENT), expected)

        check()

    def test_increments_sum_to_the_basis_of_the_final_documents(self):
        @given(st.sampled_from(engine.BASES), st.lists(events(), max_size=12))
        def check(basis, documents):
            for deal in (1, 2, 3):
                own = [event for event in documents if event.deal == deal]
                sums = {
                    name: sum((getattr(event, name) for event in own), D(0))
                    for name in ("untaxed", "total", "settled", "cost")
                }
                found = increments(basis, own, CENT)
                self.assertEqual(
                    sum((step.amount for step in found), D(0)),
                    engine.credited(basis, rounding=CENT, **sums),
                )

        check()
