"""A database with a year of posted invoices of partners under rebate agreements.

One invoice is made by the real flow; every column of its rows is then copied with SQL, so that what
the benchmarks read has the shape that Odoo writes. Partners, days and amounts differ. Each partner
has an agreement of its own over the year; every fifth counts one category only, every
seventh has a marginal scale, half of them accrue what is expected in the end.
"""

from datetime import date

from invoice_data import LINES_PER_INVOICE, YEAR, InvoiceData

from odoo import Command

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


class RebateData(InvoiceData):
    """Fills a database with ``lines`` posted invoice lines under ``agreements`` agreements."""

    def __init__(self, env, *, lines=1_000_000, agreements=500):
        super().__init__(env, lines=lines, payees=agreements)

    def fill(self):
        """Create everything; return the product that filtered agreements count."""
        self._books()
        invoice = self._invoice()
        self.env.cr.commit()
        self._draw(self._last_ids(), days=359)
        self._copy_invoice(invoice, self._payee())
        self._advance_sequences()
        self._agreements()
        self._analyze(
            "crm_rebate_agreement",
            "crm_rebate_participant",
            "crm_rebate_participant_buyer_rel",
            "crm_rebate_period",
        )
        return self.counted

    def _books(self):
        env = self.env
        self._load_chart()
        payable, reduction = env["account.account"].create(
            [
                {"code": "229911", "name": "Rebates", "account_type": "liability_current"},
                {"code": "409911", "name": "Rebates granted", "account_type": "income"},
            ]
        )
        self.ledger = self._create_ledger("Rebates", "RBT", "rebate", "REBA", payable, reduction)
        self.category = env["product.category"].create({"name": "Counted"})
        self.counted, self.other = env["product.product"].create(
            [
                {"name": "Counted", "type": "consu", "categ_id": self.category.id},
                {"name": "Other", "type": "consu"},
            ]
        )
        self.payees = self._create_payees("Reseller")

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
