"""Workbooks (XLSX) of tables: frozen header, filter, totals of what the filter shows."""

import io

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

HEAD = {
    "bold": True,
    "bg_color": "#26547C",
    "font_color": "white",
    "text_wrap": True,
    "valign": "vcenter",
    "border": 1,
    "border_color": "#D0D7DE",
}


class Workbook:
    """Tables, each on a sheet of its own; ``content`` has the file (bytes) when the block ends.

    :param int decimals: of the format ``money``; negative amounts are red

    >>> with Workbook(decimals=2) as book:
    ...     book.add_table("Sales", [("Customer", 20, None), ("Net", 12, "money")], [["A", 3.5]])
    >>> book.content[:2]
    b'PK'
    """

    def __init__(self, decimals=2):
        self._stream = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._stream, {"in_memory": True})
        digits = f".{'0' * decimals}" if decimals else ""
        money = {"num_format": f"#,##0{digits};[Red]-#,##0{digits}"}
        total = {"bold": True, "top": 1}
        styles = {
            None: {},
            "date": {"num_format": "yyyy-mm-dd", "align": "left"},
            "money": money,
            "percent": {"num_format": "0.00%"},
            "head": HEAD,
            "total": total,
            "total_money": total | money,
        }
        self._styles = {name: self._book.add_format(style) for name, style in styles.items()}
        self.content = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._book.close()
        self.content = self._stream.getvalue()

    def add_table(self, name, columns, rows, total="", sums=None):
        """Write a sheet with a frozen header and a filter, and sums of what the filter shows.

        :param str name: of the sheet; cut to the 31 characters that a workbook allows
        :param columns: (title, width in characters, format) of each column; formats are ``None``,
            ``"date"``, ``"money"`` and ``"percent"``
        :param rows: values of each row: texts, numbers, days; a formula is a tuple (formula, value)
        :param str total: label of the row of totals, which only a table with rows gets
        :param sums: ``{number of the column from 0: value}`` of the columns with a total of money
        """
        sheet = self._book.add_worksheet(name[:31])
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 1)
        sheet.set_row(0, 30)
        for column, (title, width, _format) in enumerate(columns):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, self._styles["head"])
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                self._add_cell(sheet, number, column, value, self._styles[columns[column][2]])
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)
        if rows and total:
            self._add_totals(sheet, len(rows), len(columns), total, sums or {})

    def _add_cell(self, sheet, row, column, value, style):
        if isinstance(value, tuple):
            sheet.write_formula(row, column, value[0], style, value[1])
        elif isinstance(value, str):
            sheet.write_string(row, column, value, style)  # never a formula: names are free text
        elif hasattr(value, "isoformat"):
            sheet.write_datetime(row, column, value, style)
        else:
            sheet.write_number(row, column, value or 0, style)

    def _add_totals(self, sheet, height, width, label, sums):
        last = height + 1
        for column in range(width):
            sheet.write_blank(last, column, None, self._styles["total"])
        sheet.write_string(last, 0, label, self._styles["total"])
        for column, value in sums.items():
            letter = xl_col_to_name(column)
            formula = f"=SUBTOTAL(109,{letter}2:{letter}{last})"
            sheet.write_formula(last, column, formula, self._styles["total_money"], value)
