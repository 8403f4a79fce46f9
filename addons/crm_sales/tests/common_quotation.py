from odoo import Command, fields
from odoo.tests.common import TransactionCase

from odoo.addons.crm_approval.tests.common import create_user


class QuotationCase(TransactionCase):
    """A company with a discount matrix.

    ==========  =============================================================  ===========
    rep         salesperson                                                    up to 5 %
    colleague   salesperson; may see all quotations                            up to 5 %
    lead        sales manager, role “leads”                                    up to 15 %
    chief       sales manager without a row                                    no limit
    stranger    sales manager of another company
    ==========  =============================================================  ===========

    The pump costs 600, its list price is 1,000; whoever sells it below a margin of 20 % asks.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.other_company = cls.env["res.company"].create({"name": "Other Company"})
        cls.env["crm.approval.rule"].sudo().search([]).active = False
        cls.env["crm.discount.authority"].search([]).active = False
        cls.leads = cls.env["res.groups"].create({"name": "Leads"})
        cls.rep = cls._create_user("rep", "sales_team.group_sale_salesman")
        cls.colleague = cls._create_user("colleague", "sales_team.group_sale_salesman_all_leads")
        cls.lead = cls._create_user("lead", "sales_team.group_sale_manager")
        cls.chief = cls._create_user("chief", "sales_team.group_sale_manager")
        cls.stranger = cls._create_user(
            "stranger", "sales_team.group_sale_manager", company=cls.other_company
        )
        cls.lead.group_ids += cls.leads
        # whoever is a sales manager in the database besides must not decide here
        managers = cls.env.ref("sales_team.group_sale_manager")
        known = cls.lead | cls.chief | cls.stranger
        (managers.all_user_ids - known).group_ids -= managers
        cls.pumps = cls.env["product.category"].create({"name": "Pumps"})
        cls.pump = cls._create_product("Pump", 1000, 600, categ_id=cls.pumps.id)
        cls.seal = cls._create_product("Seal", 100, 0)
        cls.customer = cls.env["res.partner"].create({"name": "Customer Chen"})

    @classmethod
    def _create_user(cls, login, groups, company=None):
        return create_user(
            cls.env,
            f"quotation_{login}",
            groups,
            company or cls.company,
            name=login.capitalize(),
            email=f"{login}@quotation.example.com",
        )

    @classmethod
    def _create_product(cls, name, price, cost, **values):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "list_price": price,
                "standard_price": cost,
                "taxes_id": False,
                **values,
            }
        )

    @classmethod
    def _create_row(cls, sequence=10, **values):
        return cls.env["crm.discount.authority"].create(
            {"sequence": sequence, "company_id": cls.company.id, **values}
        )

    @classmethod
    def _create_matrix(cls):
        cls.lead_row = cls._create_row(1, group_id=cls.leads.id, max_discount=15)
        cls.rep_row = cls._create_row(
            2,
            user_ids=[Command.set((cls.rep | cls.colleague).ids)],
            max_discount=5,
            limits_margin=True,
            min_margin=20,
        )

    def _quote(self, *lines, user=None, **values):
        """Return a quotation made by ``user`` with lines (product, quantity, price, discount)."""
        user = user or self.rep
        order = (
            self.env["sale.order"]
            .with_user(user)
            .create(
                {
                    "partner_id": self.customer.id,
                    "user_id": user.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": product.id,
                                "product_uom_qty": quantity,
                                **({} if price is None else {"price_unit": price}),
                                **({"discount": discount} if discount else {}),
                            }
                        )
                        for product, quantity, price, discount in lines
                    ],
                    **values,
                }
            )
        )
        self.env.flush_all()
        return order

    def _days_ago(self, days):
        return fields.Date.subtract(fields.Date.today(), days=days)
