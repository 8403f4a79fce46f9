from collections import defaultdict
from decimal import Decimal

from odoo import api, models

from odoo.addons.crm_print.engine.workbook import Workbook


class CrmCommissionDocument(models.AbstractModel):
    """What a statement says on paper and in a spreadsheet: both print the same figures."""

    _name = "crm.commission.document"
    _description = "Contents of Commission Statements"

    # ------------------------------------------------------------------
    # Contents
    # ------------------------------------------------------------------

    @api.model
    def _collect(self, statements):
        """Return the contents of each statement, texts in the language of the context.

        :param statements: what the user may read; amounts are in the company's currency
        :return: ``{statement id: {"lines", "steps", "notes", "payments"}}``
        :raises AccessError: the user may not read one of them
        """
        explanations = self._explanations(statements)
        # sudo: a statement, which the user may read as just checked, names the customers and
        # orders it is made of; accountants need no right on sales for that
        lines = self._lines(statements.sudo())
        return {
            key: {**explanation, "lines": lines[key]} for key, explanation in explanations.items()
        }

    @api.model
    def _explanations(self, statements):
        """Return ``{statement id: {"steps", "notes", "payments"}}``, see :meth:`_collect`."""
        statements.check_access("read")
        # sudo: the documents behind statements that the user may read, as just checked
        statements = statements.sudo()
        entries = statements._subledger_entries().grouped("res_id")
        nothing = statements.env["crm.subledger.entry"]
        credits = statements._credits(detail=False)
        terms = statements._terms(credits)
        found = {}
        for statement in statements:
            own = entries.get(statement.id, nothing)
            explanation = statement._explain(credits.get(statement.id, []), terms)
            found[statement.id] = {
                "payments": self._payments(own),
                "steps": self._steps(statement, explanation, own),
                "notes": [statement._subledger_explanation_note(n) for n in explanation["notes"]],
            }
        return found

    @api.model
    def _lines(self, statements):
        asked = (
            # sudo: lines of statements that the user may read, as ``_collect`` checks
            self.env["crm.commission.line"]
            .sudo()
            .with_context(commission_statement_ids=statements.ids)
        )
        roles = dict(asked._fields["role"]._description_selection(self.env))
        found = defaultdict(list)
        for line in asked.search([("statement_id", "in", statements.ids)], order="date, id"):
            found[line.statement_id.id].append(
                {
                    "date": line.date,
                    "customer": line.customer_id.commercial_partner_id.name or "",
                    "deal": line.order_id.name or line.invoice_id.name or "",
                    "role": roles[line.role],
                    "basis": line.basis,
                    "commission": line.commission,
                }
            )
        return found

    @api.model
    def _payments(self, entries):
        return [
            {"date": entry.date, "name": entry.move_id.name or "", "amount": entry.amount}
            for entry in entries.sorted("date")
            if entry.kind == "settlement"
        ]

    @api.model
    def _steps(self, statement, explanation, entries):
        """Return how the basis became the commission: rows (label, basis, rate, amount)."""
        rows = [statement._subledger_explanation_row(row) for row in explanation["rows"]]
        exact = sum((Decimal(row["amount"]) for row in explanation["rows"]), Decimal(0))
        return rows + self._other_steps(statement, exact, entries)

    @api.model
    def _other_steps(self, statement, exact, entries):
        """Return the rows between the scale and what was earned: guarantee, claw-back, rounding."""
        sums = defaultdict(float)
        for entry in entries.filtered(lambda e: e.kind != "settlement"):
            sums[(entry.component or "").partition(":")[0]] -= entry.amount
        rounded, exact = statement.currency_id.round, float(exact)
        guarantee, clawback = rounded(sums["guarantee"]), rounded(sums["clawback"])
        rest = rounded(statement.earned - exact - guarantee - clawback)
        labels = [
            (self.env._("Guaranteed minimum"), guarantee),
            (self.env._("Taken back for terminated contracts"), clawback),
            (self.env._("Maximum and rounding"), rest),
        ]
        money = statement._subledger_format_money
        return [(label, "", "", money(amount)) for label, amount in labels if amount]

    # ------------------------------------------------------------------
    # Spreadsheet
    # ------------------------------------------------------------------

    @api.model
    def _xlsx(self, statements):
        """Return a workbook (bytes): a summary, every line and every payment, totals as formulas.

        :raises AccessError: the user may not read one of the statements
        """
        contents = self._collect(statements)
        decimals = max(statements.currency_id.mapped("decimal_places"), default=2)
        with Workbook(decimals) as book:
            self._xlsx_summary(book, statements)
            self._xlsx_lines(book, statements, contents)
            self._xlsx_payments(book, statements, contents)
        return book.content

    @api.model
    def _xlsx_summary(self, book, statements):
        states = dict(statements._fields["state"]._description_selection(self.env))
        columns = [
            (self.env._("Payee"), 24, None),
            (self.env._("Plan"), 24, None),
            (self.env._("From"), 12, "date"),
            (self.env._("To"), 12, "date"),
            (self.env._("Currency"), 9, None),
            (self.env._("Basis Credited"), 16, "money"),
            (self.env._("Attainment"), 11, "percent"),
            (self.env._("Earned"), 16, "money"),
            (self.env._("Settled"), 16, "money"),
            (self.env._("To Pay"), 16, "money"),
            (self.env._("Status"), 12, None),
        ]
        rows = [
            [
                statement.partner_id.name,
                statement.plan_id.name,
                statement.date_from,
                statement.date_to,
                statement.currency_id.name,
                statement.basis,
                statement.attainment / 100 if statement.quota else "",
                statement.earned,
                statement.settled,
                (f"=H{number}-I{number}", statement.to_pay),
                states[statement.state],
            ]
            # sudo: statements whose reading ``_collect`` checked
            for number, statement in enumerate(statements.sudo(), start=2)
        ]
        totals = {5: "basis", 7: "earned", 8: "settled", 9: "to_pay"}
        sums = {column: sum(statements.mapped(name)) for column, name in totals.items()}
        if len(statements.currency_id) > 1:
            sums = {}  # amounts of several currencies have no total
        book.add_table(self.env._("Statements"), columns, rows, self.env._("Total"), sums)

    @api.model
    def _xlsx_lines(self, book, statements, contents):
        columns = [
            (self.env._("Statement"), 34, None),
            (self.env._("Date"), 12, "date"),
            (self.env._("Customer"), 30, None),
            (self.env._("Deal"), 16, None),
            (self.env._("Role"), 12, None),
            (self.env._("Basis Credited"), 16, "money"),
            (self.env._("Commission"), 16, "money"),
        ]
        rows = [
            [statement.display_name, *line.values()]
            # sudo: as in ``_xlsx_summary``
            for statement in statements.sudo()
            for line in contents[statement.id]["lines"]
        ]
        sums = {column: sum(row[column] for row in rows) for column in (5, 6)}
        book.add_table(self.env._("Lines"), columns, rows, self.env._("Total"), sums)

    @api.model
    def _xlsx_payments(self, book, statements, contents):
        columns = [
            (self.env._("Statement"), 34, None),
            (self.env._("Date"), 12, "date"),
            (self.env._("Journal Entry"), 22, None),
            (self.env._("Amount"), 16, "money"),
        ]
        rows = [
            [statement.display_name, *payment.values()]
            # sudo: as in ``_xlsx_summary``
            for statement in statements.sudo()
            for payment in contents[statement.id]["payments"]
        ]
        sums = {3: sum(row[3] for row in rows)}
        book.add_table(self.env._("Payments"), columns, rows, self.env._("Total"), sums)
