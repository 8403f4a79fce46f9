"""Candidate pairs: records that agree on all parts of at least one blocking rule."""

from __future__ import annotations

import zlib

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


def limited_codes(table, rule, per_record=PAIRS_PER_RECORD, largest=LARGEST):
    """As :func:`rule_codes`, numbered from 0, without blocks of one row and without the largest.

    A block so large that the rule would exceed its share of pairs does not tell records apart;
    other
    rules find its duplicates.
    """
    codes = rule_codes(table, rule)
    rows = np.flatnonzero(codes >= 0)
    _values, inverse, sizes = np.unique(codes[rows], return_inverse=True, return_counts=True)
    order = np.argsort(sizes, kind="stable")
    pairs = np.cumsum((sizes * (sizes - 1) // 2)[order])
    budget = max(per_record * table.size, 10_000)
    good = np.zeros(len(sizes), bool)
    good[order[pairs <= budget]] = True
    good &= (sizes > 1) & (sizes <= largest)
    limited = np.full(table.size, -1, np.int32)
    limited[rows] = np.where(good[inverse], inverse, -1)
    return limited


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


def block_pairs(codes):
    """All pairs within the blocks, packed.

    >>> [x.tolist() for x in unpack(np.sort(block_pairs(np.array([7, 5, 7, -1, 7, -1]))))]
    [[0, 0, 2], [2, 4, 4]]
    """
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    block = codes[rows]
    found = [np.zeros(0, np.uint64)]
    start, step = np.arange(len(rows)), 1
    while True:
        start = start[start + step < len(rows)]
        start = start[block[start] == block[start + step]]
        if not len(start):
            return np.concatenate(found)
        found.append(pack(rows[start], rows[start + step]))
        step += 1


def candidates(table, progress=None):
    """All distinct candidate pairs of the table, packed and sorted."""
    found = np.zeros(0, np.uint64)
    for number, rule in enumerate(table.ruleset.blocking):
        pairs = block_pairs(limited_codes(table, rule))
        found = distinct(np.concatenate([found, pairs]))
        if progress:
            progress("blocking", (number + 1) / len(table.ruleset.blocking))
    return found


def distinct(values):
    """Sorted, without repetitions."""
    values = np.sort(values, kind="stable")
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
