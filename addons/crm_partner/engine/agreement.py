"""Placeholders in the text of an agreement: filled once, with what cannot bring in any markup."""

import html
import re

NAMES = ("partner", "uscc", "address", "company", "level", "date", "valid_until", "number")
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def unknown(text):
    """Return the placeholders of ``text`` that nothing fills, each once, in order.

    >>> unknown("{{partner}} and {{ mistake }}, {{mistake}}")
    ['mistake']
    """
    return list(dict.fromkeys(n for n in PLACEHOLDER.findall(text) if n not in NAMES))


def fill(text, values):
    """Return ``text`` (HTML) with its placeholders filled in one pass.

    Values are plain text: they are escaped, and a placeholder in a value stays as it is.

    >>> fill("<p>{{partner}}, {{ level }}</p>", {"partner": "A<b> {{level}}", "level": "Gold"})
    '<p>A&lt;b&gt; {{level}}, Gold</p>'
    >>> fill("{{uscc}}", {})
    ''
    """
    return PLACEHOLDER.sub(
        lambda match: html.escape(str(values.get(match[1]) or ""), quote=False), text
    )
