"""Revenue over time by the cost-to-cost method (IFRS 15.39-45, B18-B19).

At the end of a month a contract has earned ``contract × cost / estimate at completion``. Where
more was billed, the difference is a contract liability; where less, a contract asset
(IFRS 15.105-107). All amounts are :class:`~decimal.Decimal` in one currency and cumulative unless
they are said to be of a month.

Story E3: contract 600,000, budget 400,000, then an estimate of 480,000.

>>> D = Decimal
>>> jan = Standing(cost=D(100000), estimate=D(400000), billed=D(200000))
>>> feb = Standing(cost=D(300000), estimate=D(480000), billed=D(300000))
>>> position(D(600000), jan).liability
Decimal('50000.00')
>>> position(D(600000), feb).asset
Decimal('75000.00')
>>> [(m.earned, m.liability, m.asset) for m in movements(D(600000), [jan, feb])]
[(Decimal('150000.00'), Decimal('50000.00'), Decimal('0.00')), \
(Decimal('225000.00'), Decimal('-50000.00'), Decimal('75000.00'))]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a contract at the end of a month."""

    cost: Decimal
    estimate: Decimal
    billed: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a contract has earned, and the liability or asset that leaves; all at least zero
    when cumulative, signed when of a month."""

    earned: Decimal
    liability: Decimal
    asset: Decimal

    def __sub__(self, other: Position) -> Position:
        return Position(
            earned=self.earned - other.earned,
            liability=self.liability - other.liability,
            asset=self.asset - other.asset,
        )


def completion(standing: Standing) -> Decimal:
    """Return the part of the contract that is done, from 0 to 1.

    Costs beyond the estimate make the estimate too low: the contract is then complete, not more.

    >>> completion(Standing(cost=Decimal(500), estimate=Decimal(400), billed=ZERO))
    Decimal('1')
    >>> completion(Standing(cost=ZERO, estimate=ZERO, billed=ZERO))
    Decimal('0')
    """
    if standing.cost <= ZERO:
        return ZERO
    return standing.cost / max(standing.estimate, standing.cost)


def position(contract: Decimal, standing: Standing, rounding: Decimal = CENT) -> Position:
    """Return what was earned, and the contract liability or asset; one of them is zero."""
    earned = (contract * completion(standing)).quantize(rounding, ROUND_HALF_UP)
    ahead = (standing.billed - earned).quantize(rounding, ROUND_HALF_UP)
    nothing = ZERO.quantize(rounding)
    return Position(earned=earned, liability=max(ahead, nothing), asset=max(-ahead, nothing))


def movements(
    contract: Decimal, standings: Sequence[Standing], rounding: Decimal = CENT
) -> list[Position]:
    """Return what changed in each month; the sums are the position of the last one."""
    result, before = [], Position(earned=ZERO, liability=ZERO, asset=ZERO)
    for standing in standings:
        now = position(contract, standing, rounding)
        result.append(now - before)
        before = now
    return result
