from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import SubledgerCase


@tagged("post_install", "-at_install")
class TestContribution(SubledgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.env["product.product"].create(
            {"name": "Service", "type": "service", "invoice_policy": "order", "taxes_id": False}
        )
        cls.order = cls.env["sale.order"].create(
            {
                "partner_id": cls.partner_a.id,
                "company_id": cls.company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.service.id,
                            "product_uom_qty": 10,
                            "price_unit": 100,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        cls.order.action_confirm()
        cls.invoice = cls.order._create_invoices()

    def _accrue(self, amount, **values):
        item = self._create_item(amount, order_id=self.order.id, **values)
        item.action_post()
        self.run_subledger()
        return item

    def test_only_posted_items_count(self):
        self.assertEqual(self.order.contribution, 0)
        self.invoice.action_post()
        self.env.invalidate_all()
        self.assertEqual(self.order.contribution, 1000)
        self._accrue(50)
        self.env.invalidate_all()
        self.assertEqual(self.order.contribution, 950)
        self.assertEqual(self.order.contribution_rate, 0.95)
        self.assertEqual(self.partner_a.contribution, 950)

    def test_credit_note_reduces(self):
        self.invoice.action_post()
        self.invoice._reverse_moves([{"invoice_date": self.invoice.date}], cancel=True)
        self.env.invalidate_all()
        self.assertEqual(self.order.contribution, 0)

    def test_a_capitalised_cost_is_not_in_the_statement(self):
        other = self._create_account("221191", "Other payable", "liability_current")
        self._accrue(70, ledger_id=self._create_ledger("CAP", self.asset, other).id)
        self.env.invalidate_all()
        self.assertEqual(self.order.contribution, 0)
        self.assertEqual(self.order.subledger_entry_count, 1)

    def test_every_row_leads_to_its_journal_entry(self):
        self.invoice.action_post()
        item = self._accrue(50)
        self.env.flush_all()
        rows = self.env["crm.deal.contribution"].search([("order_id", "=", self.order.id)])
        self.assertEqual(rows.move_id, self.invoice | item._subledger_entries().move_id)
        self.assertEqual({row.kind: row.amount for row in rows}, {"revenue": 1000, "other": -50})
        for row in rows:
            self.assertEqual(row.action_open_move()["res_id"], row.move_id.id)

    def test_a_line_that_bills_two_order_lines_counts_once(self):
        self.order.order_line.copy({"order_id": self.order.id})
        first, second = self.order.order_line
        second.invoice_lines = [Command.set(first.invoice_lines.ids)]
        self.invoice.action_post()
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.env["crm.deal.contribution"].search([("order_id", "=", self.order.id)])
        self.assertEqual(rows.mapped("amount"), [500, 500])
        self.assertEqual(self.order.contribution, 1000)

    def test_what_is_not_yet_earned_is_no_revenue(self):
        deferred = self._create_account("220490", "Advances", "liability_current")
        self.invoice.invoice_line_ids.account_id = deferred
        self.invoice.action_post()
        self.env.invalidate_all()
        self.assertEqual(self.order.contribution, 0)

    def test_statement_reads_revenue_first_then_each_sub_ledger(self):
        self.invoice.action_post()
        second = self._create_account("221192", "Rebates payable", "liability_current")
        rebates = self._create_ledger("ARE", second, self.expense)
        self._accrue(50)
        self._accrue(30, ledger_id=rebates.id)
        self.env.invalidate_all()
        statement = self.order.contribution_statement
        self.assertEqual(
            [(part["label"], part["amount"]) for part in statement["sections"]],
            [("Revenue", 1000), ("Ledger ARE", -30), ("Ledger TST", -50)],
        )
        self.assertEqual((statement["amount"], statement["revenue"]), (920, 1000))
        [row] = statement["sections"][0]["rows"]
        self.assertEqual((row["move_id"], row["amount"]), (self.invoice.id, 1000))

    def test_statement_of_an_order_without_invoice_is_empty(self):
        statement = self.order.contribution_statement
        self.assertEqual(statement, {"sections": [], "amount": 0, "revenue": 0})

    def test_groups_come_in_the_order_of_a_statement(self):
        self.invoice.action_post()
        self._accrue(50)
        self.env.flush_all()
        Contribution = self.env["crm.deal.contribution"]
        domain = [("order_id", "=", self.order.id)]
        revenue, cost = (self.order, "revenue", 1000), (self.order, "other", -50)
        for order, expected in (
            (None, [revenue, cost]),
            ("order_id, kind", [revenue, cost]),
            ("kind DESC", [cost, revenue]),
        ):
            with self.subTest(order=order):
                groups = Contribution._read_group(
                    domain, ["order_id", "kind"], ["amount:sum"], order=order
                )
                self.assertEqual(groups, expected)
        # What the pivot asks for: customers and orders, columns by kind
        rows = Contribution.formatted_read_grouping_sets(
            domain, [["kind"], ["commercial_partner_id", "kind"]], ["amount:sum"]
        )
        self.assertEqual([row["kind"] for row in rows[0]], ["revenue", "other"])

    def test_sales_manager_reads_the_statement_without_rights_on_the_ledger(self):
        self._create_users()
        manager = self._create_user("manager", "sales_team.group_sale_manager")
        self.invoice.action_post()
        self._accrue(50)
        self.env.invalidate_all()
        statement = self.order.with_user(manager).contribution_statement
        accrual = statement["sections"][1]
        self.assertEqual((accrual["label"], accrual["amount"]), ("Ledger TST", -50))
        self.assertFalse(accrual["rows"][0]["move_id"], "nothing to click on")
        with self.assertRaises(AccessError):
            self.order.with_user(self.salesman).read(["contribution_statement"])

    def test_the_buttons_lead_to_the_statement_and_its_rows(self):
        self.invoice.action_post()
        self.env.flush_all()
        view_id, _kind = self.order.action_open_contribution()["views"][0]
        arch = self.env["sale.order"].get_view(view_id, "form")["arch"]
        self.assertIn("crm_contribution_statement", arch)
        for action in (
            self.order.action_open_contribution_items(),
            self.partner_a.action_open_contribution(),
        ):
            rows = self.env[action["res_model"]].search(action["domain"])
            self.assertEqual(rows.order_id, self.order)
