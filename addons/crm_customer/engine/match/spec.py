"""What a rule set is made of, and what the engine answers: frozen dataclasses without behaviour.

A *comparison* looks at one column and puts a pair of records into one of its agreement *levels*.
A level carries two probabilities (Fellegi & Sunter, "A Theory for Record Linkage", JASA 1969):

``m``  that a pair that is the same customer falls into this level,
``u``  that a pair of two different customers does.

The weight of a level is ``log2(m / u)``; weights of all comparisons and of the prior are added up,
and the sum is the logarithm of the odds that the pair is one customer. A missing value weighs 0.

>>> levels = (Level("exact", 0.95, 0.0001), Level("else", 0.05, 0.9999))
>>> phone = Comparison("phone", "phone", levels)
>>> rules = Ruleset((phone,), (Blocking((("phone", "value"),)),), prior=0.001)
>>> Ruleset((phone,), (), prior=0.001)
Traceback (most recent call last):
...
ValueError: a rule set needs at least one blocking rule
>>> Level("exact", 1.0, 0.5)
Traceback (most recent call last):
...
ValueError: level exact: m must lie between 0 and 1, not 1.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: kind of comparison -> names of its levels, best first. A comparison may leave levels out: a pair
#: then falls into the next worse one that it has. The last one is always "else".
KINDS: dict[str, tuple[str, ...]] = {
    "exact": ("exact", "else"),
    "text": ("exact", "close", "similar", "else"),
    "name": ("exact", "sound", "close", "partial", "family", "else"),
    "company": ("exact", "sound", "close", "partial", "family", "else"),
    "party": ("exact", "sound", "close", "partial", "family", "else"),
    "address": ("exact", "near", "street", "else"),
    "phone": ("exact", "close", "else"),
    "email": ("exact", "close", "local", "domain", "else"),
    "domain": ("exact", "else"),
    "identifier": ("exact", "close", "similar", "else"),
    "date": ("exact", "close", "partial", "else"),
    "number": ("exact", "close", "else"),
}
#: Vetoes: a pair that has one is never merged without a person's decision.
#: ``given_name``: given names of people, or the distinctive parts of company names, contradict each
#: other (members of a household, colleagues). ``identifier``: two different values of a field that
#: a customer has only once. ``party``: one name is a person's, the other a company's.
VETOES = ("given_name", "identifier", "party")
MISSING = "missing"


def _inside(value, what):
    if not 0 < value < 1:
        raise ValueError(f"{what} must lie between 0 and 1, not {value}")


@dataclass(frozen=True)
class Level:
    """An agreement level of a comparison; probabilities in (0, 1)."""

    name: str
    m: float
    u: float

    def __post_init__(self):
        _inside(self.m, f"level {self.name}: m")
        _inside(self.u, f"level {self.name}: u")


@dataclass(frozen=True)
class Comparison:
    """How one column is compared; ``levels`` best first, the last one "else".

    With ``term_frequency`` agreeing on a rare value counts more than on a common one: ``u`` of the
    two best levels is replaced by the share of records that have the value.
    """

    field: str
    kind: str
    levels: tuple[Level, ...]
    term_frequency: bool = False

    def __post_init__(self):
        if self.kind not in KINDS:
            known = ", ".join(sorted(KINDS))
            raise ValueError(f"{self.field}: unknown kind {self.kind!r}; there are: {known}")
        names = [level.name for level in self.levels]
        order = [name for name in KINDS[self.kind] if name in names]
        if len(names) < 2 or names != order or names[-1] != "else":
            raise ValueError(
                f"{self.field}: the levels of the kind {self.kind} are"
                f" {', '.join(KINDS[self.kind])}, in this order and with else as the last;"
                f" not {', '.join(names) or 'none'}"
            )


@dataclass(frozen=True)
class Blocking:
    """One blocking rule: pairs are compared where all parts ``(field, transform)`` are equal."""

    parts: tuple[tuple[str, str], ...]

    def __post_init__(self):
        if not self.parts:
            raise ValueError("a blocking rule needs at least one part")
        from .normalize import transform

        for _field, name in self.parts:
            transform(name)  # raises for an unknown one


@dataclass(frozen=True)
class Veto:
    """A contradiction that forbids merging without review; see :data:`VETOES`."""

    kind: str
    fields: tuple[str, ...]

    def __post_init__(self):
        if self.kind not in VETOES:
            raise ValueError(f"unknown veto {self.kind!r}; there are: {', '.join(VETOES)}")
        if not self.fields:
            raise ValueError(f"the veto {self.kind} needs a field")


@dataclass(frozen=True)
class Ruleset:
    """Everything the engine needs to know; immutable and hashable.

    ``prior`` is the probability that two records taken at random are one customer; from ``merge``
    on a pair may be merged without a person, from ``review`` on a person should look at it.
    """

    comparisons: tuple[Comparison, ...]
    blocking: tuple[Blocking, ...]
    prior: float
    merge: float = 0.95
    review: float = 0.30
    vetoes: tuple[Veto, ...] = ()

    def __post_init__(self):
        if not self.comparisons:
            raise ValueError("a rule set needs at least one comparison")
        if not self.blocking:
            raise ValueError("a rule set needs at least one blocking rule")
        _inside(self.prior, "the prior")
        if not 0 < self.review <= self.merge < 1:
            raise ValueError(
                "thresholds must be in the order 0 < review <= merge < 1,"
                f" not review {self.review} and merge {self.merge}"
            )


@dataclass(frozen=True)
class FieldEvidence:
    """What one comparison says: its level ("missing" weighs 0), weight in bits, both raw values."""

    field: str
    level: str
    weight: float
    left: object
    right: object


@dataclass(frozen=True)
class Evidence:
    """The verdict on one pair.

    ``weight`` is the sum in bits, with the prior; ``decision`` is "merge", "review" or "ignore";
    ``veto`` is the kind of the veto that turned a merge into a review, or ``None``.
    """

    probability: float
    weight: float
    decision: str
    veto: str | None
    fields: tuple[FieldEvidence, ...]


@dataclass(frozen=True)
class Frequencies:
    """How common values are: ``counts[field][term]`` of ``total`` records.

    A term is what :func:`..score.terms` makes of a value; one that is not listed counts as seen
    once.
    """

    total: int
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
