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
    inside = np.flatnonzero(component[a] == component[b])
    inside = inside[component[a[inside]] >= 0]
    inside = inside[np.argsort(component[a[inside]], kind="stable")]
    ends = np.flatnonzero(np.diff(component[a[inside]])) + 1
    pairs_of = np.diff(np.concatenate([[0], ends, [len(inside)]])) if len(inside) else np.zeros(0)
    starts = np.concatenate([[0], ends]).astype(int)
    alone = inside[starts[pairs_of == 1]] if len(inside) else inside
    result[np.maximum(a[alone], b[alone])] = np.minimum(a[alone], b[alone])
    for begin, count in zip(starts[pairs_of > 1], pairs_of[pairs_of > 1], strict=True):
        pairs = inside[begin : begin + count]
        _average_linkage(
            result,
            zip(a[pairs].tolist(), b[pairs].tolist(), strict=True),
            np.where(vetoed[pairs], -np.inf, probability[pairs]).tolist(),
            join,
            lowest,
        )
    return result


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
    merged = np.flatnonzero((weight >= lowest) & ~vetoed)
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
    """Number of the connected component of each row; -1 for rows without a link."""
    parent = {}

    def root(row):
        while parent[row] != row:
            parent[row] = row = parent[parent[row]]
        return row

    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        x, y = root(x) if x in parent else x, root(y) if y in parent else y
        parent[max(x, y)] = parent[min(x, y)] = min(x, y)
    labels = np.full(size, -1, np.int32)
    for row in parent:
        labels[row] = root(row)
    return labels


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
