from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestPartnerLeads(DemoCase):
    """Leads, content and quotations of channel partners."""

    def test_leads(self):
        assignments = self.env["crm.lead.assignment"].search([])
        if not self.env["res.partner"].search_count([("channel_coverage_ids", "!=", False)]):
            self.assertFalse(assignments)
            return
        states = set(assignments.mapped("state"))
        self.assertLessEqual({"pool", "offered", "accepted", "converted", "lost"}, states)
        self.assertGreaterEqual(len(assignments.partner_id), 3)
        self.assertFalse(assignments.filtered("error"))
        won = assignments.filtered(lambda row: row.state == "converted")
        self.assertEqual(set(won.lead_id.mapped("won_status")), {"won"})

    def test_content(self):
        contents = self.env["crm.partner.content"].search([("state", "=", "published")])
        self.assertGreaterEqual(len(contents), 9)
        self.assertTrue(all(contents.mapped("version_id")))
        self.assertEqual(len(self.env["crm.partner.news"].search([("is_current", "=", True)])), 3)
