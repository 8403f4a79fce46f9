from decimal import Decimal

from odoo import Command

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.crm_approval.tests.common import create_user
from odoo.addons.crm_subledger.tests.common import SubledgerCase


class CommissionCase(SubledgerCase):
    """A Chinese company (storno) with a plan on the collected basis and its people.

    ==========  =============================================  ==================
    li          salesperson, owner: 3 % to 100,000, then 5 %   team North
    wang        presales, overlay 0.5 % where named            team North
    zhao        leads team North                               (no commission)
    chen        salesperson without a plan                     team South
    boss        commission manager
    accountant  billing
    ==========  =============================================  ==================
    """

    @classmethod
    def get_default_groups(cls):
        return (
            super().get_default_groups()
            | cls.quick_ref("hr.group_hr_manager")
            | cls.quick_ref("crm_sales.group_commission_manager")
        )

    @classmethod
    @AccountTestInvoicingCommon.setup_country("cn")
    @AccountTestInvoicingCommon.setup_chart_template("cn_large_bis")
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_plan_accounts()
        cls.plan = cls._create_plan()
        cls.version = cls._create_version(cls.plan)
        cls.customer = cls.env["res.partner"].create(
            {"name": "上海宏泰机械有限公司", "invoice_edi_format": False}
        )
        cls.tax_13 = cls.env["account.tax"].search(
            [
                ("company_id", "=", cls.company.id),
                ("type_tax_use", "=", "sale"),
                ("amount", "=", 13),
                ("price_include_override", "!=", "tax_included"),
            ],
            limit=1,
        )
        cls.service = cls._create_product(
            name="Maintenance",
            type="service",
            lst_price=1000.0,
            taxes_id=cls.tax_13,
            invoice_policy="order",
        )

    @classmethod
    def _create_people(cls):
        cls.north, cls.south = cls.env["crm.team"].create(
            [{"name": "North", "company_id": cls.company.id}, {"name": "South"}]
        )
        salesman = "sales_team.group_sale_salesman"
        cls.li = cls._create_seller("li", salesman, cls.north)
        cls.wang = cls._create_seller("wang", salesman, cls.north)
        cls.zhao = cls._create_seller("zhao", salesman)
        cls.chen = cls._create_seller("chen", salesman, cls.south)
        cls.boss = cls._create_seller("boss", "crm_sales.group_commission_manager")
        cls.accountant = cls._create_seller("accountant", "account.group_account_invoice")
        cls.north.user_id = cls.zhao
        cls.south.user_id = cls.boss

    @classmethod
    def _create_seller(cls, login, groups, team=None, company=None):
        company = company or cls.company
        user = create_user(cls.env, f"crm_sales_{login}", groups, company, name=login.capitalize())
        cls.env["hr.employee"].create(
            {"name": user.name, "user_id": user.id, "company_id": company.id}
        )
        if team:
            cls.env["crm.team.member"].create({"crm_team_id": team.id, "user_id": user.id})
        return user

    @classmethod
    def _create_plan_accounts(cls):
        cls.receivable = cls._account("1122")
        cls.payroll = cls._account("2211")
        cls.selling = cls._account("6601")
        cls.contract_cost = cls._create_account("180190", "Contract cost", "asset_non_current")
        cls.handed_over = cls._create_account("224190", "Payroll clearing", "liability_current")
        cls.commissions = cls._create_ledger(
            "COM", cls.payroll, cls.selling, name="Commissions", kind="commission"
        )
        cls.costs = cls._create_ledger(
            "CCA", cls.contract_cost, cls.selling, name="Contract costs", kind="contract_cost"
        )

    @classmethod
    def _create_plan(cls, members=True, **values):
        plan = cls.env["crm.commission.plan"].create(
            {
                "name": "Direct sales",
                "company_id": cls.company.id,
                "period": "quarter",
                "ledger_id": cls.commissions.id,
                "cost_ledger_id": cls.costs.id,
                "payroll_account_id": cls.handed_over.id,
                **values,
            }
        )
        if members:
            cls._add_member(plan, cls.li, role="owner")
            cls._add_member(plan, cls.wang, role="overlay", rate=0.5)
        return plan

    @classmethod
    def _add_member(cls, plan, user, **values):
        who = {"user_id": user.id} if user._name == "res.users" else {"agent_id": user.id}
        return cls.env["crm.commission.member"].create({"plan_id": plan.id, **who, **values})

    @classmethod
    def _create_version(cls, plan, tiers=((0, 3), (100000, 5)), approve=True, **values):
        version = cls.env["crm.commission.plan.version"].create(
            {
                "plan_id": plan.id,
                "date_from": "2026-01-01",
                "basis": "collected",
                "method": "marginal",
                "tier_ids": [
                    Command.create({"lower_bound": bound, "rate": rate}) for bound, rate in tiers
                ],
                **values,
            }
        )
        if approve:
            version.action_approve()
        return version

    # ------------------------------------------------------------------
    # Documents
    # ------------------------------------------------------------------

    @classmethod
    def _create_order(cls, amount, user=None, date="2026-01-05", confirm=True, **values):
        """Return an order of one service line over ``amount``, untaxed."""
        order = cls.env["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "user_id": (user or cls.li).id,
                "team_id": cls.north.id,
                "company_id": cls.company.id,
                "date_order": f"{date} 02:00:00",
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.service.id,
                            "product_uom_qty": 1,
                            "price_unit": amount,
                            "tax_ids": [Command.set(cls.tax_13.ids)],
                        }
                    )
                ],
                **values,
            }
        )
        if confirm:
            order.action_confirm()
            order.date_order = f"{date} 02:00:00"
        return order

    @classmethod
    def _invoice(cls, order, date="2026-01-10", post=True):
        invoice = order._create_invoices()
        invoice.write({"invoice_date": date, "date": date})
        if post:
            invoice.action_post()
        return invoice

    @classmethod
    def _pay(cls, invoices, amount=None, date="2026-01-20", **values):
        values |= {"payment_date": date}
        if amount is not None:
            values["amount"] = amount
        return cls._register_payment(invoices, **values)

    @classmethod
    def _credit(cls, invoice, quantity=None, amount=None, date="2026-03-01", post=True):
        """Return a credit note for a part of an invoice."""
        note = cls._reverse_invoice(invoice, date=date)
        note.write({"invoice_date": date, "date": date})
        if quantity is not None:
            note.invoice_line_ids.write({"quantity": quantity})
        if amount is not None:
            note.invoice_line_ids.write({"quantity": 1, "price_unit": amount, "discount": 0})
        if post:
            note.action_post()
        return note

    @classmethod
    def _reconcile(cls, *moves):
        lines = (
            cls.env["account.move"]
            .concat(*moves)
            .line_ids.filtered(
                lambda line: (
                    line.account_id.account_type == "asset_receivable" and not line.reconciled
                )
            )
        )
        lines.reconcile()

    def _unreconcile(self, payments):
        payments.move_id.line_ids.remove_move_reconcile()

    # ------------------------------------------------------------------
    # Assertions
    # ------------------------------------------------------------------

    def _statement(self, user, plan=None, on="2026-01-01"):
        partner = user.partner_id if user._name == "res.users" else user
        return self.env["crm.commission.statement"].search(
            [
                ("plan_id", "=", (plan or self.plan).id),
                ("partner_id", "=", partner.id),
                ("date_from", "=", on),
            ]
        )

    def assertEarned(self, user, amount, **which):
        """Assert what the sub-ledger holds for a person and period, to the cent."""
        self.run_subledger()
        statement = self._statement(user, **which)
        entries = statement._subledger_entries().filtered(lambda e: e.kind != "settlement")
        total = -sum((Decimal(str(entry.amount)) for entry in entries), Decimal(0))
        self.assertEqual(round(total, 2), Decimal(str(amount)))
        self.assertEqual(Decimal(str(round(statement.earned, 2))), Decimal(str(amount)))

    def assertPostsNothing(self):
        """Invariant I6: everything computed again posts nothing."""
        keys = [
            self.env[name].search([]) for name in ("crm.commission.statement", "crm.contract.cost")
        ]
        for records in keys:
            self.assertFalse(records._subledger_run(force_split=True))
        self.assertLedgerEqualsGL()

    def assertJournal(self, move, expected):
        """Assert the (account, debit, credit) of a journal entry, as the storno sides show.

        Accounts may be named without the zeros that the chart pads them with.
        """
        expected = [(code.ljust(6, "0"), *sides) for code, *sides in expected]
        lines = sorted(
            (line.account_id.code, round(line.debit, 2), round(line.credit, 2))
            for line in move.line_ids
        )
        self.assertEqual(lines, sorted(expected))
