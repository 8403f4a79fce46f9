"""Weights from the data alone, by expectation maximisation.

Fellegi & Sunter's ``u`` comes from random pairs, which are almost never the same customer; ``m``
and
the prior come from the candidate pairs by EM (Dempster, Laird & Rubin 1977; Winkler, "Using the EM
Algorithm for Weight Computation in the Fellegi-Sunter Model", 1988). All pairs that are no
candidate
count as different, so prior and ``u`` belong to the space of *all* pairs and do not depend on how
wide the blocking is. Vetoed pairs are taken as different, or households would teach the model that
one customer has many names. Terms' frequencies enter by their order of magnitude.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .blocking import candidates, pack, unpack
from .compare import levels, vetoed
from .spec import Level
from .table import Table

#: Random pairs for u, candidates for m: more change nothing that is visible.
RANDOM_PAIRS = 60_000
SAMPLE = 80_000
#: Weight of the given m against the data, in pairs.
PSEUDO = 20.0
ROUNDS, STEPS = 4, 25
SMALLEST = 1e-9


@dataclass
class Patterns:
    """Distinct agreement patterns of candidates with their number.

    ``levels[p, c]`` is the level of comparison c (-1 missing); ``log_u[p, c]`` replaces log u of
    the
    level where not NaN (frequency of the term); ``count`` pairs have the pattern, ``same`` is False
    where a veto says that they differ; ``rest`` further pairs are known to be different.
    """

    levels: np.ndarray
    log_u: np.ndarray
    count: np.ndarray
    same: np.ndarray
    rest: float


def estimate(columns, ruleset, *, seed=0, progress=None):
    """The rule set with m, u and prior estimated from the records; see the module.

    Comparisons of a field that is empty everywhere keep their numbers.
    """
    table = Table(columns, ruleset).count()
    return estimate_table(table, candidates(table, progress), seed=seed)


def estimate_table(table, pairs, seed=0):
    """As :func:`estimate`, of a table whose candidate pairs are known."""
    if table.size < 2 or not len(pairs):
        return table.ruleset
    rng = np.random.default_rng(seed)
    total = table.size * (table.size - 1) / 2
    scale = max(1.0, len(pairs) / SAMPLE)
    if scale > 1:
        pairs = pairs[np.sort(rng.choice(len(pairs), SAMPLE, replace=False))]
    a, b = unpack(pairs)
    found = patterns(table, a, b, total / scale - len(pairs))
    random, known = _random_shares(table, rng)
    m = [np.array([level.m for level in c.levels]) for c in table.ruleset.comparisons]
    m = [values / values.sum() for values in m]
    u, prior, start = random, min(0.1 / table.size, 0.1), m
    for _round in range(ROUNDS):
        for _step in range(STEPS):
            posterior = expect(found, m, u, prior)
            before = prior
            m, prior = maximise(found, posterior, start)
            if abs(np.log(prior / before)) < 1e-5:
                break
        posterior = expect(found, m, u, prior)
        u = _different(found, posterior, random, known, m, prior, total / scale, scale)
    return _with_numbers(table, m, u, prior)


def patterns(table, a, b, rest):
    """The :class:`Patterns` of candidate pairs."""
    columns = table.ruleset.comparisons
    symbols, spans, decode = [], [], []
    for comparison in columns:
        level = levels(table, comparison, a, b)
        bits = _frequency_bits(table, comparison, level, a)
        symbols.append((level.astype(np.int64) + 1) * 64 + bits)
        spans.append((len(comparison.levels) + 1) * 64)
    same = ~veto_mask(table, a, b)[0]
    key = same.astype(np.int64)
    for symbol, span in zip(symbols, spans, strict=True):
        used, dense = np.unique(symbol, return_inverse=True)
        key = key * len(used) + dense
        decode.append(used)
        if key.max(initial=0) > 2**62 // span:
            key = np.unique(key, return_inverse=True)[1]
    _keys, first, count = np.unique(key, return_index=True, return_counts=True)
    picked = np.stack([symbol[first] for symbol in symbols], axis=1)
    level, bits = picked // 64 - 1, picked % 64
    log_u = np.where(bits > 0, np.log(2.0) * (bits - 1) - np.log(max(table.total, 1)), np.nan)
    return Patterns(level, log_u, count.astype(float), same[first], max(rest, 0.0))


def _frequency_bits(table, comparison, level, a):
    """1 + log2 of how often the term occurs, rounded; 0 without adjustment."""
    bits = np.zeros(len(a), np.int64)
    for position, count in table.term_counts(comparison):
        found = np.flatnonzero(level == position)
        bits[found] = 1 + np.round(np.log2(np.maximum(count(a[found]) - 1, 1)))
    return bits


def veto_mask(table, a, b):
    """Which pairs are vetoed, and by which veto (its position, -1 for none)."""
    which = np.full(len(a), -1, np.int8)
    for position, veto in enumerate(table.ruleset.vetoes):
        which[(which < 0) & vetoed(table, veto, a, b)] = position
    return which >= 0, which


# -- EM ----------------------------------------------------------------------------------------


def expect(found, m, u, prior):
    """E step: the probability of each pattern that its pairs are one customer."""
    odds = _log_odds(found, m, u) + np.log(prior) - np.log1p(-prior)
    return np.where(found.same, 1 / (1 + np.exp(-np.clip(odds, -700, 700))), 0.0)


def maximise(found, posterior, start, pseudo=PSEUDO):
    """M step: the most likely m, with ``pseudo`` pairs distributed as ``start``, and the prior."""
    weight = found.count * posterior
    everything = found.count.sum() + found.rest
    m = []
    for column, given in enumerate(start):
        level = found.levels[:, column]
        known = level >= 0
        sums = np.bincount(level[known], weight[known], len(given)) + pseudo * given
        m.append(np.clip(sums / sums.sum(), SMALLEST, 1 - SMALLEST))
    return m, float(np.clip(weight.sum() / everything, 1e-12, 0.5))


def log_likelihood(found, m, u, prior, start, pseudo=PSEUDO):
    """What the EM steps increase (with u fixed): the penalised logarithm of the likelihood."""
    log_u, log_m = _logs(found, m, u)
    different = log_u + np.log1p(-prior)
    both = np.logaddexp(different, log_m + np.log(prior))
    penalty = sum((pseudo * s * np.log(values)).sum() for s, values in zip(start, m, strict=True))
    fits = (found.count * np.where(found.same, both, different)).sum()
    return fits + found.rest * np.log1p(-prior) + penalty


def _logs(found, m, u):
    log_u, log_m = np.zeros(len(found.count)), np.zeros(len(found.count))
    for column, (same, other) in enumerate(zip(m, u, strict=True)):
        level = found.levels[:, column]
        known = level >= 0
        replaced = found.log_u[:, column]
        usual = np.log(other)[level]
        log_m += np.where(known, np.log(same)[level], 0)
        log_u += np.where(known, np.where(np.isnan(replaced), usual, replaced), 0)
    return log_u, log_m


def _log_odds(found, m, u):
    log_u, log_m = _logs(found, m, u)
    return log_m - log_u


# -- u -----------------------------------------------------------------------------------------


def _random_shares(table, rng):
    """Shares of the levels among random pairs, that of equality counted over all pairs; and the
    number of pairs in which both values are known."""
    size = table.size
    a = rng.integers(0, size, RANDOM_PAIRS, dtype=np.int64)
    b = (a + rng.integers(1, size, RANDOM_PAIRS, dtype=np.int64)) % size
    if size * (size - 1) // 2 <= RANDOM_PAIRS:
        a, b = np.triu_indices(size, 1)
    pairs = np.unique(pack(a, b))
    a, b = unpack(pairs)
    shares, pairs_known = [], []
    for comparison in table.ruleset.comparisons:
        level = levels(table, comparison, a, b)
        counts = np.bincount(level[level >= 0], minlength=len(comparison.levels)).astype(float)
        known = counts.sum()
        share = (counts + 1e-3) / (known + 1e-3 * len(counts)) if known else _given(comparison, "u")
        share, both = _with_equality(table, comparison, share)
        shares.append(share)
        pairs_known.append(both)
    return shares, pairs_known


def _with_equality(table, comparison, share):
    """The share of equal pairs counted exactly; and how many pairs have both values."""
    both = 0.0
    for position, count in table.equality_counts(comparison):
        known = float(count.sum())
        if known > 1 and position == 0:
            both = known * (known - 1) / 2
            share = share.copy()
            share[0] = float((count * (count - 1.0)).sum() / 2 / both)
            share[1:] *= (1 - share[0]) / max(share[1:].sum(), SMALLEST)
    share = np.maximum(share, SMALLEST)
    return share / share.sum(), both


def _given(comparison, name):
    values = np.array([getattr(level, name) for level in comparison.levels])
    return values / values.sum()


def _different(found, posterior, random, known, m, prior, total, scale):
    """u without the pairs that are one customer, and not below what the candidates hold."""
    same, other = found.count * posterior, found.count * (1 - posterior)
    result = []
    for column, (share, both) in enumerate(zip(random, known, strict=True)):
        level = found.levels[:, column]
        rows = level >= 0
        held = np.bincount(level[rows], other[rows], len(share)) / total
        values = share - prior * m[column]
        if both:  # equality was counted: so can be what of it is one customer
            values[0] = share[0] - same[level == 0].sum() * scale / both
        floor = np.maximum(0.02 * share, SMALLEST)
        if both:
            floor[0] = max(0.5 / both, SMALLEST)
        values = np.maximum.reduce([values, held, floor])
        values[-1] = max(1 - values[:-1].sum(), SMALLEST)
        result.append(values / values.sum())
    return result


def _with_numbers(table, m, u, prior):
    comparisons = []
    for comparison, same, other in zip(table.ruleset.comparisons, m, u, strict=True):
        if table.is_empty(comparison):
            comparisons.append(comparison)
            continue
        numbers = zip(comparison.levels, same.tolist(), other.tolist(), strict=True)
        found = [Level(level.name, _inside(x), _inside(y)) for level, x, y in numbers]
        comparisons.append(replace(comparison, levels=tuple(found)))
    return replace(table.ruleset, comparisons=tuple(comparisons), prior=_inside(prior))


def _inside(value):
    return min(max(value, SMALLEST), 1 - SMALLEST)
