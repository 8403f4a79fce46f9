"""A database with a year of posted invoices of partners under rebate agreements.

One invoice is made by the real flow; every column of its rows is then copied with SQL, so that what
the benchmarks read has the shape that Odoo writes. Partners, days and amounts differ. Each partner
has an agreement of its own over the year; every fifth counts one category only, every
seventh has a marginal scale, half of them accrue what is expected in the end.
"""

from datetime import date

from commission_data import LINES_PER_INVOICE, YEAR, CommissionData

from odoo import Command
from odoo.tools import SQL

TABLES = ("account_move", "account_move_line")

#: The purchases of every agreement in one query, written by hand for this data.
PEER = """
    SELECT p.id, SUM(-l.balance)
      FROM crm_rebate_period p
      JOIN crm_rebate_agreement a ON a.id = p.agreement_id
      JOIN crm_rebate_participant pa ON pa.id = p.participant_id
      JOIN account_move m
        ON m.commercial_partner_id = pa.partner_id AND m.state = 'posted'
       AND m.move_type IN ('out_invoice', 'out_refund')
       AND m.invoice_date BETWEEN p.date_from AND p.date_to
      JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'product'
     WHERE NOT a.is_filtered OR l.product_id = %(product)s
  GROUP BY p.id
"""


class RebateData(CommissionData):
    """Fills a database with ``lines`` posted invoice lines under ``agreements`` agreements."""

    def __init__(self, env, *, lines=1_000_000, agreements=500):
        super().__init__(env, lines=lines, payees=agreements)

    def fill(self):
        """Create everything; return the product that filtered agreements count."""
        self._books()
        invoice = self._invoice()
        self.env.cr.commit()
        self._multiply(invoice)
        self._agreements()
        self.env.cr.commit()
        # what autovacuum would do by itself before long
        for table in (
            *TABLES,
            "crm_rebate_agreement",
            "crm_rebate_participant",
            "crm_rebate_participant_buyer_rel",
            "crm_rebate_period",
        ):
            self.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
        self.env.cr.commit()
        self.env.invalidate_all()
        return self.counted

    def _books(self):
        env = self.env
        if not env.company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", env.company)
        payable, reduction = env["account.account"].create(
            [
                {"code": "229911", "name": "Rebates", "account_type": "liability_current"},
                {"code": "409911", "name": "Rebates granted", "account_type": "income"},
            ]
        )
        journal = env["account.journal"].create(
            {"name": "Rebates", "code": "REBA", "type": "general"}
        )
        self.ledger = env["crm.subledger"].create(
            {
                "name": "Rebates",
                "code": "RBT",
                "kind": "rebate",
                "journal_id": journal.id,
                "account_id": payable.id,
                "counterpart_account_id": reduction.id,
            }
        )
        self.category = env["product.category"].create({"name": "Counted"})
        self.counted, self.other = env["product.product"].create(
            [
                {"name": "Counted", "type": "consu", "categ_id": self.category.id},
                {"name": "Other", "type": "consu"},
            ]
        )
        self.payees = env["res.partner"].create(
            [{"name": f"Reseller {n:03}", "is_company": True} for n in range(self.payee_count)]
        )

    def _invoice(self):
        products = (self.counted, self.other) * (LINES_PER_INVOICE // 2)
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.payees[0].id,
                "invoice_date": date(YEAR, 1, 2),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "quantity": 1,
                            "price_unit": 100,
                            "tax_ids": [Command.clear()],
                        }
                    )
                    for product in products
                ],
            }
        )
        invoice.action_post()
        return invoice

    def _multiply(self, invoice):
        self._draw(invoice)
        products = invoice.invoice_line_ids.sorted("id")
        term = invoice.line_ids - products
        payee = f"(ARRAY{self.payees.ids})[s.n %% {self.payee_count} + 1]"
        money = (
            "amount_untaxed",
            "amount_total",
            "amount_residual",
            "amount_untaxed_signed",
            "amount_total_signed",
            "amount_residual_signed",
            "amount_total_in_currency_signed",
        )
        self._copy(
            "account_move",
            invoice.ids,
            "bench",
            id="s.move_id",
            name="'BINV' || s.n",
            payment_reference="NULL",
            access_token="NULL",
            sequence_number="s.n",
            partner_id=payee,
            commercial_partner_id=payee,
            partner_shipping_id=payee,
            date="s.invoiced",
            invoice_date="s.invoiced",
            **dict.fromkeys(money, "s.amount"),
        )
        common = {
            "move_id": "s.move_id",
            "move_name": "'BINV' || s.n",
            "partner_id": payee,
            "date": "s.invoiced",
            "invoice_date": "s.invoiced",
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
            term.ids,
            "bench",
            **common,
            id="s.receivable_id",
            balance="s.amount",
            debit="s.amount",
            credit="0",
            amount_currency="s.amount",
            amount_residual="s.amount",
            amount_residual_currency="s.amount",
        )
        for table in TABLES:
            self.env.cr.execute(
                SQL(
                    "SELECT setval(%s, (SELECT MAX(id) FROM %s))",
                    f"{table}_id_seq",
                    SQL.identifier(table),
                )
            )

    def _draw(self, invoice):
        """Decide ids, days and amounts of all invoices."""
        last_move, last_line = (
            self.env.execute_query(SQL("SELECT MAX(id) FROM %s", SQL.identifier(table)))[0][0]
            for table in TABLES
        )
        n, per = self.invoices, LINES_PER_INVOICE
        self.env.cr.execute(
            f"""
            CREATE UNLOGGED TABLE bench AS
            SELECT n, {last_move} + n AS move_id,
                   {last_line} + (n - 1) * {per} + 1 AS item_id,
                   {last_line} + {n * per} + n AS receivable_id,
                   price, price * {per} AS amount, DATE '{YEAR}-01-01' + n % 359 AS invoiced
              FROM (SELECT n, (50 + n::bigint * 7919 % 400)::numeric AS price
                      FROM generate_series(1, {n}) n) numbered"""
        )

    def _agreements(self):
        agreements = self.env["crm.rebate.agreement"].create(
            [
                {
                    "name": f"Rebate {number:03}",
                    "ledger_id": self.ledger.id,
                    "date_from": date(YEAR, 1, 1),
                    "date_to": date(YEAR, 12, 31),
                    "measure_interval": "whole",
                    "method": "retroactive" if number % 7 else "marginal",
                    "accrual_method": "expected" if number % 2 else "reached",
                    "expected_volume": 500_000,
                    "categ_ids": [] if number % 5 else [Command.set(self.category.ids)],
                    "tier_ids": [
                        Command.create({"lower_bound": lower, "rate": rate})
                        for lower, rate in ((50_000, 1), (100_000, 2), (150_000, 3))
                    ],
                    "participant_ids": [Command.create({"partner_id": partner.id})],
                }
                for number, partner in enumerate(self.payees)
            ]
        )
        agreements.action_activate()
        # the benchmarks run the loop themselves
        self.env.cr.precommit.data.clear()
