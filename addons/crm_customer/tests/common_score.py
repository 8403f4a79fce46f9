from odoo import Command, fields

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.crm_approval.tests.common import create_user


class ScoreCase(AccountTestInvoicingCommon):
    """A company with customers who buy, and the people who look at them.

    ============  ==========================================================
    seller        salesperson: sees scores and quality, no contribution
    manager       administrator of customer data: computes and cleans
    stranger      administrator of customer data of another company
    nobody        an employee without a right on customers
    ============  ==========================================================
    """

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("crm_customer.group_customer_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.revenue_account = cls.company_data["default_account_revenue"]
        cls.expense_account = cls.company_data["default_account_expense"]
        cls.anna, cls.bert, cls.cora = cls.env["res.partner"].create(
            [{"name": name, "is_company": True} for name in ("Anna", "Bert", "Cora")]
        )

    @classmethod
    def _create_users(cls):
        cls.other_company = cls.setup_other_company(name="Other Company")["company"]
        cls.seller = cls._create_user("seller", "sales_team.group_sale_salesman")
        cls.manager = cls._create_user("manager", "crm_customer.group_customer_manager")
        cls.nobody = cls._create_user("nobody", "base.group_user")
        cls.stranger = cls._create_user(
            "stranger", "crm_customer.group_customer_manager", company=cls.other_company
        )

    @classmethod
    def _create_user(cls, login, group, company=None):
        return create_user(cls.env, f"score_{login}", group, company or cls.company)

    @classmethod
    def _sell(cls, partner, amount, date, cost=0, move_type="out_invoice", company=None):
        """Post an invoice of ``amount`` with cost of sales ``cost``; a credit note by its type."""
        company = company or cls.company
        journal = cls.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", company.id)], limit=1
        )
        accounts = cls.env["account.account"].with_company(company)
        revenue, expense = (
            accounts.search(
                [("account_type", "=", kind), ("company_ids", "in", company.ids)], limit=1
            )
            for kind in ("income", "expense")
        )
        lines = [("Goods", amount, revenue)]
        if cost:
            lines.append(("Cost of sales", -cost, expense))
        move = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": move_type,
                    "partner_id": partner.id,
                    "journal_id": journal.id,
                    "invoice_date": date,
                    "date": date,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": name,
                                "quantity": 1,
                                "price_unit": price,
                                "account_id": account.id,
                                "tax_ids": [Command.clear()],
                            }
                        )
                        for name, price, account in lines
                    ],
                }
            )
        )
        move.action_post()
        return move

    def _compute(self, date, company=None):
        """Compute the scores of the month of ``date`` as the scheduled action does."""
        date = fields.Date.to_date(date)
        run = (
            self.env["crm.partner.score.run"]
            .sudo()
            ._compute_isolated(company or self.company, date)
        )
        return run.sudo(False)

    def _score(self, partner, run):
        return run.score_ids.filtered(lambda score: score.partner_id == partner)
