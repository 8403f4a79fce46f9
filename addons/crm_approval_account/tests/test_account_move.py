from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.crm_approval.tests.common import create_user


@tagged("post_install", "-at_install")
class TestAccountMove(AccountTestInvoicingCommon):
    """Vendor bills above 1,000 and every credit note need the yes of a second person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.approval.rule"].sudo().search([]).active = False
        cls.company = cls.company_data["company"]
        cls.accountant = cls._create_user("accountant")
        cls.controller = cls._create_user("controller")
        threshold = {"figure": "amount", "comparison": ">", "value": 1000}
        cls.rule = cls._create_rule(
            "[('move_type', 'in', ['in_invoice', 'in_refund'])]",
            threshold_ids=[Command.create(threshold)],
        )
        cls._create_rule("[('move_type', '=', 'out_refund')]")

    @classmethod
    def _create_user(cls, login):
        return create_user(
            cls.env,
            f"approval_{login}",
            "account.group_account_user",
            cls.company,
            name=login.capitalize(),
        )

    @classmethod
    def _create_rule(cls, domain, **values):
        step = {"name": "Controller", "user_ids": [Command.set(cls.controller.ids)]}
        return (
            cls.env["crm.approval.rule"]
            .sudo()
            .create(
                {
                    "name": "Bills",
                    "model_id": cls.env["ir.model"]._get_id("account.move"),
                    "operation": "post",
                    "domain": domain,
                    "step_ids": [Command.create(step)],
                    **values,
                }
            )
        )

    def _move(self, amount, move_type="in_invoice"):
        return self.init_invoice(move_type, partner=self.partner_a, amounts=[amount])

    def _approve(self, move):
        request = move.with_user(self.accountant)._approval_request("post")
        request.with_user(self.controller).action_approve()

    def test_small_bill_passes(self):
        bill = self._move(1000)
        bill.with_user(self.accountant).action_post()
        self.assertEqual(bill.state, "posted")

    def test_large_bill(self):
        bill = self._move(1000.01)
        self.assertEqual(bill.approval_state, "required")
        with self.assertRaises(UserError, msg="needs an approval"):
            bill.with_user(self.accountant).action_post()
        for way in (
            bill._post,
            lambda: bill.sudo()._post(soft=False),
            lambda: bill.sudo().write({"state": "posted"}),
        ):
            with self.assertRaises(UserError, msg="needs an approval"):
                way()
        self._approve(bill)
        bill.with_user(self.accountant).action_post()
        self.assertEqual(bill.state, "posted")

    def test_change_after_approval(self):
        bill = self._move(2000)
        self._approve(bill)
        bill.invoice_line_ids.price_unit = 2001
        with self.assertRaises(UserError, msg="needs an approval"):
            bill.action_post()

    def test_bank_account_matters(self):
        bill = self._move(2000)
        self._approve(bill)
        bill.partner_bank_id = self.env["res.partner.bank"].create(
            {"acc_number": "NEW-1", "partner_id": self.partner_a.id}
        )
        with self.assertRaises(UserError, msg="needs an approval"):
            bill.action_post()

    def test_credit_note(self):
        note = self._move(5, "out_refund")
        with self.assertRaises(UserError, msg="needs an approval"):
            note.action_post()
        self._approve(note)
        note.action_post()
        self.assertEqual(note.state, "posted")

    def test_invoice_of_a_customer_is_never_stopped(self):
        """A payment posts invoices by itself: that must not break."""
        self._create_rule("[]", sequence=1)
        invoice = self._move(5000, "out_invoice")
        invoice.action_post()
        self.assertEqual(invoice.state, "posted")

    def test_reset_and_post_again(self):
        bill = self._move(2000)
        self._approve(bill)
        bill.action_post()
        bill.button_draft()
        bill.action_post()
        bill.button_draft()
        bill.invoice_line_ids.quantity = 2
        with self.assertRaises(UserError, msg="needs an approval"):
            bill.action_post()
