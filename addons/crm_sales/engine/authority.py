"""Discount authority: down to which price somebody may sell without asking.

A *matrix* is a list of rows. Each says for whom it is (people, sales teams, groups), for what
(products, categories) and for which customers (levels), and how far a price may go down: the
largest discount off the price the customer is entitled to, and the smallest margin. Of a matrix
the first row that fits a line decides; where none fits, there is no limit.

Prices are per unit, without taxes, in the currency of the quotation.

>>> floor = Floor.of(entitled=D("21620"), cost=D("15600"), max_discount=D(12), min_margin=D(18))
>>> floor.discount_price, floor.margin_price, floor.price
(Decimal('19025.60'), Decimal('19024.39'), Decimal('19025.60'))

A reduction of the whole quotation is spread over its lines in proportion to their amounts, so that
it cannot be used to go below a floor unseen:

>>> spread([D("1000"), D("3000"), D("-400")])
[Decimal('900.00'), Decimal('2700.00'), Decimal('0')]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

D = Decimal
ZERO = D(0)
HUNDRED = D(100)
CENT = D("0.01")
DIMENSIONS = ("users", "teams", "groups", "products", "categories", "levels")
PERSONAL = ("users", "teams", "groups")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a matrix. An empty set of ids fits everything.

    ``max_discount`` and ``min_margin`` are percentages; None sets no limit of that kind.
    """

    id: int
    users: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    products: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    levels: frozenset[int] = frozenset()
    max_discount: Decimal | None = None
    min_margin: Decimal | None = None

    def fits(self, facts: Facts, dimensions: Sequence[str] = DIMENSIONS) -> bool:
        """Whether every named dimension of this row is empty or shares an id with ``facts``.

        >>> Row(1, groups=frozenset({7})).fits(Facts(groups=frozenset({3, 7})))
        True
        >>> Row(1, groups=frozenset({7})).fits(Facts())
        False
        """
        for name in dimensions:
            wanted = getattr(self, name)
            if wanted and wanted.isdisjoint(getattr(facts, name)):
                return False
        return True

    def covers(self, other: Row) -> bool:
        """Whether whatever fits ``other`` fits this row too.

        >>> Row(1).covers(Row(2, teams=frozenset({4})))
        True
        >>> Row(1, teams=frozenset({4})).covers(Row(2))
        False
        """
        for name in DIMENSIONS:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine and not (theirs and theirs <= mine):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row is compared with: the ids that hold for a person, or for a line."""

    users: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    products: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    levels: frozenset[int] = frozenset()


@dataclass(slots=True)
class Matrix:
    """The rows that can apply to one person; asks once for lines that are alike."""

    rows: Sequence[Row]
    _found: dict = field(default_factory=dict)

    @classmethod
    def for_person(cls, rows: Iterable[Row], person: Facts) -> Matrix:
        """Return the matrix of a person (users, teams, groups of ``person``)."""
        return cls([row for row in rows if row.fits(person, PERSONAL)])

    def row(self, line: Facts) -> Row | None:
        """Return the first row that fits a line (its products, categories and levels).

        >>> pumps = Row(1, categories=frozenset({5}), max_discount=D(10))
        >>> rest = Row(2, max_discount=D(15))
        >>> matrix = Matrix([pumps, rest])
        >>> matrix.row(Facts(categories=frozenset({5}))).id, matrix.row(Facts()).id
        (1, 2)
        """
        key = (line.products, line.categories, line.levels)
        if key not in self._found:
            dimensions = ("products", "categories", "levels")
            self._found[key] = next((row for row in self.rows if row.fits(line, dimensions)), None)
        return self._found[key]


@dataclass(frozen=True, slots=True)
class Floor:
    """The lowest prices by discount and by margin; None where there is no such limit."""

    discount_price: Decimal | None
    margin_price: Decimal | None

    @classmethod
    def of(
        cls,
        entitled: Decimal,
        cost: Decimal,
        max_discount: Decimal | None,
        min_margin: Decimal | None,
        step: Decimal = CENT,
    ) -> Floor:
        """Return the floor of a line.

        :param entitled: price of the customer's own price list
        :param cost: cost of the product; without a cost (zero) a margin says nothing
        :param step: rounding of the currency

        >>> Floor.of(D(100), D(0), D(5), D(20)).price
        Decimal('95.00')
        >>> Floor.of(D(100), D(80), None, D(20)).price
        Decimal('100.00')
        >>> Floor.of(D(100), D(80), None, None).price is None
        True
        """
        by_discount = by_margin = None
        if max_discount is not None:
            by_discount = round_to(entitled * (HUNDRED - max_discount) / HUNDRED, step)
        if min_margin is not None and cost > 0:
            by_margin = round_to(cost * HUNDRED / (HUNDRED - min_margin), step)
        return cls(by_discount, by_margin)

    @property
    def price(self) -> Decimal | None:
        """The higher one of the two prices."""
        return max(
            (price for price in (self.discount_price, self.margin_price) if price is not None),
            default=None,
        )

    def gap(self, agreed: Decimal, after_promotions: Decimal) -> Decimal:
        """Return by how much a unit is below the floor, 0 if it is not.

        A promotion (loyalty rewards) is not the salesperson's discount, but it costs margin:
        ``agreed`` is the price without promotions, ``after_promotions`` with them.

        >>> Floor(D(90), D(80)).gap(D(90), D(79)), Floor(D(90), None).gap(D(85), D(85))
        (Decimal('1'), Decimal('5'))
        """
        gaps = [ZERO]
        if self.discount_price is not None:
            gaps.append(self.discount_price - agreed)
        if self.margin_price is not None:
            gaps.append(self.margin_price - after_promotions)
        return max(gaps)


def round_to(value: Decimal, step: Decimal) -> Decimal:
    """Round half away from zero to a multiple of ``step``.

    >>> round_to(D("19024.395"), CENT), round_to(D("7.5"), D(1))
    (Decimal('19024.40'), Decimal('8'))
    """
    return (value / step).quantize(D(1), ROUND_HALF_UP) * step


def spread(amounts: Sequence[Decimal]) -> list[Decimal]:
    """Return the amounts after the negative ones are spread over the positive ones.

    The sum stays what it was as long as something positive is left to carry the reductions;
    reductions become 0.

    >>> spread([D(100), D(-150)])
    [Decimal('-50.00'), Decimal('0')]
    >>> spread([D(-5)])
    [Decimal('0')]
    """
    positive = sum((amount for amount in amounts if amount > 0), ZERO)
    reduction = sum((amount for amount in amounts if amount < 0), ZERO)
    if not positive or not reduction:
        return [max(amount, ZERO) for amount in amounts]
    factor = (positive + reduction) / positive
    return [round_to(amount * factor, CENT) if amount > 0 else ZERO for amount in amounts]


def discount(entitled: Decimal, agreed: Decimal) -> Decimal:
    """Return the discount in percent that ``agreed`` is off ``entitled``, never below 0.

    >>> discount(D(200), D(150)), discount(D(200), D(220)), discount(ZERO, D(5))
    (Decimal('25'), Decimal('0'), Decimal('0'))
    """
    if entitled <= 0:
        return ZERO
    return max(ZERO, (entitled - agreed) * HUNDRED / entitled)
