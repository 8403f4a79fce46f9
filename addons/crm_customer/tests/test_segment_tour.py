from odoo.tests import HttpCase, tagged

from .common_segment import SegmentCase


@tagged("post_install", "-at_install")
class TestSegmentTour(SegmentCase, HttpCase):
    """A manager builds a segment, looks at the count, saves, and opens the members."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_users()

    def test_build_preview_save_open(self):
        self.start_tour("/odoo", "crm_customer_segment_tour", login=self.manager.login)
        segment = self.env["crm.segment"].search([("name", "=", "Visited")])
        self.assertEqual(segment.member_ids.partner_id & self.customers, self.eva)
