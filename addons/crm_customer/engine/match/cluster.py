"""Clusters of records by average linkage.

Connected components would chain strangers together over one wrong link. Average linkage joins two
clusters only while the *mean* probability over all pairs between them is high enough; a pair
that was
never a candidate counts as 0, and one vetoed pair keeps two clusters apart for good.
"""

from __future__ import annotations

import heapq
from itertools import pairwise

import numpy as np

#: Two clusters with a lower mean probability are not joined.
LOWEST_MEAN = 0.35
#: Bits by which one of two contradicting matches must be better.
MARGIN = 6.0


def clusters(size, a, b, probability, vetoed, *, join=0.95, lowest=LOWEST_MEAN):
    """The cluster of each of ``size`` records, named by its smallest row number.

    :param a, b: rows of the pairs whose probability is known
    :param vetoed: pairs that may never be in one cluster
    :param join: pairs from this probability on start clusters

    >>> a, b = np.array([0, 1, 3]), np.array([1, 2, 4])
    >>> clusters(5, a, b, np.array([0.99, 0.98, 0.99]), np.array([False, False, True])).tolist()
    [0, 0, 0, 3, 4]
    >>> clusters(5, a, b, np.array([0.99, 0.6, 0.99]), np.array([False] * 3)).tolist()
    [0, 0, 2, 3, 3]
    """
    result = np.arange(size, dtype=np.int32)
    linked = (probability >= join) & ~vetoed
    component = _components(size, a[linked], b[linked])
    inside = np.flatnonzero((component[a] == component[b]) & (component[a] >= 0))
    inside = inside[~_all_alike(result, component, inside, a, b, probability, vetoed, lowest)]
    inside = inside[np.argsort(component[a[inside]], kind="stable")]
    ends = np.flatnonzero(np.diff(component[a[inside]])) + 1
    for pairs in np.split(inside, ends) if len(inside) else ():
        _average_linkage(
            result,
            zip(a[pairs].tolist(), b[pairs].tolist(), strict=True),
            np.where(vetoed[pairs], -np.inf, probability[pairs]).tolist(),
            join,
            lowest,
        )
    return result


def _all_alike(result, component, inside, a, b, probability, vetoed, lowest):
    """Which of the pairs are in components that average linkage would join as a whole: every pair
    of the component is known, above the lowest mean and not vetoed. Names these clusters."""
    of_pair = component[a[inside]]
    size = len(component)
    good = (probability[inside] >= lowest) & ~vetoed[inside]
    members = np.bincount(component[component >= 0], minlength=size)
    complete = np.bincount(of_pair[good], minlength=size) == members * (members - 1) // 2
    complete &= np.bincount(of_pair, minlength=size) > 0
    rows = np.flatnonzero(component >= 0)
    rows = rows[complete[component[rows]]]
    result[rows] = component[rows]
    return complete[of_pair]


def ambiguous(a, b, weight, vetoed, *, lowest):
    """Pairs that must not be merged because another one claims the same record with equal right.

    Where two records that veto each other (members of a household) both match a third ("Mr. Wang"),
    the better match stays if it is better by :data:`MARGIN`; without a better one none does.

    :param weight: evidence in bits
    :param lowest: the weight from which on a pair would be merged

    >>> a, b, vetoed = np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([True, False, False])
    >>> ambiguous(a, b, np.array([20.0, 12.0, 11.0]), vetoed, lowest=5).tolist()
    [False, True, True]
    >>> ambiguous(a, b, np.array([20.0, 25.0, 11.0]), vetoed, lowest=5).tolist()
    [False, False, True]
    """
    found = np.zeros(len(a), bool)
    touched = np.zeros(max(a.max(initial=-1), b.max(initial=-1)) + 1, bool)
    touched[a[vetoed]] = touched[b[vetoed]] = True
    merged = np.flatnonzero((weight >= lowest) & ~vetoed & (touched[a] | touched[b]))
    near = {}
    for pair, x, y in zip(merged.tolist(), a[merged].tolist(), b[merged].tolist(), strict=True):
        near.setdefault(x, {})[y] = pair
        near.setdefault(y, {})[x] = pair
    for x, y in zip(a[vetoed].tolist(), b[vetoed].tolist(), strict=True):
        if x not in near or y not in near:
            continue
        for other in near[x].keys() & near[y].keys():
            left, right = near[x][other], near[y][other]
            found[left] |= weight[left] < weight[right] + MARGIN
            found[right] |= weight[right] < weight[left] + MARGIN
    return found


def _components(size, a, b):
    """The smallest row of the connected component of each row; -1 for rows without a link."""
    labels = np.arange(size, dtype=np.int32)
    x, y = a, b
    while len(x):
        low, high = np.minimum(labels[x], labels[y]), np.maximum(labels[x], labels[y])
        np.minimum.at(labels, high, low)
        while (labels != labels[labels]).any():
            labels = labels[labels]
        differ = labels[x] != labels[y]
        x, y = x[differ], y[differ]
    linked = np.zeros(size, bool)
    linked[a] = linked[b] = True
    return np.where(linked, labels, np.int32(-1))


def _average_linkage(result, pairs, probabilities, join, lowest):
    """Join the clusters of one component, best mean first; names them in ``result``."""
    sums = {}
    for (a, b), probability in zip(pairs, probabilities, strict=True):
        sums.setdefault(a, {})[b] = probability
        sums.setdefault(b, {})[a] = probability
    members = {row: [row] for row in sums}
    heap = [(-p, a, b) for a, others in sums.items() for b, p in others.items() if a < b]
    heap = [entry for entry in heap if -entry[0] >= min(join, 1)]
    heapq.heapify(heap)
    while heap:
        mean, a, b = heapq.heappop(heap)
        if a not in members or b not in members or _mean(sums, members, a, b) != -mean:
            continue
        if -mean < lowest:
            break
        _join(sums, members, a, b)
        for other in sums[a]:
            mean = _mean(sums, members, a, other)
            if mean >= lowest:
                heapq.heappush(heap, (-mean, a, other))
    for rows in members.values():
        rows.sort()
        for _first, row in pairwise(rows):
            result[row] = rows[0]


def _mean(sums, members, a, b):
    return sums[a][b] / (len(members[a]) * len(members[b]))


def _join(sums, members, a, b):
    members[a] += members.pop(b)
    del sums[a][b]
    for other, total in sums.pop(b).items():
        if other != a:
            sums[a][other] = sums[other][a] = sums[a].get(other, 0.0) + total
            del sums[other][b]
