from odoo import Command
from odoo.tests import tagged

from .common_rebate import RebateCase

SCALE = [(5000, 2), (20000, 4)]


@tagged("-at_install", "post_install")
class TestRebateOrders(RebateCase):
    """Rebates in the contribution of the orders that earned them."""

    def _order(self, day, amount, partner=None):
        """Return a confirmed order of ``amount`` excluding taxes with its posted invoice."""
        order = self.env["sale.order"].create(
            {
                "partner_id": (partner or self.alpha).id,
                "company_id": self.company.id,
                "order_line": [Command.create({"product_id": self.pump.id, "product_uom_qty": 1})],
            }
        )
        order.order_line.write({"price_unit": amount, "discount": 0})
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.invoice_date = day
        invoice.action_post()
        return order

    def _by_order(self, period):
        """Return what is accrued for each order, after the loop."""
        self.run_subledger()
        sums = self.env["crm.subledger.entry"]._read_group(
            period._subledger_entry_domain(), ["order_id"], ["amount:sum"]
        )
        return {order: round(-amount, 2) for order, amount in sums if round(amount, 2)}

    def _statement_sections(self):
        return (
            self.env["crm.partner.statement"]
            .new(
                {
                    "partner_id": self.alpha.id,
                    "company_id": self.company.id,
                    "date_from": "2025-10-01",
                    "date_to": "2026-12-31",
                }
            )
            ._ledger_sections()
        )

    def test_contribution_of_a_deal(self):
        period = self._agreement(SCALE, expected_volume=27000).period_ids
        first = self._order("2025-10-15", 3000)
        self.assertEqual(self._by_order(period), {first: 120})
        second = self._order("2025-11-14", 4000)
        self._invoice(self.alpha, "2025-12-10", 20000)
        nobody = self.env["sale.order"]
        self.assertEqual(self._by_order(period), {first: 120, second: 160, nobody: 800})
        self.assertEqual((first.contribution, second.contribution), (2880, 3840))
        [entry] = period._subledger_entries().filtered(lambda e: e.order_id == first)
        self.assertEqual(entry.source_move_ids, first.invoice_ids)
        self.assertEqual(period.accrued, 1080)
        self.assertIn("1,080.00", period.explanation_html)
        self.assertNotIn("Share of this deal", period.explanation_html)
        self._return(second.invoice_ids, "2025-12-20", 1000)
        self.assertEqual(self._by_order(period), {first: 120, second: 120, nobody: 800})
        self.assertLedgerEqualsGL(self.rebate_ledger)
        self.assertFalse(period._subledger_run(force_split=True), "I6")

    def test_tier_moves_the_orders_before(self):
        period = self._agreement(SCALE, accrual_method="reached").period_ids
        first = self._order("2025-10-15", 6000)
        self.assertEqual(self._by_order(period), {first: 120})
        second = self._order("2025-11-14", 14000)
        self.assertEqual(self._by_order(period), {first: 240, second: 560})
        second.invoice_ids._reverse_moves([{"invoice_date": "2025-11-20"}], cancel=True)
        self.assertEqual(self._by_order(period), {first: 120})
        self.assertEqual((first.contribution, second.contribution), (5880, 0))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_uneven_rates_wait_for_the_close(self):
        growth = self._agreement(
            [(0, 10)],
            kind="growth",
            paid_on="part",
            accrual_method="reached",
            participants=[{"partner_id": self.alpha.id, "baseline": 4000}],
        ).period_ids
        marginal = self._agreement(
            SCALE, name="Marginal", method="marginal", accrual_method="reached"
        ).period_ids
        orders = [self._order("2025-10-15", 6000), self._order("2025-11-14", 3000)]
        nobody = self.env["sale.order"]
        self.assertEqual(self._by_order(growth), {nobody: 500})
        self.assertEqual(self._by_order(marginal), {nobody: 80})
        (growth + marginal).action_close()
        self.assertEqual(self._by_order(growth), dict(zip(orders, (333.33, 166.67), strict=True)))
        self.assertEqual(self._by_order(marginal), dict(zip(orders, (53.33, 26.67), strict=True)))
        self.assertEqual(growth.accrued, 500)
        moved = growth._subledger_entries().filtered(lambda e: e.date == growth.date_to)
        self.assertEqual(sum(moved.mapped("amount")), 0, "the balance of no day changes")
        [section] = self._statement_sections()
        self.assertEqual({row["kind"] for row in section["rows"]}, {"accrual"})
        self.assertEqual(sum(row["amount"] for row in section["rows"]), 580)
        self.assertLedgerEqualsGL(self.rebate_ledger)
        self.assertFalse((growth + marginal)._subledger_run(force_split=True), "I6")

    def test_written_off(self):
        """What is given up burdens no order."""
        period = self._agreement(SCALE, accrual_method="reached").period_ids
        order = self._order("2025-10-15", 6000)
        self._invoice(self.alpha, "2025-10-20", 2000)
        self.run_subledger()
        self._settle(period, "write_off", final=True, reason="Waived")
        self.assertEqual(self._by_order(period), {})
        self.assertEqual(order.contribution, 6000)

    def test_the_vendors_side_names_no_order(self):
        period = self._agreement(SCALE, direction="vendor", accrual_method="reached").period_ids
        self._bill(self.alpha, "2025-10-10", 25000)
        self.run_subledger()
        self.assertEqual(period.accrued, 1000)
        self.assertFalse(period._subledger_entries().order_id)

    def test_one_line_for_two_orders(self):
        period = self._agreement(SCALE, accrual_method="reached").period_ids
        first, second = (self._order("2025-10-15", amount) for amount in (6000, 4000))
        line = first.invoice_ids.invoice_line_ids
        line.sale_line_ids = [Command.link(second.order_line.id)]
        period._subledger_mark_dirty()
        self.assertEqual(self._by_order(period), {first: 60, second: 140})

    def test_queries(self):
        partners = self.alpha + self.beta + self.gamma
        periods = self._agreement(SCALE, partners, accrual_method="reached").period_ids
        for partner in partners:
            for day in ("2025-10-15", "2025-11-15"):
                self._order(day, 6000, partner)
        self.run_subledger()

        def queries(chosen):
            self.env.invalidate_all()
            targets = chosen._subledger_targets()
            before = self.env.cr.sql_log_count
            shares = chosen._subledger_split(targets)
            self.assertEqual([len(parts) for parts in shares.values()], [3] * len(chosen))
            return self.env.cr.sql_log_count - before

        few, many = (queries(chosen) for chosen in (periods[:1], periods))
        self.assertLessEqual(many, few)
