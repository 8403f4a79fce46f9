"""Territories: a tree of nodes, each with a rule, and which node a customer belongs to.

The search goes down from the top. Among siblings, the first in sequence whose rule is met takes
the customer; then its children are asked, and if none is met the node keeps it. A node

* with a rule accepts what meets it and the rules above it;
* without a rule groups its children, or, as a leaf, takes the rest of its parent;
* with named accounts takes these whatever any rule says (the first in the order of the tree, if
  two name the same); one with named accounts alone takes nothing else.

That search is the same as taking the first matching node in *post-order* (children before their
parent, siblings in sequence), with the rules above it added to each node's own: see
:class:`Tree`, which compiles exactly that, and :func:`descend`, which does it step by step.

>>> tree = Tree([
...     Node("cn", None, 1, Condition("cn", {"country": frozenset({"CN"})})),
...     Node("east", "cn", 1, Condition("east", {"state": frozenset({"SH", "JS"})})),
...     Node("key", "cn", 2, accounts=frozenset({7})),
...     Node("world", None, 9),
... ])
>>> [tree.find(facts) for facts in (
...     {"country": ("CN",), "state": ("SH",)},
...     {"country": ("CN",), "state": ("BJ",)},
...     {"country": ("US",)},
...     {"country": ("US",), "account": (7,)},
... )]
['east', 'cn', 'world', 'key']
>>> parse_ranges("200000-209999, 31")
(('200000', '209999\\uffff'), ('31', '31\\uffff'))
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from .matching import Compiled, Condition, Facts

LAST = "\uffff"
_RANGE = re.compile(r"^([0-9A-Z]+)(?:[-–~]([0-9A-Z]+))?$")


class RangeError(ValueError):
    """A range of postcodes cannot be read; ``token`` is the part."""

    def __init__(self, token: str):
        super().__init__(f"not a range of postcodes: {token}")
        self.token = token


class CircleError(ValueError):
    """A node lies below itself; ``keys`` are the nodes of the circle."""

    def __init__(self, keys: list):
        super().__init__(f"nodes below themselves: {keys}")
        self.keys = keys


def clean_zip(text: str | None) -> str:
    """Return a postcode as it is compared: upper case, without blanks.

    >>> clean_zip(" sw1a 1aa")
    'SW1A1AA'
    """
    return "".join((text or "").upper().split())


def clean_city(text: str | None) -> str:
    """Return a city as it is compared.

    >>> clean_city(" 上海市"), clean_city("Suzhou ")
    ('上海', 'suzhou')
    """
    name = " ".join((text or "").casefold().split())
    return name.removesuffix("市") or name


def parse_cities(text: str | None) -> frozenset:
    """Return the cities of a list with commas.

    >>> sorted(parse_cities("Wuxi, 苏州市、无锡，"))
    ['wuxi', '无锡', '苏州']
    """
    return frozenset(
        filter(None, (clean_city(part) for part in re.split(r"[,;，；、]", text or "")))
    )


def parse_ranges(text: str | None) -> tuple:
    """Return postcode ranges as closed ranges of text; a short bound stands for all it begins.

    :raises RangeError: a part is no postcode or range, or ends before it begins

    >>> parse_ranges("9-1")
    Traceback (most recent call last):
    ...
    odoo.addons.crm_sales.engine.territory.RangeError: not a range of postcodes: 9-1
    """
    found = []
    for part in re.split(r"[,;，；、]", text or ""):
        token = clean_zip(part)
        if not token:
            continue
        bounds = _RANGE.match(token)
        low, high = bounds.groups() if bounds else (None, None)
        high = high or low
        if not bounds or low > high + LAST:
            raise RangeError(part.strip())
        found.append((low, high + LAST))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Node:
    """A territory. ``condition`` is None for a node without a rule of its own."""

    key: Hashable
    parent: Hashable | None
    sequence: int
    condition: Condition | None = None
    accounts: frozenset = frozenset()


@dataclass(frozen=True, slots=True)
class Conflict:
    """``winner`` takes what ``loser`` claims too.

    ``kind``: ``part`` of it, or all so that the loser is ``never`` reached; ``empty`` (no winner)
    when the rule of the loser lies outside of the rules above it; ``account`` for a named account.
    """

    kind: str
    winner: Hashable | None
    loser: Hashable
    account: Hashable | None = None


class Tree:
    """Nodes compiled for :meth:`find`."""

    def __init__(self, nodes: Iterable[Node]):
        self.nodes = {node.key: node for node in nodes}
        self.children = defaultdict(list)
        for node in self.nodes.values():
            parent = node.parent if node.parent in self.nodes else None
            self.children[parent].append(node)
        for siblings in self.children.values():
            siblings.sort(key=lambda node: (node.sequence, node.key))
        self._check_circle()
        self.order = list(self._post_order(None, Condition(None)))
        self.paths = {key: self._path(key) for key in self.nodes}
        self._compiled = Compiled(condition for _key, condition in self.order if condition)
        self._accounts = {}
        for key, _condition in self.order:
            for account in self.nodes[key].accounts:
                self._accounts.setdefault(account, key)

    def find(self, facts: Facts) -> Hashable | None:
        """Return the key of the node that the facts belong to, or None."""
        for account in facts.get("account", ()):
            if account in self._accounts:
                return self._accounts[account]
        found = self._compiled.first(facts)
        return found.key if found else None

    def conflicts(self) -> list[Conflict]:
        """Return where rules contradict each other, for the author of the tree to read."""
        effective = dict(self.order)
        found = [
            Conflict("empty", None, key)
            for key, condition in self.order
            if condition and condition.is_empty()
        ]
        for siblings in self.children.values():
            takers = [effective[node.key] for node in siblings if effective[node.key]]
            for winner, loser in combinations(takers, 2):
                if winner.covers(loser) and not loser.is_empty():
                    found.append(Conflict("never", winner.key, loser.key))
                elif winner.overlaps(loser) and not loser.covers(winner):
                    found.append(Conflict("part", winner.key, loser.key))
        return found + list(self._account_conflicts())

    def _account_conflicts(self) -> Iterator[Conflict]:
        for key, _condition in self.order:
            for account in sorted(self.nodes[key].accounts):
                if self._accounts[account] != key:
                    yield Conflict("account", self._accounts[account], key, account)

    def _takes(self, node: Node) -> bool:
        """Tell whether the node itself takes customers by rule."""
        return bool(node.condition) or not (self.children.get(node.key) or node.accounts)

    def _post_order(self, parent, above: Condition):
        for node in self.children.get(parent, ()):
            narrow = above.narrowed(node.condition or Condition(node.key))
            yield from self._post_order(node.key, narrow)
            yield node.key, (narrow if self._takes(node) else None)

    def _path(self, key) -> tuple:
        """Return the node and what is above it, nearest first."""
        path = []
        while key in self.nodes:
            path.append(key)
            key = self.nodes[key].parent
        return tuple(path)

    def _check_circle(self):
        reached, todo = set(), list(self.children.get(None, ()))
        while todo:
            node = todo.pop()
            reached.add(node.key)
            todo += self.children.get(node.key, ())
        if lost := sorted(self.nodes.keys() - reached):
            raise CircleError(lost)


def descend(tree: Tree, facts: Facts, parent=None) -> Hashable | None:
    """Return what :meth:`Tree.find` does for a rule, going down step by step (accounts aside)."""
    for node in tree.children.get(parent, ()):
        below = tree.children.get(node.key)
        if node.condition:
            if not node.condition.matches(facts):
                continue
            return descend(tree, facts, node.key) or node.key
        if below:
            if found := descend(tree, facts, node.key):
                return found
        elif not node.accounts:
            return node.key
    return None
