import io

import xlsxwriter

from odoo import api, fields, models


class CrmPartnerStatementDocument(models.AbstractModel):
    """Statements of account as a workbook; texts in the language of the context."""

    _name = "crm.partner.statement.document"
    _description = "Workbook of Statements of Account"

    @api.model
    def _xlsx(self, statements):
        """Return a workbook (bytes): a summary of all sections, and every document.

        :raises AccessError: the user may not read one of the statements
        """
        statements.check_access("read")
        # sudo: sections and lines of statements that the user may read, as just checked
        statements = statements.sudo()
        stream = io.BytesIO()
        with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
            formats = self._xlsx_formats(book)
            self._xlsx_summary(book, formats, statements)
            self._xlsx_lines(book, formats, statements)
        return stream.getvalue()

    @api.model
    def _xlsx_formats(self, book):
        money = "#,##0.00;[Red]-#,##0.00"
        head = {"bold": True, "bg_color": "#26547C", "font_color": "white", "text_wrap": True}
        return {
            "head": book.add_format({**head, "valign": "vcenter", "border": 1}),
            "date": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
            "money": book.add_format({"num_format": money}),
            None: book.add_format(),
        }

    @api.model
    def _xlsx_summary(self, book, formats, statements):
        states = dict(statements._fields["state"]._description_selection(self.env))
        columns = [
            (self.env._("Statement"), 16, None),
            (self.env._("Partner"), 28, None),
            (self.env._("From"), 12, "date"),
            (self.env._("To"), 12, "date"),
            (self.env._("Status"), 12, None),
            (self.env._("Section"), 34, None),
            (self.env._("Currency"), 9, None),
            (self.env._("Opening"), 16, "money"),
            (self.env._("Increase"), 16, "money"),
            (self.env._("Decrease"), 16, "money"),
            (self.env._("Closing"), 16, "money"),
        ]
        rows = []
        for section in statements.section_ids:
            statement, number = section.statement_id, len(rows) + 2
            rows.append(
                [
                    statement.name,
                    statement.partner_id.name,
                    statement.date_from,
                    statement.date_to,
                    states[statement.state],
                    section.name,
                    section.currency_id.name,
                    section.opening,
                    section.increase,
                    section.decrease,
                    (f"=H{number}+I{number}-J{number}", section.closing),
                ]
            )
        self._xlsx_sheet(book, formats, self.env._("Summary"), columns, rows)

    @api.model
    def _xlsx_lines(self, book, formats, statements):
        kinds = dict(statements.line_ids._fields["kind"]._description_selection(self.env))
        columns = [
            (self.env._("Statement"), 16, None),
            (self.env._("Section"), 34, None),
            (self.env._("Date"), 12, "date"),
            (self.env._("Kind"), 14, None),
            (self.env._("Document"), 24, None),
            (self.env._("Reference"), 24, None),
            (self.env._("Due"), 12, "date"),
            (self.env._("Amount"), 16, "money"),
            (self.env._("Balance"), 16, "money"),
            (self.env._("Document Currency"), 10, None),
            (self.env._("In Document Currency"), 16, "money"),
        ]
        rows = [
            [
                line.statement_id.name,
                line.section_id.name,
                line.date,
                kinds[line.kind],
                line.name or "",
                line.ref or "",
                line.date_due or "",
                line.amount,
                line.balance,
                line.currency_id.name or "",
                line.amount_currency if line.currency_id else "",
            ]
            for line in statements.section_ids.line_ids
        ]
        self._xlsx_sheet(book, formats, self.env._("Documents"), columns, rows)

    @api.model
    def _xlsx_sheet(self, book, formats, name, columns, rows):
        """Write a sheet with a frozen header and a filter.

        :param columns: (title, width, format) of each column
        :param rows: values; a formula is a tuple (formula, value)
        """
        sheet = book.add_worksheet(name[:31])
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 1)
        for column, (title, width, _format) in enumerate(columns):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, formats["head"])
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                self._xlsx_cell(sheet, number, column, value, formats[columns[column][2]])
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)

    @api.model
    def _xlsx_cell(self, sheet, row, column, value, style):
        if isinstance(value, tuple):
            sheet.write_formula(row, column, value[0], style, value[1])
        elif isinstance(value, str):
            sheet.write_string(row, column, value, style)  # never a formula: names are free text
        elif hasattr(value, "isoformat"):
            sheet.write_datetime(row, column, fields.Datetime.to_datetime(value), style)
        else:
            sheet.write_number(row, column, value or 0, style)
