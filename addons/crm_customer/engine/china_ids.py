"""Numbers that China gives to organisations."""

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def uscc_is_valid(code):
    """Whether ``code`` is a unified social credit code with a right check digit (GB 32100-2015).

    >>> uscc_is_valid("91350100M000100Y43"), uscc_is_valid("91350100M000100Y44")
    (True, False)
    """
    if len(code) != 18 or any(letter not in USCC_ALPHABET for letter in code):
        return False
    values = [USCC_ALPHABET.index(letter) for letter in code]
    total = sum(value * weight for value, weight in zip(values, USCC_WEIGHTS, strict=False))
    return values[-1] == (31 - total % 31) % 31
