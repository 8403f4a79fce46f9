from odoo.tests import tagged

from ..builder import collections, contracts
from .common import DemoCase


@tagged("post_install", "-at_install")
class TestContracts(DemoCase):
    """Contracts and collections of the demonstration: every state, intact evidence, figures."""

    def test_contracts_in_every_state(self):
        documents = self.env["crm.contract"].search([])
        self.assertEqual(len(documents), len(contracts.CONTRACTS) + 4)
        self.assertLessEqual({"draft", "signing", "active"}, set(documents.mapped("state")))
        for document in documents:
            self.assertFalse(document._evidence_faults(), document.name)
        self.assertTrue(documents.filtered("terminated_on"))
        self.assertTrue(documents.filtered("deviation_count"))

    def test_orders_and_capitalised_costs_are_linked(self):
        linked = self.env["crm.contract"].search([("order_ids", "!=", False)])
        self.assertEqual(len(linked), len(contracts.CONTRACTS))
        self.assertTrue(linked.cost_ids)

    def test_instalments_follow_their_invoices(self):
        rows = self.env["crm.contract.instalment"].search([])
        self.assertLessEqual({"planned", "collected"}, set(rows.mapped("state")))
        for document in rows.contract_id:
            self.assertAmount(document.plan_difference, 0, document.name)

    def test_recurring_revenue(self):
        kinds = self.env["crm.contract.mrr"].search([]).mapped("kind")
        self.assertLessEqual({"new", "churn"}, set(kinds))

    def test_collections(self):
        promises = self.env["crm.payment.promise"].search([])
        self.assertEqual(len(promises), len(collections.PROMISES))
        self.assertIn("broken", promises.mapped("state"))
        self.assertTrue(self.env["crm.receivable.dispute"].search([]))
        self.assertTrue(self.env["crm.dunning.letter"].search([]))
