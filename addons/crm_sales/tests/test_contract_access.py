from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_contract import ContractCase

MODELS = (
    "crm.contract",
    "crm.contract.text",
    "crm.contract.line",
    "crm.contract.instalment",
    "crm.contract.evidence",
)


@tagged("post_install", "-at_install")
class TestContractAccess(ContractCase):
    """Own, team, all, accountant, portal, other company: who sees and changes what."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._active_contract()
        cls.other = cls._sign(
            cls._create_contract(
                5000,
                user_id=cls.chen.id,
                team_id=cls.south.id,
                partner_id=cls.other_customer.id,
                signatory_id=cls.outsider.partner_id.id,
            )
        )
        cls.stranger = cls._create_seller(
            "stranger",
            "sales_team.group_sale_manager,account.group_account_invoice",
            company=cls.setup_other_company(name="Other")["company"],
        )

    def _seen(self, user, model):
        records = self.env[model].with_user(user).search([]).sudo()
        return records if model == "crm.contract" else records.contract_id

    def test_who_sees_what(self):
        both = self.own | self.other
        for model in MODELS:
            with self.subTest(model=model):
                self.assertEqual(self._seen(self.li, model), self.own)
                self.assertEqual(self._seen(self.chen, model), self.other)
                self.assertEqual(self._seen(self.zhao, model), self.own, "leads team North")
                self.assertEqual(self._seen(self.director, model), both)
                self.assertEqual(self._seen(self.accountant, model), both)
                self.assertFalse(self._seen(self.lawyer, model))
                self.assertFalse(self._seen(self.stranger, model))

    def test_who_changes_what(self):
        draft = self._create_contract(1000)
        draft.with_user(self.li).title = "New title"
        with self.assertRaises(AccessError):
            draft.with_user(self.chen).title = "Mine"
        for user in (self.accountant, self.lawyer):
            self.assertFalse(draft.with_user(user).has_access("write"))
            self.assertFalse(draft.instalment_ids.with_user(user).has_access("write"))
        for model in (
            "crm.contract.clause",
            "crm.contract.template",
            "crm.contract.clause.version",
        ):
            self.assertFalse(self.env[model].with_user(self.li).has_access("create"))
            self.assertTrue(self.env[model].with_user(self.director).has_access("create"))
        version = self.clause_payment.version_ids.create({"clause_id": self.clause_payment.id})
        with self.assertRaises(AccessError):
            version.with_user(self.li).action_publish()

    def test_methods_check_rights(self):
        for method in (
            "action_terminate",
            "action_amend",
            "action_give_notice",
            "action_send_to_sign",
            "action_cancel",
            "action_draft",
            "action_renew",
        ):
            with self.subTest(method=method), self.assertRaises(UserError):
                getattr(self.other.with_user(self.li), method)()
        with self.assertRaises(AccessError):
            self.other.with_user(self.li)._terminate(self._day("2026-06-30"))
        milestone = self.other.instalment_ids.filtered(lambda row: row.kind == "milestone")
        with self.assertRaises(AccessError):
            milestone.with_user(self.li).action_confirm_milestone()
        with self.assertRaises(AccessError):
            self.other.instalment_ids[0].with_user(self.accountant).action_invoice()
        with self.assertRaises(AccessError):
            self.other.with_user(self.li)._evidence_zip()
        self.assertFalse(self.other.instalment_ids.invoice_ids)

    def test_salesperson_without_accounting_invoices_own_instalment(self):
        row = self.own.instalment_ids.filtered(lambda row: row.kind == "milestone")
        row.with_user(self.li).action_confirm_milestone()
        self.assertEqual(row.state, "invoiced")
        self.assertEqual(row.with_user(self.li).amount_invoiced, 67800)

    def test_portal_reads_contracts_of_own_company_only(self):
        for user, contract in (
            (self.buyer, self.own),
            (self.colleague, self.own),
            (self.outsider, self.other),
        ):
            found = self.env["crm.contract"].with_user(user).search([])
            self.assertEqual(found, contract)
            for name in ("note", "mrr", "access_token"):
                with self.assertRaises(AccessError):
                    found.read([name])
            for operation in ("write", "create", "unlink"):
                self.assertFalse(found.has_access(operation))
            for model in MODELS[1:]:
                self.assertFalse(self.env[model].with_user(user).has_access("read"))
        draft = self._create_contract(1000)
        self.assertFalse(draft.with_user(self.buyer).has_access("read"), "not before it is sent")

    def test_library_of_another_company(self):
        self.assertNotIn(
            self.template, self.env["crm.contract.template"].with_user(self.stranger).search([])
        )
        shared = self.env["crm.contract.template"].create({"name": "Shared", "company_id": False})
        self.assertIn(shared, self.env["crm.contract.template"].with_user(self.stranger).search([]))

    def test_other_company_on_a_contract(self):
        with self.assertRaises(UserError):
            self._create_contract(
                1000,
                template_id=False,
                company_id=self.stranger.company_id.id,
                line_ids=[
                    Command.create(
                        {
                            "product_id": self.service.id,
                            "price_unit": 5,
                            "tax_ids": [Command.set(self.tax_13.ids)],
                        }
                    )
                ],
            )
