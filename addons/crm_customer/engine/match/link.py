"""Finding all duplicates of a table at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .blocking import candidates, unpack
from .cluster import ambiguous, clusters
from .compare import finest, levels
from .estimate import estimate_table, veto_mask
from .normalize import NAMING
from .score import decide, field_weights, prior_weight, probability_of, weights
from .spec import KINDS, Ruleset
from .table import Table

#: Pairs compared at a time; bounds the memory.
CHUNK = 400_000
#: In place of a veto: two customers claim the same record.
AMBIGUOUS = -2


@dataclass(frozen=True)
class Links:
    """The pairs worth a look, and what should be merged.

    ``a`` < ``b`` are row numbers, ``probability`` at least the rule set's ``review``;
    ``decision`` is
    1 review or 2 merge; ``veto`` the position of the veto that applies, -1 for none, or
    :data:`AMBIGUOUS`. ``cluster`` names
    for every record the smallest row that it belongs together with. ``ruleset`` is the one that was
    used, with estimated numbers; ``compared`` the number of candidate pairs.
    """

    a: np.ndarray
    b: np.ndarray
    probability: np.ndarray
    decision: np.ndarray
    veto: np.ndarray
    cluster: np.ndarray
    ruleset: Ruleset
    compared: int


def link(columns, ruleset, *, estimate=True, progress=None, seed=0, workers=1):
    """Compare all candidates of a table and cluster what is one customer.

    :param columns: field -> sequence of values, all of the same length
    :param estimate: estimate m, u and prior from these records first
    :param progress: called as ``progress(stage, share)`` from time to time
    :param workers: 2 uses a second processor: an interpreter of its own for the names, and threads
    :return: :class:`Links`
    """
    table = Table(columns, ruleset).count().prepare(workers)
    return link_table(table, estimate=estimate, progress=progress, seed=seed, workers=workers)


def link_table(table, *, estimate=True, progress=None, seed=0, workers=1):
    """As :func:`link`, of a table that counts and is prepared."""
    ruleset = table.ruleset
    pairs = candidates(table, progress, workers)
    table.forget_keys()
    if estimate:
        ruleset = table.ruleset = estimate_table(table, pairs, seed=seed)
    parts = [_score(table, pairs[:0])]
    for start in range(0, len(pairs), CHUNK):
        parts.append(_score(table, pairs[start : start + CHUNK]))
        if progress:
            progress("comparing", min(1.0, (start + CHUNK) / len(pairs)))
    a, b, weight, veto = (np.concatenate(part) for part in zip(*parts, strict=True))
    merge = np.log2(ruleset.merge / (1 - ruleset.merge))
    claimed = ambiguous(a, b, weight, veto >= 0, lowest=merge)
    veto[claimed & _weak_name(table, a, b)] = AMBIGUOUS
    probability, forbidden = probability_of(weight), veto != -1
    cluster = clusters(table.size, a, b, probability, forbidden, join=ruleset.merge)
    decision = decide(ruleset, probability, forbidden)
    return Links(a, b, probability, decision, veto, cluster, ruleset, len(pairs))


def _score(table, pairs):
    """Rows, weight and veto of those pairs that reach the threshold of review."""
    ruleset = table.ruleset
    a, b = unpack(pairs)
    weight = np.full(len(a), prior_weight(ruleset))
    # names cost the most, and most pairs are out before their turn
    order = sorted(ruleset.comparisons, key=lambda comparison: comparison.kind in NAMING)
    best = [max(0.0, *_highest(table, comparison)) for comparison in order]
    lowest = np.log2(ruleset.review / (1 - ruleset.review)) - 1e-9
    for position, comparison in enumerate(order):
        level = levels(table, comparison, a, b)
        weight += field_weights(table, comparison, level, a)
        # no agreement in what is left could lift the pair over the threshold
        kept = weight + sum(best[position + 1 :]) >= lowest
        if not kept.all():
            a, b, weight = a[kept], b[kept], weight[kept]
    _vetoed, veto = veto_mask(table, a, b)
    return a, b, weight, veto


def _weak_name(table, a, b):
    """Pairs whose names do not fully agree: a title, an initial, a misspelling."""
    weak = np.zeros(len(a), bool)
    for comparison in table.ruleset.comparisons:
        if comparison.kind in NAMING:
            weak |= finest(table, comparison, a, b) >= KINDS[comparison.kind].index("close")
    return weak


def _highest(table, comparison):
    highest = list(weights(comparison))
    for position, _count in table.term_counts(comparison):
        highest.append(np.log2(comparison.levels[position].m * table.total))
    return highest
