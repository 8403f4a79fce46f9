from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_rebate import RebateCase


@tagged("-at_install", "post_install")
class TestRebateSettlement(RebateCase):
    """How what was earned is paid, claimed back, written off or disputed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls.agreement = cls._agreement([(0, 10)], accrual_method="reached")
        cls.period = cls.agreement.period_ids
        cls.invoice = cls._invoice(cls.alpha, "2025-10-10", 10000)

    def setUp(self):
        super().setUp()
        self.run_subledger()

    def _figures(self):
        self.env.flush_all()
        names = ("settled", "released", "pending", "payable", "balance")
        return tuple(self.period[name] for name in names)

    def test_taxes_of_the_purchases(self):
        service = self._create_product(name="Service", type="service", taxes_id=self.tax_6)
        self._invoice(self.alpha, "2025-11-10", 5000, product=service)
        self.run_subledger()
        note = self._settle(self.period).move_ids
        self.assertEqual(
            sorted((line.price_unit, line.tax_ids.amount) for line in note.invoice_line_ids),
            [(500, 6), (1000, 13)],
        )
        self.assertEqual(note.amount_total, 1000 * 1.13 + 500 * 1.06)
        self.assertEqual(self._figures(), (1500, 0, 0, 0, 0))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_price_includes_the_tax(self):
        included = self.tax_13.copy({"name": "13 incl", "price_include_override": "tax_included"})
        self.pump.taxes_id = included
        self._invoice(self.beta, "2025-11-10", 1130)
        agreement = self._agreement([(0, 10)], self.beta, accrual_method="reached")
        self.run_subledger()
        note = self._settle(agreement.period_ids).move_ids
        self.assertEqual((note.amount_untaxed, note.amount_total), (100, 113))

    def test_draft_credit_note_is_on_the_way(self):
        note = self._settle(self.period, post=False).move_ids
        self.assertEqual(self._figures(), (0, 0, 1000, 0, 1000))
        with self.assertRaisesRegex(UserError, "Nothing is open"):
            self._settle(self.period)
        note.action_post()
        self.run_subledger()
        self.assertEqual(self._figures(), (1000, 0, 0, 0, 0))
        note.button_draft()
        self.run_subledger()
        self.assertEqual(self._figures(), (0, 0, 1000, 0, 1000))
        note.button_cancel()
        self.assertEqual(self._figures(), (0, 0, 0, 1000, 1000))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_scale_and_partners_stay_with_what_was_settled(self):
        draft = self._agreement([(0, 5), (500, 8)], self.beta, start=False, name="Other")
        self._settle(self.period)
        tier = draft.tier_ids.sorted("lower_bound")[1]
        with self.assertRaisesRegex(UserError, "has been settled"), self.env.cr.savepoint():
            tier.agreement_id = self.agreement
        tier.invalidate_recordset()
        self.assertEqual(tier.agreement_id, draft)
        with self.assertRaisesRegex(UserError, "Add it to the other"), self.env.cr.savepoint():
            self.agreement.participant_ids.agreement_id = draft
        draft.participant_ids.agreement_id = draft  # nothing moves

    def test_never_more_than_is_open(self):
        with self.assertRaisesRegex(UserError, "cannot be settled"):
            self._settle(self.period, amount=1000.01)
        with self.assertRaisesRegex(UserError, "cannot be settled"):
            self._settle(self.period, amount=-1)
        self._settle(self.period, amount=400)
        self.assertEqual(self._figures(), (400, 0, 0, 600, 600))
        self.assertEqual(self.period.state, "partial")

    def test_invoice_of_the_partner(self):
        tax = self._sale_tax(6, "purchase")
        bill = self._settle(self.period, "bill", taxes=tax).move_ids
        self.assertRecordValues(
            bill, [{"move_type": "in_invoice", "amount_untaxed": 1000, "amount_tax": 60}]
        )
        self.assertEqual(self._figures(), (1000, 0, 0, 0, 0))

    def test_what_waits_in_the_queue_is_posted_first(self):
        self._invoice(self.alpha, "2025-11-10", 5000)
        self.commit_documents()
        self.assertEqual(self.period.accrued, 1000, "the second invoice still waits")
        self._settle(self.period)
        self.assertEqual(self.period.accrued, 1500)
        self.assertEqual(self._figures(), (1500, 0, 0, 0, 0))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_deduction_from_a_draft(self):
        invoice = self._invoice(self.alpha, "2026-01-10", 600, post=False)
        self._settle(self.period, "deduction", invoice=invoice)
        self.assertEqual(invoice.amount_total, 0, "at most what is invoiced")
        self.assertEqual(self._figures(), (0, 0, 1000, 0, 1000))
        states = self.period.settlement_ids.sorted("amount").mapped(lambda s: (s.amount, s.state))
        self.assertEqual(states, [(400, "waiting"), (600, "draft")])
        invoice.action_post()
        self.run_subledger()
        self.assertEqual(self._figures(), (600, 0, 400, 0, 400))
        other = self._invoice(self.beta, "2026-01-10", 600, post=False)
        with self.assertRaisesRegex(UserError, "no draft invoice"):
            self.period.settlement_ids.filtered(lambda s: s.state == "waiting")._deduct_from(other)

    def test_deduction_from_the_next_invoice(self):
        self._settle(self.period, "deduction")
        order = self.env["sale.order"].create(
            {
                "partner_id": self.alpha.id,
                "company_id": self.company.id,
                "order_line": [Command.create({"product_id": self.pump.id, "product_uom_qty": 5})],
            }
        )
        order.order_line.price_unit = 1000
        order.order_line.discount = 0
        order.action_confirm()
        invoice = order._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 4000)
        self.assertEqual(invoice.amount_tax, 520, "VAT at the rate of the purchases")
        invoice.action_post()
        self.run_subledger()
        self.assertEqual(self._figures(), (1000, 0, 0, 0, 0))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def _deliver_goods(self, standard_price=150):
        """Settle by four gifts and deliver them; return the settlement."""
        product = self._create_product(name="Gift", is_storable=True, standard_price=standard_price)
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        self.env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 10)
        settlement = self._settle(self.period, "goods", goods=[(product, 4)])
        self.assertEqual(self._figures(), (0, 0, 1000, 0, 1000))
        picking = settlement.picking_id
        picking.action_assign()
        picking.move_ids.write({"quantity": 4, "picked": True})
        picking.button_validate()
        self.run_subledger()
        return settlement

    def test_goods(self):
        settlement = self._deliver_goods()
        picking = settlement.picking_id
        self.assertEqual(settlement.state, "done")
        self.assertEqual(self._figures(), (600, 400, 0, 0, 0))
        self.assertBalance(self.rebates, "0.00")
        self.assertEqual(picking.move_ids.mapped("sale_line_id").ids, [])
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_goods_of_less_than_a_cent(self):
        """Two accounts of 0.004 each: the entry balances with the roundings it has."""
        goods = []
        for number in (1, 2):
            expense = self._create_account(f"64019{number}", f"Gifts {number}", "expense")
            gift = self._create_product(
                name=f"Gift {number}", standard_price=0.01, property_account_expense_id=expense.id
            )
            goods.append((gift, 0.4))
        settlement = self._settle(self.period, "goods", goods=goods)
        picking = settlement.picking_id
        picking.move_ids.write({"quantity": 0.4, "picked": True})
        picking.button_validate()
        self.run_subledger()
        self.assertEqual(settlement.cost, 0)
        self.assertEqual(settlement.line_ids.move_id.mapped("state"), ["posted"])
        self.assertEqual(self._figures(), (0, 1000, 0, 0, 0))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    # ------------------------------------------------------------------
    # Reversals
    # ------------------------------------------------------------------

    def _reverse(self, moves, post=True):
        """Reverse documents on the day they have, and let the loop run."""
        values = [{"date": move.date, "invoice_date": move.invoice_date or False} for move in moves]
        reversals = moves._reverse_moves(values, cancel=post)
        self.run_subledger()
        return reversals

    def assertOpenAgain(self, settlement, state="cancelled"):
        self.assertEqual(settlement.state, state)
        self.assertEqual(self._figures(), (0, 0, 0, 1000, 1000))
        self.assertEqual(self.period.revenue, 10000, "no reversal is a purchase")
        self.assertBalance(self.rebates, "-1000.00", self.alpha)
        self.assertLedgerEqualsGL(self.rebate_ledger)
        self.assertFalse(self.period._subledger_run(force_split=True), "I6")

    def test_reversed_document(self):
        for method in ("credit_note", "bill"):
            with self.subTest(method):
                settlement = self._settle(self.period, method)
                self.assertEqual(self._figures(), (1000, 0, 0, 0, 0))
                [reversal] = self._reverse(settlement.move_ids)
                self.assertOpenAgain(settlement)
                reversal.button_draft()
                self.run_subledger()
                self.assertEqual(settlement.state, "done")
                self.assertEqual(self._figures(), (1000, 0, 0, 0, 0))
                reversal.action_post()
                self.run_subledger()
        self._settle(self.period)
        self.assertEqual(self._figures(), (1000, 0, 0, 0, 0))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_draft_reversal_opens_nothing(self):
        settlement = self._settle(self.period)
        reversal = self._reverse(settlement.move_ids, post=False)
        self.assertEqual((reversal.state, settlement.state), ("draft", "done"))
        self.assertEqual(self._figures(), (1000, 0, 0, 0, 0))
        reversal.invoice_line_ids.price_unit = 300
        reversal.action_post()
        self.run_subledger()
        self.assertEqual(settlement.state, "done", "a part of it stands")
        self.assertEqual(self._figures(), (700, 0, 0, 300, 300))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_reversed_claim(self):
        self._settle(self.period)
        self._return(self.invoice, "2026-01-15", 4000)
        self.run_subledger()
        claim = self._settle(self.period)
        self.assertEqual(self._figures(), (600, 0, 0, 0, 0))
        self._reverse(claim.move_ids)
        self.assertEqual((claim.state, self.period.state), ("cancelled", "claim"))
        self.assertEqual(self._figures(), (1000, 0, 0, -400, -400))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_reversed_invoice_with_a_deduction(self):
        """What was deducted from it waits for the next invoice again, until it is cancelled."""
        invoice = self._invoice(self.alpha, "2026-01-10", 5000, post=False)
        settlement = self._settle(self.period, "deduction", invoice=invoice)
        invoice.action_post()
        self.run_subledger()
        with self.assertRaisesRegex(UserError, "was posted"):
            settlement.action_cancel()
        self._reverse(invoice)
        self.assertEqual(settlement.state, "waiting")
        self.assertEqual(self._figures(), (0, 0, 1000, 0, 1000))
        self.assertLedgerEqualsGL(self.rebate_ledger)
        following = self._invoice(self.alpha, "2026-01-20", 5000, post=False)
        following._rebate_deduct()
        self.assertEqual((following.amount_untaxed, settlement.state), (4000, "draft"))
        following.action_post()
        self.run_subledger()
        self.assertEqual(self._figures(), (1000, 0, 0, 0, 0))
        self._reverse(following)
        settlement.action_cancel()
        self.assertOpenAgain(settlement)

    def test_reversed_goods(self):
        """The entry of the goods is taken back, and with it the margin that it released."""
        settlement = self._deliver_goods()
        self.assertEqual(self._figures(), (600, 400, 0, 0, 0))
        self._reverse(settlement.move_ids)
        self.assertOpenAgain(settlement)

    def test_goods_that_cost_nothing(self):
        self.assertEqual(self._deliver_goods(standard_price=0).state, "done")
        self.assertEqual(self._figures(), (0, 1000, 0, 0, 0))

    def test_reversed_vendor_document(self):
        vendor = self._create_partner("Vendor")
        agreement = self._agreement([(0, 10)], vendor, accrual_method="reached", direction="vendor")
        self._bill(vendor, "2025-10-10", 5000)
        self.run_subledger()
        settlement = self._settle(agreement.period_ids)
        self.assertEqual(agreement.period_ids.settled, 500)
        self._reverse(settlement.move_ids)
        self.assertEqual((settlement.state, agreement.period_ids.settled), ("cancelled", 0))
        self.assertBalance(self.rebates_in, "500.00", vendor)
        self.assertLedgerEqualsGL(self.vendor_ledger)

    def test_goods_that_do_not_leave(self):
        product = self._create_product(name="Gift", is_storable=True, standard_price=150)
        settlement = self._settle(self.period, "goods", goods=[(product, 4)])
        settlement.action_cancel()
        self.assertEqual(settlement.picking_id.state, "cancel")
        self.assertEqual(self._figures(), (0, 0, 0, 1000, 1000))
        with self.assertRaisesRegex(UserError, "Choose the products"):
            self._settle(self.period, "goods")

    def test_write_off_and_back(self):
        settlement = self._settle(self.period, "write_off", final=True, reason="Waived")
        self.assertEqual(self._figures(), (0, 1000, 0, 0, 0))
        self.assertEqual(self.period.state, "written_off")
        self.assertBalance(self.rebates, "0.00")
        settlement.action_cancel()
        self.run_subledger()
        self.assertEqual(self._figures(), (0, 0, 0, 1000, 1000))
        with self.assertRaises(UserError), self.cr.savepoint():
            settlement.unlink()

    def test_expiry(self):
        self.agreement.expiry_days = 90
        self._run_cron("ir_cron_rebate_close")
        self.run_subledger()
        self.assertTrue(self.period.is_final)
        self.assertEqual(self.period.final_on, date(2025, 12, 31))
        self.assertEqual(self._figures(), (0, 0, 0, 1000, 1000))
        self._run_cron("ir_cron_rebate_close")
        self.run_subledger()
        self.assertEqual(self._figures(), (0, 1000, 0, 0, 0))
        self.assertIn("Expired", self.period.settlement_ids.reason)
        count = len(self.period._subledger_entries())
        self._run_cron("ir_cron_rebate_close")
        self.run_subledger()
        self.assertEqual(len(self.period._subledger_entries()), count, "I6")

    def test_reminder(self):
        self.assertEqual(self.period.next_settlement, date(2026, 1, 10))
        self._run_cron("ir_cron_rebate_close")
        self._run_cron("ir_cron_rebate_close")
        self.assertEqual(len(self.period.activity_ids), 1)

    def test_poisoned_period_stops_nobody(self):
        other = self._agreement([(0, 10)], self.beta, accrual_method="reached").period_ids
        original = self.env.registry["crm.rebate.period"]._close

        def close(period, *arguments):
            if period == self.period:
                raise ZeroDivisionError("poisoned")
            return original(period, *arguments)

        with patch.object(self.env.registry["crm.rebate.period"], "_close", close):
            self._run_cron("ir_cron_rebate_close")
        self.assertFalse(self.period.is_final)
        self.assertTrue(other.is_final)
        failed = self.env["crm.subledger.queue"].search([("res_id", "=", self.period.id)])
        self.assertEqual((failed.state, failed.error), ("failed", "poisoned"))

    def test_locked_period(self):
        self.company.fiscalyear_lock_date = "2025-12-31"
        self._return(self.invoice, "2026-01-15", 1000)
        self.run_subledger()
        last = self.period._subledger_entries().sorted("id")[-1]
        self.assertGreater(last.date, date(2025, 12, 31), "I4")
        self.assertLedgerEqualsGL(self.rebate_ledger)

    # ------------------------------------------------------------------
    # Wizard, rights, disputes
    # ------------------------------------------------------------------

    def _wizard(self, user=None, **values):
        wizard = self.env["crm.rebate.settle"].with_user(user or self.env.user)
        return wizard.create({"period_ids": [Command.set(self.period.ids)], **values})

    def test_wizard(self):
        wizard = self._wizard(self.accountant)
        self.assertTrue(wizard.final, "the period is over")
        self.assertTrue(wizard.post)
        self.assertEqual((wizard.open_amount, wizard.amount), (1000, 1000))
        action = wizard.action_settle()
        self.run_subledger()
        settlement = self.env["crm.rebate.settlement"].search(action["domain"])
        self.assertEqual(settlement.move_ids.state, "posted")
        self.assertEqual(self.period.state, "settled")

    def test_wizard_partial(self):
        self._invoice(self.alpha, "2025-12-10", 5000)
        wizard = self._wizard(final=False, until="2025-11-30")
        self.assertEqual(wizard.open_amount, 1000)
        wizard.action_settle()
        self.assertEqual(self.period.settlement_ids.kind, "partial")

    def test_who_may_settle(self):
        self.assertFalse(self._wizard(self.programme).post, "the accountants post")
        for user in (self.channel, self.seller, self.stranger):
            with self.assertRaises(AccessError), self.cr.savepoint():
                self.env["crm.rebate.settlement"].with_user(user)._settle(
                    self.period.with_user(user), "write_off"
                )
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.env["crm.rebate.settlement"].create(
                {
                    "period_id": self.period.id,
                    "kind": "write_off",
                    "method": "write_off",
                    "amount": 1,
                }
            )

    def test_dispute(self):
        Dispute = self.env["crm.rebate.dispute"]
        with self.assertRaisesRegex(UserError, "Say what"):
            Dispute._open(self.period, "  ")
        dispute = Dispute._open(self.period, "Two invoices are missing", 1200)
        self.assertTrue(self.period.dispute_open)
        self.assertTrue(self.period.activity_ids)
        with self.assertRaisesRegex(UserError, "disputed already"):
            Dispute._open(self.period, "Again")
        self.agreement.expiry_days = 1
        self.period.action_close()
        self._run_cron("ir_cron_rebate_close")
        self.assertFalse(self.period.released, "what is disputed does not expire")
        answer = self.env["crm.rebate.answer"].with_user(self.channel)
        wizard = answer.create({"dispute_id": dispute.id})
        with self.assertRaisesRegex(UserError, "Enter the answer"):
            wizard.action_reject()
        wizard.answer = "They were in January"
        wizard.action_reject()
        self.assertRecordValues(dispute, [{"state": "rejected", "answered_by_id": self.channel.id}])
        self.assertFalse(self.period.dispute_open)

    def test_reopen(self):
        self.period.action_close()
        self.assertTrue(self.period.is_final)
        self.period.action_reopen()
        self.assertFalse(self.period.is_final)
        self._settle(self.period, final=True)
        with self.assertRaisesRegex(UserError, "final settlement"):
            self.period.action_reopen()
