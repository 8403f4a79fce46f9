from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestDuplicates(DemoCase):
    """The review queue, the quality report and the identities of the demonstration company."""

    def test_queue_is_full(self):
        pairs = self.env["crm.match.candidate"]
        self.assertGreaterEqual(pairs.search_count([("state", "=", "to_review")]), 12)
        self.assertTrue(pairs.search_count([("state", "=", "distinct")]))
        self.assertTrue(pairs.search_count([("state", "=", "duplicate")]))
        self.assertTrue(pairs.search_count([("decision", "=", "merge")]))

    def test_rule_sets_ran(self):
        rulesets = self.env["crm.match.ruleset"].search([])
        self.assertEqual(set(rulesets.mapped("kind")), {"company", "person"})
        self.assertTrue(all(ruleset.run_on and ruleset.run_pairs for ruleset in rulesets))
        self.assertFalse(any(rulesets.mapped("run_error")))

    def test_identities(self):
        identities = self.env["crm.identity"]
        self.assertGreaterEqual(identities.search_count([("kind", "=", "wechat")]), 5)
        second = identities.search([("value_norm", "=", "private1@example.org")])
        found = self.env["res.partner"].find_or_create("private1@example.org")
        self.assertEqual(found, second.partner_id)

    def test_quality_report(self):
        rows = self.env["crm.match.quality"].search([])
        self.assertTrue(sum(rows.mapped("duplicates")))
