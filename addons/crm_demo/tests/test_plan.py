import datetime
import random

from odoo.tests import BaseCase, tagged

from ..builder import calendar, names, plan
from ..builder.calendar import months_of_the_year, story_quarter

DAYS = (
    datetime.date(2026, 1, 2),
    datetime.date(2026, 2, 28),
    datetime.date(2026, 5, 16),
    datetime.date(2026, 11, 22),
    datetime.date(2027, 12, 31),
)


@tagged("post_install", "-at_install")
class TestPlan(BaseCase):
    """The plan is pure: it is tested for any day of the year without a database."""

    def make(self, today, seed=1):
        customers = names.make_customers(random.Random(seed), 300)
        return plan.make_year(today, random.Random(seed), customers, months_of_the_year(today))

    def test_same_seed_same_plan(self):
        today = DAYS[3]
        self.assertEqual(self.make(today).deals, self.make(today).deals)
        self.assertNotEqual(self.make(today).deals, self.make(today, seed=2).deals)

    def test_size(self):
        for today in DAYS:
            deals = self.make(today).deals
            orders = [deal for deal in deals if deal.quotation == "sale"]
            self.assertGreaterEqual(len(deals) - len(orders), 350)
            self.assertTrue(330 <= len(orders) <= 520, f"{len(orders)} orders on {today}")

    def test_nothing_happens_before_its_cause(self):
        for deal in self.make(DAYS[3]).deals:
            steps = [deal.created, deal.closed or deal.created]
            for delivery in deal.deliveries:
                steps += [delivery.date, delivery.invoice_date]
            self.assertEqual(steps, sorted(steps), deal)
            if deal.returned:
                self.assertGreater(deal.returned.date, deal.deliveries[0].invoice_date)
                self.assertGreaterEqual(deal.returned.credit_date, deal.returned.date)

    def test_story_quarter_holds_no_other_payment_of_li(self):
        for today in DAYS:
            start, end = story_quarter(today)
            payments = [
                date
                for deal in self.make(today).deals
                if deal.seller == "li"
                for delivery in deal.deliveries
                for date, _percent in delivery.payments
            ]
            self.assertFalse([date for date in payments if start <= date <= end])

    def test_story_fits_its_quarter(self):
        for offset in range(0, 370):
            today = datetime.date(2026, 1, 1) + datetime.timedelta(days=offset)
            start, end = story_quarter(today)
            last = calendar.working_day(start + datetime.timedelta(days=calendar.STORY_DAYS - 3))
            self.assertLessEqual(last, min(today, end))

    def test_stock_never_falls_short(self):
        year = self.make(DAYS[3])
        months = months_of_the_year(DAYS[3])
        stock = {}
        for (_day, received), needed in zip(
            year.receipts, plan.demand_by_month(year.deals, months), strict=True
        ):
            for code, quantity in received.items():
                stock[code] = stock.get(code, 0) + quantity
            for code, quantity in needed.items():
                stock[code] = stock.get(code, 0) - quantity
                self.assertGreaterEqual(stock[code], 0, code)

    def test_engines_by_example(self):
        import doctest

        for module in (calendar, names):
            self.assertEqual(doctest.testmod(module).failed, 0, module.__name__)
