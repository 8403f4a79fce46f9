"""Amounts as people type them into the portal, read strictly."""

import re
import unicodedata

from odoo.exceptions import UserError

#: plain, or with complete groups of thousands; at most four decimals
NUMBER = re.compile(r"([0-9]{1,12}|[0-9]{1,3}([, ][0-9]{3}){1,3})(\.[0-9]{1,4})?")


def parse_amount(text):
    """Return the number that was typed, not negative and below 10¹².

    Digits of full width, as Chinese keyboards give them, are read, too; a comma stands between
    thousands only, so what could mean two numbers is none.

    :raise ValueError: if it is no such number

    >>> parse_amount("16,000"), parse_amount(" 1 234.5 "), parse_amount("１２，０００．５０")
    (16000.0, 1234.5, 12000.5)
    >>> for text in ("", None, "-5", "nan", "inf", "1e9", "1,5", "12,34", "1,2345", "1.23456", "٣"):
    ...     try:
    ...         parse_amount(text)
    ...     except ValueError:
    ...         continue
    ...     print(text)
    """
    text = unicodedata.normalize("NFKC", text or "").strip()
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(re.sub("[, ]", "", text))


def posted_amount(env, text, *, required=True, positive=False):
    """Return the amount of a posted field.

    :param str text: what was posted, untrusted
    :param bool required: whether nothing typed is refused; it is 0 otherwise
    :param bool positive: whether 0 is refused
    :raise UserError: says what was typed, and how it is written
    """
    if not required and not (text or "").strip():
        return 0.0
    try:
        amount = parse_amount(text)
    except ValueError:
        amount = None
    if amount is None or (positive and not amount):
        shown = (text or "").strip()[:40] or "–"
        raise UserError(
            env._("“%s” is no amount: enter a number greater than zero, such as 12,345.67.", shown)
            if positive
            else env._("“%s” is no amount: enter a number such as 12,345.67.", shown)
        )
    return amount
