"""Straight-line amortisation of the cost of obtaining a contract (IFRS 15.99, ASC 340-40-35-1)."""

from __future__ import annotations

import calendar
import datetime
from decimal import ROUND_DOWN, Decimal

ONE_DAY = datetime.timedelta(days=1)


def straight_line(amount: Decimal, months: int, rounding: Decimal) -> list[Decimal]:
    """``amount`` in ``months`` equal parts that are multiples of ``rounding``.

    The parts sum exactly to the amount: the last one takes the remainder.

    >>> [str(part) for part in straight_line(Decimal(100), 3, Decimal("0.01"))]
    ['33.33', '33.33', '33.34']
    >>> set(straight_line(Decimal(19200), 24, Decimal("0.01")))
    {Decimal('800.00')}
    """
    if months < 1:
        raise ValueError(f"a contract of {months} months cannot be amortised")
    part = (amount / months / rounding).quantize(Decimal(1), ROUND_DOWN) * rounding
    return [part] * (months - 1) + [amount - part * (months - 1)]


def month_end(start: datetime.date, number: int) -> datetime.date:
    """Last day of the ``number``-th month (1 = first) of a contract that starts on ``start``.

    >>> month_end(datetime.date(2026, 1, 1), 1), month_end(datetime.date(2026, 1, 31), 1)
    (datetime.date(2026, 1, 31), datetime.date(2026, 2, 27))
    >>> month_end(datetime.date(2026, 1, 15), 24)
    datetime.date(2028, 1, 14)
    """
    years, month = divmod(start.month - 1 + number, 12)
    year, month = start.year + years, month + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return datetime.date(year, month, day) - ONE_DAY


def elapsed_months(start: datetime.date, months: int, on: datetime.date) -> int:
    """How many of the contract's ``months`` are over at the end of day ``on``.

    >>> start = datetime.date(2026, 1, 1)
    >>> [elapsed_months(start, 24, datetime.date(2026, 9, day)) for day in (29, 30)]
    [8, 9]
    >>> elapsed_months(start, 24, datetime.date(2025, 12, 31))
    0
    >>> elapsed_months(start, 24, datetime.date(2030, 1, 1))
    24
    """
    guess = (on.year - start.year) * 12 + on.month - start.month + 1
    guess = max(0, min(months, guess))
    while guess and month_end(start, guess) > on:
        guess -= 1
    return guess


def unearned(amount: Decimal, months: int, elapsed: int, rounding: Decimal) -> Decimal:
    """What is left of ``amount`` after ``elapsed`` of its ``months``.

    >>> unearned(Decimal(19200), 24, 9, Decimal("0.01"))
    Decimal('12000.00')
    """
    return sum(straight_line(amount, months, rounding)[elapsed:], Decimal(0))
