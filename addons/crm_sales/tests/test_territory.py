from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..models import crm_territory_model
from ..models.crm_territory_model import CrmTerritoryModel
from .common_routing import RoutingCase


@tagged("post_install", "-at_install")
class TestTerritory(RoutingCase):
    """The tree, its models, and what moves when one takes effect."""

    def _china(self, **values):
        return self._model(
            ("China", None, {"country_ids": self.cn.ids}),
            ("East", "China", {"state_ids": (self.sh | self.js).ids}),
            ("North", "China", {"state_ids": self.bj.ids}),
            **values,
        )

    def test_every_kind_of_rule(self):
        industry = self.env["res.partner.industry"].create({"name": "Chemistry"})
        level = self.env["crm.customer.level"].create({"name": "A1", "rule": "manual"})
        named, chemist = self.env["res.partner"].create(
            [
                {"name": "Named", "is_company": True, "country_id": self.us.id},
                {"name": "Chemist", "is_company": True, "industry_id": industry.id},
            ]
        )
        vip = self.env["res.partner"].create({"name": "Vip", "customer_level_id": level.id})
        contact = self.env["res.partner"].create({"name": "Wu", "parent_id": named.id})
        model = self._model(
            ("Key", None, {"partner_ids": named.ids}),
            ("Chemistry", None, {"industry_ids": industry.ids}),
            ("Vip", None, {"level_ids": level.ids}),
            ("Suzhou", None, {"cities": "Suzhou, 苏州"}),
            ("Pudong", None, {"zip_ranges": "2001-2009, 201"}),
            ("America", None, {"country_ids": self.us.ids}),
            ("Jiangsu", None, {"state_ids": self.js.ids}),
        )
        for values, name in (
            ({"partner_id": contact.id}, "Key"),
            ({"partner_id": chemist.id}, "Chemistry"),
            ({"partner_id": vip.id}, "Vip"),
            ({"city": " SUZHOU"}, "Suzhou"),
            ({"city": "苏州市"}, "Suzhou"),
            ({"zip": "200 120"}, "Pudong"),
            ({"zip": "202000"}, None),
            ({"country_id": self.us.id}, "America"),
            ({"state_id": self.js.id}, "Jiangsu"),
        ):
            self.assertEqual(self._lead(**values).territory_id, self._node(model, name), values)

    def test_territory_follows_the_address(self):
        model = self._china()
        lead = self._lead(state_id=self.sh.id)
        self.assertEqual(lead.territory_id.complete_name, "China / East")
        lead.write({"state_id": self.bj.id})
        self.assertEqual(lead.territory_id, self._node(model, "North"))
        lead.write({"state_id": False, "country_id": self.us.id})
        self.assertFalse(lead.territory_id)

    def test_preview_then_activate(self):
        old = self._china(name="Old")
        leads = self._leads(3, state_id=self.js.id, expected_revenue=1000) | self._lead(
            state_id=self.bj.id
        )
        new = old.copy()
        self.assertEqual((new.state, len(new.territory_ids)), ("draft", 3))
        self.assertEqual(self._node(new, "East").parent_id, self._node(new, "China"))
        self._node(new, "North").state_ids += self.js
        self._node(new, "East").state_ids -= self.js
        action = new.with_user(self.boss).action_preview()
        wizard = self.env["crm.territory.activate"].browse(action["res_id"])
        self.assertEqual((wizard.lead_count, wizard.moved_count), (4, 3))
        line = wizard.line_ids
        self.assertEqual((line.from_id.name, line.to_id.name), ("East", "North"))
        self.assertEqual((line.lead_count, line.expected_revenue), (3, 3000))
        self.assertEqual(wizard.replaced_ids, old)
        self.assertEqual(leads.territory_id.model_id, old, "a preview moves nothing")
        wizard.with_user(self.boss).action_activate()
        self.assertEqual(leads.territory_id, self._node(new, "North"))
        self.assertEqual(old.date_to, fields.Date.to_date("2026-01-04"))
        self.assertTrue(new.in_effect)
        self.assertFalse(old.in_effect)

    def test_effective_dates(self):
        old = self._china(name="Old")
        lead = self._lead(state_id=self.bj.id)
        new = self._model(("All", None, {}), activate=False, name="New", date_from="2026-02-01")
        new._activate()
        self.assertEqual(lead.territory_id.model_id, old)
        self.assertEqual(old.date_to, fields.Date.to_date("2026-01-31"))
        with self._at("2026-02-01 02:00:00"):
            self.assertEqual(self._lead(state_id=self.bj.id).territory_id.model_id, new)
            self._run_cron()
            self.assertEqual(lead.territory_id.model_id, new)
            self.assertEqual((old.state, new.move_pointer), ("archived", -1))

    def test_routed_again_when_moved(self):
        self._rule("Territory", people_from="territory")
        old = self._model(("East", None, {"state_ids": self.js.ids, "member_ids": self.li.ids}))
        moved, stays = (
            self._lead(state_id=self.js.id),
            self._lead(state_id=self.js.id, user_id=self.zhao.id),
        )
        same = old.copy()
        same._activate(reassign=True)
        self.assertEqual((moved.user_id, stays.user_id), (self.li, self.zhao), "same place")
        with self._at("2026-01-06 02:00:00"):
            new = same.copy()
            new.territory_ids.write({"name": "West", "member_ids": [Command.set(self.wang.ids)]})
            new._activate(reassign=True)
        self.assertEqual((moved | stays).user_id, self.wang)
        self.assertEqual(self._last_log(moved).kind, "territory")

    def test_moves_in_batches(self):
        self._china(name="Old")
        leads = self._leads(5, state_id=self.bj.id)
        new = self._model(("All", None, {}), activate=False, date_from="2026-01-05", name="New")
        self.patch(crm_territory_model, "AT_ONCE", 2)
        self.patch(CrmTerritoryModel._move_batch, "__defaults__", (2,))
        new._activate()
        self.assertEqual(new.move_pointer, leads.sorted("id")[1].id)
        self._run_cron()
        self.assertEqual(leads.territory_id.model_id, new)
        self.assertEqual(new.move_pointer, -1)

    def test_an_error_stays_with_its_model(self):
        self._china(name="Old", date_to="2026-01-31")
        lead = self._lead(state_id=self.bj.id)
        new = self._model(("All", None, {}), activate=False, date_from="2026-02-01", name="New")
        new._activate()
        original = CrmTerritoryModel._move_batch

        def poisoned(model, limit=1000):
            raise ValueError("poison")

        self.patch(CrmTerritoryModel, "_move_batch", poisoned)
        with self._at("2026-02-02 02:00:00"):
            self._run_cron()
            self.assertEqual((new.error, lead.territory_id.name), ("poison", "North"))
            self.patch(CrmTerritoryModel, "_move_batch", original)
            self._run_cron()
            self.assertEqual((new.error, lead.territory_id.name), (False, "All"))

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_sales.ir_cron_territories").method_direct_trigger()

    def test_one_model_at_a_time(self):
        self._china(name="Old")
        new = self._model(("All", None, {}), activate=False, date_from="2026-01-01", name="New")
        with self.assertRaisesRegex(UserError, "Old"):
            new._activate()
        new.date_from = "2026-01-05"
        new._activate()
        with self.assertRaisesRegex(ValidationError, "same time"), self.cr.savepoint():
            new.date_from = "2026-01-02"
        with self.assertRaisesRegex(UserError, "not a draft"):
            new._activate()

    def test_model_without_territory(self):
        with self.assertRaisesRegex(UserError, "no territory yet"):
            self._model()

    def test_overlaps_are_named(self):
        model = self._model(
            ("East", None, {"state_ids": (self.sh | self.js).ids}),
            ("North", None, {"state_ids": (self.bj | self.js).ids}),
            ("Jiangsu", None, {"state_ids": self.js.ids}),
            ("Rest", None, {}),
            activate=False,
        )
        self.assertIn('"East" and "North" overlap; "East" wins', model.conflicts)
        self.assertIn('"Jiangsu" can never be reached: "East" comes before it', model.conflicts)
        self.assertNotIn("Rest", model.conflicts)
        self.assertIn("North", self._node(model, "East").conflicts)
        self._node(model, "North").state_ids -= self.js
        self._node(model, "Jiangsu").unlink()
        self.assertFalse(model.conflicts)

    def test_outside_of_the_parent_and_accounts_twice(self):
        partner = self.env["res.partner"].create({"name": "Hongtai"})
        model = self._model(
            ("China", None, {"country_ids": self.cn.ids}),
            ("Texas", "China", {"country_ids": self.us.ids}),
            ("Key 1", "China", {"partner_ids": partner.ids}),
            ("Key 2", "China", {"partner_ids": partner.ids}),
            activate=False,
        )
        self.assertIn('"China / Texas" can never be reached', model.conflicts)
        self.assertIn('"China / Key 1" and "China / Key 2" both name Hongtai', model.conflicts)

    def test_circle(self):
        model = self._china(activate=False)
        top, east = self._node(model, "China"), self._node(model, "East")
        for parent in (east, top):
            with self.assertRaisesRegex(ValidationError, '"China" would lie below itself'):
                top.parent_id = parent

    def test_postcodes_that_are_none(self):
        model = self._china(activate=False)
        with self.assertRaisesRegex(ValidationError, '"9-1" is no range'):
            self._node(model, "East").zip_ranges = "2000, 9-1"

    def test_parent_of_another_model(self):
        model, other = self._china(activate=False), self._china(activate=False)
        with self.assertRaisesRegex(ValidationError, "different territory models"):
            self._node(model, "East").parent_id = self._node(other, "China")

    def test_delete(self):
        model = self._china()
        lead = self._lead(state_id=self.sh.id)
        with self.assertRaisesRegex(UserError, "open leads"):
            self._node(model, "China").unlink()
        with self.assertRaisesRegex(UserError, "Only drafts"):
            model.unlink()
        lead.action_set_lost()
        self._node(model, "East").unlink()
        self.assertFalse(lead.territory_id)

    def test_order_and_figures(self):
        model = self._china()
        self.assertEqual(
            model.territory_ids.sorted("sort_path").mapped("complete_name"),
            ["China", "China / East", "China / North"],
        )
        self._leads(2, state_id=self.sh.id, expected_revenue=10)
        east = self._node(model, "East")
        self.assertEqual((east.lead_count, east.expected_revenue, model.lead_count), (2, 20, 2))
        action = self._node(model, "China").action_open_leads()
        self.assertEqual(self.env["crm.lead"].search_count(action["domain"]), 2)

    def test_archive(self):
        model = self._china()
        model.action_archive_model()
        self.assertEqual(model.state, "archived")
        self.assertFalse(self._lead(state_id=self.sh.id).territory_id)
