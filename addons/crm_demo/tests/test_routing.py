from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestRouting(DemoCase):
    """Territories, rules and first responses of the demonstration."""

    def test_territories(self):
        model = self.env["crm.territory.model"].search([("state", "=", "active")])
        self.assertEqual(len(model), 1)
        self.assertGreaterEqual(len(model.territory_ids), 12)
        self.assertFalse(model.conflicts)
        leads = self.env["crm.lead"].search([("territory_id.model_id", "=", model.id)])
        self.assertGreaterEqual(len(leads.territory_id), 6)
        draft = self.env["crm.territory.model"].search([("state", "=", "draft")])
        self.assertTrue(draft.conflicts)

    def test_rules_and_decisions(self):
        rules = self.env["crm.lead.route.rule"].search([])
        self.assertGreaterEqual(len(rules), 10)
        self.assertFalse(rules.filtered("shadowed"))
        logs = self.env["crm.lead.route.log"].search([("rule_id", "!=", False)])
        self.assertGreaterEqual(len(logs), 12)
        self.assertTrue(all(logs.mapped("reason")))
        self.assertGreaterEqual(len(logs.user_id), 3)

    def test_first_responses(self):
        runs = self.env["crm.lead.sla"].search([])
        states = {state for state, _n in runs._read_group([], ["state"], ["__count"])}
        self.assertLessEqual({"met", "breached"}, states)
        self.assertFalse(runs.filtered("error"))
