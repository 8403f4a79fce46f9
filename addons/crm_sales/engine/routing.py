"""Who gets a lead: the fair and explained choice among people.

A rule (see :mod:`.matching`) leads to people. Whoever is away, full or has had the lead already is
passed over, each with a reason; among the others

``round_robin``
    takes the one whose last lead by this rule is the longest ago;
``least_loaded``
    takes the one with the smallest open weight per share of work.

Ties go by sequence and key, so the same data gives the same answer. The choice is noted on the
:class:`Person`, so that the next lead of a batch sees it.

>>> people = [Person("li", 1, load=3), Person("wang", 2, load=1), Person("zhao", 3, absent=True)]
>>> choose("least_loaded", people, "absence").person.key
'wang'
>>> [choose("round_robin", people, "absence").person.key for _lead in range(3)]
['li', 'wang', 'li']
>>> choose("round_robin", people, "absence").skipped
[('zhao', 'absent')]
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

METHODS = ("round_robin", "least_loaded")
AVAILABILITIES = ("none", "absence", "hours")


@dataclass(slots=True)
class Person:
    """A person who may get leads, with what they have; weights are those of stages.

    ``limit`` and ``day_limit`` are None for none. ``last`` orders people by their last lead: the
    smaller the longer ago. ``starts`` is when they work next, None if not within a week.
    """

    key: Hashable
    sequence: int = 10
    load: float = 0.0
    share: float = 1.0
    limit: float | None = None
    day_limit: int | None = None
    today: int = 0
    last: int = 0
    absent: bool = False
    at_work: bool = True
    starts: datetime | None = None


@dataclass(slots=True)
class Choice:
    """The person chosen, or None, and who was passed over: (key, reason code) in order."""

    person: Person | None
    skipped: list = field(default_factory=list)


def choose(
    method: str,
    people: Iterable[Person],
    availability: str = "none",
    exclude: Collection = (),
    weight: float = 1.0,
) -> Choice:
    """Choose a person and note the lead on them.

    :param availability: ``none`` (do not look), ``absence`` (pass over whoever is away),
        ``hours`` (besides, who works now comes first, else who begins soonest)
    :param exclude: keys of people who must not get it
    :param weight: open weight of the lead
    """
    choice, able, last = Choice(None), [], 0
    for person in people:
        last = max(last, person.last)
        why = _obstacle(person, availability, exclude, weight)
        if why:
            choice.skipped.append((person.key, why))
        else:
            able.append(person)
    if availability == "hours":
        able = _at_work_first(able, choice)
    if able:
        choice.person = min(able, key=_by_turn if method == "round_robin" else _by_load)
        choice.person.load += weight
        choice.person.today += 1
        choice.person.last = last + 1
    return choice


def _obstacle(person, availability, exclude, weight):
    if person.key in exclude:
        return "had_it"
    if availability != "none" and person.absent:
        return "absent"
    if person.limit is not None and person.load + weight > person.limit:
        return "full"
    if person.day_limit is not None and person.today >= person.day_limit:
        return "day_full"
    return None


def _at_work_first(able, choice):
    """Return who works now, else who begins first."""
    working = [person for person in able if person.at_work]
    if not working:
        starts = [person.starts for person in able if person.starts]
        working = [person for person in able if person.starts == min(starts, default=None)]
    keys = {person.key for person in working}
    choice.skipped += [(person.key, "off_hours") for person in able if person.key not in keys]
    return working


def _by_turn(person):
    return person.last, person.sequence, person.key


def _by_load(person):
    return person.load / person.share, person.last, person.sequence, person.key
