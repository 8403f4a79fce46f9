"""Which channel partner gets a lead: the fair and explained choice among partners.

A partner may get a lead if it covers the place, sells all products asked for, has a share, is not
full and has not had the lead before. Among those the one that is furthest behind its share gets it:
of ``n`` leads that went to them, a partner of weight ``w`` was due ``n · w / Σw``. Whoever is given
the next one is never more than one lead ahead of its share. Ties go to the heavier partner, then to
the one whose last lead is the longest ago, then by key, so the same data gives the same answer.

>>> east = Area("CN", states=frozenset({"SH", "JS"}))
>>> partners = [
...     Candidate("alpha", weight=3, areas=(east,)),
...     Candidate("beta", weight=1, areas=(east,), capacity=1, load=1),
...     Candidate("gamma", weight=1),
... ]
>>> choice = distribute(Need("CN", "SH"), partners)
>>> choice.key, [(one.key, one.code) for one in choice.others]
('alpha', [('gamma', 'behind'), ('beta', 'full')])
>>> distribute(Need("CN", "GD"), partners, had={"gamma"}).key is None
True

A batch notes each choice, so four leads are shared three to one:

>>> [distribute(Need("CN", "SH"), partners).key for _lead in range(4)]
['alpha', 'gamma', 'alpha', 'alpha']
>>> [(one.key, one.received) for one in partners]
[('alpha', 4), ('beta', 0), ('gamma', 1)]

Shares are compared as whole numbers (times Σw): nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field

#: why a partner does not get a lead, in the order in which it is asked
REASONS = ("had_it", "paused", "no_share", "outside", "not_competent", "full", "behind")


@dataclass(frozen=True, slots=True)
class Area:
    """A place a partner covers. What is not said is not asked: a country alone is all of it.

    ``postcodes`` are beginnings of postcodes; ``cities`` are compared without case and spaces.

    >>> Area("CN", postcodes=("20", "215")).holds(Need("CN", postcode="215 006"))
    True
    >>> Area("CN", cities=("Suzhou",)).holds(Need("CN", city=" suzhou "))
    True
    >>> Area("CN").holds(Need(None))
    False
    """

    country: Hashable
    states: frozenset = frozenset()
    postcodes: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()

    def holds(self, need: Need) -> bool:
        """Whether the place of the lead lies in this area."""
        return (
            need.country is not None
            and need.country == self.country
            and (not self.states or need.state in self.states)
            and (not self.postcodes or plain(need.postcode).startswith(_plain_all(self.postcodes)))
            and (not self.cities or plain(need.city) in _plain_all(self.cities))
        )


@dataclass(frozen=True, slots=True)
class Need:
    """What a lead asks for. Of each product category the set of itself and all above it."""

    country: Hashable | None
    state: Hashable | None = None
    postcode: str = ""
    city: str = ""
    categories: tuple[frozenset, ...] = ()


@dataclass(slots=True)
class Candidate:
    """A partner with what it covers, sells and has.

    ``areas`` and ``categories``: empty is everywhere, everything. ``capacity``: open leads at most,
    None for no limit. ``received``: leads of the period, ``last`` orders by the last of them.
    """

    key: Hashable
    weight: int = 1
    areas: tuple[Area, ...] = ()
    categories: frozenset = frozenset()
    capacity: int | None = None
    load: int = 0
    received: int = 0
    last: int = 0
    paused: bool = False

    def note(self, last: int) -> None:
        """Count a lead that was given to this partner."""
        self.load += 1
        self.received += 1
        self.last = last


@dataclass(frozen=True, slots=True)
class Standing:
    """How a partner stood: ``code`` is ``chosen`` or one of REASONS.

    ``due``: leads it should have had, of those given to the partners compared and this one, times
    ``total`` (the sum of their weights); with ``received`` it says how far behind it is. Both are
    zero for whoever was not compared.
    """

    key: Hashable
    code: str
    weight: int
    received: int
    load: int
    due: int = 0
    total: int = 0

    @property
    def deficit(self) -> int:
        """How many leads (times ``total``) the partner was behind its share."""
        return self.due - self.received * self.total


@dataclass(frozen=True, slots=True)
class Choice:
    """The partner chosen (None: nobody may get it), and how each of the others stood."""

    key: Hashable | None
    chosen: Standing | None = None
    others: list[Standing] = field(default_factory=list)


def distribute(need: Need, candidates: Iterable[Candidate], had: Collection = ()) -> Choice:
    """Choose the partner of a lead and note the lead on it.

    :param had: keys of the partners that had the lead before; they never get it again
    """
    able, others, last = [], [], 0
    for one in candidates:
        last = max(last, one.last)
        code = obstacle(need, one, had)
        if code:
            others.append(_standing(one, code))
        else:
            able.append(one)
    others.sort(key=lambda one: REASONS.index(one.code), reverse=True)
    if not able:
        return Choice(None, None, others)
    total = sum(one.weight for one in able)
    given = sum(one.received for one in able) + 1
    able.sort(key=lambda one: _rank(one, given, total))
    chosen, *behind = able
    standings = [_standing(one, "behind", due=given * one.weight, total=total) for one in behind]
    result = Choice(
        chosen.key,
        _standing(chosen, "chosen", due=given * chosen.weight, total=total),
        standings + others,
    )
    chosen.note(last + 1)
    return result


def obstacle(need: Need, candidate: Candidate, had: Collection = ()) -> str | None:
    """Return why a partner may not get a lead, of REASONS, or None if it may.

    >>> obstacle(Need("CN", categories=(frozenset({"pump", "all"}),)), Candidate(1, categories={1}))
    'not_competent'
    """
    if candidate.key in had:
        return "had_it"
    if candidate.paused:
        return "paused"
    if candidate.weight <= 0:
        return "no_share"
    if not covers(candidate.areas, need):
        return "outside"
    if candidate.categories and not all(
        candidate.categories & category for category in need.categories
    ):
        return "not_competent"
    if candidate.capacity is not None and candidate.load >= candidate.capacity:
        return "full"
    return None


def covers(areas: Collection[Area], need: Need) -> bool:
    """Whether a place lies in one of the areas; no area at all is everywhere."""
    return not areas or any(area.holds(need) for area in areas)


def band(amount: int | float) -> tuple[int, int] | None:
    """Return between which round figures an amount lies; None if there is none.

    What a partner may know of the size of a lead before it accepts it.

    >>> band(48000), band(20000), band(19999.5), band(0)
    ((20000, 50000), (20000, 50000), (10000, 20000), None)
    """
    if amount < 1:
        return None
    power = 10 ** (len(str(int(amount))) - 1)
    steps = [power, 2 * power, 5 * power, 10 * power]
    low = max(step for step in steps if step <= amount)
    return low, steps[steps.index(low) + 1]


def plain(text: str | None) -> str:
    """Return a postcode or city as it is compared.

    >>> plain(" SW1A 2AA"), plain("Shang Hai"), plain(None)
    ('sw1a2aa', 'shanghai', '')
    """
    return "".join((text or "").casefold().split())


def _plain_all(texts):
    return tuple(filter(None, map(plain, texts)))


def _rank(candidate, given, total):
    """Smallest first: furthest behind its share, heaviest, longest without a lead, smallest key."""
    deficit = given * candidate.weight - candidate.received * total
    return -deficit, -candidate.weight, candidate.last, candidate.key


def _standing(candidate, code, due=0, total=0):
    return Standing(
        candidate.key, code, candidate.weight, candidate.received, candidate.load, due, total
    )
