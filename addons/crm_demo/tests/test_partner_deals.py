from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestPartnerDealsDemo(DemoCase):
    """Deals of partners in every state, some won with orders, one bought directly."""

    def test_deals(self):
        deals = self.env["crm.deal.registration"].search([])
        self.assertGreaterEqual(len(deals), 25)
        states = set(deals.mapped("state"))
        self.assertLessEqual(
            {"approved", "review", "conflict", "won", "lost", "expired", "released", "revoked",
             "refused", "cancelled"}, states,
        )  # fmt: skip
        self.assertTrue(deals.filtered(lambda deal: deal.extension_state == "requested"))
        won = deals.filtered(lambda deal: deal.outcome == "partner" and deal.order_id)
        self.assertGreaterEqual(len(won), 3)
        self.assertTrue(all(line.deal_discount for line in won[:1].order_id.order_line))
        self.assertTrue(deals.filtered("referral_bill_id"))
        for deal in deals.filtered(lambda deal: deal.state == "conflict"):
            self.assertTrue(deal.conflict_ids.filtered("certain"))
