"""Candidate pairs: records that agree on all parts of at least one blocking rule."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np

#: A rule may give this many pairs a record; its largest blocks are left out beyond that.
PAIRS_PER_RECORD = 8
#: The largest block that is ever compared pair by pair.
LARGEST = 400


def rule_codes(table, rule):
    """One integer per row: rows with the same one are in the same block; -1 is in none."""
    codes = np.zeros(table.size, np.int64)
    missing = np.zeros(table.size, bool)
    span = 1
    for field, transform in rule.parts:
        column = table.key(field, transform)
        if span > 1 and span * (len(column.values) + 1) >= 2**62:
            codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
            span = table.size
        missing |= column.codes < 0
        codes = codes * (len(column.values) + 1) + column.codes
        span *= len(column.values) + 1
    codes[missing] = -1
    return codes


def blocks(table, rule, per_record=PAIRS_PER_RECORD, largest=LARGEST):
    """Row numbers block by block, and where each block starts: without blocks of one row and
    without the largest.

    A block so large that the rule would exceed its share of pairs does not tell records apart;
    other rules find its duplicates.
    """
    codes = rule_codes(table, rule)
    rows, codes = _in_order(codes)
    first = np.append(True, codes[1:] != codes[:-1])[: len(codes)]
    starts = np.flatnonzero(first)
    sizes = np.diff(np.append(starts, len(codes)))
    kept = (sizes > 1) & (sizes <= largest)
    # the largest size at which the rule, with all smaller blocks, keeps within its budget
    pairs = np.bincount(sizes, sizes * (sizes - 1) // 2, minlength=2)
    budget = max(per_record * table.size, 10_000)
    kept &= np.cumsum(pairs)[sizes] <= budget
    sizes = sizes[kept]
    ends = np.cumsum(sizes)
    return rows[np.repeat(kept, np.diff(np.append(starts, len(codes))))], ends - sizes


def _in_order(codes):
    """Rows with a code, ordered by it, and their codes."""
    rows = np.flatnonzero(codes >= 0)
    codes = codes[rows]
    if codes.max(initial=0) < 2**31:  # one sort of both together is much faster
        both = np.sort((codes << 32) | rows)
        return (both & 0xFFFFFFFF).astype(np.int32), both >> 32
    order = np.argsort(codes)
    return rows[order].astype(np.int32), codes[order]


def limited_codes(table, rule, **limits):
    """The number of each row's block among :func:`blocks`; -1 is in none."""
    rows, starts = blocks(table, rule, **limits)
    codes = np.full(table.size, -1, np.int32)
    codes[rows] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(rows))))
    return codes


def pack(a, b):
    """Two row numbers as one integer, the smaller one first."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    return (low.astype(np.uint64) << np.uint64(32)) | high.astype(np.uint64)


def unpack(pairs):
    """The row numbers of packed pairs."""
    return (
        (pairs >> np.uint64(32)).astype(np.int32),
        (pairs & np.uint64(0xFFFFFFFF)).astype(np.int32),
    )


def block_pairs(rows, starts):
    """All pairs within the blocks, packed.

    >>> rows, starts = np.array([1, 4, 0, 2, 4]), np.array([0, 2])
    >>> [x.tolist() for x in unpack(np.sort(block_pairs(rows, starts)))]
    [[0, 0, 1, 2], [2, 4, 4, 4]]
    """
    found = [np.zeros(0, np.uint64)]
    sizes = np.diff(np.append(starts, len(rows)))
    left = np.repeat(sizes, sizes) - (np.arange(len(rows)) - np.repeat(starts, sizes)) - 1
    at, step = np.flatnonzero(left > 0), 1
    while len(at):
        found.append(pack(rows[at], rows[at + step]))
        step += 1
        at = at[left[at] >= step]
    return np.concatenate(found)


def candidates(table, progress=None, workers=1):
    """All distinct candidate pairs of the table, packed and sorted.

    :param workers: with 2, a thread sorts the blocks of one rule while those of another are made
    """
    rules = table.ruleset.blocking
    table.make_keys()
    found, waiting = np.zeros(0, np.uint64), []

    def pairs_of(rule):
        return block_pairs(*blocks(table, rule))

    with ThreadPoolExecutor(workers) as pool:
        for number, pairs in enumerate(pool.map(pairs_of, rules)):
            waiting.append(pairs)
            if sum(map(len, waiting)) > max(len(found), 1_000_000):
                found = distinct(np.concatenate([found, *waiting]))
                waiting.clear()
            if progress:
                progress("blocking", (number + 1) / len(rules))
    return distinct(np.concatenate([found, *waiting]))


def distinct(values):
    """Sorted (the given array too), without repetitions."""
    values.sort()
    return values[np.append(True, values[1:] != values[:-1])] if len(values) else values


def keys_of(table):
    """Blocking keys of every row, as short texts that start with the rule's number.

    Two rows have a key in common exactly where a rule puts them into the same block. Long ones
    end in
    a checksum, so a key never exceeds 60 characters.
    """
    keys = [[] for _row in range(table.size)]
    for number, rule in enumerate(table.ruleset.blocking):
        columns = [table.key(field, transform) for field, transform in rule.parts]
        everything = np.arange(table.size)
        for row, texts in enumerate(
            zip(*(column.strings(everything) for column in columns), strict=True)
        ):
            if all(texts):
                keys[row].append(_short(f"{number}:{'|'.join(texts)}"))
    return keys


def _short(key):
    return key if len(key) <= 60 else f"{key[:50]}~{zlib.crc32(key.encode()):08x}"
