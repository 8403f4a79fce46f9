from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestPoolDemo(DemoCase):
    """The pools hold customers and leads, with a run, claims and hand-backs behind them."""

    def test_pools(self):
        pools = self.env["crm.pool"].search([])
        self.assertEqual(set(pools.mapped("res_model")), {"res.partner", "crm.lead"})
        self.assertGreaterEqual(
            self.env["res.partner"].search_count([("pool_id", "in", pools.ids)]), 5
        )
        runs = self.env["crm.pool.run"].search([])
        self.assertEqual(set(runs.mapped("state")), {"done"})
        self.assertFalse(runs.line_ids.filtered(lambda line: line.state == "failed"))
        hows = set(self.env["crm.pool.ownership"].search([]).mapped("how"))
        self.assertLessEqual({"claim", "release", "put"}, hows)

    def test_visits(self):
        visits = self.env["crm.visit"].search([])
        self.assertGreaterEqual(len(visits.filtered(lambda visit: visit.state == "done")), 20)
        self.assertTrue(visits.filtered("is_far"))
        self.assertTrue(visits.filtered("is_unlocated"))
        self.assertTrue(visits.filtered(lambda visit: visit.leg_km and visit.state == "planned"))
