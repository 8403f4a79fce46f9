"""Tables of customers as people send them: read, recognise columns, clean cells.

No database is known here. CSV in the encodings that occur in China (UTF-8 with and without mark,
UTF-16, GB 18030) and XLSX become a :class:`Table`; nothing of a cell is lost, cleaning is a step of
its own.
"""

import csv
import io
import re
import unicodedata
from typing import NamedTuple

SPACES = re.compile(r"[\s\u00a0\u3000\u200b\ufeff]+")
DELIMITERS = ",;\t|"
MAX_COLUMNS = 200

HEADERS = {
    "name": "name|customer|customer name|company name|full name|名称|客户|客户名称|公司名称|"
    "企业名称|单位名称|姓名",
    "is_company": "is a company|is company|company?|是否公司|是公司",
    "parent": "parent|parent company|related company|belongs to|所属公司|上级公司|母公司",
    "uscc": "uscc|unified social credit code|credit code|统一社会信用代码|社会信用代码|信用代码",
    "vat": "vat|tax id|vat number|tax number|tin|税号|纳税人识别号|增值税号",
    "company_registry": "company id|registry|registration number|注册号|工商注册号",
    "email": "email|e mail|mail|email address|邮箱|电子邮箱|电子邮件|邮件",
    "phone": "phone|telephone|mobile|tel|phone number|电话|联系电话|手机|手机号|手机号码|电话号码",
    "external_id": "external id|xml id|外部标识|外部id|外部编号",
    "ref": "reference|ref|customer number|customer no|customer code|编号|客户编号|客户编码|参考",
    "street": "street|address|地址|街道|详细地址",
    "street2": "street2|street 2|address 2|地址2|街道2",
    "city": "city|town|城市|市",
    "zip": "zip|zip code|postal code|postcode|邮编|邮政编码",
    "state": "state|province|省|省份|州",
    "country": "country|国家|国家地区",
    "website": "website|web|url|website link|网站|网址|公司网站",
    "function": "job position|job title|function|position|职位|职务|岗位",
    "tags": "tags|tag|category|标签|类别",
    "comment": "notes|note|comment|remark|remarks|备注|说明",
    "salesperson": "salesperson|sales rep|owner|销售员|业务员|销售|负责人",
}
"""What columns are called, per field; ``|`` separates names, compared by :func:`header_key`."""

REASON_HEADERS = ("Reason", "原因")


class TableError(ValueError):
    """The file cannot be read; ``code`` says why, ``detail`` where."""

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


class Table(NamedTuple):
    """Cells as they are in the file. ``lines`` holds the number of each row, counted from 2."""

    header: list
    rows: list
    lines: list
    encoding: str


def read_table(content, name=""):
    """Return the table in the bytes of a CSV or XLSX file.

    :raise TableError: ``empty``, ``binary``, ``header``, ``columns``, ``xlsx``

    >>> read_table("名称,电话\\n宏泰,１３８\\n".encode("gb18030")).rows
    [['宏泰', '１３８']]
    >>> read_table(b"name;phone\\nA;1\\n\\nB\\n")[1:3]
    ([['A', '1'], ['B', '']], [2, 4])
    """
    if not content:
        raise TableError("empty")
    if content[:4] == b"PK\x03\x04" or name.lower().endswith(".xlsx"):
        rows, encoding = _xlsx_rows(content), "xlsx"
    else:
        text, encoding = decode(content)
        rows = _csv_rows(text)
    return _table(rows, encoding)


def _table(rows, encoding):
    while rows and not any(cell.strip() for cell in rows[0]):
        rows = rows[1:]
    if not rows:
        raise TableError("empty")
    header = [clean(cell) for cell in rows[0]]
    while header and not header[-1]:
        header.pop()
    width = len(header)
    if width > MAX_COLUMNS:
        raise TableError("columns", str(width))
    body, lines = [], []
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if any(cell.strip() for cell in row[width:]):
            raise TableError("header", str(line))
        body.append((row + [""] * width)[:width])
        lines.append(line)
    return Table(header, body, lines, encoding)


def decode(content):
    """Return (text, encoding); the encoding is found, not asked for.

    >>> decode("客户".encode("utf-8-sig"))
    ('客户', 'utf-8-sig')
    >>> decode("客户".encode("gb18030"))[1]
    'gb18030'
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8-sig" if content[:3] == b"\xef\xbb\xbf" else "utf-8", "gb18030"]
    for encoding in candidates:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text, encoding
    raise TableError("binary")


def _csv_rows(text):
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return list(reader)
    except csv.Error as error:
        raise TableError("binary", str(error)) from error


def _xlsx_rows(content):
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        return [[_cell_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    except Exception as error:  # a broken archive fails in a hundred ways
        raise TableError("xlsx", str(error)) from error


def _cell_text(value):
    """Return a cell of a spreadsheet as text: numbers without ``.0``, days without a time.

    >>> _cell_text(13800000000.0), _cell_text(None), _cell_text(True)
    ('13800000000', '', '1')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def clean(text):
    """Return a text without stray spaces, which may be full width; lines are kept.

    >>> clean("　宏泰  机械\\u00a0（上海） ")
    '宏泰 机械 （上海）'
    """
    lines = (SPACES.sub(" ", line).strip() for line in (text or "").splitlines())
    return "\n".join(lines).strip()


def narrow(text):
    """Return codes, numbers and addresses in half width, without spaces at the ends.

    >>> narrow("　１３８００ ＡＢ＠example．com")
    '13800 AB@example.com'
    """
    return clean(unicodedata.normalize("NFKC", text or ""))


def compact(text):
    """Return a code in capitals without anything but letters and digits.

    >>> compact(" 9131 0000-ｍａ1K ")
    '91310000MA1K'
    """
    return re.sub(r"[^0-9A-Z]", "", narrow(text).upper())


def header_key(text):
    """Return what headers are compared by.

    >>> header_key("* E-Mail（必填）"), header_key("Customer_Name")
    ('e mail', 'customer name')
    """
    text = re.sub(r"\(.*?\)", " ", unicodedata.normalize("NFKC", text or "").lower())
    return " ".join(re.findall(r"[^\W_]+\??", text))


_FIELD_OF = {
    header_key(name): field for field, names in HEADERS.items() for name in names.split("|")
}


def guess_columns(header):
    """Return the field of each column, or None; no field twice.

    >>> guess_columns(["客户名称", "Phone", "手机", "Colour"])
    ['name', 'phone', None, None]
    """
    taken, result = set(), []
    for text in header:
        field = _FIELD_OF.get(header_key(text))
        result.append(field if field not in taken else None)
        taken.add(field)
    return result


def parse_flag(text):
    """Return whether a cell says yes, or None when it says nothing that is known.

    >>> parse_flag("是"), parse_flag("0"), parse_flag("maybe")
    (True, False, None)
    """
    word = narrow(text).lower()
    if word in ("1", "yes", "y", "true", "t", "是", "公司", "企业", "company"):
        return True
    if word in ("", "0", "no", "n", "false", "f", "否", "个人", "person", "individual"):
        return False
    return None


def to_record(header_fields, cells):
    """Return {field: cleaned text} of one row; empty cells are left out.

    >>> to_record(["name", None, "email"], [" A ", "x", "Ａ@B.example"])
    {'name': 'A', 'email': 'A@B.example'}
    """
    record = {}
    for field, cell in zip(header_fields, cells, strict=True):
        if not field:
            continue
        text = clean(cell) if field in _WIDE else narrow(cell)
        if text:
            record[field] = text
    return record


_WIDE = {"name", "parent", "street", "street2", "city", "state", "country", "function", "tags"} | {
    "comment",
    "salesperson",
}
"""Fields whose full-width characters belong to them."""


def write_refused(header, rows, reason_header=REASON_HEADERS[0]):
    """Return a CSV (UTF-8 with mark) of (cells, reason), in the original columns plus the reason.

    A reason column of an earlier round is replaced, so that the file can go round again.

    >>> write_refused(["name", "Reason"], [(["A", "old"], "new")]).decode("utf-8-sig")
    'name,Reason\\r\\nA,new\\r\\n'
    """
    keep = [number for number, text in enumerate(header) if text not in REASON_HEADERS]
    content = io.StringIO(newline="")
    writer = csv.writer(content)
    writer.writerow([header[number] for number in keep] + [reason_header])
    for cells, reason in rows:
        writer.writerow([cells[number] for number in keep] + [reason])
    return content.getvalue().encode("utf-8-sig")
