"""Whether a serial number that was seen somewhere was sold outside the territory of its buyer."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

INSIDE, OUTSIDE, UNKNOWN, SEVERAL, EXCUSED = (
    "inside",
    "outside",
    "unknown",
    "several",
    "excused",
)


@dataclass(frozen=True)
class Movement:
    """A done movement of a lot to (positive) or back from (negative) a customer, oldest first."""

    holder: Hashable
    quantity: Decimal


@dataclass(frozen=True)
class Holder:
    """Somebody who had the lot when it was seen.

    ``covers``: whether the place lies in the holder's territory, None if the place is not known
    well enough; somebody without a territory (an ordinary customer) covers every place.
    """

    key: Hashable
    covers: bool | None
    excused: bool = False


def holders(movements: Sequence[Movement]) -> list[Hashable]:
    """Return who holds some of a lot after these movements, in the order of first delivery.

    A return lowers what its holder has, whoever else got the rest.

    >>> one = Decimal(1)
    >>> holders([Movement("a", one), Movement("a", -one), Movement("b", one)])
    ['b']
    >>> holders([Movement("a", one), Movement("b", one)])
    ['a', 'b']
    """
    held: dict[Hashable, Decimal] = {}
    for movement in movements:
        held[movement.holder] = held.get(movement.holder, Decimal(0)) + movement.quantity
    return [holder for holder, quantity in held.items() if quantity > 0]


def judge(candidates: Sequence[Holder]) -> tuple[str, Hashable | None]:
    """Return (verdict, who it is about).

    ``outside`` accuses only when a single holder does not cover the place and nothing excuses it:
    part of a lot may have gone to somebody who may sell there.

    >>> judge([]), judge([Holder("a", True)]), judge([Holder("a", False)])
    (('unknown', None), ('inside', 'a'), ('outside', 'a'))
    >>> judge([Holder("a", False), Holder("b", True)])
    ('inside', 'b')
    >>> judge([Holder("a", False), Holder("b", False)])
    ('several', None)
    >>> judge([Holder("a", False, excused=True)]), judge([Holder("a", None)])
    (('excused', 'a'), ('unknown', 'a'))
    """
    for candidate in candidates:
        if candidate.covers:
            return INSIDE, candidate.key
    for candidate in candidates:
        if candidate.excused:
            return EXCUSED, candidate.key
    if not candidates:
        return UNKNOWN, None
    if any(candidate.covers is None for candidate in candidates):
        return UNKNOWN, candidates[0].key if len(candidates) == 1 else None
    return (OUTSIDE, candidates[0].key) if len(candidates) == 1 else (SEVERAL, None)
