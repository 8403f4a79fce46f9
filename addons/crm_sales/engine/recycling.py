"""Whether a record of the public pool's rules is recycled, reminded of or left alone.

The twin of the SQL of ``crm.pool.decision``: a test holds them together.
"""

from dataclasses import dataclass
from datetime import date, timedelta

RECYCLE, REMIND, REMINDED, NONE = "recycle", "remind", "reminded", "none"


@dataclass(frozen=True)
class Limits:
    """Days that a pool grants the customers of one level; ``None`` is no limit."""

    follow_days: int | None = None  # since the last real follow-up
    deal_days: int | None = None  # since the last order or payment
    remind_days: int = 0  # days before, on which the owner is reminded


@dataclass(frozen=True)
class Facts:
    """What is known about one owned record, days in the company's time zone."""

    assigned: date
    follow_up: date | None = None
    deal: date | None = None
    exempt: str | None = None  # the reason why it is left alone
    reminded_for: date | None = None  # the due day of the last reminder


def due_day(facts, limits):
    """Return the day on which the record is recycled, ``None`` for never.

    What an owner inherits does not count against them: a period begins with the assignment at the
    earliest. Of several limits the first one to run out decides.

    >>> start = date(2026, 3, 1)
    >>> due_day(Facts(start), Limits(follow_days=15))
    datetime.date(2026, 3, 16)
    >>> due_day(Facts(start, follow_up=date(2026, 3, 10)), Limits(follow_days=15))
    datetime.date(2026, 3, 25)
    >>> due_day(Facts(start, follow_up=date(2026, 3, 10)), Limits(follow_days=15, deal_days=20))
    datetime.date(2026, 3, 21)
    >>> due_day(Facts(start), Limits()) is None
    True
    """
    days = []
    for limit, last in ((limits.follow_days, facts.follow_up), (limits.deal_days, facts.deal)):
        if limit is not None:
            days.append(max(last or facts.assigned, facts.assigned) + timedelta(days=limit))
    return min(days, default=None)


def decide(facts, limits, today):
    """Return what is done with a record: an action, or the reason why it is exempt.

    >>> limits = Limits(follow_days=15, remind_days=3)
    >>> decide(Facts(date(2026, 3, 1)), limits, date(2026, 3, 16))
    'recycle'
    >>> decide(Facts(date(2026, 3, 2)), limits, date(2026, 3, 16))
    'remind'
    >>> decide(Facts(date(2026, 3, 2), reminded_for=date(2026, 3, 17)), limits, date(2026, 3, 16))
    'reminded'
    >>> decide(Facts(date(2026, 3, 1), exempt="dealt"), limits, date(2026, 3, 16))
    'dealt'
    >>> decide(Facts(date(2026, 3, 14), exempt="dealt"), limits, date(2026, 3, 16))
    'none'
    """
    due = due_day(facts, limits)
    if due is None or due > today + timedelta(days=limits.remind_days):
        return NONE
    if facts.exempt:
        return facts.exempt
    if due <= today:
        return RECYCLE
    return REMINDED if facts.reminded_for == due else REMIND
