"""Quantities and serial numbers as a visitor of the portal types them."""

import re
from decimal import Decimal

MAX_QUANTITY = Decimal(100000)
NUMBER = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+", re.ASCII)
MAX_SERIALS = 100
MAX_SERIAL_LENGTH = 64


def parse_quantity(text, digits=2):
    """Return the quantity that was typed as ``Decimal``; nothing typed is 0.

    A comma between thousands is accepted; what is no finite number, is negative, is larger than
    :data:`MAX_QUANTITY` or has more than ``digits`` decimals raises ``ValueError``.

    >>> parse_quantity(" 12 "), parse_quantity(""), parse_quantity("1,200"), parse_quantity("0.5")
    (Decimal('12'), Decimal('0'), Decimal('1200'), Decimal('0.5'))
    >>> for text in ("-1", "nan", "inf", "1e5", "100001", "abc", "0.001", "1 or 1=1", "1,2"):
    ...     try:
    ...         parse_quantity(text)
    ...     except ValueError:
    ...         continue
    ...     print(text)
    """
    text = (text or "").strip()
    if not text:
        return Decimal(0)
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    quantity = Decimal(text.replace(",", ""))
    if quantity > MAX_QUANTITY:
        raise ValueError(text)
    if quantity != round(quantity, digits):
        raise ValueError(text)
    return quantity


def split_serials(text, limit=MAX_SERIALS):
    """Return the numbers of a field with one number a line (or parted by commas), each once.

    :raise ValueError: if there is none, or more than ``limit``, or one that is too long

    >>> split_serials("SN1\\n SN2, SN1;SN3，SN4")
    ['SN1', 'SN2', 'SN3', 'SN4']
    >>> split_serials(" ")
    Traceback (most recent call last):
    ...
    ValueError: 0
    """
    for mark in ",;，；、\t\r":
        text = (text or "").replace(mark, "\n")
    numbers = list(dict.fromkeys(part.strip() for part in text.split("\n") if part.strip()))
    if not 0 < len(numbers) <= limit or any(len(part) > MAX_SERIAL_LENGTH for part in numbers):
        raise ValueError(len(numbers))
    return numbers
