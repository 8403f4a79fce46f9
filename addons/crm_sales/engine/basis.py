"""What a deal credits to its participants, and when.

The twin of the SQL that credits whole companies at once: the same rules over events in memory,
used by simulations of a single deal and by the test that proves both agree.

The *collected* basis of a deal on a day is the untaxed share of
min(net invoiced, net invoiced - open receivable), so money received on goods that were credited
back earns nothing, whether or not it was refunded. A day credits the difference to the day
before; the sum therefore depends on the final documents only, never on their order of entry.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.crm_subledger.engine.scale import round_to

ZERO = Decimal(0)
BASES = ("booked", "invoiced", "collected", "margin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A document, or a part of it that was settled, in company currency.

    ``untaxed`` and ``total`` are the signed amounts of an invoice or credit note on its date,
    ``settled`` what a payment or reconciliation of ``date`` closed of a receivable (negative
    on a credit note), ``cost`` the cost of sales posted with the document.
    """

    deal: int
    date: datetime.date
    untaxed: Decimal = ZERO
    total: Decimal = ZERO
    settled: Decimal = ZERO
    cost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Increment:
    """What ``deal`` credits on ``date``; negative for a claw-back."""

    deal: int
    date: datetime.date
    amount: Decimal


def credited(basis: str, *, untaxed, total, settled, cost, rounding) -> Decimal:
    """Basis of a deal whose documents so far sum to these amounts.

    >>> amounts = {"cost": ZERO, "rounding": Decimal("0.01")}
    >>> credited("collected", untaxed=Decimal(114000), total=Decimal(128820),
    ...          settled=Decimal(64410), **amounts)
    Decimal('57000.00')
    >>> credited("collected", untaxed=Decimal(91200), total=Decimal(103056),
    ...          settled=Decimal(128820), **amounts)
    Decimal('91200.00')
    """
    if basis == "collected":
        share = untaxed * min(total, settled) / total if total else ZERO
        return round_to(share, rounding)
    return round_to(untaxed - cost if basis == "margin" else untaxed, rounding)


def increments(basis: str, events: Iterable[Event], rounding: Decimal) -> list[Increment]:
    """The increments of every deal, ordered by date and deal, without zeros.

    >>> day = datetime.date(2026, 1, 31)
    >>> events = [Event(deal=1, date=day, untaxed=Decimal(100), total=Decimal(113)),
    ...           Event(deal=1, date=day, settled=Decimal("56.5"))]
    >>> [str(step.amount) for step in increments("collected", events, Decimal("0.01"))]
    ['50.00']
    """
    if basis not in BASES:
        raise ValueError(f"unknown basis {basis!r}")
    by_deal = defaultdict(list)
    for event in events:
        by_deal[event.deal].append(event)
    steps = [
        step
        for deal, own in by_deal.items()
        for step in _deal_increments(basis, deal, own, rounding)
    ]
    return sorted(steps, key=lambda step: (step.date, step.deal))


def _deal_increments(basis, deal, events, rounding):
    sums = {"untaxed": ZERO, "total": ZERO, "settled": ZERO, "cost": ZERO}
    before = ZERO
    by_day = defaultdict(list)
    for event in events:
        by_day[event.date].append(event)
    for date in sorted(by_day):
        for event in by_day[date]:
            for name in sums:
                sums[name] += getattr(event, name)
        after = credited(basis, rounding=rounding, **sums)
        if after != before:
            yield Increment(deal, date, after - before)
        before = after
