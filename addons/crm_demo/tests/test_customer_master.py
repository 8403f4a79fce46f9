from odoo.tests import tagged

from ..builder import customer_master
from .common import DemoCase


@tagged("post_install", "-at_install")
class TestCustomerMaster(DemoCase):
    """Levels, stages, roles and charts of the demonstration, and a full 360° view."""

    def test_stages_and_history(self):
        partner = self.env["res.partner"]
        for stage in ("customer", "prospect", "at_risk"):
            self.assertTrue(partner.search_count([("lifecycle_stage", "=", stage)]), stage)
        history = self.env["crm.customer.stage.history"]
        self.assertTrue(history.search_count([("date_to", "!=", False)]))

    def test_levels(self):
        levels = self.env["crm.customer.level"].search([])
        self.assertTrue(any(levels.mapped("partner_count")))

    def test_charts_roles_and_birthdays(self):
        partner = self.env["res.partner"]
        bosses = partner.search([("direct_report_ids", "!=", False)]).commercial_partner_id
        self.assertGreaterEqual(len(bosses), customer_master.CHARTS)
        self.assertTrue(partner.search_count([("contact_role_ids", "!=", False)]))
        self.assertTrue(partner.search_count([("birthday_key", "!=", 0)]))

    def test_360_of_the_best_customer(self):
        order = self.story_order()
        data = self.env["res.partner"].get_customer_360(order.partner_id.id)
        kinds = {row["kind"] for row in data["timeline"]["rows"]}
        self.assertLessEqual({"order", "invoice", "payment", "delivery"}, kinds)
        figures = {figure["key"]: figure["value"] for figure in data["figures"]}
        self.assertGreater(figures["revenue"], 0)
