from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestSegments(DemoCase):
    """Segments of the demonstration have members and no errors."""

    def test_segments_are_refreshed(self):
        segments = self.env["crm.segment"].search([])
        self.assertGreaterEqual(len(segments), 6)
        self.assertFalse(segments.filtered("error"))
        self.assertTrue(all(segments.mapped("last_refresh")))
        self.assertGreaterEqual(len(segments.filtered("member_count")), 4)
