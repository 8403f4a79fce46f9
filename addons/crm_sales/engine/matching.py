"""First match in an ordered list of conditions, without testing them one by one.

A :class:`Condition` accepts values per dimension: sets (country, industry …) and closed ranges
(postcode, budget). Dimensions are joined by *and*, values within one by *or*; a dimension that is
not named accepts everything. Facts give a tuple of values per dimension, so that a lead may have
several segments or none.

:class:`Compiled` files every condition under the values of its most telling dimension. Facts then
touch only the conditions under their own values, and those without a condition:

>>> conditions = [
...     Condition("vip", {"level": frozenset("A")}, {}),
...     Condition("east", {"state": frozenset({"SH", "JS"})}, {}),
...     Condition("big", {}, {"budget": ((100, None),)}),
...     Condition("rest", {}, {}),
... ]
>>> compiled = Compiled(conditions)
>>> [c.key for c in compiled.matching({"state": ("SH",), "budget": (500,)})]
['east', 'big', 'rest']
>>> compiled.first({"level": ("A",)}).key, compiled.first({"budget": (99,)}).key
('vip', 'rest')
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Facts = Mapping[str, Sequence]


def within(value, bounds) -> bool:
    """Tell whether a value lies in the closed range ``(low, high)``; None is an open end.

    >>> within(5, (5, None)), within(5, (6, 9)), within("20", ("10", "20"))
    (True, False, True)
    """
    low, high = bounds
    return (low is None or value >= low) and (high is None or value <= high)


def common(one, other):
    """Return what two ranges have in common, or None.

    >>> common((1, 5), (3, None)), common((None, 2), (3, 4))
    ((3, 5), None)
    """
    lows = [bounds[0] for bounds in (one, other) if bounds[0] is not None]
    highs = [bounds[1] for bounds in (one, other) if bounds[1] is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    return None if low is not None and high is not None and low > high else (low, high)


def _contains(outer, inner) -> bool:
    return common(outer, inner) == inner


@dataclass(frozen=True, slots=True)
class Condition:
    """What ``key`` accepts, per dimension."""

    key: Hashable
    sets: Mapping[str, frozenset] = field(default_factory=dict)
    ranges: Mapping[str, tuple] = field(default_factory=dict)

    def matches(self, facts: Facts) -> bool:
        """Tell whether the facts meet every dimension."""
        for dimension, accepted in self.sets.items():
            if accepted.isdisjoint(facts.get(dimension, ())):
                return False
        for dimension, ranges in self.ranges.items():
            values = facts.get(dimension, ())
            if not any(within(value, one) for value in values for one in ranges):
                return False
        return True

    def is_empty(self) -> bool:
        """Tell whether nothing can meet it, as a dimension accepts no value."""
        return not (all(self.sets.values()) and all(self.ranges.values()))

    def narrowed(self, other: Condition) -> Condition:
        """Return the condition of ``other`` with this one on top, under the key of ``other``.

        >>> china = Condition("cn", {"country": frozenset({"CN"})}, {"zip": (("2", "3"),)})
        >>> narrow = china.narrowed(Condition("x", {"country": frozenset({"CN", "US"})}))
        >>> narrow.key, sorted(narrow.sets["country"]), narrow.ranges
        ('x', ['CN'], {'zip': (('2', '3'),)})
        """
        sets, ranges = dict(self.sets), dict(self.ranges)
        for dimension, accepted in other.sets.items():
            sets[dimension] = sets[dimension] & accepted if dimension in sets else accepted
        for dimension, mine in other.ranges.items():
            if dimension in ranges:
                pairs = [common(one, two) for one in ranges[dimension] for two in mine]
                mine = tuple(pair for pair in pairs if pair)
            ranges[dimension] = mine
        return Condition(other.key, sets, ranges)

    def overlaps(self, other: Condition, several: Iterable[str] = ()) -> bool:
        """Tell whether the same facts may meet both.

        :param several: dimensions of which facts have several values: they never keep two apart
        """
        if self.is_empty() or other.is_empty():
            return False
        for dimension in self.sets.keys() & other.sets.keys():
            if dimension not in several and self.sets[dimension].isdisjoint(other.sets[dimension]):
                return False
        for dimension in self.ranges.keys() & other.ranges.keys():
            pairs = ((a, b) for a in self.ranges[dimension] for b in other.ranges[dimension])
            if not any(common(one, two) for one, two in pairs):
                return False
        return True

    def covers(self, other: Condition) -> bool:
        """Tell whether everything that meets ``other`` meets this one too (sufficient test)."""
        for dimension, accepted in self.sets.items():
            if not (dimension in other.sets and other.sets[dimension] <= accepted):
                return False
        for dimension, ranges in self.ranges.items():
            inner = other.ranges.get(dimension)
            if inner is None or not all(any(_contains(o, i) for o in ranges) for i in inner):
                return False
        return True


class _Intervals:
    """Which of many ranges contain a value: a list per piece between two bounds.

    >>> found = _Intervals([((10, 20), "a"), ((15, None), "b")])
    >>> [found.at(value) for value in (9, 10, 15, 20, 21)]
    [[], ['a'], ['a', 'b'], ['a', 'b'], ['b']]
    """

    __slots__ = ("_bounds", "_pieces")

    def __init__(self, ranges):
        bounds = {bound for (low, high), _rank in ranges for bound in (low, high)} - {None}
        self._bounds = sorted(bounds)
        # Pieces: below the first bound, at a bound (odd), between two bounds (even), above.
        self._pieces = [[] for _piece in range(2 * len(self._bounds) + 1)]
        for (low, high), rank in ranges:
            first = 0 if low is None else 2 * bisect_left(self._bounds, low) + 1
            last = len(self._pieces) - 1
            if high is not None:
                last = 2 * bisect_left(self._bounds, high) + 1
            for piece in range(first, last + 1):
                self._pieces[piece].append(rank)

    def at(self, value) -> list:
        """Return the ranks of the ranges with the value."""
        left, right = bisect_left(self._bounds, value), bisect_right(self._bounds, value)
        return self._pieces[left + right]


class Compiled:
    """Conditions in order of priority, filed by value."""

    __slots__ = ("_always", "_by_range", "_by_value", "conditions")

    def __init__(self, conditions: Iterable[Condition]):
        self.conditions = [one for one in conditions if not one.is_empty()]
        telling = self._telling()
        self._always, self._by_value = [], defaultdict(lambda: defaultdict(list))
        ranges = defaultdict(list)
        for rank, condition in enumerate(self.conditions):
            if condition.sets:
                dimension = max(condition.sets, key=lambda name: (telling[name], name))
                for value in condition.sets[dimension]:
                    self._by_value[dimension][value].append(rank)
            elif condition.ranges:
                dimension = min(condition.ranges)
                ranges[dimension] += [(one, rank) for one in condition.ranges[dimension]]
            else:
                self._always.append(rank)
        self._by_value = {name: dict(values) for name, values in self._by_value.items()}
        self._by_range = {name: _Intervals(found) for name, found in ranges.items()}

    def _telling(self) -> dict:
        """Return how many values each dimension tells apart."""
        values = defaultdict(set)
        for condition in self.conditions:
            for dimension, accepted in condition.sets.items():
                values[dimension] |= accepted
        return {dimension: len(found) for dimension, found in values.items()}

    def candidates(self, facts: Facts) -> list[int]:
        """Return the ranks of the few conditions that the facts may meet, in order."""
        ranks = set(self._always)
        for dimension, values in self._by_value.items():
            for value in facts.get(dimension, ()):
                ranks.update(values.get(value, ()))
        for dimension, intervals in self._by_range.items():
            for value in facts.get(dimension, ()):
                ranks.update(intervals.at(value))
        return sorted(ranks)

    def matching(self, facts: Facts) -> Iterator[Condition]:
        """Yield the conditions that the facts meet, first one first."""
        for rank in self.candidates(facts):
            condition = self.conditions[rank]
            if condition.matches(facts):
                yield condition

    def first(self, facts: Facts) -> Condition | None:
        """Return the first condition that the facts meet, or None."""
        return next(self.matching(facts), None)


def naive_first(conditions: Iterable[Condition], facts: Facts) -> Condition | None:
    """Return what :meth:`Compiled.first` does, testing one condition after the other."""
    return next((one for one in conditions if not one.is_empty() and one.matches(facts)), None)
