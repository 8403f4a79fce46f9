from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestMerges(DemoCase):
    """One merge that is done, one that waits."""

    def test_a_merge_is_done(self):
        done = self.env["crm.merge"].search([("state", "=", "done")])
        self.assertTrue(done)
        merged = done.partner_ids - done.survivor_id
        self.assertTrue(merged)
        self.assertFalse(any(merged.mapped("active")))
        self.assertFalse(self.env["crm.lead"].search_count([("partner_id", "in", merged.ids)]))

    def test_a_merge_waits_for_a_second_person(self):
        waiting = self.env["crm.merge"].search([("state", "=", "to_approve")])
        self.assertTrue(waiting)
        self.assertTrue(waiting[0].control_reason)
        self.assertEqual(set(waiting.approval_request_ids.mapped("state")), {"pending"})
