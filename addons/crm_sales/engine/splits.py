"""Revenue splits of a deal team, day by day.

Members own parts of a deal, each on the days between its start and its end. On no day do the parts
sum to more than 100 %; what is left belongs to the salesperson. Percentages are
:class:`~decimal.Decimal`, days plain dates; ``None`` is open at that end.

>>> from datetime import date
>>> from decimal import Decimal as D
>>> jan = Part(D("40"), None, date(2026, 1, 31))
>>> remainders([jan])
[Part(percent=Decimal('60'), start=None, end=datetime.date(2026, 1, 31)), \
Part(percent=Decimal('100'), start=datetime.date(2026, 2, 1), end=None)]
>>> excess([Part(D("60")), Part(D("50"))])
Part(percent=Decimal('110'), start=None, end=None)
>>> excess([Part(D("60")), Part(D("40"))]) is None
True
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

HUNDRED = Decimal(100)
ZERO = Decimal(0)


class Part(NamedTuple):
    """A percentage of a deal on the days from ``start`` to ``end``, both included."""

    percent: Decimal
    start: date | None = None
    end: date | None = None


def totals(parts: Iterable[Part]) -> list[Part]:
    """Return the sum of the parts for every span of days in which it does not change."""
    parts = list(parts)
    starts = {part.start or date.min for part in parts} | {date.min}
    starts |= {part.end + timedelta(days=1) for part in parts if part.end}
    bounds = [*sorted(starts), None]
    result = []
    for first, after in pairwise(bounds):
        total = sum((part.percent for part in parts if _covers(part, first)), ZERO)
        start = None if first == date.min else first
        end = after - timedelta(days=1) if after else None
        if result and result[-1].percent == total:
            result[-1] = result[-1]._replace(end=end)
        else:
            result.append(Part(total, start, end))
    return result


def excess(parts: Iterable[Part]) -> Part | None:
    """Return the first span of days on which the parts sum to more than 100 %, or None."""
    return next((total for total in totals(parts) if total.percent > HUNDRED), None)


def remainders(parts: Iterable[Part]) -> list[Part]:
    """Return what the parts leave of the deal, by span of days; nothing where all is given away."""
    return [
        total._replace(percent=HUNDRED - total.percent)
        for total in totals(parts)
        if total.percent < HUNDRED
    ]


def _covers(part: Part, day: date) -> bool:
    return (part.start or date.min) <= day <= (part.end or date.max)
