from odoo import Command
from odoo.tests import HttpCase, tagged

from .common_contract import ContractCase


@tagged("post_install", "-at_install")
class TestContractTours(ContractCase, HttpCase):
    """Contract from a template → approval → signatures → instalment invoice → paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.company.crm_contract_legal_ids = cls.lawyer
        cls.env["crm.approval.rule"].create(
            {
                "name": "All contracts",
                "model_id": cls.env["ir.model"]._get_id("crm.contract"),
                "operation": "send",
                "step_ids": [
                    Command.create(
                        {
                            "name": "Legal",
                            "approver_kind": "user",
                            "user_ids": [Command.set(cls.lawyer.ids)],
                        }
                    )
                ],
            }
        )
        # the price list of the fixtures asks for it in the browser too
        cls.service.company_id = False

    def run_flow(self, suffix, lang):
        (self.li | self.director | self.buyer | self.lawyer).partner_id.lang = lang
        self.customer.lang = lang
        self.start_tour("/odoo/contracts/new", f"crm_sales_contract_{suffix}", login=self.li.login)
        contract = self.env["crm.contract"].search([("title", "=", "Tour")])
        self.assertEqual(contract.amount_total, 1130)
        contract.company_signatory_id = self.director
        contract.signatory_id = self.buyer.partner_id
        request = contract.with_user(self.li)._approval_request("send")
        request.with_user(self.lawyer).action_approve("Fine")
        contract.with_user(self.li).action_send_to_sign()
        self.start_tour(
            f"/my/contracts/{contract.id}",
            f"crm_sales_contract_portal_{suffix}",
            login=self.buyer.login,
        )
        self.env.invalidate_all()
        self.assertEqual(contract.customer_signed_by, "Buyer")
        self.start_tour(
            f"/odoo/contracts/{contract.id}",
            f"crm_sales_contract_sign_{suffix}",
            login=self.director.login,
        )
        self.env.invalidate_all()
        self.assertEqual(contract.state, "active")
        row = contract.instalment_ids[0]
        row.with_user(self.li).action_invoice()
        self.assertEqual(row.state, "invoiced")
        self._pay(row.invoice_ids, date=row.invoice_ids.invoice_date)
        self.start_tour(
            f"/odoo/contracts/{contract.id}",
            f"crm_sales_contract_paid_{suffix}",
            login=self.li.login,
        )

    def test_flow_in_english(self):
        self.run_flow("en", "en_US")

    def test_flow_in_chinese(self):
        self.run_flow("zh", "zh_CN")
