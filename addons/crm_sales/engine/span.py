"""Periods of the calendar, and amounts spread over them without losing a cent.

Periods are those of the calendar: a month, a quarter or a year that begins on 1 January.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

MONTHS = {"month": 1, "quarter": 3, "year": 12}
ONE_DAY = datetime.timedelta(days=1)


def add_months(day: datetime.date, months: int) -> datetime.date:
    """First day of the month that lies ``months`` after the month of ``day``.

    >>> add_months(datetime.date(2026, 11, 22), 2)
    datetime.date(2027, 1, 1)
    """
    index = day.year * 12 + day.month - 1 + months
    return datetime.date(index // 12, index % 12 + 1, 1)


def bounds(period: str, day: datetime.date) -> tuple[datetime.date, datetime.date]:
    """First and last day of the period that contains ``day``.

    >>> [str(bound) for bound in bounds("quarter", datetime.date(2026, 11, 22))]
    ['2026-10-01', '2026-12-31']
    """
    months = MONTHS[period]
    start = datetime.date(day.year, (day.month - 1) // months * months + 1, 1)
    return start, add_months(start, months) - ONE_DAY


def shift(period: str, day: datetime.date, count: int) -> datetime.date:
    """First day of the period ``count`` periods after that of ``day``.

    >>> str(shift("quarter", datetime.date(2026, 2, 3), -1))
    '2025-10-01'
    """
    return add_months(bounds(period, day)[0], count * MONTHS[period])


def week_start(day: datetime.date) -> datetime.date:
    """Monday of the week of ``day``: snapshots are weekly by ISO 8601.

    >>> str(week_start(datetime.date(2026, 11, 22)))
    '2026-11-16'
    """
    return day - datetime.timedelta(days=day.weekday())


def months_of(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """First days of the months from that of ``first`` to that of ``last``.

    >>> [str(month) for month in months_of(datetime.date(2026, 11, 22), datetime.date(2027, 1, 1))]
    ['2026-11-01', '2026-12-01', '2027-01-01']
    """
    count = (last.year - first.year) * 12 + last.month - first.month
    return [add_months(first, offset) for offset in range(count + 1)]


def distribute(total: Decimal, weights: Sequence[Decimal], rounding: Decimal) -> list[Decimal]:
    """Split ``total`` by ``weights`` in steps of ``rounding``, so that the parts sum to it.

    The steps that rounding leaves over go to the largest remainders (Hamilton's method), to the
    first of equal ones. Without any weight everybody gets the same.

    >>> [str(part) for part in distribute(Decimal(100), [Decimal(1)] * 3, Decimal("0.01"))]
    ['33.34', '33.33', '33.33']
    """
    if not weights:
        return []
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative")
    if not sum(weights):
        weights = [Decimal(1)] * len(weights)
    whole = sum(weights, Decimal(0))
    exact = [total / rounding * weight / whole for weight in weights]
    steps = [part.to_integral_value(ROUND_FLOOR) for part in exact]
    rest = int((total / rounding).to_integral_value() - sum(steps, Decimal(0)))
    order = sorted(range(len(weights)), key=lambda i: (steps[i] - exact[i], i))
    for index in order[:rest]:
        steps[index] += 1
    return [step * rounding for step in steps]
