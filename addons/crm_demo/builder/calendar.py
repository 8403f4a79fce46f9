"""Dates of the demonstration: everything is counted back from the day of the build.

Pure Python: no Odoo import, so that the plan of the year can be tested on its own.
"""

import datetime

SHANGHAI_OFFSET = datetime.timedelta(hours=8)
"""China has one time zone and no summer time: a fixed offset is exact."""

STORY_DAYS = 40
"""Days that the story deal needs between the first day of its quarter and today."""

BANK_DAYS = (4,)
"""Payments run on Fridays (``date.weekday()``), as in many companies: one batch a week."""


def moment(day, hour=10, minute=0):
    """Return the naive UTC datetime of ``hour:minute`` in Shanghai on ``day``.

    >>> moment(datetime.date(2026, 3, 2), 9, 30)
    datetime.datetime(2026, 3, 2, 1, 30)
    """
    local = datetime.datetime.combine(day, datetime.time(hour, minute))
    return local - SHANGHAI_OFFSET


def quarter_start(day):
    """Return the first day of the calendar quarter of ``day``.

    >>> quarter_start(datetime.date(2026, 11, 22))
    datetime.date(2026, 10, 1)
    """
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def add_months(day, months):
    """Return the first day of the month that lies ``months`` after the month of ``day``.

    >>> add_months(datetime.date(2026, 11, 22), -11)
    datetime.date(2025, 12, 1)
    >>> add_months(datetime.date(2026, 11, 22), 2)
    datetime.date(2027, 1, 1)
    """
    index = day.year * 12 + day.month - 1 + months
    return datetime.date(index // 12, index % 12 + 1, 1)


def months_of_the_year(today):
    """Return (first day, last day) of the twelve months up to ``today`` and of the month before.

    The last month ends on ``today``. Thirteen months make sure that a whole year lies in them.

    >>> months = months_of_the_year(datetime.date(2026, 11, 22))
    >>> len(months), months[0][0].isoformat(), months[-1][1].isoformat()
    (13, '2025-11-01', '2026-11-22')
    """
    starts = [add_months(today, offset) for offset in range(-12, 2)]
    day = datetime.timedelta(days=1)
    return [
        (start, min(following - day, today))
        for start, following in zip(starts, starts[1:], strict=False)
    ]


def story_quarter(today):
    """Return (first day, last day) of the quarter in which the story deal takes place.

    That is the current quarter once it is old enough to hold the whole story, else the last one.

    >>> story_quarter(datetime.date(2026, 11, 22))[0].isoformat()
    '2026-10-01'
    >>> story_quarter(datetime.date(2026, 10, 20))[0].isoformat()
    '2026-07-01'
    """
    start = quarter_start(today)
    if (today - start).days < STORY_DAYS:
        start = add_months(start, -3)
    return start, add_months(start, 3) - datetime.timedelta(days=1)


def working_day(day):
    """Return ``day``, or the following Monday when it falls on a weekend.

    >>> working_day(datetime.date(2026, 11, 22)).isoformat()
    '2026-11-23'
    """
    return day + datetime.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def bank_day(day):
    """Return the first day of payment from ``day`` on.

    >>> bank_day(datetime.date(2026, 11, 19)).isoformat()
    '2026-11-20'
    """
    while day.weekday() not in BANK_DAYS:
        day += datetime.timedelta(days=1)
    return day
