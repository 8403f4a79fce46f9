"""A year of posted invoices, written with set-based SQL: what data of single benchmarks shares.

One invoice is made by the real flow; every column of its rows is then copied with SQL, so that what
a benchmark reads has the shape that Odoo writes. Days and amounts differ from invoice to invoice.
"""

from odoo.tools import SQL

LINES_PER_INVOICE = 10
YEAR = 2025
#: Amounts of an invoice, and whether what was paid is taken off
MONEY = {
    "amount_untaxed": False,
    "amount_total": False,
    "amount_residual": True,
    "amount_untaxed_signed": False,
    "amount_total_signed": False,
    "amount_residual_signed": True,
    "amount_total_in_currency_signed": False,
}


class InvoiceData:
    """Fills a database with ``lines`` posted invoice lines of ``payees`` partners.

    The heir makes the first invoice, calls :meth:`_draw`, :meth:`_copy_invoice` and
    :meth:`_advance_sequences`, and :meth:`_analyze` when all is there.

    :param env: environment of the superuser on a copy of the test database
    """

    #: what is copied, and so needs new sequences and statistics
    tables = ("account_move", "account_move_line")

    def __init__(self, env, *, lines=1_000_000, payees=200):
        self.env = env
        self.invoices = lines // LINES_PER_INVOICE
        self.payee_count = payees

    # ------------------------------------------------------------------
    # By the real flow
    # ------------------------------------------------------------------

    def _load_chart(self):
        if not self.env.company.chart_template:
            self.env["account.chart.template"].try_loading("generic_coa", self.env.company)

    def _create_ledger(self, name, code, kind, journal, account, counterpart):
        journal = self.env["account.journal"].create(
            {"name": name, "code": journal, "type": "general"}
        )
        return self.env["crm.subledger"].create(
            {
                "name": name,
                "code": code,
                "kind": kind,
                "journal_id": journal.id,
                "account_id": account.id,
                "counterpart_account_id": counterpart.id,
            }
        )

    def _create_payees(self, name):
        return self.env["res.partner"].create(
            [{"name": f"{name} {n:03}", "is_company": True} for n in range(self.payee_count)]
        )

    # ------------------------------------------------------------------
    # By SQL
    # ------------------------------------------------------------------

    def _columns(self, table):
        return [
            name
            for (name,) in self.env.execute_query(
                SQL(
                    """SELECT column_name FROM information_schema.columns
                        WHERE table_name = %s AND table_schema = 'public'
                          AND is_generated = 'NEVER' ORDER BY ordinal_position""",
                    table,
                )
            )
        ]

    def _copy(self, table, ids, source, **overrides):
        """Insert one copy of the rows ``ids`` per row ``s`` of ``source``, with ``overrides``.

        In an override ``t`` is the copied row and ``s`` the row of ``source``.
        """
        columns = self._columns(table)
        values = SQL(", ").join(
            SQL(overrides[name]) if name in overrides else SQL("t.%s", SQL.identifier(name))
            for name in columns
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) SELECT %s FROM %s t CROSS JOIN %s s WHERE t.id IN %s",
                SQL.identifier(table),
                SQL(", ").join(map(SQL.identifier, columns)),
                values,
                SQL.identifier(table),
                SQL(source),
                tuple(ids),
            )
        )

    def _payee(self):
        """Return the SQL of the partner whose turn it is."""
        return f"(ARRAY{self.payees.ids})[s.n %% {self.payee_count} + 1]"

    def _last_ids(self):
        return {
            table: self.env.execute_query(
                SQL("SELECT COALESCE(MAX(id), 0) FROM %s", SQL.identifier(table))
            )[0][0]
            for table in self._counted_tables()
        }

    def _counted_tables(self):
        return [table for table in self.tables if not table.endswith("_rel")]

    def _draw(self, last, *, days, paid="0", more=""):
        """Decide ids, days and amounts of all invoices: the table ``bench`` has a row of each.

        :param dict last: see :meth:`_last_ids`
        :param int days: from the first of the year that the invoices are spread over
        :param str paid: SQL of what was paid
        :param str more: SQL of further columns, each followed by a comma
        """
        n, per = self.invoices, LINES_PER_INVOICE
        self.env.cr.execute(
            f"""
            CREATE UNLOGGED TABLE bench AS
            SELECT n, {more}
                   {last["account_move"]} + n AS move_id,
                   {last["account_move_line"]} + (n - 1) * {per} + 1 AS item_id,
                   {last["account_move_line"]} + {n * per} + n AS receivable_id,
                   price, price * {per} AS amount, {paid} AS paid,
                   DATE '{YEAR}-01-01' + n % {days} AS invoiced
              FROM (SELECT n, (50 + n::bigint * 7919 % 400)::numeric AS price
                      FROM generate_series(1, {n}) n) numbered"""
        )

    def _copy_invoice(self, invoice, partner=None):
        """Copy an invoice without taxes, its product lines and its receivable, once a row.

        :param str partner: SQL of the partner, when it is not that of the invoice
        """
        products = invoice.invoice_line_ids.sorted("id")
        terms = invoice.line_ids.filtered(lambda line: line.display_type == "payment_term")
        partners = ("partner_id", "commercial_partner_id", "partner_shipping_id")
        self._copy(
            "account_move",
            invoice.ids,
            "bench",
            id="s.move_id",
            name="'BINV' || s.n",
            payment_reference="NULL",
            access_token="NULL",
            sequence_number="s.n",
            date="s.invoiced",
            invoice_date="s.invoiced",
            amount_tax="0",
            amount_tax_signed="0",
            **{name: "s.amount - s.paid" if rest else "s.amount" for name, rest in MONEY.items()},
            **(dict.fromkeys(partners, partner) if partner else {}),
        )
        common = {
            "move_id": "s.move_id",
            "move_name": "'BINV' || s.n",
            "date": "s.invoiced",
            "invoice_date": "s.invoiced",
            **({"partner_id": partner} if partner else {}),
        }
        self._copy(
            "account_move_line",
            products.ids,
            "bench",
            **common,
            id=f"s.item_id + t.id - {products[0].id}",
            balance="-s.price",
            credit="s.price",
            debit="0",
            amount_currency="-s.price",
            price_unit="s.price",
            price_subtotal="s.price",
            price_total="s.price",
        )
        self._copy(
            "account_move_line",
            terms.ids,
            "bench",
            **common,
            id="s.receivable_id",
            balance="s.amount",
            debit="s.amount",
            credit="0",
            amount_currency="s.amount",
            amount_residual="s.amount - s.paid",
            amount_residual_currency="s.amount - s.paid",
            full_reconcile_id="NULL",
            matching_number="NULL",
        )

    def _advance_sequences(self):
        for table in self._counted_tables():
            self.env.cr.execute(
                SQL(
                    "SELECT setval(%s, (SELECT MAX(id) FROM %s))",
                    f"{table}_id_seq",
                    SQL.identifier(table),
                )
            )

    def _analyze(self, *more):
        """Commit, and do what autovacuum would do by itself before long."""
        self.env.cr.commit()
        for table in (*self.tables, *more):
            self.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
        self.env.cr.commit()
        self.env.invalidate_all()
