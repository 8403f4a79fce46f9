"""What a partner asks of its own customer: prices from the list or the own price, and totals.

>>> from decimal import Decimal as D
>>> unit_price("own", D("800"), D("1000"), D("25"), D("0.01"))
Decimal('1000.00')
>>> unit_price("list", D("800"), D("1000"), D("-5"), D("0.01"))
Decimal('950.00')
>>> totals([(D("3"), D("333.33"))], D("13"), D("0.01"))
Totals(untaxed=Decimal('999.99'), tax=Decimal('130.00'), total=Decimal('1129.99'))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

BASES = ("list", "own")
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Totals:
    """Amounts of a quotation: without the tax, the tax, and both together."""

    untaxed: Decimal
    tax: Decimal
    total: Decimal


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """Round half up to a multiple of ``unit``, the smallest amount of the currency.

    >>> rounded(Decimal("2.5"), Decimal(1)), rounded(Decimal("1.03"), Decimal("0.05"))
    (Decimal('3'), Decimal('1.05'))
    """
    return (amount / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit


def unit_price(
    basis: str, own: Decimal, listed: Decimal, markup: Decimal, unit: Decimal
) -> Decimal:
    """Return the price of one piece.

    :param basis: ``list`` starts from the list price, ``own`` from what the partner pays itself
    :param markup: percent on top, negative for a discount
    """
    base = listed if basis == "list" else own
    return rounded(base * (HUNDRED + markup) / HUNDRED, unit)


def totals(lines: Iterable[tuple[Decimal, Decimal]], tax: Decimal, unit: Decimal) -> Totals:
    """Return the totals of (quantity, price of one piece); each line is rounded, the tax once.

    :param tax: percent of the untaxed amount
    """
    untaxed = sum((rounded(count * price, unit) for count, price in lines), Decimal(0) * unit)
    due = rounded(untaxed * tax / HUNDRED, unit)
    return Totals(untaxed, due, untaxed + due)
