from odoo import Command
from odoo.tests import HttpCase, tagged

from .common_discipline import DisciplineCase


@tagged("post_install", "-at_install")
class TestStageGateTour(DisciplineCase, HttpCase):
    """In the browser: a blocked stage change, what is missing, and its remedy."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")

    def run_flow(self, suffix, lang):
        self.lin.lang = lang
        self._gate(self.qualified, self._field("expected_revenue"))
        self.env["crm.playbook"].create(
            {
                "name": "First meeting",
                "stage_id": self.new.id,
                "item_ids": [Command.create({"name": "Find the buyer", "mandatory": True})],
            }
        )
        lead = self._lead()
        with self.assertLogs("odoo.http", "WARNING"):  # what the user was told
            self.start_tour(
                f"/odoo/action-crm.crm_lead_action_pipeline/{lead.id}",
                f"crm_sales_stage_gate_{suffix}",
                login=self.lin.login,
            )
        self.assertEqual((lead.stage_id, lead.expected_revenue), (self.qualified, 5000))
        self.assertEqual(lead.check_ids.user_id, self.lin)

    def test_blocked_and_remedied(self):
        self.run_flow("en", "en_US")

    def test_blocked_and_remedied_in_chinese(self):
        self.run_flow("zh", "zh_CN")
