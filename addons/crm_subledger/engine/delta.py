"""State → target → delta: the arithmetic of every sub-ledger.

A programme (commission, rebate, points …) says what a ledger *should* hold for a key, from the
documents as they now stand: its :class:`Target`. The ledger knows what it *does* hold:
:class:`Posted`. :func:`deltas` returns what must be posted so that both agree. Nothing here depends
on the order in which documents were posted, paid or reversed, and posting the result and asking
again returns nothing.

Amounts are :class:`~decimal.Decimal` in the currency of the ledger's company, signed as balances:
debit positive, credit negative. Dates are plain accounting dates without a time zone.

>>> from decimal import Decimal as D
>>> pay = Target(key=7, ledger=1, amount=D("-2450.00"), partner=3, date=date(2026, 3, 10))
>>> [d.amount for d in deltas([pay], {}, {})]
[Decimal('-2450.00')]
>>> held = {Slot(7, 1, "", None): Posted(D("-2450.00"), date(2026, 3, 10), partner=3)}
>>> deltas([pay], {}, held)
[]
>>> [d.amount for d in deltas([], {}, held)]        # the payment was unreconciled
[Decimal('2450.00')]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

ZERO = Decimal(0)


class Slot(NamedTuple):
    """The smallest thing a ledger keeps a balance of: one component of one key, for one deal."""

    key: int
    ledger: int
    component: str
    order: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a ledger should hold for a key, and why.

    :param key: id of the key record in the programme's model
    :param ledger: id of the sub-ledger
    :param amount: signed balance, rounded to the currency of the ledger
    :param partner: id of who is owed or owes
    :param date: accounting date of the last event behind the target; ``None`` when there is none
    :param component: part of the key's balance with a counterpart of its own
    :param account: id of the counterpart account; ``None`` takes the ledger's
    :param sign: natural sign of the component, +1 debit, -1 credit, 0 that of the ledger's account;
        a delta against it is a reduction (storno)
    :param mirror: ``(ledger, key model, key)`` when the counterpart is an item of a second ledger
    :param explanation: language-neutral rows and notes, numbers as strings
    :param shares: the split over deals, where the programme knows it already; they sum to
        ``amount``
    """

    key: int
    ledger: int
    amount: Decimal
    partner: int | None = None
    date: date | None = None
    component: str = ""
    account: int | None = None
    sign: int = 0
    mirror: tuple[int, str, int] | None = None
    explanation: Mapping[str, Any] = field(default_factory=dict)
    shares: Sequence[Share] | None = None

    @property
    def address(self) -> tuple[int, int, str]:
        """What the shares of a target are filed under: ``(key, ledger, component)``."""
        return (self.key, self.ledger, self.component)


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a target that one deal brought about, with the journal entries behind it."""

    order: int | None
    amount: Decimal
    moves: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """What a slot holds, and the attributes of its last entry, for when its target vanishes."""

    amount: Decimal
    date: date
    partner: int | None = None
    account: int | None = None
    sign: int = 0
    mirror: tuple[int, str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A difference to post: ``amount`` = ``target`` − ``before``."""

    slot: Slot
    amount: Decimal
    target: Decimal
    before: Decimal
    partner: int | None
    date: date | None
    account: int | None
    sign: int
    mirror: tuple[int, str, int] | None
    explanation: Mapping[str, Any]
    moves: tuple[int, ...]


def deltas(
    targets: Iterable[Target],
    shares: Mapping[tuple[int, int, str], Sequence[Share]],
    posted: Mapping[Slot, Posted],
) -> list[Delta]:
    """Return what must be posted so that ``posted`` equals ``targets``, in a stable order.

    :param shares: the split of a target over deals by :attr:`Target.address`; a target that is not
        named here and brings no shares of its own belongs to no deal
    :raises ValueError: a target is named twice, or its shares do not sum to it
    """
    wanted: dict[Slot, tuple[Target, Share]] = {}
    for target in targets:
        known = target.shares or shares.get(target.address)
        parts = known or [Share(None, target.amount)]
        if sum((part.amount for part in parts), ZERO) != target.amount:
            raise ValueError(f"The shares of {target.address} do not sum to {target.amount}")
        for part in parts:
            slot = Slot(*target.address, part.order)
            if slot in wanted:
                raise ValueError(f"{slot} has two targets")
            wanted[slot] = (target, part)
    result = [_changed(slot, *pair, posted.get(slot)) for slot, pair in wanted.items()]
    result += [_vanished(slot, held) for slot, held in posted.items() if slot not in wanted]
    return sorted((delta for delta in result if delta.amount), key=_reading_order)


def _reading_order(delta: Delta):
    slot = delta.slot
    return (slot.ledger, slot.key, slot.component, delta.date or date.min, slot.order or 0)


def _changed(slot: Slot, target: Target, part: Share, held: Posted | None) -> Delta:
    before = held.amount if held else ZERO
    # A correction is never dated before the entry that it corrects.
    dates = [day for day in (target.date, held and held.date) if day]
    return Delta(
        slot=slot,
        amount=part.amount - before,
        target=part.amount,
        before=before,
        partner=target.partner,
        date=max(dates, default=None),
        account=target.account,
        sign=target.sign,
        mirror=target.mirror,
        explanation=target.explanation,
        moves=part.moves,
    )


def _vanished(slot: Slot, held: Posted) -> Delta:
    return Delta(
        slot=slot,
        amount=-held.amount,
        target=ZERO,
        before=held.amount,
        partner=held.partner,
        date=held.date,
        account=held.account,
        sign=held.sign,
        mirror=held.mirror,
        explanation={},
        moves=(),
    )


def is_reduction(amount: Decimal, sign: int) -> bool:
    """Tell whether a delta takes back what its component naturally builds up (storno, true-up).

    >>> is_reduction(Decimal("1254"), -1), is_reduction(Decimal("-2735"), -1)
    (True, False)
    """
    return amount * sign < 0


def first_open_date(wanted: date, locked_until: date | None) -> date:
    """Return ``wanted``, or the first day after ``locked_until`` when that period is locked.

    >>> first_open_date(date(2026, 1, 31), date(2026, 3, 31))
    datetime.date(2026, 4, 1)
    >>> first_open_date(date(2026, 4, 2), date(2026, 3, 31))
    datetime.date(2026, 4, 2)
    """
    if locked_until and wanted <= locked_until:
        return locked_until + timedelta(days=1)
    return wanted
