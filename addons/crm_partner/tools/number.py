"""Amounts as people type them into the portal, read strictly."""

import re
import unicodedata

from odoo.exceptions import UserError

#: plain, or with complete groups of thousands; at most four decimals
NUMBER = re.compile(r"([0-9]{1,12}|[0-9]{1,3}([, ][0-9]{3}){1,3})(\.[0-9]{1,4})?")
#: hyphen and minus sign, as keyboards and spreadsheets write it
MINUS = ("-", "\u2212")


def parse_amount(text, *, signed=False):
    """Return the number that was typed, below 10¹², and not negative unless that is asked for.

    Digits of full width, as Chinese keyboards give them, are read, too; a comma stands between
    thousands only, so what could mean two numbers is none.

    :param bool signed: whether a minus may stand in front of it
    :raise ValueError: if it is no such number

    >>> parse_amount("16,000"), parse_amount(" 1 234.5 "), parse_amount("１２，０００．５０")
    (16000.0, 1234.5, 12000.5)
    >>> for text in ("", None, "-5", "nan", "inf", "1e9", "1,5", "12,34", "1,2345", "1.23456", "٣"):
    ...     try:
    ...         parse_amount(text)
    ...     except ValueError:
    ...         continue
    ...     print(text)
    >>> parse_amount("-12.5", signed=True), parse_amount("－１０", signed=True)
    (-12.5, -10.0)
    """
    text = unicodedata.normalize("NFKC", text or "").strip()
    negative = signed and text[:1] in MINUS
    digits = text[1:] if negative else text
    if not NUMBER.fullmatch(digits):
        raise ValueError(text)
    amount = float(re.sub("[, ]", "", digits))
    return -amount if negative else amount


def posted_amount(env, text, *, required=True, positive=False, signed=False):
    """Return the amount of a posted field.

    :param str text: what was posted, untrusted
    :param bool required: whether nothing typed is refused; it is 0 otherwise
    :param bool positive: whether 0 is refused
    :param bool signed: whether it may be negative, as a markup that is a discount
    :raise UserError: says what was typed, and how it is written
    """
    if not required and not (text or "").strip():
        return 0.0
    try:
        amount = parse_amount(text, signed=signed)
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
