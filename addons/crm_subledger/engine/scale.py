"""Scales of commissions and rebates.

A scale turns the *basis* of one period (money or a quantity) into money. Its tiers have only a
lower bound, so they are contiguous by construction: a tier ends where the next one begins. Whom a
bound itself belongs to is a matter of wording: to the tier below ("up to 100,000: 3 %, above:
5 %", the default), or, with ``inclusive``, to the tier it opens ("from 20,000 on: 4 %").

Two methods exist:

``marginal``
    each slice of the basis earns the rate of the tier it lies in;
``retroactive``
    the whole basis earns the rate of the tier it reached.

A negative basis (more credited back than sold) mirrors a positive one: f(-b) = -f(b).
Amounts are exact; only :func:`cumulate` rounds, and only towards its own running total.

>>> scale = Scale("marginal", (Tier(D(0), D("0.03")), Tier(D(100000), D("0.05"))))
>>> scale.earned(D(80000)), scale.earned(D(137000))
(Decimal('2400.00'), Decimal('4850.00'))
>>> scale.earned(D(-137000))
Decimal('-4850.00')
>>> Scale("retroactive", scale.tiers).earned(D(137000))
Decimal('6850.00')
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

D = Decimal
ZERO = Decimal(0)
METHODS = ("marginal", "retroactive")


class ScaleError(ValueError):
    """The tiers do not form a scale. ``code`` names the rule that is broken, for translation."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Tier:
    """From ``lower`` (in the unit of the basis) on, the basis earns ``rate``.

    A rate is a share (0.03 = 3 %) of a basis in money, an amount per unit of a basis in units.
    """

    lower: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Slice:
    """One line of an explanation: ``basis`` in the tier ``lower``–``upper`` earned ``amount``."""

    lower: Decimal
    upper: Decimal | None
    basis: Decimal
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Scale:
    """An immutable scale; raises :class:`ScaleError` when its tiers do not form one.

    ``threshold`` is the basis that must be reached before anything is earned at all.
    ``inclusive`` says that a bound belongs to the tier it opens.

    >>> tiers = Tier(D(0), D(0)), Tier(D(5000), D("0.02")), Tier(D(20000), D("0.04"))
    >>> [Scale("retroactive", tiers, inclusive=on).earned(D(20000)) for on in (False, True)]
    [Decimal('400.00'), Decimal('800.00')]
    >>> Scale("marginal", (Tier(D(10), D(0)),))  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ...
    ScaleError: the first tier must start at 0, not at 10
    """

    method: str
    tiers: tuple[Tier, ...]
    threshold: Decimal = ZERO
    inclusive: bool = False

    def __post_init__(self):
        object.__setattr__(self, "tiers", tuple(sorted(self.tiers, key=lambda t: t.lower)))
        check_tiers(self.tiers)
        if self.method not in METHODS:
            raise ScaleError("method", f"unknown method {self.method!r}")

    def earned(self, basis: Decimal) -> Decimal:
        """What ``basis`` earns, exact and unrounded."""
        return sum((piece.amount for piece in self.explain(basis)), ZERO)

    def explain(self, basis: Decimal, start: Decimal = ZERO) -> list[Slice]:
        """How ``basis`` earns on top of ``start``, tier by tier, lowest first.

        >>> scale = Scale("marginal", (Tier(D(0), D("0.03")), Tier(D(100), D("0.05"))))
        >>> [(s.basis, s.amount) for s in scale.explain(D(150))]
        [(Decimal('100'), Decimal('3.00')), (Decimal('50'), Decimal('2.50'))]
        >>> [(s.basis, s.amount) for s in scale.explain(D(40), start=D(80))]
        [(Decimal('20'), Decimal('0.60')), (Decimal('20'), Decimal('1.00'))]
        """
        pieces = self._signed_slices(start + basis)
        return _merge(pieces, self._signed_slices(start)) if start else pieces

    def tier_of(self, basis: Decimal) -> Tier:
        """The tier that ``basis`` has reached, the first one if none."""
        reached = [tier for tier in self.tiers if self._reaches(abs(basis), tier)]
        return reached[-1] if reached else self.tiers[0]

    def next_tier(self, basis: Decimal) -> Tier | None:
        """The tier that more basis would lead to, or None at the top."""
        ahead = (tier for tier in self.tiers if tier.lower and not self._reaches(abs(basis), tier))
        return next(ahead, None)

    def attribute(self, increments: Sequence[Decimal], start: Decimal = ZERO) -> list[Decimal]:
        """Share of each increment, in time order, in f(start + sum) - f(start).

        Marginal: an increment earns what it adds. Retroactive: every increment earns the same
        average rate, as the whole period is paid at the rate reached at its end.

        >>> scale = Scale("marginal", (Tier(D(0), D("0.03")), Tier(D(100000), D("0.05"))))
        >>> [str(a) for a in scale.attribute([D(57000), D(57000), D(-22800)], start=D(80000))]
        ['2450.00', '2850.00', '-1140.00']
        """
        if self.method == "retroactive":
            return self._attribute_evenly(increments, start)
        reached = [start]
        for increment in increments:
            reached.append(reached[-1] + increment)
        totals = [self.earned(basis) for basis in reached]
        return [after - before for before, after in pairwise(totals)]

    def _reaches(self, size: Decimal, tier: Tier) -> bool:
        return size >= tier.lower if self.inclusive else size > tier.lower

    def _signed_slices(self, basis: Decimal) -> list[Slice]:
        size = abs(basis)
        if not size or size < self.threshold:
            return []
        pieces = self._slices(size)
        return pieces if basis > 0 else [_mirror(piece) for piece in pieces]

    def _slices(self, size: Decimal) -> list[Slice]:
        uppers = [tier.lower for tier in self.tiers[1:]] + [None]
        if self.method == "retroactive":
            tier = self.tier_of(size)
            upper = uppers[self.tiers.index(tier)]
            return [Slice(tier.lower, upper, size, tier.rate, size * tier.rate)]
        slices = []
        for tier, upper in zip(self.tiers, uppers, strict=True):
            part = (size if upper is None else min(size, upper)) - tier.lower
            if part > 0:
                slices.append(Slice(tier.lower, upper, part, tier.rate, part * tier.rate))
        return slices

    def _attribute_evenly(self, increments: Sequence[Decimal], start: Decimal) -> list[Decimal]:
        if not increments:
            return []
        total = sum(increments, ZERO)
        whole = self.earned(start + total) - self.earned(start)
        rate = whole / total if total else self.tier_of(start).rate
        shares = [increment * rate for increment in increments[:-1]]
        return [*shares, whole - sum(shares, ZERO)]


def check_tiers(tiers: Iterable[Tier]) -> None:
    """Raise :class:`ScaleError` unless ``tiers`` (in order) start at 0, ascend and never cost."""
    tiers = tuple(tiers)
    if not tiers:
        raise ScaleError("empty", "a scale needs at least one tier")
    if tiers[0].lower:
        raise ScaleError("start", f"the first tier must start at 0, not at {tiers[0].lower}")
    if any(low.lower >= high.lower for low, high in pairwise(tiers)):
        raise ScaleError("order", "two tiers start at the same bound")
    if any(tier.rate < 0 for tier in tiers):
        raise ScaleError("rate", "a rate must not be negative")


def cumulate(
    amounts: Iterable[Decimal], *, rounding: Decimal, cap: Decimal | None = None
) -> list[Decimal]:
    """Round exact ``amounts`` (in time order) so that every running total is right.

    Each share is the difference of two rounded running totals: the shares sum exactly to the
    rounded total, and a later amount never changes an earlier share. With ``cap`` the running
    total stops there (and at minus that, as a negative basis mirrors), so what comes after the
    cap earns nothing.

    >>> [str(a) for a in cumulate([D("0.005"), D("0.005"), D("0.005")], rounding=D("0.01"))]
    ['0.01', '0.00', '0.01']
    >>> [str(a) for a in cumulate([D(60), D(60)], rounding=D("0.01"), cap=D(100))]
    ['60.00', '40.00']
    """
    exact, before, shares = ZERO, ZERO, []
    for amount in amounts:
        exact += amount
        after = round_to(clamp(exact, cap), rounding)
        shares.append(after - before)
        before = after
    return shares


def clamp(amount: Decimal, cap: Decimal | None) -> Decimal:
    """``amount`` limited to ±``cap``; None is no limit.

    >>> clamp(D(120), D(100)), clamp(D(-120), D(100)), clamp(D(120), None)
    (Decimal('100'), Decimal('-100'), Decimal('120'))
    """
    return amount if cap is None else max(-cap, min(cap, amount))


def round_to(amount: Decimal, rounding: Decimal) -> Decimal:
    """``amount`` to the nearest multiple of ``rounding``, halves away from zero.

    >>> round_to(D("2.675"), D("0.01")), round_to(D("-2.675"), D("0.01"))
    (Decimal('2.68'), Decimal('-2.68'))
    >>> round_to(D("1.13"), D("0.05"))
    Decimal('1.15')
    """
    return (amount / rounding).quantize(Decimal(1), ROUND_HALF_UP) * rounding


def _mirror(piece: Slice) -> Slice:
    return Slice(piece.lower, piece.upper, -piece.basis, piece.rate, -piece.amount)


def _merge(pieces: list[Slice], earlier: list[Slice]) -> list[Slice]:
    """``pieces`` without ``earlier``, tier by tier."""
    tiers: dict[Decimal, Slice] = {}
    for piece in [*pieces, *map(_mirror, earlier)]:
        old = tiers.get(piece.lower)
        basis, amount = (old.basis, old.amount) if old else (ZERO, ZERO)
        tiers[piece.lower] = Slice(
            piece.lower, piece.upper, basis + piece.basis, piece.rate, amount + piece.amount
        )
    return [tiers[lower] for lower in sorted(tiers) if tiers[lower].basis]
