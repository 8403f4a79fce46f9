"""Price of a registered deal, and how a price came about (the waterfall). Pure Python."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

HUNDRED = Decimal(100)
ZERO = Decimal(0)


def exact(number):
    """Return a number as the decimal that people see.

    >>> exact(0.1) + exact(0.2)
    Decimal('0.300000')
    """
    return Decimal(repr(round(float(number), 6))).quantize(Decimal("0.000001"))


def plain(number):
    """Return a quantity as people write it, without needless digits.

    >>> plain(1234567.50), plain(10.0), plain(0.1 + 0.2)
    ('1234567.5', '10', '0.3')
    """
    return f"{exact(number).normalize():f}"


def registered_price(price, rate):
    """Return a price less the registration discount, in the currency of the price.

    :param float price: price per unit
    :param float rate: registration discount in percent

    >>> registered_price(500000.0, 8)
    460000.0
    >>> registered_price(1234.56, 7.25)
    1145.0544
    >>> registered_price(99.9, 0)
    99.9
    """
    if not rate:
        return price
    return float(exact(price) * (HUNDRED - exact(rate)) / HUNDRED)


def covered(left, quantities):
    """Return for each line of an order whether what is left of a registration covers it whole.

    A unit price holds for a whole line, so a line that goes beyond what is left is not covered at
    all; a later and smaller one still may be.

    :param float left: what may still be bought at the registered price, may be negative
    :param quantities: those of the lines, in their order and in the unit of ``left``

    >>> covered(10, [4, 8, 6])
    [True, False, True]
    >>> covered(0.3, [0.1, 0.2, 0.1])
    [True, True, False]
    >>> covered(-1, [1, 0])
    [False, True]
    """
    left, found = exact(left), []
    for quantity in map(exact, quantities):
        found.append(quantity <= max(left, ZERO))
        left -= quantity if found[-1] else ZERO
    return found


@dataclass(frozen=True, slots=True)
class Priced:
    """What one line of an order costs at each stage, for its whole quantity, without taxes."""

    listed: Decimal
    tiered: Decimal
    rate: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the waterfall: what was taken off, and what remains after it."""

    name: str
    change: Decimal
    remains: Decimal

    @property
    def percent(self):
        """The change in percent of what was there before it.

        >>> Step("tier", Decimal(-100000), Decimal(400000)).percent
        Decimal('20.0')
        """
        before = self.remains - self.change
        return -self.change / before * HUNDRED if before else ZERO


def waterfall(lines):
    """Return the steps list, tier, registration, manual, net of the lines of an order.

    :param lines: :class:`Priced` of each line

    >>> line = Priced(Decimal(500000), Decimal(400000), Decimal(8), Decimal(368000))
    >>> [(step.name, int(step.change), int(step.remains)) for step in waterfall([line])]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('list', 500000, 500000), ('tier', -100000, 400000), ('registration', -32000, 368000),
     ('manual', 0, 368000), ('net', 368000, 368000)]
    >>> waterfall([])[-1].remains
    Decimal('0')
    """
    listed = sum((line.listed for line in lines), ZERO)
    tiered = sum((line.tiered for line in lines), ZERO)
    registered = sum((line.tiered * (HUNDRED - line.rate) / HUNDRED for line in lines), ZERO)
    net = sum((line.net for line in lines), ZERO)
    return [
        Step("list", listed, listed),
        Step("tier", tiered - listed, tiered),
        Step("registration", registered - tiered, registered),
        Step("manual", net - registered, net),
        Step("net", net, net),
    ]
