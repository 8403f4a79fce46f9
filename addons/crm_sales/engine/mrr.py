"""Monthly recurring revenue: what a customer pays a month, and how it moved.

A term of a contract gives its amount in every month whose last day it covers. What changed from
one month end to the next is exactly one movement per customer, so opening plus movements is
closing, for a customer and for any sum of customers. The SQL view of ``crm.contract.mrr`` says
the same; a test holds them together.
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from .instalments import add_months

ZERO = Decimal(0)
KINDS = ("new", "expansion", "contraction", "churn", "reactivation")


class Term(NamedTuple):
    """A term of a contract: ``end`` is its last day, None while nothing ends it."""

    customer: object
    start: date
    end: date | None
    amount: Decimal


class Movement(NamedTuple):
    """What happened to a customer's recurring revenue in the month that ends on ``month_end``."""

    month_end: date
    customer: object
    opening: Decimal
    kind: str | None
    amount: Decimal

    @property
    def closing(self):
        """Return the recurring revenue at the end of the month."""
        return self.opening + self.amount


def month_ends(first, last):
    """Return the last days of the months from that of ``first`` to that of ``last``.

    >>> month_ends(date(2026, 1, 5), date(2026, 3, 1))
    [datetime.date(2026, 1, 31), datetime.date(2026, 2, 28), datetime.date(2026, 3, 31)]
    """
    result, day = [], first.replace(day=1)
    while day <= last:
        day = add_months(day, 1)
        result.append(date.fromordinal(day.toordinal() - 1))
    return result


def kind_of(opening, closing, had_any):
    """Return the kind of the movement between two month ends, or None.

    >>> kind_of(0, 10, False), kind_of(0, 10, True), kind_of(10, 0, True)
    ('new', 'reactivation', 'churn')
    >>> kind_of(10, 12, True), kind_of(10, 8, True), kind_of(10, 10, True)
    ('expansion', 'contraction', None)
    """
    if opening == closing:
        return None
    if not opening:
        return "reactivation" if had_any else "new"
    if not closing:
        return "churn"
    return "expansion" if closing > opening else "contraction"


def movements(terms, until):
    """Return the movements of all customers up to the month of ``until``.

    Months in which a customer neither has nor had anything are left out.

    >>> rows = movements([
    ...     Term("A", date(2026, 1, 1), date(2026, 2, 28), Decimal(100)),
    ...     Term("A", date(2026, 3, 1), None, Decimal(110)),
    ... ], date(2026, 3, 15))
    >>> [(row.kind, int(row.opening), int(row.closing)) for row in rows]
    [('new', 0, 100), (None, 100, 100), ('expansion', 100, 110)]
    """
    by_customer = defaultdict(list)
    for term in terms:
        by_customer[term.customer].append(term)
    result = []
    for customer, own in by_customer.items():
        opening, had_any = ZERO, False
        for end in month_ends(min(term.start for term in own), until):
            closing = sum((term.amount for term in own if _covers(term, end)), ZERO)
            if opening or closing:
                kind = kind_of(opening, closing, had_any)
                result.append(Movement(end, customer, opening, kind, closing - opening))
            had_any = had_any or bool(closing)
            opening = closing
    return sorted(result, key=lambda row: row.month_end)


def _covers(term, day):
    return term.start <= day and (term.end is None or term.end >= day)


def revised(price, percent, cap=None):
    """Return a price after a revision in percent, which a cap limits in both directions.

    >>> revised(Decimal(100), Decimal(5)), revised(Decimal(100), Decimal(9), Decimal(4))
    (Decimal('105'), Decimal('104'))
    >>> revised(Decimal(100), Decimal(-9), Decimal(4))
    Decimal('96')
    """
    if cap:
        percent = max(min(percent, cap), -cap)
    return price * (100 + percent) / 100
