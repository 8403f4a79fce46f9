"""Check digits of Chinese identifiers, and what free-mail and role mailboxes are.

Sources: GB 32100-2015 (unified social credit code 统一社会信用代码), GB 11643-1999 (citizen
identification number 公民身份号码, ISO 7064 mod 11-2), RFC 2142 (mailbox names of roles).
"""

import datetime
import re
import unicodedata

#: the 31 characters of GB 32100-2015: digits and capitals without I, O, S, V, Z
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
ID_CARD_WEIGHTS = tuple(pow(2, 17 - position, 11) for position in range(17))
ID_CARD_CHECK = "10X98765432"
#: first two digits of an administrative division code (GB/T 2260)
PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54"
    " 61 62 63 64 65 71 81 82 83".split()
)

#: mailboxes of a function, not of a person: they tell nothing about who somebody is
ROLE_MAILBOXES = frozenset(
    "abuse accounting accounts admin administrator billing bounce career careers complaints"
    " contact contacts customer customerservice enquiries enquiry feedback finance ftp hello help"
    " helpdesk hostmaster hr info information inquiry invoice invoices it jobs kefu legal"
    " mailer-daemon marketing mail manager media news newsletter no-reply noc noreply office order"
    " orders payroll postmaster pr press privacy purchase purchasing recruitment reception root"
    " sales security service services shop spam staff subscribe support team tech test"
    " unsubscribe usenet uucp vendor warehouse webmaster welcome www zhaopin".split()
)
#: providers where anybody opens a mailbox: such a domain belongs to no company
FREE_MAIL_DOMAINS = frozenset(
    "126.com 139.com 163.com 163.net 188.com 189.cn 21cn.com 263.net aliyun.com aol.com"
    " china.com chinaren.com eyou.com fastmail.com foxmail.com free.fr gmail.com gmx.at gmx.ch"
    " gmx.com gmx.de gmx.net googlemail.com hotmail.co.uk hotmail.com hotmail.fr icloud.com"
    " laposte.net live.cn live.com mac.com mail.com mail.ru me.com msn.com naver.com orange.fr"
    " outlook.com outlook.fr pm.me proton.me protonmail.com qq.com rocketmail.com sina.cn sina.com"
    " sina.com.cn sogou.com sohu.com t-online.de tom.com vip.163.com vip.qq.com vip.sina.com"
    " wanadoo.fr web.de wo.cn yahoo.cn yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.cn yahoo.fr"
    " yandex.ru yeah.net ymail.com zoho.com".split()
)


def normalise_code(value):
    """Return a code in capitals and half width, without blanks and separators.

    >>> normalise_code(" 91310000－ma1k 3yjq５x ")
    '91310000MA1K3YJQ5X'
    >>> normalise_code(None)
    ''
    """
    text = unicodedata.normalize("NFKC", value or "").upper()
    return re.sub(r"[\s\-_./·]+", "", text)


def uscc_check_digit(body):
    """Return the check character of the first 17 characters of a USCC, GB 32100-2015 annex A.

    >>> uscc_check_digit("91350100M000100Y4")
    '3'
    """
    total = sum(
        USCC_ALPHABET.index(char) * weight for char, weight in zip(body, USCC_WEIGHTS, strict=True)
    )
    return USCC_ALPHABET[-total % 31]


def uscc_is_valid(code):
    """Tell whether a unified social credit code is well-formed, with its check character.

    >>> uscc_is_valid("91350100M000100Y43")
    True
    >>> uscc_is_valid("９１３５０１００m000100y43")  # full width, small letters
    True
    >>> uscc_is_valid("91350100M000100Y44"), uscc_is_valid("91350100O000100Y43")
    (False, False)
    >>> uscc_is_valid(""), uscc_is_valid(None), uscc_is_valid("91350100M000100Y4")
    (False, False, False)
    """
    code = normalise_code(code)
    if len(code) != 18 or any(char not in USCC_ALPHABET for char in code):
        return False
    if not code[2:8].isdecimal():  # the administrative division of the registrar
        return False
    return uscc_check_digit(code[:17]) == code[17]


def id_card_check_digit(body):
    """Return the check character of 17 digits, GB 11643-1999, ISO 7064 mod 11-2.

    >>> id_card_check_digit("11010519491231002")
    'X'
    """
    total = sum(int(digit) * weight for digit, weight in zip(body, ID_CARD_WEIGHTS, strict=True))
    return ID_CARD_CHECK[total % 11]


def id_card_is_valid(number):
    """Tell whether a citizen identification number is right: division, birthday, check character.

    >>> id_card_is_valid("11010519491231002X"), id_card_is_valid("11010519491231002x")
    (True, True)
    >>> id_card_is_valid("440524188001010014")
    True
    >>> id_card_is_valid("110105194912310021")  # check character
    False
    >>> id_card_is_valid("110105194913310029")  # there is no month 13
    False
    >>> id_card_is_valid("991105194912310026"), id_card_is_valid(None)
    (False, False)
    """
    number = normalise_code(number)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number) or number[:2] not in PROVINCES:
        return False
    try:
        datetime.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return id_card_check_digit(number[:17]) == number[17]


def normalise_domain(value):
    """Return the host of a web address or e-mail address in small letters, or an empty text.

    >>> normalise_domain("HTTPS://www.Hongtai.com.cn:8080/about?x=1")
    'hongtai.com.cn'
    >>> normalise_domain("li@hongtai.com.cn"), normalise_domain("hongtai.com.cn.")
    ('hongtai.com.cn', 'hongtai.com.cn')
    >>> normalise_domain("not a domain"), normalise_domain(None), normalise_domain("localhost")
    ('', '', '')
    """
    text = unicodedata.normalize("NFKC", value or "").strip().lower()
    text = re.sub(r"^[a-z][a-z0-9+.\-]*://", "", text)
    text = re.split(r"[/?#]", text, maxsplit=1)[0].rpartition("@")[2]
    host = re.sub(r":\d+$", "", text).rstrip(".")
    host = host.removeprefix("www.")
    label = r"[\w](?:[\w\-]*[\w])?"
    return host if re.fullmatch(rf"{label}(?:\.{label})+", host) else ""


def company_domain(value):
    """Return the domain if it can belong to a company, otherwise an empty text.

    >>> company_domain("li@hongtai.com.cn"), company_domain("li@qq.com")
    ('hongtai.com.cn', '')
    """
    domain = normalise_domain(value)
    return "" if domain in FREE_MAIL_DOMAINS else domain


def is_role_mailbox(email):
    """Tell whether an address is one of a function (info@, sales@) rather than of a person.

    >>> is_role_mailbox("Sales@hongtai.com.cn"), is_role_mailbox("info+de@x.org")
    (True, True)
    >>> is_role_mailbox("li.wei@hongtai.com.cn")
    False
    """
    local = (email or "").partition("@")[0].strip().lower().partition("+")[0]
    return local.rstrip("0123456789") in ROLE_MAILBOXES
