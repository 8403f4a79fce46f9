from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common_contract import ContractCase


@tagged("post_install", "-at_install")
class TestContractPlan(ContractCase):
    """The instalment plan: sums, invoices, statuses read from the documents."""

    def test_template_gives_plan_that_sums(self):
        contract = self._create_contract(100000)
        self.assertEqual(contract.amount_total, 113000)
        self.assertEqual(contract.instalment_ids.mapped("amount"), [33900.00, 67800.00, 11300.00])
        self.assertFalse(contract.plan_difference)
        contract.line_ids.price_unit = 99999.99
        self.assertAlmostEqual(sum(contract.instalment_ids.mapped("amount")), contract.amount_total)

    def test_plan_that_does_not_sum_is_refused_with_both_figures(self):
        contract = self._create_contract(100000)
        contract.instalment_ids[0].write({"percent": 0, "amount": 30000})
        with self.assertRaisesRegex(UserError, r"109,100\.00.*113,000\.00"):
            contract.action_send_to_sign()
        self.assertEqual(contract.state, "draft")
        self.assertFalse(contract.evidence_ids)

    def test_bad_rows(self):
        contract = self._create_contract(100000)
        with self.assertRaises(ValidationError):
            contract.instalment_ids[0].percent = 120
        with self.assertRaisesRegex(ValidationError, "needs one"):
            contract.instalment_ids[0].date_planned = False

    @freeze_time("2026-01-10 08:00:00")
    def test_invoices_of_lines(self):
        contract = self._active_contract()
        self._run_cron("ir_cron_contract_invoice")
        first, milestone, last = contract.instalment_ids
        invoice = first.invoice_ids
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(invoice.amount_total, 33900)
        self.assertEqual(invoice.amount_tax, 3900)
        self.assertEqual(invoice.invoice_user_id, self.li)
        self.assertEqual(
            (first.state, milestone.state, last.state), ("invoiced", "planned", "planned")
        )
        self._run_cron("ir_cron_contract_invoice")
        self.assertEqual(len(contract.instalment_ids.invoice_ids), 1, "a second run makes nothing")
        milestone.with_user(self.li).action_confirm_milestone()
        self.assertEqual(milestone.invoice_ids.amount_total, 67800)
        self.assertEqual(milestone.milestone_by_id, self.li)

    @freeze_time("2026-01-10 08:00:00")
    def test_statuses_follow_the_documents(self):
        contract = self._active_contract()
        self._run_cron("ir_cron_contract_invoice")
        row = contract.instalment_ids[0]
        invoice = row.invoice_ids
        payment = self._pay(invoice, 10000)
        self.assertEqual(
            (row.state, row.amount_collected, row.amount_open), ("partly", 10000, 23900)
        )
        self._pay(invoice)
        self.assertEqual((row.state, row.amount_collected), ("collected", 33900))
        self._unreconcile(payment)
        self.assertEqual((row.state, row.amount_collected), ("partly", 23900))
        self.assertEqual(contract.amount_collected, 23900)

    @freeze_time("2026-01-10 08:00:00")
    def test_overdue_comes_with_the_day(self):
        self.customer.property_payment_term_id = self.env.ref("account.account_payment_term_30days")
        contract = self._active_contract()
        self._run_cron("ir_cron_contract_invoice")
        row = contract.instalment_ids[0]
        self.assertEqual(row.date_due, self._day("2026-02-09"))
        with freeze_time("2026-02-09 08:00:00"):
            self._run_cron("ir_cron_contract_invoice")
            self.assertEqual(row.state, "invoiced")
        with freeze_time("2026-02-10 08:00:00"):
            self._run_cron("ir_cron_contract_invoice")
            self.assertEqual(row.state, "overdue")
            self.assertEqual(contract.amount_overdue, 33900)
            self._pay(row.invoice_ids)
            self.assertEqual(row.state, "collected")

    @freeze_time("2026-01-10 08:00:00")
    def test_cancelled_and_credited_invoices(self):
        contract = self._active_contract()
        self._run_cron("ir_cron_contract_invoice")
        row = contract.instalment_ids[0]
        row.invoice_ids.button_draft()
        self.assertEqual(row.state, "planned")
        row.invoice_ids.button_cancel()
        self.assertEqual((row.state, row.on_hold), ("planned", True))
        self._run_cron("ir_cron_contract_invoice")
        self.assertEqual(len(row.invoice_ids), 1, "what was cancelled is not made again by itself")
        row.action_invoice()
        invoice = row.invoice_ids.filtered(lambda move: move.state == "posted")
        self.assertEqual((row.state, row.amount_invoiced), ("invoiced", 33900))
        note = self._credit(invoice, amount=10000, date="2026-01-10")
        self.assertEqual(row.amount_invoiced, 33900 - 11300)
        self._reconcile(invoice, note)
        self.assertEqual((row.state, row.amount_collected), ("invoiced", 0))
        self._pay(invoice)
        self.assertEqual((row.state, row.amount_collected), ("collected", 22600))

    @freeze_time("2026-01-10 08:00:00")
    def test_foreign_currency(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": usd.id,
                "name": "2026-01-01",
                "rate": 0.14,
                "company_id": self.company.id,
            }
        )
        contract = self._active_contract(currency_id=usd.id)
        self._run_cron("ir_cron_contract_invoice")
        row = contract.instalment_ids[0]
        self.assertEqual(row.invoice_ids.currency_id, usd)
        self.assertEqual((row.amount_invoiced, row.invoice_ids.amount_total), (33900, 33900))
        self._pay(row.invoice_ids, 3900)
        self.assertEqual((row.state, row.amount_collected), ("partly", 3900))

    @freeze_time("2026-01-10 08:00:00")
    def test_order_is_not_invoiced_twice(self):
        order, contract = self._ordered_contract()
        first, milestone, last = contract.instalment_ids
        self.assertEqual(contract.instalment_ids.order_id, order)
        self.assertTrue(first.invoice_ids.invoice_line_ids.is_downpayment)
        self.assertEqual(first.invoice_ids.amount_total, 33900)
        milestone.with_user(self.li).action_confirm_milestone()
        with freeze_time("2027-01-01 08:00:00"):
            self._run_cron("ir_cron_contract_invoice")
        final = last.invoice_ids
        self.assertEqual(final.amount_total, 11300)
        products = final.invoice_line_ids.filtered(lambda line: line.product_id == self.service)
        self.assertEqual(products.price_subtotal, 100000, "the order itself, less its advances")
        self.assertEqual(sum(order.invoice_ids.mapped("amount_total")), order.amount_total)
        self.assertEqual(order.invoice_status, "invoiced")
        self.assertEqual(order.amount_to_invoice, 0)

    @freeze_time("2026-01-10 08:00:00")
    def test_last_instalment_before_delivery_is_an_advance(self):
        self.service.invoice_policy = "delivery"
        order = self._create_order(100000)
        contract = self._create_contract(term_months=12)
        order.crm_contract_id = contract
        contract.instalment_ids = [
            Command.clear(),
            Command.create({"name": "All", "percent": 100, "date_planned": "2026-01-01"}),
        ]
        self._sign(contract)
        self._run_cron("ir_cron_contract_invoice")
        self.assertEqual(contract.instalment_ids.invoice_ids.amount_total, 113000)
        self.assertTrue(contract.instalment_ids.invoice_ids.invoice_line_ids.is_downpayment)
        order.order_line.filtered(lambda line: not line.is_downpayment).qty_delivered = 1
        closing = order._create_invoices(final=True)
        self.assertEqual(closing.amount_total, 0, "the delivery is settled with the advance")

    @freeze_time("2026-01-10 08:00:00")
    def test_poisoned_instalment_stops_nobody(self):
        order = self._create_order(50000)
        bad = self._create_contract()
        order.crm_contract_id = bad
        bad.action_generate_plan()
        self._sign(bad)
        order._action_cancel()
        order.state = "draft"
        good = self._active_contract()
        self._run_cron("ir_cron_contract_invoice")
        self.assertIn("not confirmed", bad.instalment_ids[0].error)
        self.assertFalse(bad.instalment_ids.invoice_ids)
        self.assertEqual(good.instalment_ids[0].state, "invoiced")
        self._run_cron("ir_cron_contract_invoice")
        warnings = bad.activity_ids.filtered(lambda a: "could not be invoiced" in (a.summary or ""))
        self.assertEqual(len(warnings), 1, "told once, not every day")
        order.action_confirm()
        self._run_cron("ir_cron_contract_invoice")
        self.assertEqual(bad.instalment_ids[0].state, "invoiced")
        self.assertFalse(bad.instalment_ids[0].error)

    @freeze_time("2026-01-10 08:00:00")
    def test_draft_by_setting(self):
        self.company.crm_contract_invoice_mode = "draft"
        contract = self._active_contract()
        self._run_cron("ir_cron_contract_invoice")
        row = contract.instalment_ids[0]
        self.assertEqual(
            (row.invoice_ids.state, row.state, row.has_draft), ("draft", "planned", True)
        )
        self._run_cron("ir_cron_contract_invoice")
        self.assertEqual(len(row.invoice_ids), 1)
        row.invoice_ids.with_user(self.accountant).action_post()
        self.assertEqual((row.state, row.has_draft), ("invoiced", False))

    def test_not_before_its_turn(self):
        contract = self._create_contract(100000)
        with self.assertRaisesRegex(UserError, "not in force"):
            contract.instalment_ids[0].action_invoice()
        self._sign(contract)
        with self.assertRaisesRegex(UserError, "milestone has not been confirmed"):
            contract.instalment_ids[1].action_invoice()
        with self.assertRaisesRegex(UserError, "by hand"):
            contract.instalment_ids[1].milestone_on = "2026-01-01"
        with self.assertRaisesRegex(UserError, "Use Amend"):
            contract.instalment_ids[2].amount = 5
