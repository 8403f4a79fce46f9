from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_customer.models import crm_customer_lifecycle

from .common_360 import Customer360Case


@tagged("post_install", "-at_install")
class TestLifecycle(Customer360Case):
    """The stage of a customer follows its documents; history says from when to when and why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {"lifecycle_risk_days": 100, "lifecycle_lost_days": 200, "lifecycle_back_days": 50}
        )
        cls.lifecycle = cls.env["crm.customer.lifecycle"]

    def refresh(self, partners=None, today=None):
        return self.lifecycle._refresh((partners or self.customer).ids, today)

    def assertStage(self, stage, partner=None):
        self.refresh(partner)
        self.assertEqual((partner or self.customer).lifecycle_stage, stage)

    def test_no_document_no_stage(self):
        self.assertStage(False)
        self.assertFalse(self.customer.lifecycle_history_ids)

    def test_lead_then_prospect_then_customer(self):
        lead = self._lead(100, 10, partner=self.chen, type="lead")
        self.assertStage("lead")
        lead.type = "opportunity"
        self.assertStage("prospect")
        self.assertIn("1 opportunities, 0 quotations", self.customer.lifecycle_reason)
        lead.action_set_lost()
        self.assertStage("lead")
        quotation = self._order(confirm=False, partner=self.wu)
        self.assertStage("prospect")
        quotation.action_confirm()
        self.assertStage("customer")
        self.assertIn("not invoiced", self.customer.lifecycle_reason)
        self.assertEqual(
            self.customer.lifecycle_history_ids.sorted("id").mapped("stage"),
            ["lead", "prospect", "lead", "prospect", "customer"],
        )

    def test_contacts_follow(self):
        self._move(days=10, partner=self.chen)
        self.assertStage("customer")
        self.assertEqual(self.chen.lifecycle_stage, "customer")
        self.assertFalse(self.chen.lifecycle_history_ids)
        new = self.env["res.partner"].create({"name": "Late", "parent_id": self.customer.id})
        self.assertEqual(new.lifecycle_stage, "customer")

    def test_days_since_last_invoice(self):
        for days, stage in ((100, "customer"), (101, "at_risk"), (200, "at_risk"), (201, "lost")):
            partner = self.env["res.partner"].create({"name": f"{days} days"})
            self._move(days=days, partner=partner)
            self.assertStage(stage, partner)
        self.assertIn("201 days ago; the limit is 200", partner.lifecycle_reason)

    def test_won_back_for_a_while(self):
        self._move(days=500)
        self._move(days=60)
        self.assertEqual(self.refresh(today=self.day(290)), 1)
        self.assertEqual(self.customer.lifecycle_stage, "lost")
        self.refresh(today=self.day(20))
        self.assertEqual(self.customer.lifecycle_stage, "won_back")
        self.assertIn("bought again", self.customer.lifecycle_reason)
        self.refresh()
        self.assertEqual(self.customer.lifecycle_stage, "customer")
        rows = self.customer.lifecycle_history_ids.sorted("date_from")
        self.assertEqual(rows.mapped("stage"), ["lost", "won_back", "customer"])
        self.assertEqual(rows.mapped("date_from"), [self.day(290), self.day(20), self.today])
        self.assertEqual(rows.mapped("date_to"), [self.day(20), self.today, False])
        self.assertEqual(rows[0].days, 270)

    def test_reversed_invoice_is_no_purchase(self):
        invoice = self._move(days=10)
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizard.create({"journal_id": invoice.journal_id.id}).modify_moves()
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertStage(False)

    def test_draft_and_vendor_bills_do_not_count(self):
        self._move(days=1, kind="in_invoice")
        self.assertStage(False)

    def test_twice_changes_nothing(self):
        self._move(days=10)
        self.assertEqual(self.refresh(), 1)
        self.assertEqual(self.refresh(), 0)
        self.assertEqual(len(self.customer.lifecycle_history_ids), 1)

    def test_lock_by_hand(self):
        self._move(days=10)
        self.refresh()
        self.customer.lifecycle_stage = "at_risk"
        self.assertTrue(self.customer.lifecycle_locked)
        self.assertEqual(self.refresh(), 0)
        self.assertEqual(self.customer.lifecycle_stage, "at_risk")
        row = self.customer.lifecycle_history_ids.filtered(lambda row: not row.date_to)
        self.assertEqual((row.stage, row.manual, row.user_id), ("at_risk", True, self.env.user))
        self.customer.lifecycle_locked = False
        self.assertStage("customer")

    def test_days_of_the_company(self):
        other = self.setup_other_company(name="Strict")["company"]
        other.write({"lifecycle_risk_days": 5, "lifecycle_lost_days": 9})
        self._move(days=10)
        self.assertStage("customer")
        self.customer.company_id = self.company
        own = self.env["res.partner"].create({"name": "Own", "company_id": other.id})
        move = self.init_invoice(
            "out_invoice", partner=own, invoice_date=self.day(10), amounts=[5], company=other
        )
        move.action_post()
        self.assertStage("lost", own)
        self.assertStage("customer")

    def test_bad_settings(self):
        with self.assertRaises(ValidationError):
            self.company.lifecycle_lost_days = 100
        with self.assertRaises(ValidationError):
            self.company.lifecycle_back_days = -1

    def test_cron_in_batches(self):
        partners = self.env["res.partner"].create([{"name": f"P{n}"} for n in range(5)])
        for partner in partners:
            self._move(days=3, partner=partner)
        self.patch(crm_customer_lifecycle, "BATCH", 2)
        with self.enter_registry_test_mode():
            self.env.ref("crm_customer.ir_cron_customer_lifecycle").method_direct_trigger()
        self.assertEqual(set(partners.mapped("lifecycle_stage")), {"customer"})

    def test_cron_of_levels(self):
        self.env["crm.customer.level"].create({"name": "X", "sequence": 0, "min_revenue": 5})
        self._move(10, days=3)
        with self.enter_registry_test_mode():
            self.env.ref("crm_customer.ir_cron_customer_level").method_direct_trigger()
        self.assertEqual(self.customer.customer_level_id.name, "X")

    def test_cron_leaves_only_the_poisoned_record_behind(self):
        partners = self.env["res.partner"].create([{"name": f"P{n}"} for n in range(4)])
        for partner in partners:
            self._move(days=3, partner=partner)
        bad = partners[2]
        original = type(self.lifecycle)._sql_target

        def target(model, ids, today):
            if bad.id in ids:
                raise ValueError("poisoned")
            return original(model, ids, today)

        self.patch(type(self.lifecycle), "_sql_target", target)
        logger = "odoo.addons.crm_customer.models.crm_customer_lifecycle"
        with self.enter_registry_test_mode(), self.assertLogs(logger, "WARNING") as logs:
            self.env.ref("crm_customer.ir_cron_customer_lifecycle").method_direct_trigger()
        self.assertEqual(len(logs.output), 1)
        self.assertEqual(set((partners - bad).mapped("lifecycle_stage")), {"customer"})
        self.assertFalse(bad.lifecycle_stage)
        self.assertIn("poisoned", bad.lifecycle_reason)
        self.patch(type(self.lifecycle), "_sql_target", original)
        self.assertStage("customer", bad)
        self.assertNotIn("poisoned", bad.lifecycle_reason)

    def test_history_is_written_by_methods_only(self):
        self._create_people()
        self._move(days=10)
        self.refresh()
        row = self.customer.lifecycle_history_ids.with_user(self.boss)
        self.assertEqual(row.stage, "customer")
        with self.assertRaises(AccessError):
            row.write({"date_to": self.today})
        with self.assertRaises(AccessError):
            row.unlink()


@tagged("post_install", "-at_install")
class TestLevels(Customer360Case):
    """The first level whose rule is met, unless it was set by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.customer.level"].search([]).active = False
        cls.a, cls.b, cls.vip = cls.env["crm.customer.level"].create(
            [
                {"name": "A", "sequence": 1, "min_revenue": 1000, "months": 12},
                {"name": "B", "sequence": 2, "min_revenue": 100, "months": 12},
                {"name": "VIP", "sequence": 9, "rule": "domain", "domain": "[('ref', '=', 'VIP')]"},
            ]
        )
        cls.level = cls.env["crm.customer.level"]

    def assertLevel(self, level, partner=None):
        self.level._refresh()
        self.assertEqual((partner or self.customer).customer_level_id, level)

    def test_revenue(self):
        self._move(999.99, days=20, partner=self.chen)
        self.assertLevel(self.b)
        self._move(0.01, days=1)
        self.assertLevel(self.a)
        self.assertIn("1,000.00", self.customer.customer_level_reason)
        self._move(0.01, days=1, kind="out_refund")
        self.assertLevel(self.b)
        self.assertEqual(self.chen.customer_level_id, self.b)

    def test_only_the_last_months_count(self):
        self._move(5000, days=400)
        self.assertLevel(self.level)
        self.a.months = 24
        self.assertLevel(self.a)

    def test_condition_and_order(self):
        self.customer.ref = "VIP"
        self.assertLevel(self.vip)
        self._move(200, days=1)
        self.assertLevel(self.b)
        self.vip.sequence = 0
        self.assertLevel(self.vip)
        self.assertIn("condition", self.customer.customer_level_reason)

    def test_both(self):
        self.a.write({"rule": "both", "domain": "[('ref', '=', 'KEY')]"})
        self._move(2000, days=1)
        self.assertLevel(self.b)
        self.customer.ref = "KEY"
        self.assertLevel(self.a)

    def test_twice_changes_nothing(self):
        self._move(200, days=1)
        self.assertGreaterEqual(self.level._refresh(), 1)
        self.assertEqual(self.level._refresh(), 0)

    def test_lock_by_hand(self):
        self._move(200, days=1)
        self.customer.customer_level_id = self.a
        self.assertTrue(self.customer.customer_level_locked)
        self.assertLevel(self.a)
        self.assertEqual(self.customer.customer_level_reason, "Set by hand")
        self.customer.customer_level_locked = False
        self.assertLevel(self.b)

    def test_level_by_hand_is_never_taken_away(self):
        gold = self.level.create({"name": "Gold", "rule": "manual"})
        self.customer.write({"customer_level_id": gold.id, "customer_level_locked": False})
        self.assertLevel(gold)

    def test_rule_that_fails_keeps_its_customers(self):
        self._move(200, days=1)
        self.customer.ref = "VIP"
        self.vip.sequence = 0
        vip_only = self.env["res.partner"].create({"name": "V", "ref": "VIP"})
        self.level._refresh()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_customer_level SET domain = %s WHERE id = %s",
            ("[('field_that_was_removed', '=', 1)]", self.vip.id),
        )
        self.env.invalidate_all()
        other = self.env["res.partner"].create({"name": "Buyer"})
        self._move(300, days=1, partner=other)
        with mute_logger("odoo.addons.crm_customer.models.crm_customer_level"):
            self.assertLevel(self.b, other)
        self.assertIn("field_that_was_removed", self.vip.error)
        self.assertEqual(self.customer.customer_level_id, self.vip)
        self.assertEqual(vip_only.customer_level_id, self.vip)
        self.vip.domain = "[('ref', '=', 'NOBODY')]"
        self.assertLevel(self.b)
        self.assertFalse(self.vip.error)

    def test_bad_rules_are_refused(self):
        for values in (
            {"domain": "[('nothing', '=', 1)]", "rule": "domain"},
            {"domain": "[(", "rule": "domain"},
            {"months": 0},
        ):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.a.write(values)

    def test_a_condition_cannot_ask_for_a_hidden_field(self):
        self._create_people()
        vip = self.vip.with_user(self.boss)
        vip.domain = "[('ref', '=', 'VIP2')]"
        with self.assertRaisesRegex(ValidationError, "cannot be used"), self.cr.savepoint():
            vip.domain = "[('signup_type', '!=', False)]"
        self.assertEqual(vip.domain, "[('ref', '=', 'VIP2')]")

    def test_salesperson_may_not_change_levels(self):
        self._create_people()
        with self.assertRaises(AccessError):
            self.a.with_user(self.li).action_refresh()
        with self.assertRaises(AccessError):
            self.a.with_user(self.li).min_revenue = 1
        self._move(200, days=1)
        self.env.flush_all()
        self.a.with_user(self.boss).action_refresh()
        self.assertEqual(self.customer.customer_level_id, self.b)


@tagged("post_install", "-at_install")
class TestContacts(Customer360Case):
    """Roles, the organisation chart, and what is known about a person."""

    def test_circle_is_refused(self):
        self.wu.reports_to_id = self.chen
        with self.assertRaises(ValidationError):
            self.chen.reports_to_id = self.wu
        with self.assertRaises(ValidationError):
            self.chen.reports_to_id = self.chen

    def test_longer_circle_is_refused(self):
        third = self.env["res.partner"].create(
            {"name": "C", "parent_id": self.customer.id, "reports_to_id": self.wu.id}
        )
        self.wu.reports_to_id = self.chen
        with self.assertRaises(ValidationError):
            self.chen.reports_to_id = third

    def test_boss_of_another_customer_is_refused(self):
        elsewhere = self.env["res.partner"].create({"name": "Elsewhere"})
        with self.assertRaises(ValidationError):
            self.chen.reports_to_id = elsewhere

    def test_whoever_changes_company_cannot_keep_the_boss(self):
        self.wu.reports_to_id = self.chen
        other = self.env["res.partner"].create({"name": "Other", "is_company": True})
        with self.assertRaises(ValidationError):
            self.wu.parent_id = other
        self.wu.write({"parent_id": other.id, "reports_to_id": False})
        self.assertEqual(self.wu.commercial_partner_id, other)

    def test_organisation_action(self):
        self.wu.reports_to_id = self.chen
        action = self.chen.action_open_org_chart()
        people = self.env["res.partner"].search(action["domain"])
        self.assertEqual(people, self.chen | self.wu)
        read = self.env["res.partner"].hierarchy_read(
            action["domain"], {"name": {}}, "reports_to_id", "direct_report_ids"
        )
        self.assertEqual({row["id"] for row in read}, set(people.ids))

    def test_roles_and_person_in_the_form(self):
        role = self.env.ref("crm_customer.crm_contact_role_decider")
        user = self.env.ref("crm_customer.crm_contact_role_user")
        with Form(self.chen) as form:
            form.contact_role_ids.add(role)
            form.contact_role_ids.add(user)
            form.preferred_channel = "wechat"
            form.birthday = "1980-04-12"
        self.assertEqual(self.chen.contact_role_ids, role | user)
        self.assertEqual(self.chen.birthday_key, 412)
        header = self.customer._customer_header()
        self.assertEqual(len(header["contacts"][0]["roles"]), 2)

    def test_birthdays_of_a_month(self):
        self.chen.birthday = "1980-04-30"
        self.wu.birthday = "1999-05-01"
        found = self.env["res.partner"].search(
            [("birthday_key", ">", 400), ("birthday_key", "<", 432)]
        )
        self.assertEqual(found & (self.chen | self.wu), self.chen)

    def test_size_and_revenue_belong_to_the_company(self):
        self.customer.write({"company_size": "50", "annual_revenue": 1000000})
        self.assertEqual(self.chen.company_size, "50")
        self.assertEqual(self.chen.annual_revenue, 1000000)

    def test_open_360_of_a_contact_is_that_of_the_customer(self):
        action = self.chen.action_open_360()
        self.assertEqual(action["tag"], "crm_customer.customer_360")
        self.assertEqual(action["context"]["active_id"], self.customer.id)

    def test_roles_have_one_name(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.env["crm.contact.role"].create([{"name": "Same"}, {"name": "Same"}])
            self.env.flush_all()

    def test_contacts_are_archived_with_their_reports(self):
        self.wu.reports_to_id = self.chen
        self.chen.unlink()
        self.assertFalse(self.wu.reports_to_id)
        self.wu.write({"contact_role_ids": [Command.clear()]})
