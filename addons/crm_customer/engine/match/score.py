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
    table = _table([record, *candidates], ruleset)
    if frequencies is not None:
        table.count(frequencies)
    b = np.arange(1, len(candidates) + 1)
    a = np.zeros_like(b)
    found = [levels(table, comparison, a, b) for comparison in ruleset.comparisons]
    parts = [
        field_weights(table, comparison, level, a)
        for comparison, level in zip(ruleset.comparisons, found, strict=True)
    ]
    weight = prior_weight(ruleset) + sum(parts)
    probability = probability_of(weight)
    vetoed, which = veto_mask(table, a, b)
    decision = decide(ruleset, probability, vetoed)
    return [
        Evidence(
            float(probability[row]),
            float(weight[row]),
            DECISIONS[decision[row]],
            ruleset.vetoes[which[row]].kind if which[row] >= 0 else None,
            tuple(
                _field_evidence(comparison, level[row], part[row], record, candidate)
                for comparison, level, part in zip(ruleset.comparisons, found, parts, strict=True)
            ),
        )
        for row, candidate in enumerate(candidates)
    ]


def _field_evidence(comparison, level, weight, left, right):
    name = comparison.levels[level].name if level >= 0 else MISSING
    field = comparison.field
    return FieldEvidence(field, name, float(weight), left.get(field), right.get(field))


def _table(records, ruleset):
    fields = {field for record in records for field in record}
    columns = {field: [record.get(field) for record in records] for field in fields}
    return Table(columns or {"": [None] * len(records)}, ruleset)


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


#: the veto asks how common a given name is
_GIVEN = {kind: (("", kind, "given"),) for kind in NAMING}


def _terms(table):
    """Fields whose frequency nobody asks for are left out."""
    from .compare import SHAREABLE

    found = {}
    everything = np.arange(table.size)
    for comparison in table.ruleset.comparisons:
        if not comparison.term_frequency and comparison.kind not in SHAREABLE:
            continue
        rows = found.setdefault(comparison.field, [[] for _row in range(table.size)])
        for _level, parser, form in (*TERMS[comparison.kind], *_GIVEN.get(comparison.kind, ())):
            texts = table.form(comparison.field, parser, form).strings(everything)
            for row, text in zip(rows, texts, strict=True):
                if text and term(form, text) not in row:
                    row.append(term(form, text))
    return {field: [tuple(row) for row in rows] for field, rows in found.items()}
