"""Columns of records as integer codes: every text is parsed once per distinct value."""

from __future__ import annotations

import gc
from collections import defaultdict
from contextlib import contextmanager
from itertools import count

import numpy as np

from . import helper
from .bulk import cut, encode, parse, plain_many, signatures
from .normalize import NAMING, PARSERS, Slice, split_transform

NONE = np.int32(-1)
#: From so many values one tells whether most of a column's are different.
SAMPLE = 1000
#: kind -> forms whose frequency counts, with the level at which two records share it
TERMS = {
    "exact": (("exact", "identifier", "value"),),
    "text": (("exact", "text", "joined"),),
    "name": (("exact", "name", "text"), ("sound", "name", "sound")),
    "company": (("exact", "company", "text"), ("sound", "company", "sound")),
    "party": (("exact", "party", "text"), ("sound", "party", "sound")),
    "address": (("exact", "address", "text"),),
    "phone": (("exact", "phone", "digits"),),
    "email": (("exact", "email", "value"), ("domain", "email", "domain")),
    "domain": (("exact", "domain", "domain"),),
    "identifier": (("exact", "identifier", "value"),),
    "date": (("exact", "date", "digits"),),
    "number": (("exact", "text", "text"),),
}


class Column:
    """One form of one field: ``codes`` per row (-1: missing) into the distinct ``values``."""

    __slots__ = ("_kept", "codes", "values")

    def __init__(self, codes, values):
        self.codes = codes
        self.values = values
        self._kept = {}

    def per_value(self, name, function):
        """What ``function`` gives for the list of all values and ""; computed once per name."""
        if name not in self._kept:
            self._kept[name] = function([*self.values, ""])
        return self._kept[name]

    def lengths(self, rows):
        """The lengths of the texts of these rows."""
        return self.per_value("lengths", _lengths)[self.codes[rows]]

    def strings(self, rows):
        """The texts of these rows; "" where missing."""
        return self.per_value("strings", _objects)[self.codes[rows]]

    def signatures(self, rows):
        """:func:`.bulk.signatures` of the texts of these rows."""
        letters, pairs = self.per_value("signatures", signatures)
        codes = self.codes[rows]
        return letters[codes], pairs[codes]

    def equal(self, a, b):
        """Whether the rows ``a`` and ``b`` have the same, known value."""
        left = self.codes[a]
        return (left == self.codes[b]) & (left >= 0)

    def counts(self):
        """How many rows have each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    def mapped(self, functions):
        """The same rows after the functions were applied to each distinct value."""
        column = self
        for function in functions:
            if isinstance(function, Slice):
                known, codes = cut(column.values, *function)
            else:
                known, codes = encode([function(value) for value in column.values])
            column = Column(np.append(codes, NONE)[column.codes], known)
        return column


def _parse(parser, texts):
    """Distinct values and codes of each form of some plain texts."""
    with _no_collection():
        return parse(parser, texts)


@contextmanager
def _no_collection():
    """Without the garbage collector: it would look at every new tuple again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Table:
    """Records of a rule set's fields, column by column.

    ``columns`` maps a field to a sequence of raw values, all of the same length; a field that is
    not there is missing in every record. The sequences are not kept.
    """

    def __init__(self, columns, ruleset):
        self.ruleset = ruleset
        self.naming = {c.field: c.kind for c in ruleset.comparisons if c.kind in NAMING}
        self.size = len(next(iter(columns.values()))) if columns else 0
        self._raw = {}
        for field in used_fields(ruleset):
            self._raw[field] = self._encode_raw(field, columns.get(field))
        self._forms = {}
        self._plain = {}
        self._keys = {}
        self._counts = None
        self.total = 0

    def _encode_raw(self, field, values):
        if values is None:
            return Column(np.full(self.size, NONE), [])
        if len(values) != self.size:
            raise ValueError(f"{field}: {len(values)} values, but {self.size} records")
        if field not in self.naming and 2 * len(set(values[:SAMPLE])) > SAMPLE:
            # most are different: to find the equal ones costs more than to parse them again
            return Column(np.arange(self.size, dtype=np.int32), _as_texts(values))
        known = defaultdict(count().__next__)
        codes = np.fromiter(map(known.__getitem__, values), np.int32, len(values))
        return Column(codes, _as_texts(known))

    def form(self, field, parser, form):
        """The column of one form that a parser gives; parsed when first asked for."""
        if (field, parser, form) not in self._forms:
            self._keep(field, parser, _parse(parser, self._plain_texts(field)))
        return self._forms[field, parser, form]

    def _keep(self, field, parser, forms):
        raw = self._raw[field]
        for name, (known, codes) in zip(PARSERS[parser][1], forms, strict=True):
            codes = np.append(codes, NONE)
            self._forms[field, parser, name] = Column(codes[raw.codes], known)

    def prepare(self, workers):
        """Parse what comparisons and blocking rules need and make the keys; with two ``workers``
        names in an interpreter of their own, see :mod:`.helper`."""
        waiting = []
        if workers > 1:
            for field, kind in self.naming.items():
                texts = self._plain_texts(field)
                if helper.WORTH <= len(texts) <= helper.MOST:
                    waiting.append((field, kind, helper.parse_elsewhere(kind, texts)))
        elsewhere = {field for field, _kind, _answer in waiting}
        for field in self._raw:
            if field not in elsewhere:
                self._finish(field)
        for field, kind, answer in waiting:
            with _no_collection():
                self._keep(field, kind, answer())
            self._finish(field)
        return self

    def _finish(self, field):
        """Make all forms and keys of a field; its texts are not needed any more."""
        for other, parser in self._wanted():
            if other == field:
                self.form(field, parser, PARSERS[parser][1][0])
        self.make_keys((field,))
        self._raw[field].values = self._plain[field] = None

    def _wanted(self):
        """Fields and parsers that comparisons and vetoes ask for."""
        for comparison in self.ruleset.comparisons:
            yield comparison.field, TERMS[comparison.kind][0][1]
        for veto in self.ruleset.vetoes:
            for field in veto.fields:
                naming = self.naming.get(field, "party")
                yield field, "identifier" if veto.kind == "identifier" else naming

    def _plain_texts(self, field):
        if field not in self._plain:
            self._plain[field] = plain_many(self._raw[field].values)
        return self._plain[field]

    # -- how common a value is --

    def count(self, frequencies=None):
        """Let terms weigh by frequency: that of the table itself, or one that was given."""
        self._counts = {}
        self._given = frequencies
        self.total = frequencies.total if frequencies else self.size
        return self

    def counts(self, field, parser, form):
        """How many records have the value of each row; ``None`` where nobody knows."""
        if self._counts is None or not self.total:
            return None
        if (field, parser, form) not in self._counts:
            column = self.form(field, parser, form)
            if self._given:
                known = self._given.counts.get(field, {})
                counts = [known.get(term(form, value), 1) for value in column.values]
            else:
                counts = column.counts()
            self._counts[field, parser, form] = np.append(counts, 0).astype(np.int32)
        return self._counts[field, parser, form]

    def term_counts(self, comparison):
        """Per level that a frequency adjusts: its position, and a function rows -> counts."""
        if not comparison.term_frequency or self._counts is None:
            return
        names = [level.name for level in comparison.levels]
        for name, parser, form in TERMS[comparison.kind]:
            if name not in names:
                continue
            counts = self.counts(comparison.field, parser, form)
            if counts is not None:
                codes = self.form(comparison.field, parser, form).codes
                yield names.index(name), lambda rows, k=counts, c=codes: k[c[rows]]

    def equality_counts(self, comparison):
        """Per level that means an equal form: its position, and the counts of all values."""
        names = [level.name for level in comparison.levels]
        for name, parser, form in TERMS[comparison.kind]:
            if name in names:
                column = self.form(comparison.field, parser, form)
                yield names.index(name), column.counts()

    def is_empty(self, comparison):
        """Whether no record has a value to compare."""
        _name, parser, form = TERMS[comparison.kind][0]
        return not self.form(comparison.field, parser, form).values

    # -- blocking --

    def key(self, field, transform):
        """The column of a blocking transform."""
        if (field, transform) not in self._keys:
            parser, form, steps = split_transform(transform)
            if parser == "naming":
                parser = self.naming.get(field, "party")
            column = self.form(field, parser, form)
            self._keys[field, transform] = column.mapped(steps) if steps else column
        return self._keys[field, transform]

    def make_keys(self, fields=None):
        """Make the columns of all blocking rules, or those of some fields."""
        for rule in self.ruleset.blocking:
            for field, transform in rule.parts:
                if fields is None or field in fields:
                    self.key(field, transform)

    def forget_keys(self):
        """Free what only blocking needs."""
        self._keys.clear()


def _lengths(values):
    return np.fromiter(map(len, values), np.int32, len(values))


def _objects(values):
    return np.array(values, dtype=object)


def term(form, value):
    """Under which name the frequency of a form is kept."""
    return f"{form}={value}"


def used_fields(ruleset):
    """Names of all fields that a rule set looks at."""
    fields = {comparison.field: None for comparison in ruleset.comparisons}
    fields.update((field, None) for rule in ruleset.blocking for field, _name in rule.parts)
    fields.update((field, None) for veto in ruleset.vetoes for field in veto.fields)
    return tuple(fields)


def _as_texts(values):
    if set(map(type, values)) <= {str}:
        return list(values)
    return list(map(_text, values))


def _text(value):
    if isinstance(value, str):
        return value
    # False is Odoo's empty value, NaN that of data frames
    return "" if value is None or value is False or value != value else str(value)
