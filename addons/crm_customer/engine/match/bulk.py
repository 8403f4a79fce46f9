"""The parsers of :mod:`.normalize` for many texts at once.

Most values of a table are plain: a Chinese name of two or three characters, a phone number of
digits, a mailbox with one "@". They are parsed as arrays of code points; what is left goes through
the function for one text, so the answers are always the same.

>>> from .normalize import PARSERS
>>> texts = ["王志强", "acme tools ltd", "欧阳娜娜", "宏泰机械厂"] * 100
>>> values, codes = parse("party", texts)[0]
>>> [values[code] for code in codes[:4]] == [PARSERS["party"][0](text)[0] for text in texts[:4]]
True
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import lru_cache
from itertools import count

import numpy as np

from . import normalize, regions
from .normalize import FUZZY, HAN, PARSERS, PINYIN, plain, simplified

#: Below, one by one is faster.
MANY = 400
#: Texts whose code points are in memory at a time.
PORTION = 50_000
_NL = 10
_NOT_WORD = re.compile(f"[^0-9a-z{HAN}\n]+")
_NUMBER = re.compile(r"(?:(?<= )|^)[0-9]+(?= |$)", re.MULTILINE)
_TWO_WORDS = re.compile("[a-z]+ [a-z]+")


def encode(texts):
    """Distinct texts in order of appearance, and the code of each; "" has the code -1.

    >>> encode(["b", "", "a", "b"])
    (['b', 'a'], array([ 0, -1,  1,  0], dtype=int32))
    """
    known = defaultdict(count().__next__)
    known[""] = -1
    codes = np.fromiter(map(known.__getitem__, texts), np.int32, len(texts))
    del known[""]
    return list(known), codes


def parse(parser, texts):
    """Distinct values and codes of each form of some plain texts."""
    if len(texts) >= MANY and parser in _BULK:
        return _BULK[parser](texts)
    return _forms(parser, list(map(PARSERS[parser][0], texts)))


def _forms(parser, parsed):
    forms = zip(*parsed, strict=True) if parsed else [()] * len(PARSERS[parser][1])
    return [encode(form) for form in forms]


class Lines:
    """Texts as one array of code points, each ending with a line break."""

    __slots__ = ("_rows", "ends", "points", "starts")

    def __init__(self, points):
        self.points = points
        breaks = points == _NL
        self.ends = np.flatnonzero(breaks)
        self.starts = np.append(0, self.ends[:-1] + 1)
        self._rows = None

    @property
    def rows(self):
        """Per code point, the number of its text."""
        if self._rows is None:
            numbers = np.arange(len(self.ends), dtype=np.int32)
            self._rows = np.repeat(numbers, self.ends - self.starts + 1)
        return self._rows

    @classmethod
    def of(cls, texts):
        """A line break within a text becomes a zero."""
        joined = "\n".join(texts)
        if joined.count("\n") >= max(len(texts), 1):
            joined = "\n".join([text.replace("\n", "\0") for text in texts])
        data = f"{joined}\n".encode("utf-32-le", "surrogatepass")
        return cls(np.frombuffer(data, np.uint32))

    def lengths(self):
        """Per text, its number of code points."""
        return self.ends - self.starts

    def places(self):
        """The position of each code point in its text."""
        return np.arange(len(self.points)) - self.starts[self.rows]

    def any(self, mask):
        """Per text, whether one of its code points is in the mask."""
        return np.logical_or.reduceat(mask, self.starts)

    def number(self, mask):
        """Per text, how many of its code points are in the mask."""
        return np.add.reduceat(mask, self.starts, dtype=np.int32)

    def before(self, mask):
        """Per code point, how many before it in its text are in the mask."""
        total = np.cumsum(mask, dtype=np.int32) - mask
        return total - total[self.starts][self.rows]

    def kept(self, mask):
        """The texts without the code points outside of the mask."""
        return Lines(self.points[mask | (self.points == _NL)])

    def strings(self):
        """The texts as Python strings; a zero in the place of a line break, see :meth:`of`."""
        text = self.points.tobytes().decode("utf-32-le", "surrogatepass")
        return text[:-1].split("\n")


def _class(characters):
    """A lookup: code points up to 0xFFFF -> whether they are among the characters."""
    found = np.zeros(0x10000, bool)
    found[[ord(character) for character in "".join(characters)]] = True
    return found


def _in(points, lookup):
    return lookup[np.minimum(points, 0xFFFF)]


def _is_han(points):
    return ((points >= 0x3400) & (points <= 0x4DBF)) | ((points >= 0x4E00) & (points <= 0x9FFF))


def _is_digit(points):
    return (points >= 48) & (points <= 57)


def cut(values, size, end):
    """As :func:`encode` of ``value[:size]`` or, at the ``end``, of ``value[-size:]`` where the
    value is so long; quick for short cuts.

    >>> values, codes = cut(["abc", "bcd", "abd", "a"], 2, end=False)
    >>> values, codes.tolist()
    (['ab', 'bc', 'a'], [0, 1, 0, 2])
    """
    values = list(values) if isinstance(values, Cuts) else values  # a cut of a cut
    lines = Lines.of(values) if len(values) >= MANY else None
    bits = lines and (7 if lines.points.max(initial=0) < 128 else 21)
    if not lines or bits * size > 63 or not lines.points.all():
        if end:
            return encode([value[-size:] if len(value) >= size else "" for value in values])
        return encode([value[:size] for value in values])
    length = lines.lengths()
    start = lines.ends - size if end else lines.starts
    key = np.zeros(len(values), np.int64)
    for place in range(size):
        at = np.clip(start + place, 0, len(lines.points) - 1)
        key = (key << bits) | np.where(place < length, lines.points[at], 0)
    missing = (length < size) if end else (length == 0)
    key[missing] = -1
    known, codes = np.unique(key, return_inverse=True)
    some = np.int32(len(known) and known[0] < 0)
    first = np.empty(len(known), np.int64)
    first[codes] = np.arange(len(values))  # any of the values will do
    return Cuts(values, first[some:].astype(np.int32), size, end), codes.astype(np.int32) - some


class Cuts:
    """Distinct cuts, made when they are asked for: to tell blocks apart their number is enough."""

    def __init__(self, values, rows, size, end):
        self._values, self._rows, self._size, self._end = values, rows, size, end

    def __len__(self):
        return len(self._rows)

    def __iter__(self):
        part = slice(-self._size, None) if self._end else slice(self._size)
        return (self._values[row][part] for row in self._rows.tolist())


def signatures(texts):
    """Per text 64 bits of its characters, and 64 bits of its pairs of neighbours.

    Where few bits differ the texts may be alike; where many do they are not, see
    :func:`.compare.far_apart`.
    """
    lines = Lines.of(texts)
    points = lines.points
    one = np.where(points == _NL, 0, np.uint64(1) << (_scattered(points) & np.uint64(63)))
    pairs = _scattered(points[:-1].astype(np.uint64) * np.uint64(31) + points[1:])
    two = np.uint64(1) << (pairs & np.uint64(63))
    two[(points[:-1] == _NL) | (points[1:] == _NL)] = 0
    two = np.append(two, np.uint64(0))
    return (
        np.bitwise_or.reduceat(one, lines.starts),
        np.bitwise_or.reduceat(two, lines.starts),
    )


def _scattered(numbers):
    return (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)


# -- plain texts -----------------------------------------------------------------------------


#: besides Chinese characters: ASCII, the dot in foreign names, punctuation, full width
_SIMPLE = ((1, 0x80), (0xB7, 0xB8), (0x2010, 0x2040), (0x3000, 0x3040), (0xFF01, 0xFF5F))


@lru_cache(1)
def _plain_points():
    """Code point -> the one that :func:`.normalize.plain` makes of it; 0: it is not so simple."""
    found = np.zeros(0x10000, np.uint32)
    for start, end in ((0x3400, 0x4DC0), (0x4E00, 0xA000)):
        found[start:end] = np.arange(start, end)
    for code, other in simplified().items():
        found[code] = ord(other) if len(other) == 1 else 0
    for start, end in _SIMPLE:
        for code in range(start, end):
            other = unicodedata.normalize("NFKC", chr(code)).lower()
            if len(other) == 1 and not unicodedata.combining(other):
                found[code] = ord(other)
    found[_NL] = _NL
    return found


def plain_many(texts):
    """:func:`.normalize.plain` of many texts."""
    if len(texts) < MANY:
        return list(map(plain, texts))
    return _in_portions(_plain_portion, texts)


def _in_portions(function, texts):
    """What a function gives for lists of texts, one portion after another: arrays of code points
    take many times the memory of the texts."""
    result = []
    for start in range(0, len(texts), PORTION):
        result += function(texts[start : start + PORTION])
    return result


def _plain_portion(texts):
    lines = Lines.of(texts)
    points = _plain_points()[np.minimum(lines.points, 0xFFFF)]
    hard = points == 0
    result = list(map(str.strip, Lines(np.where(hard, 32, points)).strings()))
    # what is plain already is not kept twice
    result = [text if text == found else found for text, found in zip(texts, result, strict=True)]
    for row in np.flatnonzero(lines.any(hard)).tolist() if hard.any() else ():
        result[row] = plain(texts[row])
    return result


# -- names -----------------------------------------------------------------------------------

_COMPANY = _class("司团厂行校学院心所店贸社室会")
_TITLE = _class(title[-1] for title in regions.HAN_TITLES)
_COMPOUND = _class(surname[0] for surname in regions.COMPOUND_SURNAMES)


def _names(parser):
    one, firms = PARSERS[parser][0], parser == "party"

    def names(texts):
        lines = Lines.of(texts)
        left = np.ones(len(texts), bool)
        rows, forms = _han_persons(lines) if parser != "company" else ([], [])
        left[rows] = False
        others = []
        parsed = []
        if firms:
            others.append(np.flatnonzero(left & _han_companies(lines)))
            left[others[0]] = False
            parsed = _company_names([texts[row] for row in others[0].tolist()])
        others.append(np.flatnonzero(left))
        for row in others[-1].tolist():
            name = _two_words(texts[row], firms) if parser != "company" else None
            parsed.append(name or one(texts[row]))
        return _joined(texts, rows, forms, np.concatenate(others), parsed)

    return names


def _joined(texts, rows, forms, others, parsed):
    """Forms of all texts: of ``rows`` from strings and their numbers, of ``others`` from names."""
    whole = list(texts)
    for row, name in zip(others.tolist(), parsed, strict=True):
        whole[row] = name[0]
    result = [encode(whole)]
    for position in range(1, len(PARSERS["party"][1])):
        strings, numbers = forms[position - 1] if forms else ([], [])
        values, codes = encode([*strings, *[name[position] for name in parsed]])
        spot = np.empty(len(texts), np.int64)
        spot[rows] = numbers
        spot[others] = np.arange(len(strings), len(codes))
        result.append((values, codes[spot]))
    return result


def _han_persons(lines):
    """Rows that are Chinese names of two or three characters without a title; and their forms
    behind the text: strings, and which of them each row has."""
    length, points, starts = lines.lengths(), lines.points, lines.starts
    rows = np.flatnonzero((length == 2) | (length == 3))
    start = starts[rows]
    first, second = points[start], points[start + 1]
    third = np.where(length[rows] == 3, points[np.minimum(start + 2, len(points) - 1)], 0)
    last = np.where(third > 0, third, second)
    good = _is_han(first) & _is_han(second) & (_is_han(third) | (length[rows] == 2))
    good &= ~(_in(first, _COMPOUND) | _in(last, _TITLE))
    good &= ~(_in(first, _COMPANY) | _in(second, _COMPANY) | _in(third, _COMPANY))
    rows, first, second, third = rows[good], first[good], second[good], third[good]
    family, families = _syllables(first, lambda c: regions.SURNAME_READINGS.get(c) or PINYIN[c])
    middle, middles = _syllables(second, PINYIN.__getitem__)
    final, finals = _syllables(third, PINYIN.__getitem__)
    pairs, given = np.unique(middle * len(finals) + final, return_inverse=True)
    parts = [
        [middles[number // len(finals)]] if finals[number % len(finals)] is None
        else [middles[number // len(finals)], finals[number % len(finals)]]
        for number in pairs.tolist()
    ]  # fmt: skip
    known, reading = np.unique(family * len(pairs) + given, return_inverse=True)
    return rows, _readings(known, reading, family, families, given, parts)


def _readings(known, reading, family, families, given, parts):
    """Forms of names from the readings that occur, each a family's number and that of a given
    name's ``parts``."""
    names = [(number // len(parts), number % len(parts)) for number in known.tolist()]
    whole = ["".join(syllables) for syllables in parts]
    vague = [f" {' '.join([FUZZY[syllable] for syllable in syllables])}" for syllables in parts]
    vague_families = [FUZZY[name] for name in families]
    roman = [families[x] + whole[y] for x, y in names]
    return (
        (["".join(sorted(name)) for name in roman], reading),
        (roman, reading),
        (families, family),
        (whole, given),
        (["h"], np.zeros(len(reading), np.int64)),
        ([vague_families[x] + vague[y] for x, y in names], reading),
        ([" ".join(syllables) for syllables in parts], given),
    )


def _syllables(points, reading):
    """The number of each character's reading, and the readings; None where there is no one."""
    present = np.zeros(0x10000, bool)
    present[points] = True
    characters = np.flatnonzero(present)
    readings = [reading(chr(code)) if code else None for code in characters.tolist()]
    numbers = {one: number for number, one in enumerate(dict.fromkeys(readings))}
    lookup = np.zeros(0x10000, np.int64)
    lookup[characters] = [numbers[one] for one in readings]
    return lookup[points], list(numbers)


def _han_companies(lines):
    """Rows that are surely companies: four Chinese characters or more, none of them unusual."""
    han = _is_han(lines.points)
    first = lines.points[lines.starts]
    last = lines.points[np.maximum(lines.ends - 1, 0)]
    found = (lines.lengths() >= 4) & (lines.number(han) == lines.lengths())
    return found & ~_in(first, _COMPOUND) & ~_in(last, _TITLE)


def _company_names(texts):
    """Parsed names of companies that are written in Chinese characters alone."""
    cores = normalize.LEGAL_HAN.sub("", "\n".join(texts)).split("\n") if texts else []
    romanised = normalize.Romanised()
    return [
        normalize.han_company(core or text, romanised)
        for core, text in zip(cores, texts, strict=True)
    ]


def _two_words(text, firms):
    """The name of a person who is written in two Latin words, or None."""
    if not _TWO_WORDS.fullmatch(text):
        return None
    parts = text.split(" ")
    if not regions.TITLES.isdisjoint(parts) or (firms and not regions.FIRM_WORDS.isdisjoint(parts)):
        return None
    return normalize.latin_name(parts)


# -- other kinds -----------------------------------------------------------------------------

_PHONE = _class("0123456789 +-().")
_COUNTRIES = {3: (852, 853, 886), 1: (1,), 2: (86, 44, 49, 33, 39, 34, 31, 32, 41, 43, 45, 46, 47,
              48, 61, 64, 65, 81, 82, 91)}  # fmt: skip
_TENS = 10 ** np.arange(19, dtype=np.int64)


def _phones(texts):
    return [encode(_in_portions(_phone_portion, texts))]


def _phone_portion(texts):
    """Numbers of up to eighteen digits are integers, whose leading zeros are gone by themselves."""
    lines = Lines.of(texts)
    points, digit = lines.points, _is_digit(lines.points)
    size = lines.number(digit)
    plus = points == 43
    easy = ~lines.any(~_in(points, _PHONE) & (points != _NL)) & (size <= 18)
    foreign = plus[lines.starts]
    easy &= lines.number(plus) == foreign
    place = np.clip(size[lines.rows] - 1 - lines.before(digit), 0, 18)
    digits = np.where(digit, points - np.uint32(48), 0).astype(np.int64)
    number = np.add.reduceat(digits * _TENS[place], lines.starts)
    foreign |= (size >= 2) & (number < _TENS[np.clip(size - 2, 0, 18)])
    mobile = ~foreign & (size == 13) & (number // _TENS[10] == 861)
    number = np.where(mobile, number % _TENS[11], number)
    number = np.where(foreign, _national(number), number)
    result = ["" if value < 10_000 else str(value) for value in number.tolist()]
    for row in np.flatnonzero(~easy).tolist():
        result[row] = PARSERS["phone"][0](texts[row])[0]
    return result


def _national(number):
    """Without the country code."""
    length = np.searchsorted(_TENS, number, side="right")
    result = number
    for size, codes in _COUNTRIES.items():
        rest = _TENS[np.clip(length - size, 0, 18)]
        found = (length >= size) & np.isin(number // rest, codes)
        result = np.where(found, number % rest, result)
    return result


_MAIL_STOP = _class("".join(map(chr, range(33))) + "+<>\"'")


def _emails(texts):
    """Those with one "@" and nothing to change are what they are; a domain is looked at once."""
    easy = np.array(_in_portions(_simple_mails, texts), bool)
    locals_ = [text.partition("@")[0] for text in texts]
    domains, codes = encode([text.rpartition("@")[2] for text in texts])
    known = [_own_domain(domain) for domain in domains]
    easy &= np.array([*[own is not None for own in known], False])[codes]
    role = regions.ROLES.__contains__
    roles = easy & np.fromiter(map(role, locals_), bool, len(texts))
    easy &= np.fromiter(map(bool, locals_), bool, len(texts))
    values, shared = list(texts), [*known, ""]
    shared = [shared[code] for code in codes.tolist()]
    for row in np.flatnonzero(roles).tolist():
        values[row] = locals_[row] = ""
    dotless = np.array([*[domain == "gmail.com" for domain in domains], False])[codes] & ~roles
    for row in np.flatnonzero(easy & dotless).tolist():
        locals_[row] = local = locals_[row].replace(".", "")
        values[row] = f"{local}@gmail.com"
        easy[row] = bool(local) and not role(local)
    one = PARSERS["email"][0]
    for row in np.flatnonzero(~easy).tolist():
        values[row], locals_[row], shared[row] = one(texts[row]) if texts[row] else ("", "", "")
    return [encode(values), encode(locals_), encode(shared)]


def _simple_mails(texts):
    """Per text, whether it has one "@" and no character that needs a closer look."""
    lines = Lines.of(texts)
    hard = (_in(lines.points, _MAIL_STOP) & (lines.points != _NL)) | (lines.points > 0x7F)
    return ((lines.number(lines.points == 64) == 1) & ~lines.any(hard)).tolist()


def _own_domain(domain):
    """The part of a domain that counts; None where mailboxes of it are not taken as written."""
    if "." not in domain[1:-1] or normalize.mail_domain(domain) != domain:
        return None
    return "" if domain in regions.FREE_MAIL else domain


_ADMIN = _class("省市县旗镇乡区")
_NUMBERED = _class("0123456789号楼栋幢室层座房")


def _addresses(texts):
    whole, streets, numbers = [], [], []
    for start in range(0, len(texts), PORTION):
        portion = _address_portion(texts[start : start + PORTION])
        for forms, more in zip((whole, streets, numbers), portion, strict=True):
            forms += more
    return [encode(whole), encode(streets), encode(numbers)]


def _address_portion(texts):
    lines = Lines.of(texts)
    points = lines.points
    han = _is_han(points)
    strange = (points >= 0x80) & ~han & ~((points >= 0x2010) & (points < 0x3040))
    chinese, hard = lines.any(han), lines.any(strange | (points == 0))
    numbers, streets = _numbers(lines).strings(), _streets(lines)
    latin = np.flatnonzero(~chinese & ~hard).tolist()
    for row, street in zip(latin, _latin_streets([texts[row] for row in latin]), strict=True):
        streets[row] = street
    whole = [f"{street}|{number}" for street, number in zip(streets, numbers, strict=True)]
    for row in np.flatnonzero(hard | (lines.lengths() == 0)).tolist():
        whole[row], streets[row], numbers[row] = PARSERS["address"][0](texts[row])
    return whole, streets, numbers


def _latin_streets(texts):
    """The words of Latin addresses; many have the same street."""
    known = {}
    streets = []
    for line in _NUMBER.sub("", _NOT_WORD.sub(" ", "\n".join(texts))).split("\n"):
        if line not in known:
            known[line] = normalize.latin_street(line.split())
        streets.append(known[line])
    return streets[: len(texts)]


def _numbers(lines):
    """The numbers of each text, joined by hyphens."""
    points = lines.points
    digit = _is_digit(points)
    hyphen = ~digit & np.append(digit[1:], False) & (lines.before(digit) > 0)
    kept = np.where(hyphen & (points != _NL), 45, points)
    return Lines(kept).kept(digit | hyphen)


def _streets(lines):
    """Without province, city and district, nor numbers."""
    points = lines.points
    word = _is_han(points) | _is_digit(points) | ((points >= 97) & (points <= 122))
    lines = lines.kept(word)
    points, place = lines.points, lines.places()
    before = np.append(np.uint32(0), points[:-1])
    admin = (
        _in(points, _ADMIN) & (place >= 1) & (place <= 18) & (lines.before(~_is_han(points)) == 0)
    )
    admin &= place <= (lines.lengths() - 3)[lines.rows]
    admin &= ~((points == ord("区")) & ((before == ord("小")) | (before == ord("社"))))
    cut = np.maximum.reduceat(np.where(admin, place, -1), lines.starts)
    street = place > cut[lines.rows]
    unit = (points[:-1] == ord("单")) & (points[1:] == ord("元"))
    numbered = _in(points, _NUMBERED) | np.append(unit, False) | np.append(False, unit)
    kept = street & ~numbered & (points != _NL)
    kept |= street & ~lines.any(kept)[lines.rows]
    return lines.kept(kept).strings()


def _identifiers(texts):
    lines = [text.replace("\n", " ") for text in texts]
    return [encode(_NOT_WORD.sub("", "\n".join(lines)).split("\n"))]


def _texts(texts):
    lines = [text.replace("\n", " ") for text in texts]
    found = [text.strip() for text in _NOT_WORD.sub(" ", "\n".join(lines)).split("\n")]
    return [encode(found), encode([text.replace(" ", "") for text in found])]


_BULK = {
    "name": _names("name"),
    "company": _names("company"),
    "party": _names("party"),
    "address": _addresses,
    "phone": _phones,
    "email": _emails,
    "identifier": _identifiers,
    "text": _texts,
}
