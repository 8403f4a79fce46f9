from odoo.tests import tagged

from ..builder import commissions, contracts
from .common import DemoCase


@tagged("post_install", "-at_install")
class TestCommissions(DemoCase):
    """Plans, statements and capitalised contract costs of the demonstration."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.statements = cls.env["crm.commission.statement"].search([])

    def test_figures_on_every_screen(self):
        for model in (
            "crm.commission.line",
            "crm.commission.participant",
            "crm.contract.cost",
            "crm.deal.contribution",
            "crm.subledger.entry",
            "crm.subledger.report",
            "crm.subledger.rollforward",
        ):
            self.assertTrue(self.env[model].search_count([], limit=1), model)

    def test_plans_are_in_force(self):
        plans = self.env["crm.commission.plan"].search([])
        self.assertEqual(len(plans), 3)
        self.assertEqual(set(plans.current_version_id.mapped("state")), {"approved"})

    def test_statements_are_in_every_state(self):
        self.assertEqual(
            set(self.statements.mapped("state")), {"computed", "confirmed", "disputed", "paid"}
        )
        self.assertTrue(self.statements.filtered("dispute_answer"))

    def test_paid_statements_are_settled(self):
        paid = self.statements.filtered(lambda one: one.state == "paid")
        self.assertGreater(len(paid), 5)
        for statement in paid:
            self.assertAmount(statement.to_pay, 0, statement.display_name)

    def test_agent_is_paid_by_vendor_bill(self):
        bills = self.env["account.move"].search(
            [("partner_id.name", "=", commissions.AGENT[0]), ("move_type", "=", "in_invoice")]
        )
        self.assertTrue(bills)
        self.assertEqual(set(bills.mapped("state")), {"posted"})

    def test_terminated_contract_has_the_figures_of_the_story(self):
        cost = self.env["crm.contract.cost"].search([("terminated_on", "!=", False)])
        self.assertEqual(len(cost), 1)
        figures = {
            "capitalised": 19200, "amortised": 7200, "impaired": 6000, "clawed_back": 6000,
            "carrying": 0,
        }  # fmt: skip
        for name, amount in figures.items():
            self.assertAmount(cost[name], amount, f"{name}: {cost[name]}")
        self.assertEqual(cost.order_id.amount_untaxed, contracts.CONTRACTS[0].price)

    def test_short_contract_is_expensed_at_once(self):
        short = self.env["sale.order"].search([("contract_months", "=", 12)])
        self.assertEqual(len(short), 1)
        self.assertFalse(short.contract_cost_ids)
        self.assertAmount(short.commission_amount, 96000 * 0.08)

    def test_running_contract_is_amortised_month_by_month(self):
        cost = self.env["crm.contract.cost"].search([("months", "=", 36)])
        entries = cost._subledger_entries().filtered(lambda one: one.kind != "transfer")
        self.assertEqual(len(set(entries.mapped("date"))), len(entries))
        self.assertAmount(cost.capitalised - cost.amortised, cost.carrying)
        self.assertAmount(entries[:1].amount, -cost.capitalised / 36)

    def test_some_orders_are_shared(self):
        owners = self.env["crm.commission.participant"]._read_group(
            [("role", "=", "owner"), ("order_id", "!=", False)], ["order_id"], ["__count"]
        )
        self.assertTrue([order for order, count in owners if count == 2])

    def test_salesperson_sees_own_statements_only(self):
        li = self.users["li"]
        own = self.env["crm.commission.statement"].with_user(li).search([])
        self.assertTrue(own)
        self.assertEqual(own.partner_id, li.partner_id)
