"""Probability and explanation of pairs of records."""

from __future__ import annotations

from math import log2

import numpy as np

from .blocking import keys_of
from .compare import levels
from .estimate import veto_mask
from .normalize import NAMING
from .spec import MISSING, Evidence, FieldEvidence
from .table import TERMS, Table, term

DECISIONS = ("ignore", "review", "merge")


def weights(comparison):
    """The weight log2(m/u) in bits of each level of a comparison.

    >>> from .spec import Comparison, Level
    >>> levels = (Level("exact", 0.95, 0.0001), Level("else", 0.05, 0.9999))
    >>> [round(weight, 4) for weight in weights(Comparison("phone", "phone", levels))]
    [13.2137, -4.3218]
    """
    return tuple(log2(level.m / level.u) for level in comparison.levels)


def prior_weight(ruleset):
    """The prior as logarithm of the odds, in bits."""
    return log2(ruleset.prior / (1 - ruleset.prior))


def probability_of(weight):
    """The probability that belongs to a sum of weights."""
    return 1 / (1 + np.exp2(-np.clip(weight, -1000, 1000)))


def field_weights(table, comparison, level, a, by_level=None):
    """Weight of each pair by its level, 0 where missing, adjusted by the frequency of the term."""
    if by_level is None:
        by_level = weights(comparison)
    found = np.array([*by_level, 0.0])[level]
    for position, count in table.term_counts(comparison):
        rows = np.flatnonzero(level == position)
        share = np.maximum(count(a[rows]) - 1, 1) / table.total
        found[rows] = np.log2(comparison.levels[position].m / np.minimum(share, 1.0))
    return found


def decide(ruleset, probability, vetoed):
    """0 ignore, 1 review, 2 merge; a vetoed pair is at most reviewed."""
    decision = (probability >= ruleset.review).astype(np.int8)
    decision[(probability >= ruleset.merge) & ~vetoed] = 2
    return decision


def score_pair(left, right, ruleset, frequencies=None):
    """The :class:`Evidence` on two records (field -> value)."""
    return score_one(left, [right], ruleset, frequencies)[0]


def score_one(record, candidates, ruleset, frequencies=None):
    """The :class:`Evidence` on one record against each candidate, in the order of the candidates.

    :param frequencies: :class:`.spec.Frequencies` of the base; without it, rare and common values
        count alike
    """
    if not candidates:
        return []
    columns = _columns([record, *candidates])
    table = Table(columns, ruleset)
    if frequencies is not None:
        table.count(frequencies)
    b = np.arange(1, len(candidates) + 1)
    return score_rows(table, np.zeros_like(b), b, columns)


def score_rows(table, a, b, columns):
    """The :class:`Evidence` on pairs of rows of a table; ``columns`` are what it was made from."""
    ruleset = table.ruleset
    found = [levels(table, comparison, a, b) for comparison in ruleset.comparisons]
    parts = [
        field_weights(table, comparison, level, a)
        for comparison, level in zip(ruleset.comparisons, found, strict=True)
    ]
    weight = prior_weight(ruleset) + sum(parts)
    probability = probability_of(weight)
    vetoed, which = veto_mask(table, a, b)
    decision = decide(ruleset, probability, vetoed)
    fields = [
        _field_evidence(comparison, level, part, a, b, columns.get(comparison.field))
        for comparison, level, part in zip(ruleset.comparisons, found, parts, strict=True)
    ]
    return [
        Evidence(
            one,
            bits,
            DECISIONS[decided],
            ruleset.vetoes[veto].kind if veto >= 0 else None,
            evidence,
        )
        for one, bits, decided, veto, evidence in zip(
            probability.tolist(),
            weight.tolist(),
            decision.tolist(),
            which.tolist(),
            zip(*fields, strict=True),
            strict=True,
        )
    ]


def _field_evidence(comparison, level, weight, a, b, values):
    """What one comparison says of each pair."""
    names = [*(level.name for level in comparison.levels), MISSING]
    values = values if values is not None else _Nothing()
    return [
        FieldEvidence(comparison.field, names[reached], bits, values[left], values[right])
        for reached, bits, left, right in zip(
            level.tolist(), weight.tolist(), a.tolist(), b.tolist(), strict=True
        )
    ]


class _Nothing:
    """The values of a field that no record has."""

    def __getitem__(self, _row):
        return None


def _table(records, ruleset):
    return Table(_columns(records), ruleset)


def _columns(records):
    fields = {field for record in records for field in record}
    columns = {field: [record.get(field) for record in records] for field in fields}
    return columns or {"": [None] * len(records)}


def blocking_keys(record, ruleset):
    """The blocking keys of one record: short texts to look up in an indexed table.

    Two records are candidates where they have a key in common.
    """
    return keys_of(_table([record], ruleset))[0]


def blocking_keys_many(columns, ruleset):
    """The blocking keys of each record of some columns, much faster than one by one."""
    return keys_of(Table(columns, ruleset))


def terms(record, ruleset):
    """The terms of one record whose numbers :class:`.spec.Frequencies` wants: field -> terms."""
    return {field: found[0] for field, found in _terms(_table([record], ruleset)).items()}


def terms_many(columns, ruleset):
    """As :func:`terms`, of many records: field -> list of terms per record."""
    return _terms(Table(columns, ruleset))


def common_terms(table, limit):
    """The most common terms of a table that more than one record has: field -> term -> number.

    What :class:`.spec.Frequencies` wants, without making the terms of each record.
    """
    found = {}
    for comparison, parser, form in _counted(table.ruleset):
        column = table.form(comparison.field, parser, form)
        counts = column.counts()
        common = found.setdefault(comparison.field, {})
        for code in np.flatnonzero(counts > 1).tolist():
            common[term(form, column.values[code])] = int(counts[code])
    return {
        field: dict(sorted(common.items(), key=lambda item: -item[1])[:limit])
        for field, common in found.items()
    }


def _counted(ruleset):
    """Comparison, parser and form of all terms whose frequency somebody asks for."""
    from .compare import SHAREABLE

    for comparison in ruleset.comparisons:
        if comparison.term_frequency or comparison.kind in SHAREABLE:
            for _level, parser, form in (*TERMS[comparison.kind], *_GIVEN.get(comparison.kind, ())):
                yield comparison, parser, form


#: the veto asks how common a given name is
_GIVEN = {kind: (("", kind, "given"),) for kind in NAMING}


def _terms(table):
    """Fields whose frequency nobody asks for are left out."""
    found = {}
    everything = np.arange(table.size)
    for comparison, parser, form in _counted(table.ruleset):
        rows = found.setdefault(comparison.field, [[] for _row in range(table.size)])
        texts = table.form(comparison.field, parser, form).strings(everything)
        for row, text in zip(rows, texts, strict=True):
            if text and term(form, text) not in row:
                row.append(term(form, text))
    return {field: [tuple(row) for row in rows] for field, rows in found.items()}
