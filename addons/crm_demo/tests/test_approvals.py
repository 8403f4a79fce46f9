from odoo.tests import tagged

from ..builder import approvals
from .common import DemoCase


@tagged("post_install", "-at_install")
class TestApprovals(DemoCase):
    """The approvals of the demonstration: waiting, approved, refused, returned."""

    def test_requests_in_every_state(self):
        requests = self.env["crm.approval.request"].search([("res_model", "=", "sale.order")])
        self.assertEqual(len(requests), len(approvals.REQUESTS))
        self.assertEqual(
            set(requests.mapped("state")), {"pending", "approved", "refused", "returned"}
        )
        for request in requests:
            self.assertFalse(request._find_broken(), request.name)

    def test_director_has_something_to_decide(self):
        Request = self.env["crm.approval.request"].with_user(self.users["zhou"])
        self.assertEqual(len(Request.search([("my_turn", "=", True)])), 2)

    def test_report_has_figures(self):
        states = self.env["crm.approval.report"].search([]).mapped("state")
        self.assertEqual(set(states), {"open", "decided"})
