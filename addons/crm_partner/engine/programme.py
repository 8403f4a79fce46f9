"""Who moves in a partner programme: promotion at once, demotion only after a warning.

Everything is plain data: a ladder of levels from the best to the lowest, which of them a partner
meets, and what is known about the partner. The shell loads figures in bulk and stores decisions.
"""

import datetime
from typing import NamedTuple

KEEP, PROMOTE, WARN, WAIT, DEMOTE, RECOVER, LOCKED = (
    "keep",
    "promotion",
    "warning",
    "wait",
    "demotion",
    "recovery",
    "locked",
)


class Level(NamedTuple):
    """A level of the ladder; ``grace_days`` is how long a partner who falls short keeps it."""

    key: int
    grace_days: int = 0


class Standing(NamedTuple):
    """What is known about a partner on the day of the review."""

    level: int
    grace_until: datetime.date | None = None
    locked_until: datetime.date | None = None


class Decision(NamedTuple):
    """What happens to a partner: the level aimed at, and until when the present one is kept."""

    kind: str
    level: int
    grace_until: datetime.date | None = None


def best(ladder, met):
    """Return the key of the best level that is met; nobody falls below the lowest one.

    :param ladder: levels from the best to the lowest
    :param met: keys of the levels whose requirements are all met

    >>> best([Level(1), Level(2), Level(3)], {2, 3})
    2
    >>> best([Level(1), Level(2), Level(3)], set())
    3
    """
    return next((level.key for level in ladder if level.key in met), ladder[-1].key)


def decide(ladder, met, standing, today):
    """Return the decision about one partner.

    A lock keeps the level up to and including its day, in both directions. A level that is not
    part of the ladder (given by invitation) is never changed. The warning sets the day from which
    on a partner who still falls short moves down: today + the grace days of the present level.

    >>> import datetime
    >>> day = datetime.date(2026, 3, 1)
    >>> ladder = [Level(1, 90), Level(2, 60), Level(3)]
    >>> decide(ladder, {1, 2, 3}, Standing(2), day).kind
    'promotion'
    >>> warned = decide(ladder, {3}, Standing(1), day)
    >>> warned.kind, warned.level, warned.grace_until.isoformat()
    ('warning', 3, '2026-05-30')
    >>> decide(ladder, {3}, Standing(1, warned.grace_until), datetime.date(2026, 5, 29)).kind
    'wait'
    >>> decide(ladder, {3}, Standing(1, warned.grace_until), datetime.date(2026, 5, 30)).kind
    'demotion'
    >>> decide(ladder, {1}, Standing(1, warned.grace_until), day).kind
    'recovery'
    >>> decide(ladder, {3}, Standing(1, None, day), day).kind
    'locked'
    >>> decide(ladder, {1}, Standing(9), day).kind
    'keep'
    """
    rank = {level.key: position for position, level in enumerate(ladder)}
    if not ladder or standing.level not in rank:
        return Decision(KEEP, standing.level)
    target = best(ladder, met)
    if standing.locked_until and standing.locked_until >= today:
        kind = KEEP if target == standing.level else LOCKED
        return Decision(kind, target, standing.grace_until)
    if rank[target] <= rank[standing.level]:
        return _holds(target, standing, rank)
    return _falls_short(ladder[rank[standing.level]], target, standing, today)


def _holds(target, standing, rank):
    if rank[target] < rank[standing.level]:
        return Decision(PROMOTE, target)
    return Decision(RECOVER if standing.grace_until else KEEP, target)


def _falls_short(level, target, standing, today):
    until = standing.grace_until
    if not until:
        until = today + datetime.timedelta(days=level.grace_days)
        kind = WARN if level.grace_days else DEMOTE
        return Decision(kind, target, until if level.grace_days else None)
    if today < until:
        return Decision(WAIT, target, until)
    return Decision(DEMOTE, target)


def share(value, threshold):
    """Return how much of a requirement is reached, from 0 to 1; what is not measured counts as met.

    >>> share(128_000, 200_000), share(3, 2), share(None, 4), share(-5, 10), share(7, 0)
    (0.64, 1.0, 1.0, 0.0, 1.0)
    """
    if value is None or threshold <= 0:
        return 1.0
    return min(1.0, max(0.0, value / threshold))


def window_start(today, months):
    """Return the first day of a rolling window of ``months`` that ends on ``today``.

    The day after the same day ``months`` ago, so that two windows in a row share no day; a month
    without that day ends earlier.

    >>> import datetime
    >>> window_start(datetime.date(2026, 3, 1), 12).isoformat()
    '2025-03-02'
    >>> window_start(datetime.date(2026, 3, 31), 1).isoformat()
    '2026-03-01'
    """
    index = today.year * 12 + today.month - 1 - months
    year, month = divmod(index, 12)
    following = datetime.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (following - datetime.timedelta(days=1)).day
    start = datetime.date(year, month + 1, min(today.day, last))
    return start + datetime.timedelta(days=1)


def circle(parents, start):
    """Return whether following ``parents`` from ``start`` comes back to a place seen before.

    >>> circle({1: 2, 2: 3}, 1), circle({1: 2, 2: 3, 3: 1}, 1), circle({1: 1}, 1)
    (False, True, True)
    """
    seen = set()
    while start is not None:
        if start in seen:
            return True
        seen.add(start)
        start = parents.get(start)
    return False
