from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestDiscipline(DemoCase):
    """What the demonstration shows of gates, teams, competitors, surveys and projects."""

    def test_figures_on_every_screen(self):
        for model in (
            "crm.stage.gate",
            "crm.playbook",
            "crm.lead.check",
            "crm.lead.document",
            "crm.lead.competitor",
            "crm.deal.member",
            "crm.loss.survey",
            "crm.win.loss.report",
            "crm.handover.item",
            "crm.project.budget.line",
            "crm.project.budget.alarm",
            "crm.project.revenue",
        ):
            self.assertTrue(self.env[model].search_count([], limit=1), model)

    def test_open_deals_are_rated(self):
        leads = self.env["crm.lead"].search(
            [("won_status", "=", "pending"), ("health", "!=", False)]
        )
        self.assertTrue({"green", "red"} & set(leads.mapped("health")))

    def test_projects_are_in_both_positions(self):
        revenue = self.env["crm.project.revenue"].search([])
        self.assertEqual(len(revenue), 2)
        for one in revenue:
            self.assertAmount(one.billed, one.earned + one.contract_liability - one.contract_asset)
