"""What the steps of the builder hand to each other."""

from contextlib import contextmanager
from dataclasses import dataclass, field

from . import tables
from .calendar import moment

QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_auto_subscribe_no_notify": True,
    "mail_activity_quick_update": True,
    "no_reset_password": True,
    "skip_sale_auto_invoice_send": True,
    "lang": "en_US",
    "tz": "Asia/Shanghai",
}
"""Context of the whole build: no mail leaves, no follower is added, no change is logged."""


@contextmanager
def without_mails(env):
    """Drop the mails that the block leaves in the queue: the demonstration company sends none."""
    waiting = [("state", "=", "outgoing")]
    before = env["mail.mail"].search(waiting)
    yield
    env.flush_all()
    (env["mail.mail"].search(waiting) - before).unlink()


@dataclass
class Context:
    """Plan and records of one build. Keys of the dictionaries are the ones of the plan."""

    today: object
    months: list
    customers: list = field(default_factory=list)  # rows of names.Customer
    year: object = None  # plan.Year
    company: object = None  # res.company
    users: dict = field(default_factory=dict)  # login -> res.users
    teams: dict = field(default_factory=dict)  # key -> crm.team
    products: dict = field(default_factory=dict)  # code -> product.product
    partners: list = field(default_factory=list)  # res.partner in the order of the plan
    stages: dict = field(default_factory=dict)  # key -> crm.stage
    leads: dict = field(default_factory=dict)  # number of the deal -> crm.lead
    orders: dict = field(default_factory=dict)  # number of the deal -> sale.order
    invoices: dict = field(default_factory=dict)  # (number, delivery) -> account.move
    credits: dict = field(default_factory=dict)  # number of the deal -> account.move
    plans: dict = field(default_factory=dict)  # key -> crm.commission.plan
    templates: tuple = ()  # crm.contract.template: delivery, maintenance
    agent: object = None  # res.partner
    vendors: object = None  # res.partner
    bills: list = field(default_factory=list)  # posted vendor bills
    channel_partners: list = field(default_factory=list)  # res.partner, the best level first
    _deals: dict = field(default_factory=dict)
    month: tuple = ()  # the month that is being lived

    @property
    def start(self):
        """The moment before anything happens: the first morning of the first month (UTC)."""
        return moment(self.months[0][0], 8)

    def deals(self):
        """The deals of the year in the order of their creation."""
        return self.year.deals

    def deal(self, number):
        """The deal with that number."""
        if not self._deals:
            self._deals = {deal.number: deal for deal in self.deals()}
        return self._deals[number]

    def product_row(self, code):
        """The row of the product table."""
        return tables.PRODUCT_BY_CODE[code]

    def team_of(self, login):
        """The sales team of that user."""
        key = next(key for key, row in tables.TEAMS.items() if login in row[3])
        return self.teams[key]

    def product_rows(self):
        """The rows of the product table."""
        return tables.PRODUCTS

    def within(self, day, month):
        """Whether ``day`` lies in ``month``, a pair (first day, last day)."""
        return bool(day) and month[0] <= day <= month[1]
