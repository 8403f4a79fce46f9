from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common_validation import ValidationCase


@tagged("post_install", "-at_install")
class TestValidationRule(ValidationCase):
    """What a rule refuses, when, and whom it concerns."""

    def test_blocks_create_and_write(self):
        self.require_vat()
        text = self.refused("Hongtai", self.Partner.create, {"name": "Hongtai", "is_company": True})
        self.assertIn("Ask the customer for the tax number.", text)
        self.assertIn("Companies need a tax number", text)
        self.assertIn(self.Partner.fields_get(["vat"])["vat"]["string"], text)
        partner = self.Partner.create({"name": "Li Lei"})
        self.flush()
        self.refused("Li Lei", partner.write, {"is_company": True})
        self.assertFalse(partner.is_company, "nothing of it is kept")
        partner.write({"is_company": True, "vat": "123"})
        self.flush()

    def test_all_violations_in_one_message(self):
        self.require_vat()
        self.create_rule(
            name="No test", condition="[('name', 'ilike', 'test')]", message="Use real names."
        )
        text = self.refused(
            "Use real names.",
            self.Partner.create,
            [
                {"name": "Test one", "is_company": True},
                {"name": "Fine"},
                {"name": "Two", "is_company": True},
            ],
        )
        self.assertEqual(text.count("•"), 3)
        self.assertIn("Two", text)
        self.assertNotIn("Fine", text)

    def test_completed_by_an_override(self):
        """The tax number of a child is copied from its company after ``create`` has begun."""
        self.require_vat(condition="[('parent_id', '!=', False)]")
        company = self.Partner.create({"name": "Parent", "is_company": True, "vat": "777"})
        child = self.Partner.create({"name": "Child", "parent_id": company.id})
        self.flush()
        self.assertEqual(child.vat, "777")

    def test_trigger_fields(self):
        self.create_rule(
            name="Keep the reference",
            on_create=False,
            trigger_field_names="ref",
            condition="[('ref', '=like', 'X%')]",
        )
        partner = self.Partner.create({"name": "Li Lei", "ref": "X1"})
        self.flush()
        partner.write({"ref": "X1", "comment": "the same value again is no change"})
        self.flush()
        self.refused("Keep the reference", partner.write, {"ref": "X2"})
        partner.write({"ref": "Y2"})
        self.flush()

    def test_change_kinds(self):
        rule = self.create_rule(
            name="Colour", on_create=False, trigger_field_names="color", change_kind="increase"
        )
        partner = self.Partner.create({"name": "Li Lei", "color": 3})
        self.flush()
        self.refused("Colour", partner.write, {"color": 4})
        partner.write({"color": 2})
        self.flush()
        rule.change_kind = "decrease"
        self.refused("Colour", partner.write, {"color": 1})
        rule.change_kind = "clear"
        partner.write({"color": 1})
        self.flush()
        self.refused("Colour", partner.write, {"color": 0})

    def test_state_before(self):
        self.create_rule(
            name="No way back",
            condition_before="[('function', '=', 'Director')]",
            condition="[('function', '=', 'Clerk')]",
        )
        partner = self.Partner.create({"name": "Li Lei", "function": "Clerk"})
        self.flush()
        partner.write({"function": "Director"})
        self.flush()
        self.refused("No way back", partner.write, {"function": "Clerk"})
        # Two steps within one request change nothing about what it was before.
        with self.env.cr.savepoint():
            partner.write({"function": "Chief"})
        partner.write({"function": "Clerk"})
        self.flush()

    def test_steps_within_one_request(self):
        self.create_rule(
            name="No way back",
            condition_before="[('function', '=', 'Director')]",
            condition="[('function', '=', 'Clerk')]",
        )
        partner = self.Partner.create({"name": "Li Lei", "function": "Director"})
        self.flush()

        def in_two_steps():
            partner.function = "Chief"
            partner.function = "Clerk"

        self.refused("No way back", in_two_steps)

    def test_own_lines_are_seen(self):
        self.create_rule(name="A person", required_field_names="child_ids")
        self.refused("A person", self.Partner.create, {"name": "Alone"})
        lines = [Command.create({"name": "Person"})]
        self.env["crm.validation.rule"].search([]).condition = "[('parent_id', '=', False)]"
        self.Partner.create({"name": "Group", "child_ids": lines})
        self.flush()

    def test_import_tells_each_row(self):
        self.require_vat()
        result = self.Partner.load(
            ["name", "is_company", "vat"],
            [["Good", "1", "123"], ["Bad", "1", ""], ["Person", "0", ""], ["Worse", "1", ""]],
        )
        self.assertFalse(result["ids"])
        rows = {
            (message["record"], name)
            for message in result["messages"]
            for name in ("Bad", "Worse")
            if f"“{name}”" in message["message"] and message["message"].count("•") == 1
        }
        self.assertEqual(rows, {(1, "Bad"), (3, "Worse")})
        result = self.Partner.load(["name", "is_company", "vat"], [["Good", "1", "123"]])
        self.assertTrue(result["ids"])

    def test_no_context_key_switches_it_off(self):
        self.require_vat()
        context = {
            "install_mode": True,
            "tracking_disable": True,
            "import_file": True,
            "module": "base",
            "active_test": False,
            "no_validation": True,
            "skip_validation": True,
        }
        values = {"name": "Hongtai", "is_company": True}
        self.refused("Hongtai", self.Partner.with_context(**context).create, values)
        partner = self.Partner.create({"name": "Hongtai"})
        self.flush()
        self.refused("Hongtai", partner.with_context(**context).write, {"is_company": True})

    def test_technical_writes(self):
        rule = self.require_vat()
        values = {"name": "Hongtai", "is_company": True}
        self.Partner.sudo().create(values)
        self.flush()
        rule.for_technical = True
        self.refused("Hongtai", self.Partner.sudo().create, values)

    def test_companies(self):
        other = self.env["res.company"].create({"name": "Other"})
        rule = self.require_vat(company_id=False)
        rule.sudo().company_id = other
        values = {"name": "Hongtai", "is_company": True}
        self.Partner.create(values)
        self.flush()
        self.clerk.company_ids += other
        self.refused("Hongtai", self.Partner.create, values)
        self.Partner.create({**values, "company_id": self.env.company.id})
        self.flush()
        self.refused("Hongtai", self.Partner.create, {**values, "company_id": other.id})

    def test_rights(self):
        rule = self.require_vat()
        for user in (
            self.clerk,
            new_test_user(self.env, "rule.portal", groups="base.group_portal"),
        ):
            mine = rule.with_user(user)
            with self.assertRaises(AccessError):
                mine.read(["name"])
            with self.assertRaises(AccessError):
                mine.write({"active": False})
            with self.assertRaises(AccessError):
                mine.unlink()
            with self.assertRaises(AccessError):
                mine.action_export_data()
        other = self.env["res.company"].create({"name": "Other"})
        rule.sudo().company_id = other
        with self.assertRaises(AccessError):
            rule.with_user(self.manager).write({"active": False})

    @mute_logger("odoo.models.unlink")
    def test_removed_rule_binds_no_more(self):
        rule = self.require_vat()
        rule.unlink()
        self.Partner.create({"name": "Hongtai", "is_company": True})
        self.flush()

    def test_existing_records(self):
        self.require_vat()
        bad = self.env["res.partner"].create({"name": "Bad", "is_company": True})
        good = self.env["res.partner"].create({"name": "Good", "is_company": True, "vat": "1"})
        action = self.env["crm.validation.rule"].search([]).action_test()
        found = self.env["res.partner"].search(action["domain"])
        self.assertIn(bad, found)
        self.assertNotIn(good, found)
        self.assertEqual(found, found.filtered_domain(action["domain"]))

    def test_bounded_queries(self):
        """Queries do not grow with the records that are checked, nor without rules at all."""
        vals = [{"name": f"P{n}", "is_company": True, "vat": str(n)} for n in range(80)]

        def queries(count):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            partners = self.Partner.create(vals[:count])
            partners.write({"function": "x"})
            self.flush()
            return self.env.cr.sql_log_count - before

        queries(10)
        plain = {count: queries(count) for count in (20, 80)}
        self.require_vat()
        queries(10)
        with_rule = {count: queries(count) for count in (20, 80)}
        self.assertLessEqual(with_rule[20] - plain[20], 4)
        self.assertLessEqual(with_rule[80] - plain[80], 4)
