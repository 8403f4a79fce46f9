from odoo import Command, fields
from odoo.tests import Form, tagged

from .common_routing import RoutingCase


@tagged("post_install", "-at_install")
class TestRouteLead(RoutingCase):
    """Where leads go, and the reason they show."""

    def test_first_rule_in_sequence_decides(self):
        self._rule("Large", self.li, budget_from=100000, sequence=1)
        self._rule("Rest", self.wang, sequence=2)
        large, small = self._lead(expected_revenue=100000), self._lead(expected_revenue=99999)
        self.assertEqual((large.user_id, small.user_id), (self.li, self.wang))
        self.assertEqual(large.team_id, self.north)
        self.assertEqual(large.route_rule_id.name, "Large")
        self.assertIn("Large", large.route_reason)
        self.assertIn("turn of Li", large.route_reason)

    def test_every_dimension(self):
        industry = self.env["res.partner.industry"].create({"name": "Chemistry"})
        level = self.env["crm.customer.level"].create({"name": "A1", "rule": "manual"})
        source = self.env["utm.source"].create({"name": "Fair"})
        medium = self.env["utm.medium"].create({"name": "Stand"})
        categories = self.env["product.category"].create({"name": "Machines"})
        pumps = self.env["product.category"].create({"name": "Pumps", "parent_id": categories.id})
        product = self.env["product.template"].create({"name": "P1", "categ_id": pumps.id})
        tag = self.env["crm.tag"].create({"name": "Rental"})
        zh = self.env["res.lang"]._activate_lang("zh_CN")
        customer = self.env["res.partner"].create(
            {
                "name": "Hongtai",
                "is_company": True,
                "industry_id": industry.id,
                "customer_level_id": level.id,
                "company_size": "50",
            }
        )
        segment = self.env["crm.segment"].create(
            {
                "name": "Chosen",
                "kind": "static",
                "company_id": self.company.id,
                "static_partner_ids": [Command.set(customer.ids)],
            }
        )
        segment.action_refresh()
        model = self._model(
            ("China", None, {"country_ids": self.cn.ids}),
            ("SH", "China", {"state_ids": self.sh.ids}),
        )
        cases = [
            ({"industry_ids": industry.ids}, {"partner_id": customer.id}),
            ({"level_ids": level.ids}, {"partner_id": customer.id}),
            ({"size_from": "50", "size_to": "250"}, {"partner_id": customer.id}),
            ({"segment_ids": segment.ids}, {"partner_id": customer.id}),
            ({"source_ids": source.ids}, {"source_id": source.id}),
            ({"medium_ids": medium.ids}, {"medium_id": medium.id}),
            ({"product_categ_ids": categories.ids}, {"interest_product_ids": product.ids}),
            ({"tag_ids": tag.ids}, {"tag_ids": tag.ids}),
            ({"lang_ids": zh.ids}, {"lang_id": zh.id}),
            ({"lead_type": "opportunity"}, {"type": "opportunity"}),
            ({"arrived_team_ids": self.south.ids}, {"team_id": self.south.id}),
            ({"country_ids": self.us.ids}, {"country_id": self.us.id}),
            ({"state_ids": self.bj.ids}, {"state_id": self.bj.id}),
            (
                {"territory_ids": self._node(model, "China").ids},
                {"country_id": self.cn.id, "state_id": self.sh.id},
            ),
            ({"domain": "[('contact_name', 'ilike', 'chen')]"}, {"contact_name": "Mr Chen"}),
        ]
        for number, (condition, values) in enumerate(cases):
            rule = self._rule(f"R{number}", self.zhao, **condition)
            self.assertEqual(self._lead(**values).route_rule_id, rule, condition)
            self.assertFalse(self._lead(name="Else").user_id, condition)
            rule.active = False

    def test_in_turn_goes_on_from_batch_to_batch(self):
        self._rule("Turn", self.li, self.wang, self.zhao)
        first = self._leads(4).mapped("user_id.login")
        self.assertEqual(first, [self.li.login, self.wang.login, self.zhao.login])
        leads = self._leads(4)
        self.assertEqual(leads[0].user_id, self.wang)

    def test_least_loaded_counts_weights_of_stages(self):
        heavy = self.env["crm.stage"].create({"name": "Heavy", "routing_weight": 5})
        rule = self._rule("Load", self.li, self.wang, target="least_loaded")
        self.env["crm.lead"].create(
            {"name": "Big one", "user_id": self.li.id, "stage_id": heavy.id, "team_id": False}
        )
        leads = self._leads(4)
        self.assertEqual(leads.user_id, self.wang)
        self.assertIn("open weight 3", leads[3].route_reason)
        rule.member_ids[1].share = 0.5  # now 4 of Wang's count as 8
        self.assertEqual(self._lead().user_id, self.li)

    def test_lost_and_won_leads_are_no_load(self):
        self._rule("Load", self.li, self.wang, target="least_loaded")
        self._leads(2)
        mine = self.env["crm.lead"].search([("user_id", "=", self.li.id)])
        mine.action_set_lost()
        self.assertEqual(self._lead().user_id, self.li)

    def test_capacity_and_day_limit(self):
        rule = self._rule("Narrow", self.li, self.wang)
        rule.member_ids[0].capacity = 1
        rule.member_ids[1].day_limit = 2
        leads = self._leads(4)
        users = leads.mapped(lambda lead: lead.user_id.name or "-")
        self.assertEqual(users, ["Li", "Wang", "Wang", "-"])
        self.assertIn("No routing rule", leads[3].route_reason)
        self.assertIn("Li (full)", leads[2].route_reason)
        with self._at("2026-01-06 02:00:00"):
            self.assertEqual(self._lead().user_id, self.wang)

    def test_nobody_available(self):
        self._absent(self.li)
        rule = self._rule("Only Li", self.li, sequence=1)
        self._rule("Then", self.wang, sequence=2)
        lead = self._lead()
        self.assertEqual(lead.user_id, self.wang)
        self.assertIn("Nobody was available by: Only Li", lead.route_reason)
        rule.write({"nobody": "person", "fallback_user_id": self.zhao.id})
        lead = self._lead()
        self.assertEqual(lead.user_id, self.zhao)
        self.assertIn("nobody available", lead.route_reason)
        self.assertIn("Li (away)", lead.route_reason)
        rule.write({"nobody": "team", "team_id": self.north.id})
        lead = self._lead()
        self.assertEqual((lead.user_id.id, lead.team_id), (False, self.north))

    def test_working_hours(self):
        rule = self._rule("Hours", self.li, self.wang, availability="hours")
        with self._at("2026-01-05 14:00:00"):  # 22:00: nobody works, both begin tomorrow
            self.assertEqual(self._lead().user_id, self.li)
        self._off(self.wang, "2026-01-05 01:00:00", "2026-01-05 04:00:00")
        self.assertEqual(self._leads(2).user_id, self.li)
        self.assertIn("Wang (away)", self._lead().route_reason)
        rule.availability = "none"
        self.assertEqual(self._lead().user_id, self.wang)

    def test_holiday_of_the_company_makes_nobody_away(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Closed",
                "calendar_id": self.calendar.id,
                "date_from": "2026-01-04 16:00:00",
                "date_to": "2026-01-11 16:00:00",
            }
        )
        self._rule("Turn", self.li)
        self.assertEqual(self._lead().user_id, self.li)

    def test_team_members(self):
        self._rule("Team", team_id=self.north.id, people_from="team")
        self.north.crm_team_member_ids[0].assignment_optout = True
        self.assertEqual(self._leads(2).user_id, self.wang)

    def test_people_of_the_territory_or_the_nearest_above(self):
        self._model(
            ("China", None, {"country_ids": self.cn.ids, "member_ids": self.li.ids}),
            ("SH", "China", {"state_ids": self.sh.ids, "member_ids": self.wang.ids}),
            ("BJ", "China", {"state_ids": self.bj.ids}),
        )
        self._rule("Territory", people_from="territory", target="least_loaded")
        sh, bj, gd = (self._lead(state_id=state.id) for state in (self.sh, self.bj, self.gd))
        self.assertEqual((sh.user_id, bj.user_id, gd.user_id), (self.wang, self.li, self.li))
        self.assertEqual(bj.territory_id.name, "BJ")
        self.assertIn("China / SH", sh.route_reason)

    def test_one_person_and_only_a_team(self):
        self._rule("Person", target="person", user_id=self.zhao.id, budget_from=10, sequence=1)
        self._rule("Team", target="team", team_id=self.south.id, sequence=2)
        lead = self._lead(expected_revenue=10)
        self.assertEqual((lead.user_id, lead.team_id), (self.zhao, self.south))
        lead = self._lead()
        self.assertEqual((lead.user_id.id, lead.team_id), (False, self.south))
        self.assertIn("leaves it to South", lead.route_reason)

    def test_archived_users_and_other_companies_get_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids += other
        stranger = self._create_user("stranger", "sales_team.group_sale_salesman", company=other)
        self._rule("Both", stranger, self.li, self.wang)
        self.wang.active = False
        self.assertEqual(self._leads(3).user_id, self.li)

    def test_same_data_same_answer(self):
        self._rule("Load", self.wang, self.li, self.zhao, target="least_loaded")
        first = self._leads(5).mapped("user_id.id")
        self.env["crm.lead"].search([("company_id", "=", self.company.id)]).unlink()
        self.assertEqual(self._leads(5).mapped("user_id.id"), first)


@tagged("post_install", "-at_install")
class TestRouteSources(RoutingCase):
    """Every source of leads comes through the router; whoever is chosen stays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._rule("All", cls.zhao)

    def test_by_hand(self):
        mine = self.env["crm.lead"].with_user(self.li)
        with Form(mine.with_context(crm_lead_by_hand=True)) as form:
            form.name = "By hand"
        lead = form.record
        self.assertEqual(lead.user_id, self.li)
        self.assertIn("Li was chosen by Li", lead.route_reason)
        [saved] = mine.web_save({"name": "Quick"}, {"user_id": {}})
        self.assertEqual(saved["user_id"], self.li.id)
        lead_id, _name = mine.name_create("Quicker")
        self.assertEqual(mine.browse(lead_id).user_id, self.li)

    def test_by_hand_without_salesperson(self):
        mine = self.env["crm.lead"].with_user(self.li)
        [saved] = mine.web_save({"name": "For others", "user_id": False}, {"user_id": {}})
        self.assertFalse(saved["user_id"])
        self.env.cr.precommit.run()
        self.assertEqual(self.env["crm.lead"].browse(saved["id"]).user_id, self.zhao)

    def test_rule_may_override(self):
        self.rule.override_user = True
        lead = self._lead(user_id=self.li.id)
        self.assertEqual(lead.user_id, self.zhao)

    def test_api(self):
        """As JSON-2 calls it: no salesperson given, or one chosen."""
        leads = (
            self.env["crm.lead"]
            .with_user(self.all)
            .create(
                [
                    {"name": "A"},
                    {"name": "B", "user_id": self.li.id},
                    {"name": "C", "user_id": False},
                ]
            )
        )
        self.assertEqual(leads.mapped("user_id.name"), ["Zhao", "Li"])
        self.assertEqual(leads[2].user_id, self.zhao)

    def test_import(self):
        result = (
            self.env["crm.lead"]
            .with_user(self.all)
            .with_context(import_file=True)
            .load(["name", "user_id"], [["X", ""], ["Y", self.li.name]])
        )
        self.assertFalse(result["messages"])
        leads = self.env["crm.lead"].browse(result["ids"])
        self.assertEqual(leads[0].user_id, self.zhao)
        self.assertEqual(leads[1].user_id, self.li)

    def test_unwanted_leads_keep_the_default(self):
        self.rule.budget_from = 1000000
        lead = self.env["crm.lead"].with_user(self.all).create({"name": "Small"})
        self.assertEqual(lead.user_id, self.all)
        self.assertIn("No routing rule", lead.route_reason)

    def test_mail(self):
        domain = self.env["mail.alias.domain"].create({"name": "pumps.example.com"})
        self.company.alias_domain_id = domain
        self.north.write({"alias_name": "pumps-north", "alias_domain_id": domain.id})
        mail = (
            "From: Chen <chen@example.com>\r\nTo: pumps-north@pumps.example.com\r\n"
            "Subject: Pumps please\r\nMessage-Id: <routing-1@example.com>\r\n\r\nHello"
        )
        lead_id = self.env["mail.thread"].message_process(False, mail)
        lead = self.env["crm.lead"].browse(lead_id)
        self.assertEqual(lead.user_id, self.zhao)
        self.assertEqual(lead.route_rule_id, self.rule)
        self.rule.arrived_team_ids = self.south
        again = mail.replace("routing-1", "routing-2")
        lead = self.env["crm.lead"].browse(self.env["mail.thread"].message_process(False, again))
        self.assertEqual(lead.user_id, self.boss, "as without rules: the leader of the team")

    def test_nightly_job_leaves_routed_leads_alone(self):
        lead = self._lead()
        self.north.crm_team_member_ids.assignment_max = 100
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_manager")
        self.north._action_assign_leads()
        self.assertEqual((lead.user_id, lead.type), (self.zhao, "lead"))

    def test_without_rules_nothing_changes(self):
        self.rule.active = False
        lead = self.env["crm.lead"].with_user(self.li).create({"name": "Plain"})
        self.assertEqual(lead.user_id, self.li)
        self.assertFalse(lead.route_log_ids)

    def test_route_again(self):
        lead = self._lead(user_id=self.li.id)
        lead.with_user(self.boss).action_route_again()
        self.assertEqual(lead.user_id, self.zhao)
        self.assertEqual(self._last_log(lead).kind, "again")
        self.assertEqual(self._last_log(lead).actor_id, self.boss)
        self.assertEqual(self._last_log(lead).previous_user_id, self.li)

    def test_handed_over_by_hand(self):
        lead = self._lead()
        lead.with_user(self.boss).user_id = self.li
        self.assertEqual(self._last_log(lead).kind, "manual")
        self.assertIn("by Boss from Zhao to Li", lead.route_reason)

    def test_reason_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        lead = self._lead()
        self.assertIn("轮", lead.with_context(lang="zh_CN").route_log_ids.reason)

    def _in_chinese(self, record, name):
        record.with_context(lang="zh_CN").name = name
        return record

    def test_names_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        tag = self._in_chinese(self.env["crm.tag"].create({"name": "Rental"}), "租赁")
        self.rule.sequence = 9
        rule = self._rule(
            "Rentals", self.li, tag_ids=tag.ids, budget_to=5000, lead_type="lead", sequence=2
        )
        self._in_chinese(rule, "租赁线索")
        lead = self._lead(tag_ids=tag.ids)
        log = lead.route_log_ids
        for said in ("Rentals", "Rental ·", "budget up to"):
            self.assertIn(said, log.reason)
        chinese = log.with_context(lang="zh_CN").reason
        for said in ("租赁线索", "租赁 ·"):
            self.assertIn(said, chinese)
        self.assertNotIn("Rental", chinese)
        # the conditions are those of then; of what has gone the name of then is left
        rule.write({"tag_ids": [Command.clear()], "budget_to": 0})
        tag.unlink()
        self.env.invalidate_all()
        self.assertIn("Rental ·", log.reason)
        self.assertIn("Rental ·", log.with_context(lang="zh_CN").reason)

    def test_rules_without_anybody_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self._absent(self.li)
        self.rule.sequence = 9
        self._in_chinese(self._rule("Absent", self.li, sequence=1), "缺勤")
        log = self._lead().route_log_ids
        self.assertIn("Absent", log.reason)
        self.assertIn("缺勤", log.with_context(lang="zh_CN").reason)

    def test_decisions_of_before_stay_readable(self):
        log = self._lead().route_log_ids
        facts = {"code": "person", "rule": "Old", "conditions": "China · budget", "user": "Li"}
        old = self.env["crm.lead.route.log"].create(
            {"lead_id": log.lead_id.id, "kind": "create", "facts": {**facts, "tried": ["Gone"]}}
        )
        self.assertIn('"Old" (China · budget)', old.reason)
        self.assertIn("Nobody was available by: Gone.", old.reason)

    def test_search(self):
        lead = self._lead()
        self.assertIn(lead, lead.search([("route_rule_id", "=", self.rule.id)]))
        self.assertNotIn(lead, lead.search([("route_rule_id", "=", self.rule.copy().id)]))

    def test_merge_keeps_decisions(self):
        leads = self._leads(2)
        merged = leads.merge_opportunity(auto_unlink=True)
        self.assertEqual(len(merged.route_log_ids.filtered(lambda log: log.kind == "create")), 2)

    def test_routed_once_per_batch(self):
        """The number of queries does not grow with the leads, but for what Odoo itself does."""

        def queries(number):
            self.env.flush_all()
            start = self.env.cr.sql_log_count
            leads = self._leads(number)
            self.env.flush_all()
            router = self.env["crm.lead.router"]
            mine = self.env.cr.sql_log_count - start
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            company = self.company
            router._decide(
                leads.sudo(), company, router._places(leads.sudo(), company), True, set(), {}
            )
            return mine, self.env.cr.sql_log_count - start

        queries(2)
        (_few, deciding_few), (_many, deciding_many) = queries(5), queries(50)
        self.assertLessEqual(deciding_many, deciding_few + 2)

    def test_date_of_log(self):
        lead = self._lead()
        self.assertEqual(lead.route_log_ids.date, fields.Datetime.now())
