from odoo import api, models

from odoo.addons.crm_print.engine.workbook import Workbook


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
        currencies = statements.section_ids.currency_id
        with Workbook(max(currencies.mapped("decimal_places"), default=2)) as book:
            self._xlsx_summary(book, statements)
            self._xlsx_lines(book, statements)
        return book.content

    @api.model
    def _xlsx_summary(self, book, statements):
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
        book.add_table(self.env._("Summary"), columns, rows)

    @api.model
    def _xlsx_lines(self, book, statements):
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
        book.add_table(self.env._("Documents"), columns, rows)
