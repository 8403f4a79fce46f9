import base64
from io import BytesIO

from PIL import Image

from odoo import Command, fields
from odoo.tests.common import new_test_user

from odoo.addons.crm_approval.tests.common import create_user

from .common import CommissionCase


def signature_image(colour="black"):
    """Return the base64 of a small PNG, as the signature field of a browser sends it."""
    buffer = BytesIO()
    Image.new("RGB", (60, 20), colour).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


SIGNATURE = signature_image()


class ContractCase(CommissionCase):
    """A library of two clauses, a template, and the people around a contract.

    ============  =======================================================
    li            salesperson of the contract, team North
    zhao          leads team North
    chen          salesperson of team South
    director      sales administrator: keeps templates, signs for us
    lawyer        internal user without sales rights, approves contracts
    accountant    billing
    buyer         signs for the customer; portal user
    colleague     of the same customer; portal user
    outsider      portal user of another customer
    stranger      sales administrator of another company
    ============  =======================================================
    """

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("crm_approval.group_approval_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.crm_contract_invoice_mode = "posted"
        cls.director = cls._create_seller("director", "sales_team.group_sale_manager")
        cls.lawyer = create_user(cls.env, "crm_sales_lawyer", "base.group_user", cls.company)
        cls.customer.write({"is_company": True, "lang": "en_US"})
        cls.buyer = cls._create_portal_user("buyer", cls.customer)
        cls.colleague = cls._create_portal_user("colleague", cls.customer)
        cls.other_customer = cls.env["res.partner"].create(
            {"name": "Other Customer", "is_company": True, "invoice_edi_format": False}
        )
        cls.outsider = cls._create_portal_user("outsider", cls.other_customer)
        cls.clause_general = cls._create_clause(
            "Subject", "<p>{{ company.name }} supplies {{ partner.name }}.</p>", mandatory=True
        )
        cls.clause_payment = cls._create_clause(
            "Payment", "<p>The total is {{ contract.amount }}.</p><p>Pay within 30 days.</p>"
        )
        cls.template = cls.env["crm.contract.template"].create(
            {
                "name": "Delivery contract",
                "company_id": cls.company.id,
                "term_months": 12,
                "notice_days": 60,
                "reminder_days": 30,
                "clause_ids": [
                    Command.create({"clause_id": clause.id, "sequence": number})
                    for number, clause in enumerate(cls.clause_general | cls.clause_payment)
                ],
                "instalment_ids": [
                    Command.create({"name": "At signature", "percent": 30, "sequence": 1}),
                    Command.create(
                        {
                            "name": "At acceptance",
                            "kind": "milestone",
                            "percent": 60,
                            "sequence": 2,
                        }
                    ),
                    Command.create(
                        {"name": "Retention", "months": 12, "percent": 10, "sequence": 3}
                    ),
                ],
            }
        )

    @classmethod
    def _create_portal_user(cls, login, company_partner):
        partner = cls.env["res.partner"].create(
            {
                "name": login.capitalize(),
                "email": f"{login}@customer.example.com",
                "parent_id": company_partner.id,
            }
        )
        return new_test_user(
            cls.env,
            login=f"crm_sales_{login}",
            name=login.capitalize(),
            groups="base.group_portal",
            partner_id=partner.id,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _create_clause(cls, name, body, publish=True, **values):
        clause = cls.env["crm.contract.clause"].create({"name": name, **values})
        version = cls.env["crm.contract.clause.version"].create(
            {"clause_id": clause.id, "body": body}
        )
        if publish:
            version.action_publish()
        return clause

    @classmethod
    def _create_contract(cls, amount=None, **values):
        """Return a draft over one line of ``amount`` untaxed (13 % tax), with the template."""
        lines = [
            Command.create(
                {
                    "product_id": cls.service.id,
                    "quantity": 1,
                    "price_unit": amount,
                    "tax_ids": [Command.set(cls.tax_13.ids)],
                }
            )
        ]
        contract = cls.env["crm.contract"].create(
            {
                "title": "Pumps",
                "partner_id": cls.customer.id,
                "signatory_id": cls.buyer.partner_id.id,
                "company_signatory_id": cls.director.id,
                "company_id": cls.company.id,
                "user_id": cls.li.id,
                "team_id": cls.north.id,
                "date_start": "2026-01-01",
                "term_months": 12,
                "line_ids": lines if amount else [],
                "template_id": cls.template.id,
                **values,
            }
        )
        return contract

    @classmethod
    def _sign(cls, contract, send=True):
        """Have both sides sign."""
        if send:
            contract.action_send_to_sign()
        contract.with_user(cls.buyer).sudo()._sign("customer", "Buyer", SIGNATURE)
        wizard = (
            cls.env["crm.contract.sign"]
            .with_user(cls.director)
            .create({"contract_id": contract.id, "name": "Director", "signature": SIGNATURE})
        )
        wizard.action_sign()
        return contract

    @classmethod
    def _active_contract(cls, amount=100000, **values):
        return cls._sign(cls._create_contract(amount, **values))

    def _ordered_contract(self):
        """Return an order, and the active contract that invoices it: its first row is invoiced."""
        order = self._create_order(100000)
        contract = self._create_contract()
        order.crm_contract_id = contract
        contract.action_generate_plan()
        self._sign(contract)
        self._run_cron("crm_sales.ir_cron_contract_invoice")
        return order, contract

    def _day(self, text):
        return fields.Date.to_date(text)
