"""Bring what people type into one form: names, e-mail addresses, provinces of China.

Every function returns the value unchanged where it has nothing better to say, so that a difference
is a proposal.
"""

import re

FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
#: in Chinese text these are right in full width
CHINESE_MARKS = {ord(mark) for mark in "，。！？：；（）、"}
# Zero-width characters, byte order marks and direction marks that are copied along.
INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF])
HAN = re.compile(r"[\u4e00-\u9fff]")
LOWER_WORDS = frozenset("and of the for de la le du des di da del der den und van von y e".split())

#: code of the province in ISO 3166-2:CN: (names in addresses, postcodes, dialling codes)
PROVINCES = {
    "BJ": ("北京", "10", "010"),
    "TJ": ("天津", "30", "022"),
    "HE": ("河北", "05 06 07", "031 0335"),
    "SX": ("山西", "03 04", "034 035"),
    "NM": ("内蒙古", "01 02", "047 048"),
    "LN": ("辽宁", "11 12", "024 041 042"),
    "JL": ("吉林", "13", "043 044"),
    "HL": ("黑龙江", "15 16", "045 046"),
    "SH": ("上海", "20", "021"),
    "JS": ("江苏", "21 22", "025 051 052"),
    "ZJ": ("浙江", "31 32", "057 058"),
    "AH": ("安徽", "23 24", "055 056"),
    "FJ": ("福建", "35 36", "059"),
    "JX": ("江西", "33 34", "070 079"),
    "SD": ("山东", "25 26 27", "053 054 063"),
    "HA": ("河南", "45 46 47", "037 039"),
    "HB": ("湖北", "43 44", "027 071 072"),
    "HN": ("湖南", "41 42", "073 074"),
    "GD": ("广东", "51 52", "020 066 075 076"),
    "GX": ("广西", "53 54", "077"),
    "HI": ("海南", "57", "0898"),
    "CQ": ("重庆", "40", "023"),
    "SC": ("四川", "61 62 63 64", "028 081 082 083"),
    "GZ": ("贵州", "55 56", "085"),
    "YN": ("云南", "65 66 67", "087 088 069"),
    "XZ": ("西藏", "85 86", "0891 0892 0893 0894 0895 0896 0897"),
    "SN": ("陕西", "71 72", "029 091"),
    "GS": ("甘肃", "73 74", "093 094"),
    "QH": ("青海", "81", "097"),
    "NX": ("宁夏", "75", "095"),
    "XJ": ("新疆", "83 84", "090 099"),
}
BY_POSTCODE = {code: key for key, row in PROVINCES.items() for code in row[1].split()}
BY_DIALLING = {code: key for key, row in PROVINCES.items() for code in row[2].split()}


def clean_text(text):
    """Return text in half width, trimmed, with single blanks, without invisible characters.

    Punctuation stays in full width where the text is Chinese.

    >>> clean_text("  ＡＣＭＥ　Ｌｔｄ．  "), clean_text("上海宏泰（集团）  有限公司")
    ('ACME Ltd.', '上海宏泰（集团） 有限公司')
    """
    table = FULL_WIDTH | INVISIBLE
    if HAN.search(text):
        table = {code: new for code, new in table.items() if code not in CHINESE_MARKS}
    return " ".join(text.translate(table).split())


def clean_email(text):
    """Return an address in half width, without blanks, in lower case.

    >>> clean_email(" Li.Wei＠Example.COM ")
    'li.wei@example.com'
    """
    return "".join(clean_text(text).split()).lower()


def capitalise(text):
    """Return a name in capitals and small letters where it has only one of both.

    Words of up to three capitals stay: they are as likely an abbreviation.

    >>> capitalise("wang xiaoming"), capitalise("SMITH AND SONS LTD"), capitalise("O'BRIEN-MILLER")
    ('Wang Xiaoming', 'Smith and Sons LTD', "O'Brien-Miller")
    >>> capitalise("IBM"), capitalise("McDonald"), capitalise("李伟")
    ('IBM', 'McDonald', '李伟')
    """
    if not (text.isupper() or text.islower()):
        return text
    words = [_capital(word, first=not number) for number, word in enumerate(text.split(" "))]
    return " ".join(words)


def _capital(word, first):
    if word.lower() in LOWER_WORDS and not first:
        return word.lower()
    if word.isupper() and len(word) <= 3:
        return word
    return re.sub(r"[^\W\d_]+", lambda part: part[0].capitalize(), word.lower())


def province(address="", postcode="", phone=""):
    """Return the code of the Chinese province (ISO 3166-2:CN) an address lies in, or None.

    Its name at the beginning of the address decides, then the postcode (GB/T 10114: two digits),
    then the dialling code of a landline. Two of them that disagree say nothing.

    >>> province("浙江省杭州市西湖区文三路 1 号"), province(postcode="200120")
    ('ZJ', 'SH')
    >>> province(phone="0755-8888 1234")
    'GD'
    >>> province(postcode="200120", phone="+86 10 6552 9988") is None
    True
    >>> province("吉林路 8 号") is None, province(phone="13800138000") is None
    (True, True)
    """
    named = _named(address)
    if named:
        return named
    found = {_by_postcode(postcode), _by_phone(phone)} - {None}
    return found.pop() if len(found) == 1 else None


def _named(address):
    text = "".join(clean_text(address or "").split()).removeprefix("中国")
    for key, (name, _codes, _dialling) in PROVINCES.items():
        rest = text.removeprefix(name)
        # A road may be called after a province: 上海市吉林路.
        if rest != text and not re.match(r"^.{0,2}(路|街|道|大道|巷)", rest):
            return key
    return None


def _by_postcode(postcode):
    digits = re.sub(r"\s", "", clean_text(postcode or ""))
    return BY_POSTCODE.get(digits[:2]) if re.fullmatch(r"\d{6}", digits) else None


def _by_phone(phone):
    digits = re.sub(r"\D", "", re.sub(r"\(0\)", "", clean_text(phone or "")))
    if digits.startswith("0086"):
        digits = digits[4:]
    elif digits.startswith("86") and len(digits) >= 11:
        digits = digits[2:]
    elif not digits.startswith("0"):
        return None
    digits = "0" + digits.lstrip("0")
    if digits.startswith("01") and not digits.startswith("010"):
        return None  # a mobile number
    if not 10 <= len(digits) <= 12:
        return None
    return BY_DIALLING.get(digits[:4]) or BY_DIALLING.get(digits[:3])
