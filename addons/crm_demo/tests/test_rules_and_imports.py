from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestRulesAndImports(DemoCase):
    """Validation rules with open warnings, and an import with refused rows."""

    def test_rules(self):
        rules = self.env["crm.validation.rule"].search([("company_id", "=", self.company.id)])
        self.assertEqual(set(rules.mapped("level")), {"block", "warn"})
        self.assertGreaterEqual(len(rules), 3)
        self.assertFalse(any(rule._find_problem() for rule in rules))
        self.assertTrue(self.env["crm.validation.log"].search([("rule_id", "in", rules.ids)]))

    def test_import(self):
        document = self.env["crm.customer.import"].search([("state", "=", "done")], limit=1)
        self.assertEqual(document.refused_count, 3, document.row_ids.mapped("reason"))
        self.assertEqual(document.created_count, 5)
        self.assertTrue(document.updated_count + document.matched_count)
        self.assertTrue(document.refused_file)
