"""A database with a year of posted invoices, written with set-based SQL.

One order, its invoice and its payment are made by the real flow; every column of their rows is then
copied, so that what the benchmark reads has the shape that Odoo writes. Amounts differ from invoice
to invoice; four fifths of the invoices are paid in full some weeks later, one in ten in two parts.
"""

from datetime import date

from odoo import Command
from odoo.tools import SQL

LINES_PER_INVOICE = 10
YEAR = 2025
TABLES = (
    "account_move",
    "account_move_line",
    "account_partial_reconcile",
    "sale_order",
    "sale_order_line",
    "sale_order_line_invoice_rel",
    "crm_commission_participant",
)

#: The basis of every payee and quarter in one query, written by hand for this data.
PEER = """
    WITH document AS (
        SELECT m.id, sol.order_id, -SUM(l.balance) AS untaxed, m.amount_total_signed AS total
          FROM account_move m
          JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'product'
          JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
          JOIN sale_order_line sol ON sol.id = r.order_line_id
         WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_refund')
           AND m.company_id = %(company)s
      GROUP BY m.id, sol.order_id
    ), collected AS (
        SELECT d.order_id, p.max_date AS date, SUM(p.amount * d.untaxed / d.total) AS amount
          FROM document d
          JOIN account_move_line l ON l.move_id = d.id AND l.display_type = 'payment_term'
          JOIN account_partial_reconcile p ON p.debit_move_id = l.id
      GROUP BY d.order_id, p.max_date
    )
    SELECT owner.partner_id, date_trunc('quarter', c.date)::date, SUM(c.amount)
      FROM collected c
      JOIN crm_commission_participant owner
        ON owner.order_id = c.order_id AND owner.role = 'owner'
  GROUP BY 1, 2
"""


class CommissionData:
    """Fills a database with ``lines`` posted invoice lines of ``payees`` people.

    :param env: environment of the superuser on a copy of the test database
    """

    def __init__(self, env, *, lines=1_000_000, payees=200):
        self.env = env
        self.invoices = lines // LINES_PER_INVOICE
        self.payee_count = payees

    def fill(self):
        """Create everything and return the commission plan."""
        self._company()
        self._plan()
        order, invoice, payment = self._flow()
        self.env.cr.commit()
        self._multiply(order, invoice, payment)
        for table in TABLES:
            self.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
        self.env.cr.commit()
        self.env.invalidate_all()
        return self.plan

    # ------------------------------------------------------------------

    def _company(self):
        env = self.env
        self.company = env.company
        if not self.company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", self.company)
        account = env["account.account"]
        self.payable, self.expense, self.payroll = account.create(
            [
                {
                    "code": "229901",
                    "name": "Commissions payable",
                    "account_type": "liability_current",
                },
                {"code": "669901", "name": "Commissions", "account_type": "expense"},
                {"code": "229902", "name": "Payroll payable", "account_type": "liability_current"},
            ]
        )
        journal = env["account.journal"].create(
            {"name": "Commissions", "code": "COMM", "type": "general"}
        )
        self.ledger = env["crm.subledger"].create(
            {
                "name": "Commissions payable",
                "code": "COM",
                "kind": "commission",
                "journal_id": journal.id,
                "account_id": self.payable.id,
                "counterpart_account_id": self.expense.id,
            }
        )
        self.payees = env["res.partner"].create(
            [{"name": f"Agent {n:03}", "is_company": True} for n in range(self.payee_count)]
        )

    def _plan(self):
        self.plan = self.env["crm.commission.plan"].create(
            {
                "name": "Collected, per quarter",
                "ledger_id": self.ledger.id,
                "payroll_account_id": self.payroll.id,
                "period": "quarter",
                "member_ids": [
                    Command.create({"agent_id": payee.id, "role": "owner"}) for payee in self.payees
                ],
                "version_ids": [
                    Command.create(
                        {
                            "date_from": date(YEAR, 1, 1),
                            "basis": "collected",
                            "method": "marginal",
                            "tier_ids": [
                                Command.create({"lower_bound": 0, "rate": 3}),
                                Command.create({"lower_bound": 500_000, "rate": 5}),
                                Command.create({"lower_bound": 1_000_000, "rate": 6}),
                            ],
                        }
                    )
                ],
            }
        )
        self.plan.version_ids.action_approve()

    def _flow(self):
        env = self.env
        product = env["product.product"].create(
            {"name": "Service", "type": "service", "invoice_policy": "order"}
        )
        order = env["sale.order"].create(
            {
                "partner_id": env["res.partner"].create({"name": "Customer"}).id,
                "user_id": False,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_uom_qty": 1, "price_unit": 100}
                    )
                    for _ in range(LINES_PER_INVOICE)
                ],
            }
        )
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.invoice_date = date(YEAR, 1, 2)
        invoice.action_post()
        wizard = env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        payment = wizard.create({"payment_date": date(YEAR, 1, 3)})._create_payments()
        if not payment.move_id:
            raise RuntimeError("The payment has no journal entry: set outstanding accounts")
        return order, invoice, payment

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

    def _multiply(self, order, invoice, payment):
        cr = self.env.cr
        # Indexes and triggers stay; autovacuum would only disturb.
        self._draw_numbers(order, invoice, payment)
        lines = order.order_line.sorted("id")
        products = invoice.invoice_line_ids.sorted("id")
        others = invoice.line_ids - products
        first_line, first_product = lines[0].id, products[0].id
        self._copy(
            "sale_order",
            order.ids,
            "bench",
            id="s.order_id",
            name="'B' || s.n",
            access_token="NULL",
            amount_untaxed="s.amount",
            amount_total="s.amount",
            amount_tax="0",
            date_order="s.invoiced::timestamp",
        )
        self._copy(
            "sale_order_line",
            lines.ids,
            "bench",
            id=f"s.line_id + t.id - {first_line}",
            order_id="s.order_id",
            price_unit="s.price",
            price_subtotal="s.price",
            price_total="s.price",
        )
        money = {
            "amount_untaxed": 1,
            "amount_total": 1,
            "amount_residual": 0,
            "amount_untaxed_signed": 1,
            "amount_total_signed": 1,
            "amount_residual_signed": 0,
            "amount_total_in_currency_signed": 1,
        }
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
            **{name: "s.amount" if one else "s.amount - s.paid" for name, one in money.items()},
        )
        self._copy(
            "account_move_line",
            products.ids,
            "bench",
            id=f"s.item_id + t.id - {first_product}",
            move_id="s.move_id",
            move_name="'BINV' || s.n",
            date="s.invoiced",
            invoice_date="s.invoiced",
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
            others.filtered(lambda x: x.display_type == "payment_term").ids,
            "bench",
            id="s.receivable_id",
            move_id="s.move_id",
            move_name="'BINV' || s.n",
            date="s.invoiced",
            invoice_date="s.invoiced",
            balance="s.amount",
            debit="s.amount",
            credit="0",
            amount_currency="s.amount",
            amount_residual="s.amount - s.paid",
            amount_residual_currency="s.amount - s.paid",
            full_reconcile_id="NULL",
            matching_number="NULL",
        )
        receipts = payment.move_id.line_ids
        receivable = receipts.filtered(lambda x: x.account_type == "asset_receivable")
        self._copy(
            "account_move",
            payment.move_id.ids,
            "bench_payment",
            id="s.move_id",
            name="'BPAY' || s.id",
            sequence_number="s.id",
            date="s.paid_on",
            origin_payment_id="NULL",
            access_token="NULL",
            **{name: "s.amount" for name in money},
        )
        for line, sign in ((receivable, "-"), (receipts - receivable, "")):
            self._copy(
                "account_move_line",
                line.ids,
                "bench_payment",
                id="s.credit_id" if sign else "s.debit_id",
                move_id="s.move_id",
                move_name="'BPAY' || s.id",
                date="s.paid_on",
                balance=f"{sign}s.amount",
                debit="0" if sign else "s.amount",
                credit="s.amount" if sign else "0",
                amount_currency=f"{sign}s.amount",
                amount_residual="0",
                amount_residual_currency="0",
                full_reconcile_id="NULL",
                matching_number="NULL",
                payment_id="NULL",
            )
        partial = receivable.matched_debit_ids
        self._copy(
            "account_partial_reconcile",
            partial.ids,
            "bench_payment",
            id="s.partial_id",
            debit_move_id="s.receivable_id",
            credit_move_id="s.credit_id",
            amount="s.amount",
            debit_amount_currency="s.amount",
            credit_amount_currency="s.amount",
            max_date="s.paid_on",
            full_reconcile_id="NULL",
            exchange_move_id="NULL",
        )
        cr.execute(
            f"""INSERT INTO sale_order_line_invoice_rel (invoice_line_id, order_line_id)
                SELECT item_id + k, line_id + k
                  FROM bench, generate_series(0, {LINES_PER_INVOICE - 1}) k"""
        )
        self._name_owners()
        self._advance_sequences()

    def _draw_numbers(self, order, invoice, payment):
        """Decide ids, days, amounts and payees of all invoices and payments."""
        last = {
            table: self.env.execute_query(
                SQL("SELECT COALESCE(MAX(id), 0) FROM %s", SQL.identifier(table))
            )[0][0]
            for table in TABLES
            if not table.endswith("_rel")
        }
        n, per = self.invoices, LINES_PER_INVOICE
        cr = self.env.cr
        cr.execute(
            f"""
            CREATE UNLOGGED TABLE bench AS
            SELECT n, {last["sale_order"]} + n AS order_id,
                   {last["sale_order_line"]} + (n - 1) * {per} + 1 AS line_id,
                   {last["account_move"]} + n AS move_id,
                   {last["account_move_line"]} + (n - 1) * {per} + 1 AS item_id,
                   {last["account_move_line"]} + {n * per} + n AS receivable_id,
                   price, price * {per} AS amount,
                   CASE WHEN n % 5 = 0 THEN 0
                        WHEN n % 50 = 1 THEN price * {per // 2} ELSE price * {per} END AS paid,
                   DATE '{YEAR}-01-01' + n % 340 AS invoiced
              FROM (SELECT n, (50 + n::bigint * 7919 % 400)::numeric AS price
                      FROM generate_series(1, {n}) n) numbered"""
        )
        used = last["account_move_line"] + n * per + n
        cr.execute(
            f"""
            CREATE UNLOGGED TABLE bench_payment AS
            SELECT row_number() OVER () AS id,
                   {last["account_move"]} + {n} + row_number() OVER () AS move_id,
                   {used} + row_number() OVER () * 2 - 1 AS credit_id,
                   {used} + row_number() OVER () * 2 AS debit_id,
                   {last["account_partial_reconcile"]} + row_number() OVER () AS partial_id,
                   receivable_id, paid / parts AS amount,
                   invoiced + 7 + n % 14 + part * 9 AS paid_on
              FROM (SELECT *, CASE WHEN n % 10 = 3 THEN 2 ELSE 1 END AS parts FROM bench
                     WHERE paid > 0) b
              JOIN generate_series(0, 1) part ON part < b.parts"""
        )
        self.first_participant = last["crm_commission_participant"]

    def _name_owners(self):
        """Name one payee as the owner of each order, as the order form would."""
        order = self.env["sale.order"].search([("name", "=", "B1")], limit=1)
        template = self.env["crm.commission.participant"].create(
            {"order_id": order.id, "agent_id": self.payees[1].id, "role": "owner", "share": 100}
        )
        self.env.flush_all()
        payee = f"(ARRAY{self.payees.ids})[s.n %% {self.payee_count} + 1]"
        self._copy(
            "crm_commission_participant",
            template.ids,
            "(SELECT * FROM bench WHERE n > 1)",
            id=f"{template.id} + s.n - 1",
            order_id="s.order_id",
            partner_id=payee,
            agent_id=payee,
        )

    def _advance_sequences(self):
        for table in TABLES:
            if table.endswith("_rel"):
                continue
            self.env.cr.execute(
                SQL(
                    "SELECT setval(%s, (SELECT MAX(id) FROM %s))",
                    f"{table}_id_seq",
                    SQL.identifier(table),
                )
            )
