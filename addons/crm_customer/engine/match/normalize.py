"""Normal forms of customers' data, and the transforms that blocking rules are made of.

A *parser* turns one raw text into a tuple of normal forms; :data:`PARSERS` names them. Everything
is compared in simplified characters, half width, lower case, without accents.

>>> company("上海宏泰机械有限公司")[:2] == company("宏泰机械（上海）")[:2]
True
>>> company("ACME Tools, Inc.").text, company("Ａｃｍｅ　Ｔｏｏｌｓ　Ｌｔｄ").text
('acme tools', 'acme tools')
>>> person("王志強先生").sound == person("Zhiqiang Wang").sound == person("Wang, Zhi-Qiang").sound
True
>>> phone("+86 138-0013-8000"), phone("008613800138000"), phone("０２１-6888 1234 转 12")
(('13800138000',), ('13800138000',), ('2168881234',))
>>> email("Zhang.Wei+crm@Example.com").value, email("info@example.com").value
('zhang.wei@example.com', '')
>>> address("上海市浦东新区张江路88号3幢501室") == address("张江路88号 3幢 501室")
True
>>> transform("digits.suffix4")("+86 138-0013-8000")
'8000'
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import namedtuple
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from . import regions

HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_HAN = re.compile(f"[{HAN}]")
_ACCENTED = re.compile("[\u00c0-\u02af\u0300-\u036f\u0370-\u03ff\u0400-\u04ff\u1e00-\u1fff]")
_NOT_WORD = re.compile(f"[^0-9a-z{HAN}]+")
_NOT_HAN = re.compile(f"[^{HAN}]+")
_BRACKETS = re.compile(r"[(\[{<【〔《]([^)\]}>】〕》]*)[)\]}>】〕》]")
LEGAL_HAN = re.compile(r"(?:股份|有限|责任|控股|集团|总公司|分公司|子公司|公司|总厂|总部)")
_COMPANY_HAN = re.compile(
    "公司|集团|厂$|银行|学校|大学|学院|医院|中心|事务所|商行|商店|商贸|研究[院所]|合作社|工作室|酒店|协会|委员会"
)
_ADMIN = re.compile(f"^[{HAN}]{{1,18}}(?:[省市县旗镇乡]|(?<![小社])区)(?=..)")
_NUMBERED = re.compile(r"\d+|号楼|单元|[号楼栋幢室层座房]")
_DIGITS = re.compile(r"\d+")
_EXTENSION = re.compile(r"(?:转|ext\.?|x|#|分机).*$", re.IGNORECASE)
_MAILBOX = re.compile(r"([^\s<>\"'@]+)@([^\s<>\"'@]+\.[^\s<>\"'@]+)")
_SEVERAL = re.compile(r"[/;,、]")
_COUNTRY = re.compile(
    r"^(?:86|852|853|886|1|44|49|33|39|34|31|32|41|43|45|46|47|48|61|64|65|81|82|91)"
)

Name = namedtuple("Name", "text sound roman family given script fuzzy tokens")
NO_NAME = Name(*[""] * 8)
Address = namedtuple("Address", "text words numbers")
NO_ADDRESS = Address("", "", "")
Email = namedtuple("Email", "value local domain")


# -- characters ------------------------------------------------------------------------------


@lru_cache(1)
def simplified():
    """Translation table of traditional characters, single characters at a time."""
    import opencc

    characters = [chr(code) for code in range(0x4E00, 0x9FFF + 1)]
    converted = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(a): b for a, b in zip(characters, converted, strict=True) if a != b}


@lru_cache(1)
def _readings():
    """Readings of single characters by code point, as text.

    The file is read as it stands: importing the package would load 47,000 phrases as well.
    """
    folder = find_spec("pypinyin").submodule_search_locations[0]
    return json.loads(Path(folder, "pinyin_dict.json").read_text(encoding="utf-8"))


def pinyin(character):
    """The usual reading of one character without its tone; "" for what is not Chinese.

    >>> pinyin("强"), pinyin("女"), pinyin("x")
    ('qiang', 'nu', '')
    """
    return PINYIN[character]


class _Pinyin(dict):
    """Character -> reading, filled when first asked for."""

    def __missing__(self, character):
        reading = unicodedata.normalize(
            "NFD", _readings().get(str(ord(character)), "").split(",")[0]
        )
        found = "".join(c for c in reading if c.isascii() and c.isalpha())
        self[character] = found
        return found


class _Fuzzy(dict):
    """Syllable -> :func:`fuzzy_syllable` of it."""

    def __missing__(self, syllable):
        self[syllable] = found = fuzzy_syllable(syllable)
        return found


class _Roman(dict):
    """Characters -> their letters, not kept; :class:`Romanised` keeps them."""

    def __missing__(self, text):
        return "".join([PINYIN[c] or c for c in text])


class Romanised(_Roman):
    """Characters -> their letters, remembered: brands and trades repeat."""

    def __missing__(self, text):
        self[text] = found = super().__missing__(text)
        return found


PINYIN = _Pinyin()
ROMAN = _Roman()
FUZZY = _Fuzzy()


def fuzzy_syllable(syllable):
    """One spelling for what southern speakers and sloppy typists do not tell apart.

    >>> [fuzzy_syllable(syllable) for syllable in ("zhang", "zan", "lin", "ning")]
    ['zan', 'zan', 'nin', 'nin']
    """
    if syllable[1:2] == "h" and syllable[0] in "zcs":
        syllable = syllable[0] + syllable[2:]
    if syllable.endswith("ng"):
        syllable = syllable[:-1]
    return f"n{syllable[1:]}" if syllable.startswith("l") else syllable


def plain(text):
    """Half width, lower case, simplified characters, no accents.

    >>> plain("ＡＢＣ　Müller 機械")
    'abc muller 机械'
    """
    if not isinstance(text, str):
        text = "" if text is None or text is False else str(text)
    if text.isascii():
        return text.strip().lower()
    text = unicodedata.normalize("NFKC", text).translate(simplified())
    if _ACCENTED.search(text):
        decomposed = unicodedata.normalize("NFD", text.replace("ß", "ss"))
        text = "".join([c for c in decomposed if not unicodedata.combining(c)])
        text = unicodedata.normalize("NFC", text)
    return text.strip().lower()


def compact(text):
    """Letters, digits and Chinese characters only.

    >>> compact("AB-12 3/c")
    'ab123c'
    """
    return _NOT_WORD.sub("", plain(text))


def words(text):
    """The words of a text.

    >>> words("O'Brien & Sons, Ltd.")
    ['o', 'brien', 'sons', 'ltd']
    """
    return _NOT_WORD.sub(" ", plain(text)).split()


def soundex(text):
    """Russell's Soundex of a Latin word; Chinese is romanised first.

    >>> soundex("Robert"), soundex("Rupert"), soundex("Ashcraft"), soundex("王")
    ('R163', 'R163', 'A261', 'W520')
    """
    text = "".join(pinyin(c) or c for c in compact(text))
    letters = [c for c in text if "a" <= c <= "z"]
    if not letters:
        return ""
    code, last = letters[0].upper(), _SOUNDEX.get(letters[0], "")
    for letter in letters[1:]:
        digit = _SOUNDEX.get(letter, "")
        if digit and digit != last:
            code += digit
        if letter not in "hw":
            last = digit
    return (code + "000")[:4]


_SOUNDEX = {
    letter: str(number)
    for number, group in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
    for letter in group
}


# -- names -----------------------------------------------------------------------------------


def person(text):
    """A person's name: ``sound`` is the same for any order and script of the same syllables.

    ``family`` and ``given`` are romanised; ``given`` is empty where only a title stands.

    >>> person("欧阳娜娜 小姐")[:6]
    ('欧阳娜娜', 'aaagnnnouy', 'ouyangnana', 'ouyang', 'nana', 'h')
    >>> person("王总").given, person("Dr. John A. Smith").family
    ('', 'smith')
    """
    return _person(plain(text))


def _person(text):
    if text.isascii() or not _HAN.search(text):
        return _latin_person(text)
    return _han_person(_NOT_HAN.sub("", text))


def _han_person(text):
    if text.endswith(regions.HAN_TITLES):
        text = _without_title(text)
    size = 2 if text[:2] in regions.COMPOUND_SURNAMES else 1
    family = regions.SURNAME_READINGS.get(text[0]) if size == 1 else None
    family = family or "".join([PINYIN[character] for character in text[:size]])
    syllables = [PINYIN[character] for character in text[size:]]
    return han_name(text, family, syllables)


def han_name(text, family, syllables):
    """A Chinese name, from its readings."""
    given = "".join(syllables)
    roman = family + given
    fuzzy = " ".join([FUZZY[syllable] for syllable in (family, *syllables)])
    return Name(text, _fingerprint(roman), roman, family, given, "h", fuzzy, " ".join(syllables))


def _without_title(text):
    for title in regions.HAN_TITLES:
        if text.endswith(title) and len(text) > len(title):
            # one-character titles follow a bare surname; else they belong to the name
            if len(title) > 1 or len(text) == 2 or text[:-1] in regions.COMPOUND_SURNAMES:
                return text[: -len(title)]
    return text


def _latin_person(text):
    if "," in text:
        last, _comma, first = text.partition(",")
        if words(first) and words(first)[0] not in regions.TITLES:
            text = f"{first} {last}"
    parts = _NOT_WORD.sub(" ", text.replace("'", "").replace("-", "")).split()
    parts = [part for part in parts if part not in regions.TITLES] or parts
    if not parts:
        return NO_NAME
    return latin_name(parts)


def latin_name(parts):
    """A person's name from Latin words without a title."""
    # ü, which passports write u or yu, and keyboards v
    parts = [f"{p[0]}u{p[2:]}" if p[:2] in ("lv", "nv") else p for p in parts]
    if len(parts) == 1:
        return Name(parts[0], _fingerprint(parts[0]), parts[0], parts[0], "", "l", parts[0], "")
    if parts[0] in regions.ROMAN_SURNAMES and parts[-1] not in regions.ROMAN_SURNAMES:
        parts = parts[1:] + parts[:1]
    family, given = parts[-1], parts[0]
    roman = family + "".join(parts[:-1])
    given = regions.NICKNAMES.get(given, given) if len(parts) == 2 else "".join(parts[:-1])
    text = " ".join(parts)
    return Name(text, _fingerprint(roman), roman, family, given, "l", text, given)


def _fingerprint(roman):
    return "".join(sorted(roman))


def company(text):
    """A company's name without legal form and region; ``family`` is the brand, ``given`` the trade.

    >>> company("上海宏泰机械有限公司")[2:6]
    ('hongtaijixie', 'hongtai', 'jixie', 'H')
    >>> company("Acme Trading Co., Ltd. (Shanghai)")[2:6]
    ('acmetrading', 'acme', 'trading', 'L')
    """
    return _company(plain(text))


def _company(text):
    if "(" in text or _BRACKETS.search(text):
        text = _BRACKETS.sub(lambda match: "" if _is_region(match[1]) else f" {match[1]} ", text)
    if _HAN.search(text):
        return _han_company(_NOT_WORD.sub("", text))
    parts = _NOT_WORD.sub(" ", text.replace(".", "").replace("'", "")).split()
    kept = [part for part in parts if part not in regions.LEGAL]
    kept = [part for part in kept if part not in regions.LATIN_REGIONS] or kept or parts
    if not kept:
        return NO_NAME
    roman, text, trade = "".join(kept), " ".join(kept), " ".join(kept[1:])
    return Name(text, _fingerprint(roman), roman, kept[0], "".join(kept[1:]), "L", text, trade)


def _han_company(text):
    return han_company(LEGAL_HAN.sub("", text) or text, ROMAN)


def han_company(core, romanised):
    """A company's name without its legal form; ``romanised`` maps characters to letters."""
    core = _without_region(core)
    if core.endswith("厂") and len(core) > 3:
        core = core[:-1]
    brand, trade = romanised[core[:2]], romanised[core[2:]]
    roman = brand + trade
    return Name(core, _fingerprint(roman), roman, brand, trade, "H", roman, trade)


def _is_region(text):
    text = text.strip()
    return text.removesuffix("市").removesuffix("省") in regions.REGIONS or (
        text in regions.LATIN_REGIONS
    )


def _without_region(core):
    for size in (4, 3, 2):
        if core[:size] in regions.REGIONS and len(core) >= size + 2:
            rest = core[size:]
            return _without_region(rest[1:] if rest[0] in "省市" and len(rest) > 2 else rest)
        if core[-size:] in regions.REGIONS and len(core) >= size + 4:
            return _without_region(core[:-size])
    return core


def is_company(text):
    """Whether a name looks like a company's.

    >>> [is_company(t) for t in ("宏泰机械厂", "王志强", "Acme Ltd", "John Smith", "上海宏泰机械")]
    [True, False, True, False, True]
    """
    return _is_company(plain(text))


def _is_company(text):
    han = "" if text.isascii() else _NOT_HAN.sub("", text)
    if han:
        return bool(_COMPANY_HAN.search(han)) or (
            len(han) >= 4
            and han[:2] not in regions.COMPOUND_SURNAMES
            and not han.endswith(regions.LONG_TITLES)
        )
    parts = set(_NOT_WORD.sub(" ", text.replace(".", "")).split())
    return "&" in text or not parts.isdisjoint(regions.FIRM_WORDS)


def party(text):
    """A name of which nobody said whether it is a person's or a company's."""
    return _party(plain(text))


def _party(text):
    return _company(text) if _is_company(text) else _person(text)


# -- other kinds -----------------------------------------------------------------------------


def address(text):
    """Street and numbers; province, city and district of a Chinese address are dropped.

    >>> address("12 Long Street, Flat 3") == address("12 LONG ST. flat 3")
    True
    >>> address("江苏省苏州市工业园区星湖街328号").words
    '星湖街'
    """
    return _address(plain(text))


def _address(text):
    if not text:
        return NO_ADDRESS
    numbers = "-".join(_DIGITS.findall(text))
    if _HAN.search(text):
        text = _NOT_WORD.sub("", text)
        street = _ADMIN.sub("", text, count=1)
        street = _NUMBERED.sub("", street) or street
    else:
        street = latin_street(_NOT_WORD.sub(" ", text).split())
    return Address(f"{street}|{numbers}", street, numbers)


def latin_street(parts):
    """The words of a Latin address, with usual abbreviations, without numbers."""
    parts = [regions.STREET_WORDS.get(part, part) for part in parts if not part.isdigit()]
    return " ".join([part for part in parts if part not in regions.UNIT_WORDS] or parts)


def phone(text):
    """The national number without trunk zero, country code and extension.

    >>> phone("(021) 6888-1234"), phone("+1 (415) 555-2671"), phone("n/a"), phone("0000000")
    (('2168881234',), ('4155552671',), ('',), ('',))
    """
    return _phone(plain(text))


def _phone(text):
    if not text.isdigit():
        text = _EXTENSION.sub("", text)
    text = _SEVERAL.split(text, maxsplit=1)[0]
    digits = "".join(_DIGITS.findall(text))
    if text.lstrip("( ").startswith("+") or digits.startswith("00"):
        digits = _COUNTRY.sub("", digits.lstrip("0"))
    elif len(digits) == 13 and digits.startswith("861"):
        digits = digits[2:]
    digits = digits.lstrip("0")
    return (digits if len(digits) >= 5 else "",)


def email(text):
    """Value and parts of an address; ``value`` and ``local`` are empty for a role's mailbox."""
    return _email(plain(text))


def _email(text):
    match = _MAILBOX.search(text)
    if not match:
        return Email("", "", "")
    local, domain = match[1].split("+")[0], mail_domain(match[2])
    if domain == "gmail.com":
        local = local.replace(".", "")
    shared = "" if domain in regions.FREE_MAIL else domain
    if local in regions.ROLES or not local:
        return Email("", "", shared)
    return Email(f"{local}@{domain}", local, shared)


def mail_domain(text):
    """One name for a provider of several."""
    text = text.strip(".")
    return "gmail.com" if text == "googlemail.com" else text


def date(text):
    """Eight digits, year first, where the text allows it.

    >>> date("1990-02-07"), date("19900207"), date("07/02/1990")
    (('19900207',), ('19900207',), ('19900207',))
    """
    return _date(plain(text))


def _date(text):
    parts = _DIGITS.findall(text)
    if len(parts) >= 3 and len(parts[2]) == 4:
        parts = [parts[2], parts[1], parts[0]]
    if len(parts) >= 3:
        return (parts[0].zfill(4) + parts[1].zfill(2) + parts[2].zfill(2),)
    return ("".join(parts),)


def text(value):
    """Words of a text, in their order, and without blanks."""
    return _text(plain(value))


def _text(value):
    parts = _NOT_WORD.sub(" ", value).split()
    return (" ".join(parts), "".join(parts))


def identifier(value):
    """A number or code without punctuation."""
    return _identifier(plain(value))


def _identifier(value):
    return (_NOT_WORD.sub("", value),)


def domain(value):
    """The domain of an address or a web site; providers of free mailboxes are nobody's.

    >>> domain("https://www.Example.com/a"), domain("x@qq.com"), domain("x@example.com")
    (('example.com',), ('',), ('example.com',))
    """
    return _domain(plain(value))


def _domain(value):
    value = value.partition("//")[2] or value
    value = value.rpartition("@")[2].split("/")[0].removeprefix("www.")
    return ("" if value in regions.FREE_MAIL or "." not in value else value,)


#: parser -> (function of a plain text, names of the forms it gives)
PARSERS = {
    "name": (_person, Name._fields),
    "company": (_company, Name._fields),
    "party": (_party, Name._fields),
    "address": (_address, Address._fields),
    "phone": (_phone, ("digits",)),
    "email": (_email, Email._fields),
    "domain": (_domain, ("domain",)),
    "date": (_date, ("digits",)),
    "text": (_text, ("text", "joined")),
    "identifier": (_identifier, ("value",)),
}
#: transform -> (parser, form); "naming" is the kind by which the field is compared, else party
TRANSFORMS = {
    "value": ("identifier", "value"),
    "text": ("text", "text"),
    "digits": ("phone", "digits"),
    "email": ("email", "value"),
    "local": ("email", "local"),
    "domain": ("email", "domain"),
    "pinyin": ("naming", "sound"),
    "roman": ("naming", "roman"),
    "core": ("naming", "text"),
    "surname": ("naming", "family"),
    "given": ("naming", "given"),
    "address": ("address", "text"),
    "street": ("address", "words"),
    "numbers": ("address", "numbers"),
    "date": ("date", "digits"),
}
NAMING = ("name", "company", "party")
_SLICE = re.compile(r"(prefix|suffix)([1-9]\d?)")


def _step(name):
    """A transform of a normal form: a slice, or its sound."""
    if name == "soundex":
        return soundex
    if name == "sorted":
        return lambda value: "".join(sorted(value.replace(" ", "")))
    match = _SLICE.fullmatch(name)
    if not match:
        raise ValueError(
            f"unknown transform {name!r}; there are: {', '.join(TRANSFORMS)}, and behind a dot or"
            " alone prefixN, suffixN, soundex, sorted"
        )
    return Slice(int(match[2]), match[1] == "suffix")


class Slice(NamedTuple):
    """The beginning or, where it is long enough, the end of a value."""

    size: int
    end: bool

    def __call__(self, value):
        if self.end:
            return value[-self.size :] if len(value) >= self.size else ""
        return value[: self.size]


@lru_cache(256)
def split_transform(name):
    """Parser, form and further steps of a transform's name.

    >>> split_transform("digits.suffix4")[:2], split_transform("prefix4")[:2]
    (('phone', 'digits'), ('identifier', 'value'))
    """
    base, *steps = name.split(".")
    if base not in TRANSFORMS:
        base, steps = "value", [base, *steps]
    return (*TRANSFORMS[base], tuple(_step(step) for step in steps))


def transform(name):
    """The function behind the name of a transform; raises ValueError for an unknown one."""
    parser, form, steps = split_transform(name)
    function, forms = PARSERS["party" if parser == "naming" else parser]
    index = forms.index(form)

    def apply(value):
        value = function(plain(value))[index]
        for step in steps:
            value = step(value)
        return value

    return apply
