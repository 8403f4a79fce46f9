"""What a partner has earned with the purchases of a period, and what is accrued for it meanwhile.

The *size* of the purchases (money or a quantity) gives a *measure*, which is compared with the
bounds of a scale; the rate of the tier is paid on a *base*:

============  ====================================  ==========================================
kind          measure                               base
============  ====================================  ==========================================
volume        size of the period                    the same
transaction   size of one purchase                  the same, purchase by purchase
growth        size less the baseline, or that in %  the increment, or everything
mix           share of the focus products in %      the focus products, or everything
target        size in % of the target               everything
============  ====================================  ==========================================

A rate is a share of the revenue, an amount per unit, or a lump sum. Where measure and base are the
same figure the scale may be marginal; otherwise the tier that is reached decides for everything.

Amounts are exact :class:`~decimal.Decimal` in the currency of the agreement; only the result is
rounded. Nothing here is below zero: purchases that were all returned earn nothing.

>>> tiers = Tier(D(0), D(0)), Tier(D(5000), D("0.02")), Tier(D(20000), D("0.04"))
>>> terms = Terms(scale=Scale("retroactive", tiers, inclusive=True))
>>> [earned(terms, Volume(revenue=D(n))).amount for n in (3000, 7000, 27000)]
[Decimal('0.00'), Decimal('140.00'), Decimal('1080.00')]
>>> [accrued(terms, Volume(revenue=D(n)), D(27000)).amount for n in (3000, 7000, 27000)]
[Decimal('120.00'), Decimal('280.00'), Decimal('1080.00')]
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from odoo.addons.crm_subledger.engine.scale import Scale, Slice, Tier, cumulate, round_to

D = Decimal
ZERO, HUNDRED, CENT = Decimal(0), Decimal(100), Decimal("0.01")
KINDS = ("volume", "transaction", "growth", "mix", "target")
REWARDS = ("percent", "unit", "fixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Purchases of a period: returns deducted, excluding taxes."""

    revenue: Decimal = ZERO
    quantity: Decimal = ZERO
    base_revenue: Decimal = ZERO  # the same period of the year before
    base_quantity: Decimal = ZERO
    focus_revenue: Decimal = ZERO  # the part that is focus products
    focus_quantity: Decimal = ZERO
    purchases: Sequence[tuple[Decimal, Decimal]] = ()  # revenue and quantity of each

    def size(self, basis):
        """The purchases in money (``revenue``) or units (``quantity``)."""
        return self.quantity if basis == "quantity" else self.revenue

    def base(self, basis):
        """The purchases of the year before."""
        return self.base_quantity if basis == "quantity" else self.base_revenue

    def focus(self, basis):
        """The purchases of focus products."""
        return self.focus_quantity if basis == "quantity" else self.focus_revenue

    def times(self, factor):
        """The same purchases, ``factor`` times as much of everything."""
        return replace(
            self,
            revenue=self.revenue * factor,
            quantity=self.quantity * factor,
            focus_revenue=self.focus_revenue * factor,
            focus_quantity=self.focus_quantity * factor,
            purchases=(),
        )

    def __add__(self, other):
        return Volume(
            revenue=self.revenue + other.revenue,
            quantity=self.quantity + other.quantity,
            base_revenue=self.base_revenue + other.base_revenue,
            base_quantity=self.base_quantity + other.base_quantity,
            focus_revenue=self.focus_revenue + other.focus_revenue,
            focus_quantity=self.focus_quantity + other.focus_quantity,
            purchases=(*self.purchases, *other.purchases),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an agreement promises.

    :param basis: what the bounds of the scale are compared with: ``revenue`` or ``quantity``
    :param reward: what a rate is: ``percent`` of the revenue, money per ``unit``, ``fixed`` sum
    :param part: the rate is paid on the increment (growth) or the focus products (mix) only
    :param percent_bounds: the bounds of a growth scale are percentages of the baseline
    :param baseline: agreed baseline of growth; ``None`` takes the year before
    :param cap: the most that a period earns
    """

    scale: Scale
    kind: str = "volume"
    basis: str = "revenue"
    reward: str = "percent"
    part: bool = False
    percent_bounds: bool = False
    baseline: Decimal | None = None
    target: Decimal = ZERO
    cap: Decimal | None = None
    rounding: Decimal = CENT

    def with_scale(self, scale):
        """The same promise with another scale."""
        return replace(self, scale=scale)

    def paid_basis(self):
        """Which figure the rates multiply: ``revenue`` or ``quantity``."""
        return "quantity" if self.reward == "unit" else "revenue"

    def sliced(self):
        """Whether measure and base are the same figure, so that a scale may be marginal."""
        if self.reward == "fixed" or self.basis != self.paid_basis():
            return False
        if self.kind == "growth":
            return self.part and not self.percent_bounds
        return self.kind in ("volume", "transaction")

    def in_percent(self):
        """Whether the bounds of the scale are percentages."""
        return self.kind in ("mix", "target") or (self.kind == "growth" and self.percent_bounds)


@dataclass(frozen=True, slots=True)
class Result:
    """``amount`` (rounded) with the measure, the tier it reached, and how it came about."""

    amount: Decimal
    measure: Decimal = ZERO
    tier: Tier | None = None
    slices: Sequence[Slice] = field(default_factory=tuple)
    capped: bool = False


def measure(terms: Terms, volume: Volume) -> Decimal:
    """What is compared with the bounds: in the unit of the basis, or in percent.

    >>> scale = Scale("retroactive", (Tier(D(0), D("0.02")),))
    >>> year = Volume(revenue=D(4800), base_revenue=D(4000), focus_revenue=D(1200))
    >>> [measure(Terms(scale=scale, kind=k, target=D(6000)), year)
    ...  for k in ("volume", "growth", "mix", "target")]
    [Decimal('4800'), Decimal('800'), Decimal('25'), Decimal('80')]
    """
    size = volume.size(terms.basis)
    if terms.kind == "growth":
        return _growth(terms, volume, size)
    if terms.kind == "mix":
        return volume.focus(terms.basis) * HUNDRED / size if size > 0 else ZERO
    if terms.kind == "target":
        return max(size * HUNDRED / terms.target, ZERO) if terms.target else ZERO
    return max(size, ZERO)


def _growth(terms, volume, size):
    baseline = _baseline(terms, volume, terms.basis)
    more = max(size - baseline, ZERO)
    if not terms.percent_bounds:
        return more
    # Growth over nothing has no percentage; it is not infinitely much.
    return more * HUNDRED / baseline if baseline > 0 else ZERO


def _baseline(terms, volume, basis):
    if terms.baseline is not None and basis == terms.basis:
        return terms.baseline
    return max(volume.base(basis), ZERO)


def _base(terms, volume):
    """What the rate of the tier is paid on."""
    if terms.reward == "fixed":
        return D(1)
    basis = terms.paid_basis()
    if terms.part and terms.kind == "growth":
        return max(volume.size(basis) - _baseline(terms, volume, basis), ZERO)
    if terms.part and terms.kind == "mix":
        return max(volume.focus(basis), ZERO)
    return max(volume.size(basis), ZERO)


def earned(terms: Terms, volume: Volume) -> Result:
    """What the purchases as they stand entitle to.

    >>> scale = Scale("retroactive", (Tier(D(0), D("0.02")),))
    >>> growth = Terms(scale=scale, kind="growth", part=True, baseline=D(4_000_000))
    >>> earned(growth, Volume(revenue=D(4_800_000))).amount
    Decimal('16000.00')
    """
    if terms.kind == "transaction":
        return _earned_by_purchase(terms, volume)
    value = measure(terms, volume)
    return _result(terms, value, _slices(terms, value, _base(terms, volume)))


def _slices(terms, value, base):
    if terms.sliced():
        return terms.scale.explain(base)
    tier = terms.scale.tier_of(value)
    if value <= 0 and tier.lower:
        return []
    index = terms.scale.tiers.index(tier)
    later = terms.scale.tiers[index + 1 : index + 2]
    upper = later[0].lower if later else None
    return [Slice(tier.lower, upper, base, tier.rate, base * tier.rate)] if base else []


def _earned_by_purchase(terms, volume):
    """Every purchase reaches its own tier; a return that names no purchase mirrors one."""
    tiers: dict[Decimal, Slice] = {}
    for revenue, quantity in volume.purchases:
        size = quantity if terms.basis == "quantity" else revenue
        base = quantity if terms.reward == "unit" else revenue
        if terms.reward == "fixed":
            base = D(1) if size > 0 else -D(1) if size < 0 else ZERO
        for piece in _purchase_slices(terms, size, base):
            old = tiers.get(piece.lower)
            if old:
                piece = replace(
                    piece, basis=piece.basis + old.basis, amount=piece.amount + old.amount
                )
            tiers[piece.lower] = piece
    return _result(
        terms,
        max(volume.size(terms.basis), ZERO),
        [tiers[lower] for lower in sorted(tiers)],
        reached=False,
    )


def _purchase_slices(terms, size, base):
    if terms.sliced():
        return terms.scale.explain(size)
    tier = terms.scale.tier_of(size)
    if not size:
        return []
    index = terms.scale.tiers.index(tier)
    later = terms.scale.tiers[index + 1 : index + 2]
    upper = later[0].lower if later else None
    return [Slice(tier.lower, upper, base, tier.rate, base * tier.rate)]


def _result(terms, value, slices, reached=True):
    exact = max(sum((piece.amount for piece in slices), ZERO), ZERO)
    capped = terms.cap is not None and exact > terms.cap
    amount = round_to(terms.cap if capped else exact, terms.rounding)
    tier = terms.scale.tier_of(value) if reached else None
    return Result(amount, value, tier, tuple(slices), capped)


def accrued(terms: Terms, volume: Volume, expected: Decimal | None = None) -> Result:
    """What has to be accrued meanwhile: the rate of the volume that is *expected* in the end.

    The consideration that is expected to be paid reduces the revenue of every sale of the period
    by the same rate (IFRS 15.50–56 and B63 for volume discounts). When the purchases exceed the
    expectation they replace it (IFRS 15.59). Without an expectation, and for kinds to which none
    applies (purchase by purchase, mix), what has been reached is accrued.

    :param expected: size of the whole period in the unit of the basis
    """
    size = volume.size(terms.basis)
    if not expected or terms.kind in ("transaction", "mix") or size >= expected:
        return earned(terms, volume)
    if size <= 0:
        return Result(round_to(ZERO, terms.rounding), ZERO, terms.scale.tier_of(expected))
    whole = earned(terms, volume.times(expected / size))
    factor = size / expected
    exact = sum((piece.amount for piece in whole.slices), ZERO)
    if terms.cap is not None:
        exact = min(exact, terms.cap)
    slices = tuple(
        replace(piece, basis=piece.basis * factor, amount=piece.amount * factor)
        for piece in whole.slices
    )
    amount = round_to(exact * factor, terms.rounding)
    return Result(amount, measure(terms, volume), whole.tier, slices, whole.capped)


def next_step(terms: Terms, volume: Volume) -> tuple[Tier, Decimal] | None:
    """The next tier and how much more has to be bought to reach it; ``None`` at the top.

    For the mix of products no single figure leads there, and every purchase has its own tier:
    ``None`` as well.

    >>> tiers = Tier(D(0), D(0)), Tier(D(5000), D("0.02")), Tier(D(20000), D("0.04"))
    >>> terms = Terms(scale=Scale("retroactive", tiers, inclusive=True))
    >>> tier, more = next_step(terms, Volume(revenue=D(17000)))
    >>> tier.rate, more
    (Decimal('0.04'), Decimal('3000'))
    """
    if terms.kind in ("mix", "transaction"):
        return None
    tier = terms.scale.next_tier(measure(terms, volume))
    if tier is None:
        return None
    size = max(volume.size(terms.basis), ZERO)
    if terms.kind == "target":
        return (tier, tier.lower * terms.target / HUNDRED - size) if terms.target else None
    if terms.kind == "growth":
        baseline = _baseline(terms, volume, terms.basis)
        more = baseline * tier.lower / HUNDRED if terms.percent_bounds else tier.lower
        if terms.percent_bounds and not baseline:
            return None
        return tier, baseline + more - size
    return tier, tier.lower - size


def split(amount: Decimal, sizes: Sequence[Decimal], rounding: Decimal = CENT) -> list[Decimal]:
    """Return the share of each size in ``amount``; the shares sum to it exactly.

    >>> [str(part) for part in split(D("100.00"), [D(1), D(1), D(1)])]
    ['33.33', '33.34', '33.33']
    """
    sizes = [max(size, ZERO) for size in sizes]
    total = sum(sizes, ZERO)
    if not total:
        return [round_to(ZERO, rounding) for _size in sizes]
    return cumulate([amount * size / total for size in sizes], rounding=rounding)


def apportion(amount: Decimal, sizes: Sequence[Decimal], rounding: Decimal = CENT) -> list[Decimal]:
    """Return the share of each size in ``amount`` by largest remainder.

    The shares sum to ``amount`` exactly and differ from the exact ones by less than ``rounding``.
    Other than with :func:`split`, a size that changes moves the shares of few others, which
    matters where shares were posted before. Sizes below zero have no share; where there is none
    above zero, all shares are zero.

    >>> [str(part) for part in apportion(D("100.00"), [D(1), D(1), D(1)])]
    ['33.34', '33.33', '33.33']
    >>> [str(part) for part in apportion(D("-120.00"), [D(1000), D(-5), D(2000)])]
    ['-40.00', '0.00', '-80.00']
    """
    sizes = [max(size, ZERO) for size in sizes]
    total = sum(sizes, ZERO)
    if not total:
        return [round_to(ZERO, rounding) for _size in sizes]
    exact = [abs(amount) * size / total for size in sizes]
    parts = [part // rounding * rounding for part in exact]
    missing = int((abs(amount) - sum(parts, ZERO)) / rounding)
    # Remainders that only the rounding of the amount tells apart are equal: the first comes first.
    rests = [round_to(e - part, rounding / 100) for e, part in zip(exact, parts, strict=True)]
    for index in sorted(range(len(sizes)), key=lambda i: (-rests[i], i))[:missing]:
        parts[index] += rounding
    return [part.copy_sign(amount) if part else round_to(ZERO, rounding) for part in parts]


# ----------------------------------------------------------------------
# Calendar
# ----------------------------------------------------------------------

MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or the last day of a shorter one.

    >>> add_months(date(2025, 1, 31), 1)
    datetime.date(2025, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def spans(start: date, end: date, interval: str) -> list[tuple[date, date]]:
    """Cut ``start``–``end`` (both included) into intervals that count from ``start``.

    An interval that is not in :data:`MONTHS` is the whole. The last one ends with ``end``.

    >>> [str(last) for _first, last in spans(date(2025, 1, 1), date(2025, 12, 31), "quarter")]
    ['2025-03-31', '2025-06-30', '2025-09-30', '2025-12-31']
    >>> [str(last) for _first, last in spans(date(2025, 11, 30), date(2026, 2, 15), "month")]
    ['2025-12-29', '2026-01-29', '2026-02-15']
    """
    months = MONTHS.get(interval)
    if not months:
        return [(start, end)]
    result, number, first = [], 1, start
    while first <= end:
        following = add_months(start, months * number)
        result.append((first, min(following - timedelta(days=1), end)))
        first, number = following, number + 1
    return result


def year_before(day: date) -> date:
    """Return the same day of the year before; 29 February becomes the 28th.

    >>> year_before(date(2024, 2, 29))
    datetime.date(2023, 2, 28)
    """
    return add_months(day, -12)
