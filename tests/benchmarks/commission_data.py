"""A database with a year of posted invoices, written with set-based SQL.

One order, its invoice and its payment are made by the real flow; every column of their rows is then
copied, so that what the benchmark reads has the shape that Odoo writes. Amounts differ from invoice
to invoice; four fifths of the invoices are paid in full some weeks later, one in ten in two parts.
"""

from datetime import date

from invoice_data import LINES_PER_INVOICE, MONEY, YEAR, InvoiceData

from odoo import Command

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


class CommissionData(InvoiceData):
    """Fills a database with ``lines`` posted invoice lines of ``payees`` people."""

    tables = (
        *InvoiceData.tables,
        "account_partial_reconcile",
        "sale_order",
        "sale_order_line",
        "sale_order_line_invoice_rel",
        "crm_commission_participant",
    )

    def fill(self):
        """Create everything and return the commission plan."""
        self._books()
        self._plan()
        order, invoice, payment = self._flow()
        self.env.cr.commit()
        self._multiply(order, invoice, payment)
        self._analyze()
        return self.plan

    # ------------------------------------------------------------------

    def _books(self):
        self._load_chart()
        payable, expense, self.payroll = self.env["account.account"].create(
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
        self.ledger = self._create_ledger(
            "Commissions payable", "COM", "commission", "COMM", payable, expense
        )
        self.payees = self._create_payees("Agent")

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

    def _multiply(self, order, invoice, payment):
        # Indexes and triggers stay; autovacuum would only disturb.
        self._draw_numbers(self._last_ids())
        lines = order.order_line.sorted("id")
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
            id=f"s.line_id + t.id - {lines[0].id}",
            order_id="s.order_id",
            price_unit="s.price",
            price_subtotal="s.price",
            price_total="s.price",
        )
        self._copy_invoice(invoice)
        self._copy_payment(payment)
        self.env.cr.execute(
            f"""INSERT INTO sale_order_line_invoice_rel (invoice_line_id, order_line_id)
                SELECT item_id + k, line_id + k
                  FROM bench, generate_series(0, {LINES_PER_INVOICE - 1}) k"""
        )
        self._name_owners()
        self._advance_sequences()

    def _copy_payment(self, payment):
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
            **dict.fromkeys(MONEY, "s.amount"),
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

    def _draw_numbers(self, last):
        """Decide ids, days, amounts and payees of all invoices and payments."""
        n, per = self.invoices, LINES_PER_INVOICE
        self._draw(
            last,
            days=340,
            paid=f"""CASE WHEN n % 5 = 0 THEN 0
                          WHEN n % 50 = 1 THEN price * {per // 2} ELSE price * {per} END""",
            more=f"""{last["sale_order"]} + n AS order_id,
                     {last["sale_order_line"]} + (n - 1) * {per} + 1 AS line_id,""",
        )
        used = last["account_move_line"] + n * per + n
        self.env.cr.execute(
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

    def _name_owners(self):
        """Name one payee as the owner of each order, as the order form would."""
        order = self.env["sale.order"].search([("name", "=", "B1")], limit=1)
        template = self.env["crm.commission.participant"].create(
            {"order_id": order.id, "agent_id": self.payees[1].id, "role": "owner", "share": 100}
        )
        self.env.flush_all()
        self._copy(
            "crm_commission_participant",
            template.ids,
            "(SELECT * FROM bench WHERE n > 1)",
            id=f"{template.id} + s.n - 1",
            order_id="s.order_id",
            partner_id=self._payee(),
            agent_id=self._payee(),
        )
