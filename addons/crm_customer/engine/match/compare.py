"""Agreement levels of pairs of records, for whole arrays of pairs at once.

A comparer takes the table, the comparison's field and two arrays of row numbers and returns the
position of the finest level of its kind (:data:`.spec.KINDS`) each pair reaches, -1 where a
value is
missing. All of them are symmetric. Distances come from rapidfuzz: OSA is the number of letters
inserted, deleted, replaced or exchanged with their neighbour; Jaro-Winkler (Winkler, "String
Comparator Metrics and Enhanced Decision Rules in the Fellegi-Sunter Model of Record Linkage", 1990)
rates the beginning of a word higher.
"""

from __future__ import annotations

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel, JaroWinkler

from .bulk import encode
from .spec import KINDS
from .table import TERMS

MISSING = np.int8(-1)
#: A phone number or mailbox that more records than this share tells nothing about who they are.
SHARED = 8
SHAREABLE = ("phone", "email")
#: Jaro-Winkler similarity from which two words are taken for misspellings of one another.
CLOSE, SIMILAR = 0.92, 0.8
COMPARERS = {}


def comparer(*kinds):
    """Register the decorated function for these kinds of comparison; see the module."""

    def register(function):
        for kind in kinds:
            COMPARERS[kind] = function
        return function

    return register


def finest(table, comparison, a, b):
    """The finest level of each pair; see the module."""
    return COMPARERS[comparison.kind](table, comparison, a, b)


def levels(table, comparison, a, b):
    """Position of each pair among the levels that the comparison has; -1 where it tells nothing."""
    wanted = [level.name for level in comparison.levels]
    names = KINDS[comparison.kind]
    position, target = len(wanted) - 1, []
    for name in reversed(names):
        if name in wanted:
            position = wanted.index(name)
        target.append(position)
    lookup = np.array([*reversed(target), MISSING], dtype=np.int8)
    found = finest(table, comparison, a, b)
    _drop_shared(table, comparison, found, a)
    return lookup[found]


def _drop_shared(table, comparison, found, a):
    """What many records share is no evidence: a switchboard's number, a family's mailbox."""
    if comparison.kind in SHAREABLE:
        _name, parser, form = TERMS[comparison.kind][0]
        counts = table.counts(comparison.field, parser, form)
        if counts is not None:
            codes = table.form(comparison.field, parser, form).codes
            found[(found == 0) & (counts[codes[a]] > SHARED)] = MISSING


def _start(column, a, b, count):
    """Levels before anything but equality is known, and the pairs that differ."""
    left, right = column.codes[a], column.codes[b]
    level = np.full(len(a), count - 1, np.int8)
    level[left == right] = 0
    missing = (left < 0) | (right < 0)
    level[missing] = MISSING
    return level, np.flatnonzero((left != right) & ~missing)


#: From so many pairs on a look at the signatures costs less than the distances it saves.
WORTH = 500


def _differ(left, right):
    """Of how many letters and pairs of neighbours one of two texts knows nothing, at least."""
    (x, two_x), (y, two_y) = left, right
    return np.bitwise_count(x ^ y), np.bitwise_count(two_x ^ two_y)


def _distance(left, a, b, cutoff, right=None):
    """OSA distances of the texts of two rows; those beyond the cut-off are only that.

    An edit changes two letters and six pairs of neighbours at most: where more differ nothing has
    to be computed.
    """
    right = right or left
    result = np.full(len(a), cutoff + 1, np.int32)
    some = np.arange(len(a))
    if len(a) >= WORTH:
        letters, pairs = _differ(left.signatures(a), right.signatures(b))
        near = (letters <= 2 * cutoff) & (pairs <= 6 * cutoff)
        some = np.flatnonzero(near & (np.abs(left.lengths(a) - right.lengths(b)) <= cutoff))
    if len(some):
        x, y = left.strings(a[some]), right.strings(b[some])
        result[some] = process.cpdist(
            x, y, scorer=OSA.distance, score_cutoff=cutoff, dtype=np.int32, workers=_workers(some)
        )
    return result


def _ratio(column, a, b, cutoff):
    """Share of letters that two rows' texts have in common, in their order; 0 below the cut-off."""
    result = np.zeros(len(a), np.float32)
    some = np.arange(len(a))
    if len(a) >= WORTH:
        letters, _pairs = _differ(column.signatures(a), column.signatures(b))
        together = column.lengths(a) + column.lengths(b)
        some = np.flatnonzero(letters <= (1 - cutoff) * together + 1e-6)
    if len(some):
        x, y = column.strings(a[some]), column.strings(b[some])
        result[some] = process.cpdist(
            x, y, scorer=Indel.normalized_similarity, score_cutoff=cutoff, dtype=np.float32,
            workers=_workers(some),
        )  # fmt: skip
    return result


def _workers(pairs):
    """Threads for the distances of so many pairs; they run without the interpreter's lock."""
    return -1 if len(pairs) >= 20_000 else 1


def _jaro_winkler(column, a, b, cutoff):
    # rapidfuzz' is symmetric but for the last bit: the thresholds must not tell the sides apart
    if not len(a):
        return np.zeros(0, np.float32)
    score = process.cpdist(
        column.strings(a), column.strings(b), scorer=JaroWinkler.similarity,
        score_cutoff=cutoff - 0.001, dtype=np.float32, workers=_workers(a),
    )  # fmt: skip
    return np.round(score, 4)


# -- simple kinds ------------------------------------------------------------------------------


@comparer("exact")
def _exact(table, comparison, a, b):
    return _start(table.form(comparison.field, "identifier", "value"), a, b, 2)[0]


@comparer("domain")
def _domain(table, comparison, a, b):
    column = table.form(comparison.field, "domain", "domain")
    return _start(column, a, b, 2)[0]


@comparer("text")
def _text(table, comparison, a, b):
    column = table.form(comparison.field, "text", "joined")
    level, rest = _start(column, a, b, 4)
    a, b = a[rest], b[rest]
    score = _jaro_winkler(column, a, b, SIMILAR)
    short = np.minimum(column.lengths(a), column.lengths(b)) < 4
    close = (score >= CLOSE) | ((_distance(column, a, b, 1) <= 1) & ~short)
    level[rest[score >= SIMILAR]] = 2
    level[rest[close]] = 1
    return level


@comparer("identifier")
def _identifier(table, comparison, a, b):
    column = table.form(comparison.field, "identifier", "value")
    level, rest = _start(column, a, b, 4)
    a, b = a[rest], b[rest]
    distance = _distance(column, a, b, 2)
    length = np.minimum(column.lengths(a), column.lengths(b))
    level[rest[(distance <= 2) & (length >= 5)]] = 2
    level[rest[(distance <= 1) & (length >= 2)]] = 1
    return level


@comparer("date")
def _date(table, comparison, a, b):
    column = table.form(comparison.field, "date", "digits")
    level, rest = _start(column, a, b, 4)
    a, b = a[rest], b[rest]
    distance = _distance(column, a, b, 2)
    level[rest[(distance <= 2) | _same_parts(column, a, b)]] = 2
    level[rest[(distance <= 1) | _day_and_month(column, a, b)]] = 1
    return level


def _same_parts(column, a, b):
    """Whether two of year, month and day are equal."""
    return np.fromiter(
        (
            len(x) == len(y) == 8 and (x[:4] == y[:4]) + (x[4:6] == y[4:6]) + (x[6:] == y[6:]) >= 2
            for x, y in zip(column.strings(a), column.strings(b), strict=True)
        ),
        bool,
        len(a),
    )


def _day_and_month(column, a, b):
    """Whether day and month were exchanged."""
    return np.fromiter(
        (
            len(x) == len(y) == 8 and x[:4] == y[:4] and x[4:6] + x[6:] == y[6:] + y[4:6]
            for x, y in zip(column.strings(a), column.strings(b), strict=True)
        ),
        bool,
        len(a),
    )


@comparer("number")
def _number(table, comparison, a, b):
    column = table.form(comparison.field, "text", "text")
    level, rest = _start(column, a, b, 3)
    values = np.array([_float(value) for value in [*column.values, ""]])
    left, right = values[column.codes[a[rest]]], values[column.codes[b[rest]]]
    with np.errstate(invalid="ignore"):
        close = np.abs(left - right) <= 0.05 * np.maximum(np.abs(left), np.abs(right))
    level[rest[close]] = 1
    return level


def _float(value):
    try:
        return float(value.replace(" ", "."))
    except ValueError:
        return float("nan")


@comparer("phone")
def _phone(table, comparison, a, b):
    column = table.form(comparison.field, "phone", "digits")
    level, rest = _start(column, a, b, 3)
    a, b = a[rest], b[rest]
    distance = _distance(column, a, b, 1)
    long = np.minimum(column.lengths(a), column.lengths(b)) >= 7
    level[rest[(distance <= 1) & long]] = 1
    return level


@comparer("address")
def _address(table, comparison, a, b):
    field = comparison.field
    level, rest = _start(table.form(field, "address", "text"), a, b, 4)
    a, b = a[rest], b[rest]
    words, numbers = (table.form(field, "address", form) for form in ("words", "numbers"))
    same_words = words.equal(a, b)
    ratio = _ratio(words, a, b, 0.6)
    level[rest[same_words | (ratio >= 0.85)]] = 2
    some = np.flatnonzero(same_words | (ratio >= 0.7))
    level[rest[some[_begins(numbers, a[some], b[some])]]] = 1
    return level


def _begins(numbers, a, b):
    """Whether one address leaves the last numbers of the other away: 88 and 88-3-501."""
    first = numbers.per_value("first", _first_numbers)
    left, right = numbers.codes[a], numbers.codes[b]
    found = (left == right) & (left >= 0)
    some = np.flatnonzero((first[left] == first[right]) & ~found)
    pairs = zip(numbers.strings(a[some]), numbers.strings(b[some]), strict=True)
    found[some] = [
        bool(x and y) and (x.startswith(y + "-") or y.startswith(x + "-")) for x, y in pairs
    ]
    return found


def _first_numbers(values):
    return encode([value.partition("-")[0] for value in values])[1]


# -- e-mail ------------------------------------------------------------------------------------


@comparer("email")
def _email(table, comparison, a, b):
    """A local part made from the name says nothing that the name has not said: it is no evidence
    on its own, unless a number of three digits or more is equal too. A role's mailbox (info@) only
    tells its domain."""
    field = comparison.field
    value, local, domain = (
        table.form(field, "email", form) for form in ("value", "local", "domain")
    )
    level, rest = _start(value, a, b, 5)
    same_domain = domain.equal(a, b) & (level != 0)
    other = (domain.codes[a] >= 0) & (domain.codes[b] >= 0) & (level == MISSING)
    level[other] = 4
    level[same_domain] = 3
    a, b = a[rest], b[rest]
    distance = _distance(value, a, b, 2)
    long = np.minimum(local.lengths(a), local.lengths(b)) >= 4
    close = (distance <= 2) & long
    same = local.equal(a, b) & long
    weak = np.flatnonzero(close | same)
    x, y = a[weak], b[weak]
    dependent = (_from_name(table, local, x) | _from_name(table, local, y)) & ~_same_number(
        local, x, y
    )
    level[rest[same]] = 2
    level[rest[close]] = 1
    level[rest[weak[dependent]]] = MISSING
    return level


def _from_name(table, local, rows):
    """Whether the mailbox of these rows is made from their name."""
    if not table.naming:
        return np.zeros(len(rows), bool)
    field, kind = next(iter(table.naming.items()))
    family, given = (table.form(field, kind, form) for form in ("family", "given"))
    names = zip(local.strings(rows), family.strings(rows), given.strings(rows), strict=True)
    return np.fromiter(
        ((len(f) > 1 and f in text) or (len(g) > 1 and g in text) for text, f, g in names),
        bool,
        len(rows),
    )


def _same_number(local, a, b):
    """Whether both mailboxes hold the same number, of at least three digits."""
    pairs = zip(local.strings(a), local.strings(b), strict=True)
    digits = (("".join(filter(str.isdigit, x)), "".join(filter(str.isdigit, y))) for x, y in pairs)
    return np.fromiter((len(x) > 2 and x == y for x, y in digits), bool, len(a))


# -- names -------------------------------------------------------------------------------------


@comparer("name", "company", "party")
def _name(table, comparison, a, b):
    field, kind = comparison.field, comparison.kind
    level, rest = _start(table.form(field, kind, "text"), a, b, 6)
    bare = _scripts(table, field, kind, a) == HAN
    bare &= table.form(field, kind, "given").codes[a] < 0
    level[bare & (level == 0)] = 3  # nothing but a family name
    a, b = a[rest], b[rest]
    sound = table.form(field, kind, "sound").equal(a, b) & ~_exchanged(table, field, kind, a, b)
    family = table.form(field, kind, "family").equal(a, b)
    level[rest[family]] = 4
    level[rest[_compatible(table, field, kind, a, b, family)]] = 3
    level[rest[_close(table, field, kind, a, b)]] = 2
    level[rest[sound]] = 1
    return level


def _exchanged(table, field, kind, a, b):
    """Two Chinese names of the same letters but in another order are two names."""
    roman = table.form(field, kind, "roman")
    left, right = _scripts(table, field, kind, a), _scripts(table, field, kind, b)
    return (left == HAN) & (right == HAN) & ~roman.equal(a, b)


def _close(table, field, kind, a, b):
    """One misspelling.

    Between two Chinese names that is a sound that is hard to tell apart (a letter more or less
    would be another name); between Latin ones also a misspelling of each part, in any order.
    """
    roman = table.form(field, kind, "roman")
    left, right = _scripts(table, field, kind, a), _scripts(table, field, kind, b)
    length = np.minimum(roman.lengths(a), roman.lengths(b))
    close = table.form(field, kind, "fuzzy").equal(a, b)
    some = np.flatnonzero(~close & ~((left == HAN) & (right == HAN)) & (length >= 5))
    close[some] = _distance(roman, a[some], b[some], 1) <= 1
    latin = np.flatnonzero(~close & (left == LATIN) & (right == LATIN))
    close[latin] = _latin_close(table, field, kind, a[latin], b[latin])
    firms = np.flatnonzero(~close & (length >= 6) & _upper(left) & _upper(right))
    ratio = _ratio(roman, a[firms], b[firms], 0.9)
    close[firms] = ratio >= 0.9
    return close


def _latin_close(table, field, kind, a, b):
    """Both parts of the name misspelt at most, as they stand or exchanged."""
    family, given = (table.form(field, kind, form) for form in ("family", "given"))
    straight = _misspelt(family, family, a, b) & _misspelt(given, given, a, b)
    return straight | (_misspelt(family, given, a, b) & _misspelt(given, family, a, b))


def _misspelt(left, right, a, b):
    """Whether one letter differs at most, in long words two."""
    distance = _distance(left, a, b, 2, right)
    length = np.minimum(left.lengths(a), right.lengths(b))
    return ((distance <= 1) & (length >= 3)) | ((distance <= 2) & (length >= 7)) | (distance == 0)


#: Scripts: a person's name in Chinese or Latin letters, a company's; 0 where there is none.
HAN, LATIN, HAN_FIRM, LATIN_FIRM = map(ord, "hlHL")


def _scripts(table, field, kind, rows):
    """The script of each row."""
    column = table.form(field, kind, "script")
    return column.per_value("script", _script_numbers)[column.codes[rows]]


def _script_numbers(values):
    return np.array([ord(value) if value else 0 for value in values], np.uint8)


def _upper(scripts):
    return (scripts == HAN_FIRM) | (scripts == LATIN_FIRM)


def _compatible(table, field, kind, a, b, family):
    """Same family, and the given names do not contradict: unknown, an initial, a part."""
    tokens = table.form(field, kind, "tokens")
    some = np.flatnonzero(family)
    left, right = tokens.codes[a[some]], tokens.codes[b[some]]
    found = np.zeros(len(a), bool)
    found[some] = (left < 0) | (right < 0)
    han = _scripts(table, field, kind, a[some]) == HAN
    same = left == right
    size = tokens.lengths(a[some])
    found[some] |= same & tokens.per_value("single", _single)[left] & (han | (size != 2))
    unknown = ~found[some] & ~same
    if len(some) >= WORTH:  # a part has no letter that the whole has not
        x, y = tokens.signatures(a[some])[0], tokens.signatures(b[some])[0]
        unknown &= (x & ~y == 0) | (y & ~x == 0)
    some, han = some[unknown], han[unknown]
    found[some] = [
        _part(x, y, h) or _part(y, x, h)
        for x, y, h in zip(
            tokens.strings(a[some]), tokens.strings(b[some]), han.tolist(), strict=True
        )
    ]
    return found


def _part(x, y, syllables):
    """Whether the given name x is an initial or a part of y."""
    if syllables or " " in y:
        return x in y.split() or (len(x) == 1 and y.startswith(x))
    return y.startswith(x) and (len(x) == 1 or len(x) > 2)


# -- vetoes ------------------------------------------------------------------------------------


def vetoed(table, veto, a, b):
    """Which pairs the veto forbids to merge without review."""
    found = np.zeros(len(a), bool)
    for field in veto.fields:
        found |= _VETOES[veto.kind](table, field, a, b)
    return found


def _identifier_veto(table, field, a, b):
    column = table.form(field, "identifier", "value")
    left, right = column.codes[a], column.codes[b]
    return (left != right) & (left >= 0) & (right >= 0)


def _party_veto(table, field, a, b):
    naming = _Naming(field, table.naming.get(field, "party"))
    left, right = (_scripts(table, field, naming.kind, rows) for rows in (a, b))
    found = (left > 0) & (right > 0) & (_upper(left) != _upper(right))
    some = np.flatnonzero(found)
    found[some] = _name(table, naming, a[some], b[some]) >= 3  # else the guess was wrong
    return found


class _Naming:
    """A stand-in for a comparison where a veto looks at a field that is not compared."""

    def __init__(self, field, kind):
        self.field = field
        self.kind = kind


def _given_name_veto(table, field, a, b):
    """Given names, or companies' cores, that contradict each other.

    Brothers share a part of their given names, colleagues a first name, and Ronald is no misspelt
    Donald: names count as one with a mistake only where the mistake is no common name itself, or
    where
    the personal mailbox is the same.
    """
    kind = table.naming.get(field, "party")
    level_of = level = _name(table, _Naming(field, kind), a, b)
    left, right = _scripts(table, field, kind, a), _scripts(table, field, kind, b)
    some = np.flatnonzero((level > 0) & (_upper(left) == _upper(right)))
    a, b, level, left, right = a[some], b[some], level[some], left[some], right[some]
    given = table.form(field, kind, "given")
    differ = (given.codes[a] >= 0) & (given.codes[b] >= 0) & ~given.equal(a, b)
    han = (left == HAN) & (right == HAN)
    latin = (left == LATIN) & (right == LATIN)
    contradicts = level >= 4
    contradicts |= (level == 3) & han & differ
    contradicts |= (level == 2) & han & differ & _one_syllable(table, field, kind, a, b)
    contradicts |= (level <= 2) & latin & differ & _both_common(table, field, kind, a, b)
    same = np.flatnonzero(contradicts & _same_mailbox(table, a, b))
    contradicts[same] = ~_share_syllable(table, field, kind, a[same], b[same])
    found = np.zeros(len(level_of), bool)
    found[some[contradicts]] = True
    return found


#: A given name that this many records bear, and this share of those of the other, is a name of
#: its own.
COMMON = 4
COMMON_RATIO = 0.1


def _one_syllable(table, field, kind, a, b):
    tokens = table.form(field, kind, "tokens")
    single = tokens.per_value("single", _single)
    return single[tokens.codes[a]] & single[tokens.codes[b]]


def _single(values):
    return np.array([" " not in value for value in values], bool)


def _both_common(table, field, kind, a, b):
    """Whether both given names occur often, so that neither is the other with a mistake."""
    counts = table.counts(field, kind, "given")
    if counts is None:
        return np.zeros(len(a), bool)
    given, family = table.form(field, kind, "given"), table.form(field, kind, "family")
    left, right = counts[given.codes[a]], counts[given.codes[b]]
    rarer = np.minimum(left, right)
    common = (rarer >= COMMON) & (rarer >= COMMON_RATIO * np.maximum(left, right))
    return common & family.equal(a, b)


def _same_mailbox(table, a, b):
    """Whether a pair has one personal mailbox."""
    same = np.zeros(len(a), bool)
    for comparison in table.ruleset.comparisons:
        if comparison.kind == "email":
            same |= table.form(comparison.field, "email", "value").equal(a, b)
    return same


def _share_syllable(table, field, kind, a, b):
    """Whether two names have a part of the given name in common."""
    tokens = table.form(field, kind, "tokens")
    pairs = zip(tokens.strings(a), tokens.strings(b), strict=True)
    shared = (not set(x.split()).isdisjoint(y.split()) for x, y in pairs)
    return np.fromiter(shared, bool, len(a))


_VETOES = {
    "given_name": _given_name_veto,
    "identifier": _identifier_veto,
    "party": _party_veto,
}
