"""A log whose rows are chained by SHA-256: what is changed, removed or inserted later shows."""

import hashlib
import json


def canonical(payload):
    """Return the one JSON text of ``payload``: sorted keys, no blanks, no escapes.

    >>> canonical({"b": [1, None], "a": "同意"})
    '{"a":"同意","b":[1,null]}'
    """
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(payload, previous=""):
    """Return the SHA-256 (hex) of the previous row's digest and this row's canonical JSON.

    >>> digest({"seq": 1})[:12]
    'fcb913e02edf'
    >>> digest({"seq": 1}, "x") == digest({"seq": 1})
    False
    """
    return hashlib.sha256(f"{previous or ''}\n{canonical(payload)}".encode()).hexdigest()


def first_broken(rows):
    """Return the position of the first row that does not follow from those before it, or None.

    :param rows: (payload, previous digest as stored, digest as stored) in their order; the
        payload carries its own number as ``seq``, from 1

    >>> one, two = {"seq": 1, "kind": "request"}, {"seq": 2, "kind": "approve"}
    >>> first = digest(one)
    >>> good = [(one, "", first), (two, first, digest(two, first))]
    >>> first_broken(good)
    >>> first_broken([good[0], ({**two, "kind": "refuse"}, first, digest(two, first))])
    1
    >>> first_broken(good[1:])
    0
    """
    head = ""
    for position, (payload, previous, stored) in enumerate(rows):
        follows = payload.get("seq") == position + 1 and (previous or "") == head
        if not follows or digest(payload, head) != stored:
            return position
        head = stored
    return None
