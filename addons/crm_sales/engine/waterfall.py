"""What changed in a pipeline between two moments, so that the changes sum exactly.

A pipeline is a set of open deals that are expected to close in a period and belong to some
people. ``opening + sum of changes = closing`` holds by construction: a deal enters at an amount,
its amount changes, it leaves at the amount it then has, and every one of these steps is a change.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)

ENTRIES = ("new", "pulled_in", "reassigned_in", "reopened")
AMOUNTS = ("amount_up", "amount_down")
EXITS = ("won", "lost", "pushed_out", "reassigned_out", "omitted", "removed")
KINDS = ENTRIES + AMOUNTS + EXITS


@dataclass(frozen=True, slots=True)
class Item:
    """A deal at a moment.

    ``status`` is open, omitted, won or lost; ``date`` the day it is expected to close, and once
    it is decided the day of the decision.
    """

    amount: Decimal
    date: datetime.date | None
    status: str = "open"
    owner: Hashable = None


@dataclass(frozen=True, slots=True)
class Window:
    """Which deals are looked at: a span of days, and the owners (``None``: everybody)."""

    date_from: datetime.date
    date_to: datetime.date
    owners: Collection | None = None

    def covers_day(self, item: Item) -> bool:
        """Whether the deal is expected (or was decided) in the span."""
        return item.date is not None and self.date_from <= item.date <= self.date_to

    def covers_owner(self, item: Item) -> bool:
        """Whether the deal belongs to one of the owners."""
        return self.owners is None or item.owner in self.owners

    def holds(self, item: Item | None) -> bool:
        """Whether an open deal is part of the pipeline that is looked at."""
        return (
            item is not None
            and item.status == "open"
            and self.covers_day(item)
            and self.covers_owner(item)
        )

    def decided(self, item: Item | None) -> bool:
        """Whether the deal was won or lost in the span."""
        return (
            item is not None
            and item.status in ("won", "lost")
            and self.covers_day(item)
            and self.covers_owner(item)
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One step of one deal; ``amount`` is signed."""

    key: Hashable
    kind: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The amounts at both ends and every change between them."""

    opening: Decimal
    changes: tuple[Change, ...]
    closing: Decimal

    def totals(self) -> dict[str, Decimal]:
        """Sum of the changes of each kind, in the order of :data:`KINDS`, without those absent."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for change in self.changes:
            sums[change.kind] += change.amount
        return {kind: sums[kind] for kind in KINDS if kind in sums}

    def keys(self, kind: str) -> list:
        """Deals with a change of a kind, in order."""
        return [change.key for change in self.changes if change.kind == kind]


def waterfall(
    before: Mapping[Hashable, Item],
    after: Mapping[Hashable, Item],
    window: Window,
    is_new: Callable[[Hashable], bool] = lambda key: True,
) -> Waterfall:
    """Compare the deals at two moments.

    :param is_new: whether a deal that is unknown at the first moment was created since; one that
        existed (lost then, say) counts as reopened

    >>> day = datetime.date(2026, 11, 30)
    >>> window = Window(datetime.date(2026, 11, 1), day)
    >>> later = datetime.date(2026, 12, 15)
    >>> before = {1: Item(Decimal(100), day), 2: Item(Decimal(50), day)}
    >>> after = {1: Item(Decimal(120), day, "won"), 2: Item(Decimal(50), later),
    ...          3: Item(Decimal(80), day)}
    >>> result = waterfall(before, after, window)
    >>> {kind: int(amount) for kind, amount in result.totals().items()}
    {'new': 80, 'amount_up': 20, 'won': -120, 'pushed_out': -50}
    >>> int(result.opening), int(result.closing)
    (150, 80)
    """
    keys = list(before) + [key for key in after if key not in before]
    changes = []
    for key in keys:
        changes += _steps(key, before.get(key), after.get(key), window, is_new)
    return Waterfall(_sum(before, window), tuple(changes), _sum(after, window))


def _sum(items, window):
    return sum((item.amount for item in items.values() if window.holds(item)), ZERO)


def _steps(key, first, last, window, is_new):
    """The changes of one deal."""
    was, still = window.holds(first), window.holds(last)
    steps = []
    if was and last is not None:
        steps.append(_amount_change(key, last.amount - first.amount))
    elif not was and (still or window.decided(last)):
        steps.append(Change(key, _entry(key, first, window, is_new), last.amount))
    if was and last is None:
        steps.append(Change(key, "removed", -first.amount))
    elif not still and (was or window.decided(last)):
        steps.append(Change(key, _exit(last, window), -last.amount))
    return [step for step in steps if step is not None]


def _amount_change(key, amount):
    if not amount:
        return None
    return Change(key, "amount_up" if amount > 0 else "amount_down", amount)


def _entry(key, first, window, is_new):
    if first is None:
        return "new" if is_new(key) else "reopened"
    if first.status != "open":
        return "reopened"
    return "pulled_in" if window.covers_owner(first) else "reassigned_in"


def _exit(last, window):
    if last.status != "open":
        return last.status
    return "pushed_out" if window.covers_owner(last) else "reassigned_out"
