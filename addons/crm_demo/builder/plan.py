"""The plan of a year: who is asked for what, when it is ordered, delivered, invoiced and paid.

Pure Python and free of Odoo: ``make_year(today, rng, customers)`` returns the same plan for the
same arguments. The steps of the builder then live that plan, month by month, through the real
flows. Amounts are integers or percentages; money is left to Odoo.
"""

import datetime
from dataclasses import dataclass, field

from . import tables
from .calendar import bank_day, story_quarter, working_day

OPPORTUNITIES = 760
LEADS = 60
REPEAT_ORDERS = 150
DAYS = 365

STALLED = 0.12
WON = 0.47
WITH_QUOTATION = 0.75
LOST_WITH_QUOTATION = 0.2
PARTIAL_DELIVERY = 0.08
LATE_INVOICE = 0.12
RETURNED = 0.07
CANCELLED = 0.02
WITH_PRESALES = 0.3

PAYMENT_HABITS = (
    (0.56, ((12, 30, 100),)),  # on time, in full
    (0.20, ((35, 75, 100),)),  # late, in full
    (0.08, ((15, 30, 50), (50, 80, 50))),  # two halves, the second one late
    (0.07, ((20, 40, 50),)),  # half, the rest stays open
    (0.09, ()),  # not paid
)
"""(share of the customers' invoices, payments as (days from, days to, percent of the total))."""

KIND_WEIGHTS = (("pump", 45), ("seal", 22), ("part", 33))
QUANTITIES = {"pump": (1, 5), "seal": (2, 12), "part": (2, 16), "service": (4, 24)}
DISCOUNTS = (0, 0, 0, 3, 5, 8)
STAGES = ("new", "new", "qualified", "qualified", "proposition", "proposition", "negotiation")


@dataclass(frozen=True)
class Line:
    """One line of an order; ``discount`` in percent."""

    code: str
    quantity: int
    discount: int

    @property
    def product(self):
        """The row of the product table."""
        return tables.PRODUCT_BY_CODE[self.code]

    @property
    def is_goods(self):
        """Whether the line is delivered from stock."""
        return self.product.kind in QUANTITIES and self.product.kind != "service"

    @property
    def first_half(self):
        """The quantity of the first of two deliveries."""
        return -(-self.quantity // 2)


@dataclass
class Delivery:
    """A delivery and the invoice that follows it; ``payments`` are (date, percent)."""

    date: datetime.date
    invoice_date: datetime.date
    partial: bool = False
    payments: tuple = ()


@dataclass
class Return:
    """Goods sent back: the line (index), how many, when, and when they are credited."""

    line: int
    quantity: int
    date: datetime.date
    credit_date: datetime.date
    refund_date: datetime.date | None = None


@dataclass
class Deal:
    """An opportunity and, where it was won, its order with everything that follows."""

    number: int
    customer: int | None
    seller: str
    created: datetime.date
    lines: list = field(default_factory=list)
    project: int = 0
    outcome: str = "open"  # open, won, lost, lead, repeat (an order without opportunity)
    stage: str = "new"
    closed: datetime.date | None = None
    quotation: str = ""  # "", draft, sent, cancel, sale
    presales: bool = False
    deliveries: list = field(default_factory=list)
    returned: Return | None = None

    @property
    def expected(self):
        """The expected revenue in CNY, rounded to 100."""
        total = sum(
            line.product.price * line.quantity * (100 - line.discount) / 100 for line in self.lines
        )
        return round(total / 100) * 100

    @property
    def has_goods(self):
        """Whether anything is delivered from stock."""
        return any(line.is_goods for line in self.lines)


@dataclass
class Year:
    """The whole plan. ``receipts`` are (date, {product code: quantity})."""

    today: datetime.date
    deals: list
    receipts: list


def days(number):
    """Shorthand for a timedelta of ``number`` days."""
    return datetime.timedelta(days=number)


class Planner:
    """Draws the deals of the year from one random generator."""

    def __init__(self, today, rng, customers, activity=1.0):
        self.today, self.rng, self.customers = today, rng, customers
        self.activity = activity
        self.story_start, self.story_end = story_quarter(today)
        self.sellers = self._assign_customers()
        self.weights = [1 / (rank + 8) for rank in range(len(customers))]
        self.number = 0

    def _assign_customers(self):
        """Give every customer a salesperson of the team that serves its region."""
        teams = {"east": ("li", "zhao"), "south": ("qian", "sun")}
        return [self.rng.choice(teams[customer.region]) for customer in self.customers]

    def deals(self):
        """Return all deals, in the order of their creation."""
        count = [int(n * self.activity) for n in (OPPORTUNITIES, LEADS, REPEAT_ORDERS)]
        deals = [self.opportunity() for _n in range(count[0])]
        deals += [self.lead() for _n in range(count[1])]
        deals += [self.repeat_order() for _n in range(count[2])]
        deals.sort(key=lambda deal: (deal.created, deal.number))
        return deals

    # -- one deal --

    def new_deal(self, created, **values):
        """Return a deal of a random customer."""
        self.number += 1
        customer = self.rng.choices(range(len(self.customers)), self.weights)[0]
        return Deal(
            number=self.number,
            customer=customer,
            seller=self.sellers[customer],
            created=created,
            lines=self.lines(),
            project=self.rng.randrange(len(tables.PROJECTS)),
            presales=self.rng.random() < WITH_PRESALES,
            **values,
        )

    def creation_day(self):
        """Return a working day of the year, later ones a little more often: the firm grows."""
        back = int(DAYS * (1 - self.rng.random() ** 0.8))
        return min(working_day(self.today - days(back)), self.today)

    def opportunity(self):
        """Return an opportunity with its outcome."""
        deal = self.new_deal(self.creation_day())
        cycle = max(4, min(120, int(self.rng.lognormvariate(3.4, 0.5))))
        closed = working_day(deal.created + days(cycle))
        stalled = self.rng.random() < STALLED and (self.today - deal.created).days < 200
        if closed > self.today or stalled:
            self.leave_open(deal)
        elif self.rng.random() < WON:
            deal.outcome, deal.closed = "won", closed
            self.order(deal)
        else:
            deal.outcome, deal.closed, deal.stage = "lost", closed, self.rng.choice(STAGES)
            deal.quotation = "cancel" if self.rng.random() < LOST_WITH_QUOTATION else ""
        return deal

    def leave_open(self, deal):
        """Put the deal in a stage; most of the late stages have a quotation."""
        deal.stage = self.rng.choice(STAGES)
        late = deal.stage in ("proposition", "negotiation")
        if late and self.rng.random() < WITH_QUOTATION:
            deal.quotation = "sent" if self.rng.random() < 0.7 else "draft"

    def lead(self):
        """Return a lead that nobody has qualified yet; every third one has no customer."""
        deal = self.new_deal(self.today - days(self.rng.randrange(0, 60)), outcome="lead")
        if self.rng.random() < 0.34:
            deal.customer = None
        return deal

    def repeat_order(self):
        """Return an order of a known customer that needed no opportunity."""
        deal = self.new_deal(self.creation_day(), outcome="repeat")
        deal.closed = deal.created
        self.order(deal)
        return deal

    def lines(self):
        """Return one to three lines of goods, sometimes with hours of service."""
        kinds, weights = zip(*KIND_WEIGHTS, strict=True)
        chosen = {
            self.product(self.rng.choices(kinds, weights)[0])
            for _n in range(self.rng.choice((1, 1, 2, 2, 3)))
        }
        if self.rng.random() < 0.3:
            chosen.add(self.product("service"))
        return [self.line(code) for code in sorted(chosen)]

    def product(self, kind):
        """Return the code of a product of that kind; the story keeps its pump for itself."""
        return self.rng.choice(
            [
                product.code
                for product in tables.PRODUCTS
                if product.kind == kind and product.code != tables.STORY_PRODUCT
            ]
        )

    def line(self, code):
        """Return a line of that product with a quantity and a discount."""
        kind = tables.PRODUCT_BY_CODE[code].kind
        return Line(code, self.rng.randint(*QUANTITIES[kind]), self.rng.choice(DISCOUNTS))

    # -- what follows an order --

    def order(self, deal):
        """Plan deliveries, invoices, payments and perhaps a return of a confirmed order."""
        self.keep_story_clear(deal)
        deal.quotation = "sale"
        if self.rng.random() < CANCELLED:
            deal.quotation = "cancelled"
            return
        self.deliver(deal)
        if self.rng.random() < RETURNED and deal.seller != "li":
            self.send_back(deal)

    def keep_story_clear(self, deal):
        """Hand a deal of the story's salesperson over if it could be paid in the story's quarter.

        The commission of that quarter is followed to the cent, so nothing else may count in it.
        """
        before = deal.closed <= self.story_start - days(75)
        after = deal.closed > self.story_end
        if deal.seller == "li" and not (before or after):
            deal.seller = "zhao"

    def deliver(self, deal):
        """Plan one delivery, or two where only half of the goods are in stock."""
        date = self.delivery_day(deal)
        partial = (
            self.rng.random() < PARTIAL_DELIVERY
            and deal.seller != "li"
            and any(line.is_goods and line.quantity > 1 for line in deal.lines)
        )
        deal.deliveries.append(self.delivery(deal, date, partial))
        if partial:
            date = working_day(date + days(self.rng.randint(7, 20)))
            deal.deliveries.append(self.delivery(deal, date, False))

    def delivery_day(self, deal):
        """Return the day of the first delivery; services alone are invoiced at once."""
        if not deal.has_goods:
            return deal.closed
        return working_day(deal.closed + days(self.rng.randint(3, 16)))

    def delivery(self, deal, date, partial):
        """Return the delivery with its invoice and payments."""
        slow = self.rng.random() < LATE_INVOICE and deal.seller != "li" and not deal.deliveries
        lag = self.rng.randint(8, 15) if slow and not partial else self.rng.randint(0, 4)
        invoiced = working_day(date + days(lag))
        return Delivery(date, invoiced, partial, self.payments(deal, invoiced))

    def payments(self, deal, invoiced):
        """Return the payments of one invoice as (date, percent)."""
        if deal.seller == "li":
            return ((bank_day(invoiced + days(self.rng.randint(10, 25))), 100),)
        shares = [share for share, _payments in PAYMENT_HABITS]
        [(_share, habit)] = self.rng.choices(PAYMENT_HABITS, shares)
        return tuple(
            (bank_day(invoiced + days(self.rng.randint(low, high))), percent)
            for low, high, percent in habit
        )

    def send_back(self, deal):
        """Plan the return of a part of one line that is not tracked by lots."""
        last = deal.deliveries[-1]
        lines = [
            index
            for index, line in enumerate(deal.lines)
            if line.is_goods and line.quantity > 1 and not line.product.lots
        ]
        if not lines or len(deal.deliveries) > 1:
            return
        index = self.rng.choice(lines)
        date = working_day(last.invoice_date + days(self.rng.randint(8, 30)))
        credited = working_day(date + days(self.rng.randint(0, 3)))
        refunded = bank_day(credited + days(10)) if self.rng.random() < 0.6 else None
        quantity = self.rng.randint(1, max(1, deal.lines[index].quantity // 2))
        deal.returned = Return(index, quantity, date, credited, refunded)


# -- stock --


def demand_by_month(deals, months):
    """Return for each month a dictionary of the quantities that leave the warehouse."""
    demand = [{} for _month in months]
    for deal in deals:
        for index, delivery in enumerate(deal.deliveries):
            month = next(
                (n for n, (_first, last) in enumerate(months) if delivery.date <= last), None
            )
            if month is None:
                continue
            for line in deal.lines:
                quantity = delivered_quantity(deal, index, line)
                demand[month][line.code] = demand[month].get(line.code, 0) + quantity
    return demand


def delivered_quantity(deal, index, line):
    """Return how many units of ``line`` the delivery number ``index`` takes."""
    if not line.is_goods:
        return 0
    if len(deal.deliveries) == 1:
        return line.quantity
    return line.first_half if index == 0 else line.quantity - line.first_half


def receipts(deals, months):
    """Return (date, quantities) of the goods received at the start of every month.

    Each receipt covers the deliveries of the month and a reserve, in lots of ten.
    """
    demand, result, stock = demand_by_month(deals, months), [], {}
    for (first, _last), needed in zip(months, demand, strict=True):
        received = {}
        for product in tables.PRODUCTS:
            if product.cost and product.code != tables.STORY_PRODUCT:
                reserve = 8 if product.kind == "pump" else 20
                missing = needed.get(product.code, 0) + reserve - stock.get(product.code, 0)
                received[product.code] = max(0, -(-missing // 10) * 10)
                stock[product.code] = (
                    stock.get(product.code, 0)
                    + received[product.code]
                    - needed.get(product.code, 0)
                )
        result.append((first, {code: number for code, number in received.items() if number}))
    return result


def make_year(today, rng, customers, months, activity=1.0):
    """Return the plan of the year up to ``today``.

    :param float activity: share of the usual number of deals (tests use a small one)
    """
    deals = Planner(today, rng, customers, activity).deals()
    return Year(today, deals, receipts(deals, months))
