"""What one person earns in one period, from what was credited to them.

Owners earn through the scale of the plan version in force on the day; overlays and managers earn
a flat rate. When the version changes in mid-period the basis goes on counting: the second scale
starts where the first one ended, f2(b1 + b2) - f2(b1).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.crm_subledger.engine.scale import Scale, Slice, clamp, cumulate

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Basis credited to one person; ``rate`` is the flat one of an overlay or a manager.

    ``deal`` is the id of a sales order, or minus the id of an invoice without one.
    """

    version: int
    role: str
    basis: Decimal
    rate: Decimal = ZERO
    date: datetime.date | None = None
    deal: int | None = None
    moves: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the explanation: a slice of a scale, or the flat rate of a role."""

    code: str
    piece: Slice


def earn(credits: Sequence[Credit], scales: Mapping[int, Scale]) -> list[Decimal]:
    """Exact commission of each credit; ``credits`` must be in order of time.

    >>> from odoo.addons.crm_subledger.engine.scale import Tier
    >>> D = Decimal
    >>> scales = {1: Scale("marginal", (Tier(D(0), D("0.03")), Tier(D(100000), D("0.05"))))}
    >>> credits = [Credit(version=1, role="owner", basis=D(80000)),
    ...            Credit(version=1, role="owner", basis=D(57000)),
    ...            Credit(version=1, role="overlay", basis=D(57000), rate=D("0.005"))]
    >>> [str(amount) for amount in earn(credits, scales)]
    ['2400.00', '2450.00', '285.000']
    """
    amounts = {
        index: credit.basis * credit.rate
        for index, credit in enumerate(credits)
        if credit.role != "owner"
    }
    for start, indexes in _segments(credits):
        scale = scales[credits[indexes[0]].version]
        parts = [credits[index].basis for index in indexes]
        amounts.update(zip(indexes, scale.attribute(parts, start), strict=True))
    return [amounts[index] for index in range(len(credits))]


def settle(
    credits: Sequence[Credit],
    scales: Mapping[int, Scale],
    *,
    rounding: Decimal,
    cap: Decimal | None = None,
) -> list[Decimal]:
    """Commission of each credit, rounded so that it sums to the rounded, capped total."""
    return cumulate(earn(credits, scales), rounding=rounding, cap=cap)


def total(credits: Sequence[Credit]) -> list[Credit]:
    """Add ``credits`` up by version, role and rate, in order of time: what a period comes to.

    >>> D = Decimal
    >>> parts = [Credit(version=1, role="owner", basis=D(n), date=datetime.date(2026, 1, n), deal=n)
    ...          for n in (5, 7)]
    >>> [(str(credit.basis), str(credit.date), credit.deal) for credit in total(parts)]
    [('12', '2026-01-07', None)]
    """
    sums: dict[tuple, list] = {}
    for credit in credits:
        held = sums.setdefault((credit.version, credit.role, credit.rate), [ZERO, None])
        held[0] += credit.basis
        held[1] = max(filter(None, (held[1], credit.date)), default=None)
    added = [
        Credit(version=version, role=role, rate=rate, basis=basis, date=day)
        for (version, role, rate), (basis, day) in sums.items()
    ]
    return sorted(added, key=lambda c: (c.date or datetime.date.min, c.role, c.rate))


def guarantee(total: Decimal, floor: Decimal) -> Decimal:
    """What a guaranteed minimum adds to the commission of a period that is over.

    >>> guarantee(Decimal(800), Decimal(1000)), guarantee(Decimal(1200), Decimal(1000))
    (Decimal('200'), Decimal('0'))
    """
    return max(ZERO, floor - total)


def explain(credits: Sequence[Credit], scales: Mapping[int, Scale]) -> list[Row]:
    """The rows that lead from the basis to the exact commission, scales first."""
    rows = []
    for start, indexes in _segments(credits):
        scale = scales[credits[indexes[0]].version]
        basis = sum((credits[index].basis for index in indexes), ZERO)
        rows += [Row("tier", piece) for piece in scale.explain(basis, start)]
    flat: dict[tuple[str, Decimal], Decimal] = {}
    for credit in credits:
        if credit.role != "owner":
            key = (credit.role, credit.rate)
            flat[key] = flat.get(key, ZERO) + credit.basis
    for (role, rate), basis in sorted(flat.items()):
        rows.append(Row(role, Slice(ZERO, None, basis, rate, basis * rate)))
    return rows


def is_capped(credits: Sequence[Credit], scales: Mapping[int, Scale], cap: Decimal | None) -> bool:
    """Whether the cap takes anything away from the period."""
    total = sum(earn(credits, scales), ZERO)
    return clamp(total, cap) != total


def _segments(credits):
    """``(basis before, indexes)`` of the owner's credits under one version after the other."""
    reached, start, indexes, version = ZERO, ZERO, [], None
    for index, credit in enumerate(credits):
        if credit.role != "owner":
            continue
        if indexes and credit.version != version:
            yield start, indexes
            start, indexes = reached, []
        version = credit.version
        indexes.append(index)
        reached += credit.basis
    if indexes:
        yield start, indexes
