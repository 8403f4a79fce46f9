"""An outline of conditions (rows with a level) as a tree, without any database."""

from dataclasses import dataclass, field

GROUPS = ("all", "any", "none")


class OutlineError(ValueError):
    """The outline is no tree; ``row`` is the row to blame and ``reason`` says why."""

    def __init__(self, reason, row):
        super().__init__(reason)
        self.reason = reason
        self.row = row


@dataclass
class Node:
    """A group (``operator`` all/any/none with ``children``) or a leaf (``operator`` empty)."""

    row: object
    operator: str = ""
    children: list = field(default_factory=list)

    @property
    def is_group(self):
        """Whether it has children instead of a condition of its own."""
        return bool(self.operator)


def build(rows, operator="all"):
    """Return the root of an outline: rows of (row, level, operator or "" for a leaf), in order.

    A row belongs to the nearest group above it with a smaller level.

    >>> root = build([("g", 0, "any"), ("a", 1, ""), ("b", 1, ""), ("c", 0, "")])
    >>> evaluate(root, {"a": False, "b": True, "c": True}.get)
    True
    >>> build([("a", 1, "")])  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    condition_tree.OutlineError: indent
    >>> build([("g", 0, "none")])  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    condition_tree.OutlineError: empty

    :raises OutlineError: "indent" for a row without a group above it, "empty" for an empty group
    """
    root = _nested(rows, operator)
    _check_filled(root)
    return root


def _nested(rows, operator):
    root = Node(None, operator)
    path = [root]
    for row, level, kind in rows:
        if level < 0 or level >= len(path):
            raise OutlineError("indent", row)
        del path[level + 1 :]
        node = Node(row, kind if kind in GROUPS else "")
        path[-1].children.append(node)
        if node.is_group:
            path.append(node)
    return root


def _check_filled(node):
    if node.is_group and not node.children:
        raise OutlineError("empty", node.row)
    for child in node.children:
        _check_filled(child)


def leaves(node):
    """Yield the rows of all leaves below ``node``, in order."""
    if not node.is_group:
        yield node.row
    for child in node.children:
        yield from leaves(child)


def fold(node, leaf, group):
    """Return ``leaf(row)`` of leaves combined by ``group(operator, results)``."""
    if not node.is_group:
        return leaf(node.row)
    return group(node.operator, [fold(child, leaf, group) for child in node.children])


def evaluate(node, holds):
    """Tell whether the tree holds when ``holds(row)`` tells it of a leaf."""
    return fold(node, lambda row: bool(holds(row)), _combine)


def _combine(operator, results):
    if operator == "all":
        return all(results)
    return any(results) if operator == "any" else not any(results)


def order(references):
    """Return the keys of ``references`` (key → keys it refers to), referred ones first.

    >>> order({1: [2], 2: [3], 3: []})
    [3, 2, 1]
    >>> order({1: [2], 2: [1]})  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    condition_tree.OutlineError: circle

    :raises OutlineError: "circle", with a key of the circle
    """
    done, open_, result = set(), set(), []

    def visit(key):
        if key in done:
            return
        if key in open_:
            raise OutlineError("circle", key)
        open_.add(key)
        for other in references.get(key, ()):
            visit(other)
        done.add(key)
        result.append(key)

    for key in references:
        visit(key)
    return [key for key in result if key in references]
