"""Which value of several records about one customer survives in the golden record.

Pure Python. A record is a :class:`Candidate` per field; a rule is the name of a strategy.

>>> from datetime import datetime
>>> old = Candidate(1, "Shanghai Hongtai", datetime(2024, 1, 1), 9, survivor=True)
>>> new = Candidate(2, "Hongtai", datetime(2025, 1, 1), 4)
>>> choose("recent", [old, new]).id
2
>>> choose("longest", [old, new]).reason
'longest'
>>> choose("survivor", [old._replace(value=None), new])
Choice(id=2, value='Hongtai', reason='only')
"""

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

STRATEGIES = ("survivor", "recent", "frequent", "complete", "source", "longest")


class Candidate(NamedTuple):
    """What one record says about one field."""

    id: int
    value: Any
    updated: datetime | None = None  # UTC, naive; None is older than everything
    filled: int = 0  # how many fields the whole record has
    source: str = ""
    survivor: bool = False


class Choice(NamedTuple):
    """``reason`` is a strategy, or ``only``, ``agree``, ``empty``."""

    id: int
    value: Any
    reason: str


def is_empty(value):
    """Whether a value says nothing; zero and false do not.

    >>> [is_empty(value) for value in (None, "", "  ", (), (None, ""), {}, 0, "x", (None, 3))]
    [True, True, True, True, True, True, True, False, False]
    """
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, tuple | list):
        return all(is_empty(part) for part in value)
    return not value


def normal(value):
    """Values that differ in case and blanks only count as the same.

    >>> normal(" Nanjing  Road ") == normal("nanjing road")
    True
    """
    if isinstance(value, str):
        return " ".join(value.split()).casefold()
    if isinstance(value, tuple | list):
        return tuple(normal(part) for part in value)
    return value if not isinstance(value, dict) else repr(sorted(value.items()))


def size(value):
    """Length of a value in characters; a group of fields is as long as its fields together.

    >>> size(("Nanjing Road 1", None, 200)), size(None)
    (17, 0)
    """
    if isinstance(value, tuple | list):
        return sum(size(part) for part in value)
    return len(str(value).strip()) if value else 0


def choose(strategy, candidates, priority=()):
    """Return the :class:`Choice` of a field.

    Empty values never win over others. Equals are decided by: the survivor, the latest change,
    the oldest record; so the order of ``candidates`` does not matter.

    :param str strategy: one of :data:`STRATEGIES`
    :param candidates: one per record, exactly one of them the survivor
    :param priority: sources, the best first; the others follow
    :raise ValueError: on an unknown strategy, and without candidates
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"Unknown strategy {strategy!r}")
    if not candidates:
        raise ValueError("Nothing to choose from")
    given = [candidate for candidate in candidates if not is_empty(candidate.value)]
    if not given:
        best = min(candidates, key=_tie)
        return Choice(best.id, best.value, "empty")
    if len({repr(normal(candidate.value)) for candidate in given}) == 1:
        best = min(given, key=_tie)
        return Choice(best.id, best.value, "agree" if len(given) > 1 else "only")
    rank = _RANKS[strategy](given, priority)
    best = min(given, key=lambda candidate: (rank(candidate), _tie(candidate)))
    return Choice(best.id, best.value, strategy)


def _tie(candidate):
    return (not candidate.survivor, _age(candidate), candidate.id)


def _age(candidate):
    """Seconds before the end of time: the smaller the newer."""
    return (datetime.max - (candidate.updated or datetime.min)).total_seconds()


def _frequent(given, priority):
    counts = Counter(repr(normal(candidate.value)) for candidate in given)
    return lambda candidate: -counts[repr(normal(candidate.value))]


def _source(given, priority):
    ranks = {source: rank for rank, source in reversed(list(enumerate(priority)))}
    return lambda candidate: ranks.get(candidate.source, len(ranks))


_RANKS = {
    "survivor": lambda given, priority: lambda candidate: not candidate.survivor,
    "recent": lambda given, priority: _age,
    "frequent": _frequent,
    "complete": lambda given, priority: lambda candidate: -candidate.filled,
    "source": _source,
    "longest": lambda given, priority: lambda candidate: -size(candidate.value),
}


def combine(survivor, others):
    """Return the union of dictionaries; the survivor's keys win, then the earlier ones.

    Used where one column holds many values: company-dependent fields and properties.

    >>> combine({"1": 7}, [{"1": 8, "2": None}, {"2": 9}])
    {'2': 9, '1': 7}
    """
    result = {}
    for values in [*reversed(others), survivor]:
        result.update({key: value for key, value in (values or {}).items() if value is not None})
    return result
