from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_routing import RoutingCase


@tagged("post_install", "-at_install")
class TestRouteAccess(RoutingCase):
    """People of a territory read its leads and those below; nothing else widens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls._model(
            ("China", None, {"country_ids": cls.cn.ids, "user_id": cls.zhao.id}),
            ("East", "China", {"state_ids": cls.sh.ids, "member_ids": cls.li.ids}),
            ("North", "China", {"state_ids": cls.bj.ids, "member_ids": cls.wang.ids}),
        )
        cls.east = cls._lead(name="East", state_id=cls.sh.id, user_id=cls.all.id)
        cls.north_lead = cls._lead(name="North", state_id=cls.bj.id, user_id=cls.all.id)
        cls.mine = cls._lead(name="Mine", state_id=cls.bj.id, user_id=cls.li.id)
        cls.else_ = cls._lead(name="Else", country_id=cls.us.id, user_id=cls.all.id)
        cls.all_leads = cls.east | cls.north_lead | cls.mine | cls.else_

    def _seen(self, user):
        leads = self.env["crm.lead"].with_user(user)
        return set(leads.search([("id", "in", self.all_leads.ids)]).mapped("name"))

    def test_own_territory_and_below(self):
        self.assertEqual(self._seen(self.li), {"East", "Mine"})
        self.assertEqual(self._seen(self.wang), {"North", "Mine"})
        self.assertEqual(self._seen(self.zhao), {"East", "North", "Mine"})
        self.assertEqual(self._seen(self.all), {"East", "North", "Mine", "Else"})

    def test_read_only(self):
        lead = self.east.with_user(self.li)
        self.assertEqual(lead.name, "East")
        with self.assertRaises(AccessError):
            lead.write({"name": "Taken"})
        with self.assertRaises(AccessError):
            lead.action_route_again()
        self.mine.with_user(self.li).write({"name": "Still mine"})

    def test_follows_the_people_at_once(self):
        self.model.territory_ids.filtered(lambda one: one.name == "East").member_ids = self.wang
        self.assertEqual(self._seen(self.li), {"Mine"})
        self.assertEqual(self._seen(self.wang), {"East", "North", "Mine"})

    def test_archived_model_gives_no_access(self):
        self.model.action_archive_model()
        self.assertEqual(self._seen(self.zhao), set())

    def test_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids += other
        stranger = self._create_user("stranger", "sales_team.group_sale_manager", company=other)
        self._rule("Rule", self.li)
        policy = self._policy()
        for records in (
            self.model,
            self.model.territory_ids,
            policy,
            self.env["crm.lead.route.rule"].search([]),
        ):
            theirs = records.with_user(stranger).with_context(allowed_company_ids=other.ids)
            self.assertFalse(theirs.search([("id", "in", records.ids)]), records._name)
        leads = self.all_leads.with_user(stranger).with_context(allowed_company_ids=other.ids)
        self.assertFalse(leads.search([("id", "in", leads.ids)]))

    def test_salespeople_do_not_configure(self):
        rule, policy = self._rule("Rule", self.li), self._policy()
        for record in (rule, rule.member_ids, policy, self.model, self.model.territory_ids[0]):
            record.with_user(self.li).read(["display_name"])
            for operation in ("write", "create", "unlink"):
                self.assertFalse(record.with_user(self.li).has_access(operation), record)
                self.assertTrue(record.with_user(self.boss).has_access(operation), record)
        with self.assertRaises(AccessError):
            self.model.with_user(self.li).action_preview()

    def test_decisions_and_clocks(self):
        rule = self._rule("Rule", self.all, sla_policy_id=self._policy().id)
        east = self._lead(state_id=self.sh.id)
        self.assertEqual(east.route_rule_id, rule)
        for model in ("crm.lead.route.log", "crm.lead.sla", "crm.lead.response.report"):
            domain = [("lead_id", "=", east.id)]
            for user, sees in ((self.li, 1), (self.wang, 0), (self.zhao, 1), (self.all, 1)):
                found = self.env[model].with_user(user).search(domain)
                self.assertEqual(len(found), sees, (model, user.name))
            records = self.env[model].search(domain)
            for operation in ("write", "create", "unlink"):
                self.assertFalse(records.with_user(self.boss).has_access(operation), model)
        self.assertEqual(east.with_user(self.li).sla_state, "open")
        self.assertIn("Rule", east.with_user(self.li).route_reason)

    def test_user_without_sales_rights(self):
        nobody = self._create_user("nobody", "base.group_user")
        for model in (
            "crm.territory",
            "crm.lead.route.rule",
            "crm.lead.route.log",
            "crm.lead.sla",
            "crm.lead.response.report",
        ):
            with self.assertRaises(AccessError):
                self.env[model].with_user(nobody).search([])

    def test_salesperson_brings_a_lead_for_others(self):
        """Who may not see the result may still cause it."""
        self._rule("Rule", self.wang)
        lead = self.env["crm.lead"].with_user(self.li).create({"name": "From the fair"})
        self.assertEqual(lead.sudo().user_id, self.wang)
