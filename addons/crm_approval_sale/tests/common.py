from contextlib import contextmanager

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests.common import TransactionCase

from odoo.addons.crm_approval.tests.common import create_user


class ApprovalSaleCase(TransactionCase):
    """A company whose discounts above 15 % need an approval before a quotation is confirmed.

    ==========  ==============================================================
    seller      requests; sells his own quotations
    boss        approves; the manager of the seller
    chief       approves; the manager of the boss
    deputy      a colleague who may stand in; reads all quotations
    bystander   internal user with sales rights who takes no part
    manager     approval administrator without a part in the request
    stranger    approval administrator of another company
    ==========  ==============================================================
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.other_company = cls.env["res.company"].create({"name": "Other Company"})
        everything = "sales_team.group_sale_salesman_all_leads"
        administrator = "crm_approval.group_approval_manager"
        cls.seller = cls._create_user("seller", everything)
        cls.boss = cls._create_user("boss", everything)
        cls.chief = cls._create_user("chief", everything)
        cls.deputy = cls._create_user("deputy", everything)
        cls.bystander = cls._create_user("bystander", everything)
        cls.manager = cls._create_user("manager", f"{everything},{administrator}")
        cls.stranger = cls._create_user(
            "stranger", f"{everything},{administrator}", company=cls.other_company
        )
        cls.seller.approval_manager_id = cls.boss
        cls.boss.approval_manager_id = cls.chief
        cls.customer = cls.env["res.partner"].create(
            {"name": "Customer Chen", "email": "chen@customer.example.com"}
        )
        cls.product = cls.env["product.product"].create(
            {"name": "Bearing", "type": "service", "list_price": 100, "taxes_id": False}
        )
        cls.env["crm.approval.rule"].sudo().search([]).active = False

    @classmethod
    def _create_user(cls, login, groups, company=None):
        return create_user(
            cls.env,
            f"approval_{login}",
            groups,
            company or cls.company,
            name=login.capitalize(),
            password=f"approval_{login}",
            email=f"{login}@approval.example.com",
        )

    @classmethod
    def _create_rule(cls, *steps, **values):
        """Return a rule for discounts above 15 %; each step is a dictionary of values."""
        steps = steps or ({"user_ids": [Command.set(cls.boss.ids)]},)
        # sudo: not what is tested, and the user of a test class may be an accountant
        rule = (
            cls.env["crm.approval.rule"]
            .sudo()
            .create(
                {
                    "name": "Discounts",
                    "model_id": cls.env["ir.model"]._get_id("sale.order"),
                    "operation": "confirm",
                    "threshold_ids": [
                        Command.create({"figure": "discount", "comparison": ">", "value": 15})
                    ],
                    "step_ids": [
                        Command.create({"name": f"Step {n}", "sequence": n, **step})
                        for n, step in enumerate(steps)
                    ],
                    **values,
                }
            )
        )
        return rule.sudo(False)

    @classmethod
    def _create_order(cls, discount=20, **values):
        return cls.env["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "user_id": cls.seller.id,
                "require_signature": True,
                "require_payment": False,
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.product.id,
                            "product_uom_qty": 10,
                            "price_unit": 100,
                            "discount": discount,
                        }
                    )
                ],
                **values,
            }
        )

    def _ask(self, order, user=None, operation="confirm", **options):
        """Return the request for an order, made by the seller."""
        order = order.with_user(user or self.seller)
        return order._approval_request(operation, **options).with_env(self.env)

    @contextmanager
    def assertStopped(self, pattern="needs an approval"):
        """Assert that the gate or a check raises, and take back what came before it."""
        # assertRaisesRegex would keep the changes that a request of a client loses.
        with self.assertRaises(UserError) as caught:
            yield
        self.assertRegex(str(caught.exception), pattern)

    def _persons(self, *users, **values):
        return {"user_ids": [Command.set([user.id for user in users])], **values}
