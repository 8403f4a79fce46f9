"""Which letter a debtor gets next."""

from typing import NamedTuple


class Level(NamedTuple):
    """A level of dunning: from ``days`` after the due date on, ``pause`` days after the last."""

    number: int
    days: int
    pause: int


def next_level(levels, overdue, last=0, since=None):
    """Return the level of the next letter, or None.

    Levels come one after the other: nobody gets the last warning before the first reminder.

    :param levels: the levels
    :param int overdue: days since the oldest due date that is not met
    :param int last: number of the last level that was sent about what is still open; 0: none
    :param since: days since that letter

    >>> levels = [Level(1, 3, 0), Level(2, 20, 10), Level(3, 40, 10)]
    >>> [next_level(levels, days) for days in (0, 3, 60)]
    [None, 1, 1]
    >>> next_level(levels, 60, last=1, since=5), next_level(levels, 60, last=1, since=10)
    (None, 2)
    >>> next_level(levels, 30, last=2, since=30), next_level(levels, 90, last=3, since=90)
    (None, None)
    """
    for level in sorted(levels):
        if level.number <= last:
            continue
        waited = since is None or since >= level.pause
        return level.number if overdue >= level.days and waited else None
    return None


def bucket(overdue):
    """Return the age class of what is due.

    >>> [bucket(days) for days in (-5, 0, 1, 30, 31, 90, 91)]
    ['0_not_due', '0_not_due', '1_30', '1_30', '31_60', '61_90', 'over_90']
    """
    for limit, name in ((0, "0_not_due"), (30, "1_30"), (60, "31_60"), (90, "61_90")):
        if overdue <= limit:
            return name
    return "over_90"
