"""Rule sets to start with. Their numbers are a starting point for the estimation."""

from __future__ import annotations

from itertools import combinations

from .spec import KINDS, Blocking, Comparison, Level, Ruleset, Veto

#: m of the levels of each kind, best first; what misses to 1 is the last level's
_M = {
    "naming": (0.55, 0.15, 0.12, 0.08, 0.03, 0.07),
    "address": (0.5, 0.2, 0.1, 0.2),
    "phone": (0.75, 0.08, 0.17),
    "email": (0.65, 0.05, 0.05, 0.05, 0.2),
    "identifier": (0.9, 0.05, 0.01, 0.04),
    "date": (0.85, 0.07, 0.03, 0.05),
    "text": (0.75, 0.12, 0.03, 0.1),
    "exact": (0.8, 0.2),
    "domain": (0.8, 0.2),
    "number": (0.8, 0.1, 0.1),
}
_U = {
    "naming": (0.0005, 0.0005, 0.001, 0.004, 0.02, 0.974),
    "address": (0.00005, 0.0001, 0.001, 0.99885),
    "phone": (0.00002, 0.00002, 0.99996),
    "email": (0.00001, 0.00001, 0.0005, 0.0001, 0.99938),
    "identifier": (0.00001, 0.00001, 0.00005, 0.99993),
    "date": (0.00005, 0.001, 0.02, 0.97895),
    "text": (0.005, 0.005, 0.03, 0.96),
    "exact": (0.05, 0.95),
    "domain": (0.0005, 0.9995),
    "number": (0.01, 0.04, 0.95),
}


def comparison(field, kind, *, term_frequency=False):
    """A comparison with all levels of its kind and usual numbers.

    >>> [level.name for level in comparison("mobile", "phone").levels]
    ['exact', 'close', 'else']
    """
    group = "naming" if kind in ("name", "company", "party") else kind
    levels = zip(KINDS[kind], _M[group], _U[group], strict=True)
    return Comparison(field, kind, tuple(Level(*numbers) for numbers in levels), term_frequency)


def blocking_rules(*rules):
    """Blocking rules from texts: ``"name:pinyin city:value"``.

    >>> blocking_rules("phone:digits", "name:pinyin city:value")[1].parts
    (('name', 'pinyin'), ('city', 'value'))
    """
    return tuple(Blocking(tuple(tuple(part.split(":")) for part in rule.split())) for rule in rules)


#: Nineteen rules; every one is cheap, and a duplicate has to survive only one of them.
BLOCKING = blocking_rules(
    "phone:digits",
    "email:email",
    "vat:value",
    "name:pinyin city:value",
    "name:pinyin phone:digits.suffix4",
    "name:pinyin phone:digits.prefix7",
    "name:pinyin email:local",
    "name:pinyin address:numbers",
    "name:pinyin address:street",
    "name:pinyin",
    "name:surname phone:digits.suffix6",
    "name:surname phone:digits.prefix8",
    "name:surname email:local",
    "address:address",
    "name:surname.soundex address:numbers",
    "email:domain name:core.prefix3",
    "name:roman.prefix5 address:street",
    "name:roman.suffix6 address:street",
    "name:given address:numbers city:value",
)


#: kind -> what of a value survives a misspelling and still tells records apart
_LOOSE = {
    "text": "soundex",
    "name": "pinyin",
    "company": "pinyin",
    "party": "pinyin",
    "address": "street",
    "phone": "digits",
    "email": "local",
    "identifier": "value",
    "date": "date",
}
_WHOLE = {"email": "email", "address": "address"}


def ruleset_for(kinds, *, merge=0.95, review=0.30):
    """A rule set for any fields, from their kinds alone.

    Blocking: every field alone, and every two of them by what survives a misspelling; blocks
    that do
    not tell records apart are left out anyway.

    :param kinds: field -> kind of comparison

    >>> rules = ruleset_for({"name": "name", "phone": "phone", "sex": "exact"})
    >>> [rule.parts for rule in rules.blocking]
    [(('name', 'pinyin'),), (('phone', 'digits'),), (('name', 'pinyin'), ('phone', 'digits'))]
    """
    loose = {field: _LOOSE[kind] for field, kind in kinds.items() if kind in _LOOSE}
    alone = [((field, _WHOLE.get(kinds[field], name)),) for field, name in loose.items()]
    return Ruleset(
        comparisons=tuple(
            comparison(field, kind, term_frequency=kind not in ("identifier", "number"))
            for field, kind in kinds.items()
        ),
        blocking=tuple(map(Blocking, [*alone, *combinations(loose.items(), 2)])),
        prior=1e-4,
        merge=merge,
        review=review,
    )


def default_ruleset(kind="mixed"):
    """A rule set for the fields name, phone, email, address, city and vat.

    :param kind: what names are: "person", "company" or "mixed" (found out name by name)
    """
    naming = {"person": "name", "company": "company", "mixed": "party"}
    if kind not in naming:
        raise ValueError(f"a rule set is for {', '.join(naming)}, not {kind!r}")
    vetoes = [Veto("given_name", ("name",)), Veto("identifier", ("vat",))]
    if kind == "mixed":
        vetoes.append(Veto("party", ("name",)))
    return Ruleset(
        comparisons=(
            comparison("name", naming[kind], term_frequency=True),
            comparison("phone", "phone", term_frequency=True),
            comparison("email", "email", term_frequency=True),
            comparison("address", "address", term_frequency=True),
            comparison("city", "exact", term_frequency=True),
            comparison("vat", "identifier"),
        ),
        blocking=BLOCKING,
        prior=1e-4,
        vetoes=tuple(vetoes),
    )
