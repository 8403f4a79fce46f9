from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.crm_subledger.tests.common import SubledgerCase


@tagged("post_install", "-at_install")
class TestCustomerContribution(SubledgerCase):
    """The figures of story D1, entry by entry: a deal, its return, its commissions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cost_of_sales = cls._create_account("640190", "Cost of sales", "expense_direct_cost")
        cls.pump = cls.env["product.product"].create(
            {"name": "P1", "type": "service", "invoice_policy": "order", "taxes_id": False}
        )
        cls.order = cls.env["sale.order"].create(
            {
                "partner_id": cls.partner_a.id,
                "company_id": cls.company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.pump.id,
                            "product_uom_qty": 10,
                            "price_unit": 12000,
                            "discount": 5,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        cls.order.action_confirm()
        cls.invoice = cls.order._create_invoices()
        cls._post(cls.invoice, "2026-01-10", 75000)

    @classmethod
    def _post(cls, move, date, cost):
        """Post an invoice or credit note with its cost of sales."""
        move.write(
            {
                "invoice_date": date,
                "date": date,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Cost of sales",
                            "price_unit": -cost,
                            "quantity": 1,
                            "account_id": cls.cost_of_sales.id,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        move.action_post()

    def _credit(self):
        note = self.invoice._reverse_moves()
        goods = note.invoice_line_ids.filtered(lambda line: line.account_id != self.cost_of_sales)
        (note.invoice_line_ids - goods).unlink()
        goods.quantity = 2
        self._post(note, "2026-03-01", 15000)
        return note

    def _accrue(self, amount, date="2026-02-10", **values):
        item = self._create_item(amount, order_id=self.order.id, date=date, **values)
        item.action_post()
        self.run_subledger()
        return item

    def _contribution(self, until="2026-12-31"):
        self.env.flush_all()
        [[revenue, contribution]] = self.env.execute_query(
            SQL(
                """SELECT SUM(revenue), SUM(contribution) FROM (%s) d
                    WHERE partner_id = %s AND company_id = %s AND date <= %s""",
                self.env["res.partner"]._sql_contribution(),
                self.partner_a.commercial_partner_id.id,
                self.company.id,
                until,
            )
        )
        return float(revenue), float(contribution)

    def test_story_d1(self):
        self.assertEqual(self._contribution()[1], 39000.00)
        self._accrue(4160, partner_id=self.holder.id)
        self._accrue(456, partner_id=self.holder_b.id)
        self.assertEqual(self._contribution()[1], 39000.00 - 4616.00)
        self._credit()
        # 91,200 revenue, 60,000 cost of sales, 4,616 commissions
        self.assertEqual(self._contribution()[1], 26584.00)

    def test_the_score_says_the_same(self):
        self._accrue(4160)
        self._credit()
        self._accrue(456, date="2026-04-01")
        runs = self.env["crm.partner.score.run"].sudo()
        expected = {"2026-03-31": 91200 - 60000 - 4160, "2026-04-30": 26584}
        for date, contribution in expected.items():
            run = runs._compute_isolated(self.company, fields.Date.to_date(date))
            score = run.score_ids.filtered(lambda s: s.partner_id == self.partner_a)
            self.assertEqual((score.contribution, score.purchases), (contribution, 1))

    def test_a_cost_without_revenue_is_no_purchase(self):
        self._accrue(100, date="2026-05-05")
        run = (
            self.env["crm.partner.score.run"]
            .sudo()
            ._compute_isolated(self.company, fields.Date.to_date("2026-05-31"))
        )
        score = run.score_ids.filtered(lambda s: s.partner_id == self.partner_a)
        self.assertEqual(score.last_date, fields.Date.to_date("2026-01-10"))
        self.assertEqual(score.contribution, 38900)

    def test_agrees_with_the_statement_of_the_order(self):
        other = self._create_account("221191", "Other payable", "liability_current")
        self._accrue(70, ledger_id=self._create_ledger("CAP", self.asset, other).id)
        self._accrue(30)
        self.env.invalidate_all()
        cost_line = 75000  # stands on the invoice, not on a line of the order
        self.assertEqual(self._contribution()[1], self.order.contribution - cost_line)
        self.assertEqual(self.order.contribution, 114000 - 30, "a capitalised cost is no expense")
