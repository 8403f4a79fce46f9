from odoo.tests import HttpCase, tagged

from .common_routing import RoutingCase


@tagged("post_install", "-at_install")
class TestRouteTour(RoutingCase, HttpCase):
    """The main paths in the browser, as a manager."""

    now = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss.group_ids += cls.env.ref("crm.group_use_lead")
        cls._policy()

    def test_rule_and_lead(self):
        self.start_tour("/odoo/lead-routing", "crm_sales_routing", login=self.boss.login)
        lead = self.env["crm.lead"].search([("name", "=", "Ten pumps")])
        self.assertEqual(lead.user_id, self.li)
        self.assertEqual(lead.sla_state, "open")
        self.assertEqual(len(lead.route_log_ids), 2)

    def test_preview_and_activate(self):
        self._model(("China", None, {"country_ids": self.cn.ids}), name="This year")
        lead = self._lead(state_id=self.js.id)
        draft = self._model(
            ("China", None, {"country_ids": self.cn.ids}),
            ("East", "China", {"state_ids": (self.sh | self.bj).ids}),
            ("North", "China", {"state_ids": (self.bj | self.gd).ids}),
            ("Jiangsu", "China", {"state_ids": self.js.ids}),
            name="Next year",
            activate=False,
            date_from=False,
        )
        self.start_tour("/odoo/territory-models", "crm_sales_territory", login=self.boss.login)
        self.assertEqual(draft.state, "active")
        self.assertEqual(lead.territory_id.complete_name, "China / Jiangsu")
