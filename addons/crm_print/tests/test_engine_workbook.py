import doctest
import io
from datetime import date, datetime

import openpyxl

from odoo.tests import BaseCase, tagged

from ..engine import workbook
from ..engine.workbook import Workbook

COLUMNS = [("Who", 20, None), ("Day", 12, "date"), ("Net", 12, "money"), ("Share", 9, "percent")]


def read(book, **options):
    return openpyxl.load_workbook(io.BytesIO(book.content), **options)


@tagged("post_install", "-at_install")
class TestWorkbook(BaseCase):
    """Tables as a spreadsheet program reads them."""

    def test_doctests(self):
        self.assertEqual(doctest.testmod(workbook).failed, 0)

    def test_table(self):
        with Workbook() as book:
            book.add_table(
                "A name of more than thirty-one characters",
                COLUMNS,
                [["Li", date(2026, 1, 5), 12.5, 0.25], ["王", "", ("=C2*2", 25.0), None]],
                total="Total",
                sums={2: 37.5},
            )
        [sheet] = read(book).worksheets
        self.assertEqual(sheet.title, "A name of more than thirty-one ")
        self.assertEqual((sheet.freeze_panes, sheet.auto_filter.ref), ("B2", "A1:D3"))
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        self.assertEqual(rows[0], ["Who", "Day", "Net", "Share"])
        self.assertEqual(rows[1], ["Li", datetime(2026, 1, 5), 12.5, 0.25])
        self.assertEqual(rows[2], ["王", "", "=C2*2", 0])
        self.assertEqual(rows[3], ["Total", None, "=SUBTOTAL(109,C2:C3)", None])
        values = read(book, data_only=True).worksheets[0]
        self.assertEqual((values["C3"].value, values["C4"].value), (25, 37.5))

    def test_names_are_never_formulas(self):
        text = '=HYPERLINK("http://evil.example")'
        with Workbook() as book:
            book.add_table("Names", COLUMNS[:1], [[text]])
        cell = read(book).worksheets[0]["A2"]
        self.assertEqual((cell.data_type, cell.value), ("s", text))

    def test_decimals_of_the_currency(self):
        for decimals, number_format in ((0, "#,##0;"), (2, "#,##0.00;"), (3, "#,##0.000;")):
            with Workbook(decimals=decimals) as book:
                book.add_table("Money", [("Net", 9, "money")], [[1]])
            cell = read(book).worksheets[0]["A2"]
            self.assertTrue(cell.number_format.startswith(number_format), cell.number_format)

    def test_empty_table_has_no_totals(self):
        with Workbook() as book:
            book.add_table("Nothing", COLUMNS, [], total="Total", sums={2: 0})
        sheet = read(book).worksheets[0]
        self.assertEqual((sheet.max_row, sheet.auto_filter.ref), (1, None))
