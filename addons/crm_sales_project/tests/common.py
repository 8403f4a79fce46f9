from odoo import Command

from odoo.addons.crm_sales.tests.common import CommissionCase


class DeliveryCase(CommissionCase):
    """Story E3: a contract of 600,000 (VAT 6 %) with a budget of 400,000, delivered as a project.

    ==========  ===================================================
    li          salesperson of the contract
    pm          leads the project, administers projects
    engineer    works in projects
    ==========  ===================================================
    """

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("project.group_project_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pm = cls._create_seller("pm", "project.group_project_manager")
        cls.engineer = cls._create_seller("engineer", "project.group_project_user")
        cls.revenue_account = cls._account("6001")
        cls.liability_account, cls.asset_account = cls._account("2204"), cls._account("1481")
        cls.liabilities = cls._create_ledger(
            "CLI", cls.liability_account, cls.revenue_account, kind="contract_liability"
        )
        cls.assets = cls._create_ledger(
            "CAS", cls.asset_account, cls.revenue_account, kind="contract_asset"
        )
        cls.company.write(
            {
                "contract_liability_ledger_id": cls.liabilities.id,
                "contract_asset_ledger_id": cls.assets.id,
            }
        )
        cls.tax_6 = cls.env["account.tax"].create(
            {"name": "VAT 6 %", "amount": 6, "type_tax_use": "sale", "company_id": cls.company.id}
        )
        cls.tax_6.invoice_repartition_line_ids.filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id = cls.tax_13.invoice_repartition_line_ids.account_id
        cls.tax_6.refund_repartition_line_ids.filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id = cls.tax_13.invoice_repartition_line_ids.account_id
        cls.cost_account = cls._account("6401")
        cls.template = cls.env["project.project"].create(
            {"name": "Line", "is_template": True, "company_id": cls.company.id}
        )
        cls.work = cls._create_product(
            name="Production line",
            type="service",
            invoice_policy="order",
            service_tracking="project_only",
            project_template_id=cls.template.id,
            taxes_id=cls.tax_6,
            property_account_income_id=cls.revenue_account.id,
        )
        cls.material = cls.env["crm.project.cost.category"].create(
            {"name": "Material", "account_ids": [Command.set(cls.cost_account.ids)]}
        )
        cls.hours = cls.env.ref("crm_sales_project.crm_project_cost_category_labour")

    def sell(self, amount=600000, user=None):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "user_id": (user or self.li).id,
                "company_id": self.company.id,
                "date_order": "2026-01-02 02:00:00",
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.work.id,
                            "product_uom_qty": 1,
                            "price_unit": amount,
                            "tax_ids": [Command.set(self.tax_6.ids)],
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        project = order.order_line.project_id
        project.user_id = self.pm
        return order, project

    def budget(self, project, amount=400000, category=None):
        return self.env["crm.project.budget.line"].create(
            {
                "project_id": project.id,
                "category_id": (category or self.material).id,
                "amount": amount,
            }
        )

    def spend(self, project, amount, date):
        """Post a vendor bill for the project."""
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.partner_b.id,
                "company_id": self.company.id,
                "invoice_date": date,
                "date": date,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Material",
                            "quantity": 1,
                            "price_unit": amount,
                            "account_id": self.cost_account.id,
                            "tax_ids": [Command.clear()],
                            "analytic_distribution": {str(project.account_id.id): 100},
                        }
                    )
                ],
            }
        )
        bill.action_post()
        return bill

    def bill(self, order, amount, date):
        """Post a customer invoice over a part of the contract."""
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "invoice_date": date,
                "date": date,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.work.id,
                            "quantity": 1,
                            "price_unit": amount,
                            "account_id": self.revenue_account.id,
                            "tax_ids": [Command.set(self.tax_6.ids)],
                            "sale_line_ids": [Command.link(order.order_line[:1].id)],
                        }
                    )
                ],
            }
        )
        invoice.action_post()
        return invoice

    def estimate(self, project, amount, date):
        return self.env["crm.project.estimate"].create(
            {"project_id": project.id, "amount": amount, "date": date}
        )

    def recognise(self, project):
        project.with_user(self.pm).action_recognise_over_time()
        project.revenue_ids.date_from = "2026-01-01"
        return project.revenue_ids

    def close(self, revenue, date):
        revenue.with_user(self.accountant).date_until = date
        self.run_subledger()

    def revenue_until(self, date):
        """Return the revenue in the general ledger until a day."""
        [[balance]] = self.env["account.move.line"]._read_group(
            [
                ("account_id", "=", self.revenue_account.id),
                ("parent_state", "=", "posted"),
                ("date", "<=", date),
            ],
            [],
            ["balance:sum"],
        )
        return -round(balance, 2)
