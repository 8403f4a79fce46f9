import csv
import doctest
import io

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import import_table as engine
from ..engine.import_table import TableError, read_table

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20)
rows = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=8)


@tagged("post_install", "-at_install")
class TestImportTable(BaseCase):
    """Reading files as they are sent: nothing of a cell is lost, nothing is guessed wrong."""

    def test_doctests(self):
        self.assertEqual(doctest.testmod(engine).failed, 0)

    @given(rows)
    def test_round_trip(self, body):
        stream = io.StringIO(newline="")
        csv.writer(stream).writerows([["name", "phone", "notes"], *body])
        table = read_table(stream.getvalue().encode("utf-8-sig"))
        self.assertEqual(table.rows, [row for row in body if any(cell.strip() for cell in row)])

    @given(st.lists(st.text("客户名称电话上海宏泰机械（）１２３", min_size=1), min_size=1))
    def test_encodings(self, texts):
        content = "名称,电话\n" + "\n".join(f"{text},1" for text in texts)
        expected = [[text, "1"] for text in texts]
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
            self.assertEqual(read_table(content.encode(encoding)).rows, expected, encoding)

    def test_xlsx(self):
        book = openpyxl.Workbook()
        book.active.append(["名称", "手机", "邮编", None])
        book.active.append(["宏泰", 13800000000, "010000", None])
        book.active.append([None, None, None, None])
        book.active.append(["Li", "13900000000", None, None])
        stream = io.BytesIO()
        book.save(stream)
        table = read_table(stream.getvalue(), "x.xlsx")
        self.assertEqual(table.header, ["名称", "手机", "邮编"])
        self.assertEqual(table.rows, [["宏泰", "13800000000", "010000"], ["Li", "13900000000", ""]])
        self.assertEqual(table.lines, [2, 4])

    def test_bad_files(self):
        cases = {
            "empty": [b"", b"\n\n", b"\xef\xbb\xbf"],
            "binary": [b"\x89PNG\r\n\x1a\n\0\0\xff", b"\xff\xfe\x00"],
            "xlsx": [b"PK\x03\x04 broken"],
            "header": [b"name\nA,B\n"],
            "columns": [",".join(f"c{n}" for n in range(300)).encode() + b"\n1\n"],
        }
        for code, contents in cases.items():
            for content in contents:
                with self.subTest(code=code, content=content[:20]):
                    with self.assertRaises(TableError) as caught:
                        read_table(content)
                    self.assertEqual(caught.exception.code, code)

    def test_headers(self):
        header = ["客户名称", "统一社会信用代码*", "E-mail", "手机号码", "省份", "Colour", "Phone"]
        self.assertEqual(
            engine.guess_columns(header),
            ["name", "uscc", "email", "phone", "state", None, None],
        )

    def test_refused_goes_round(self):
        """What is refused is a file that can be imported again, however often."""
        header = ["Name", "Phone"]
        first = read_table(engine.write_refused(header, [(["A", "１"], "because")]))
        self.assertEqual(first.header, ["Name", "Phone", "Reason"])
        self.assertEqual(engine.guess_columns(first.header), ["name", "phone", None])
        again = read_table(engine.write_refused(first.header, [(first.rows[0], "still")]))
        self.assertEqual(again.header, first.header)
        self.assertEqual(again.rows, [["A", "１", "still"]])
