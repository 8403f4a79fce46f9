import base64
import csv
import io

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.crm_validation_rule import EXPORT_COLUMNS
from .common_validation import ValidationCase


@tagged("post_install", "-at_install")
class TestValidationBadInput(ValidationCase):
    """Rules that cannot work are refused; rules that break later step aside and say so."""

    def assert_refused(self, text, **values):
        with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
            self.create_rule(**values)
        self.assertIn(text, str(caught.exception))

    def model(self, name):
        return self.env["ir.model"]._get(name).id

    def test_refused_on_save(self):
        cases = [
            ("cannot be read", {"condition": "[('name', '="}),
            ("cannot be read", {"condition": "[('nome', '=', 1)]"}),
            ("cannot be read", {"condition": "[('name', 'resembles', 'x')]"}),
            ("cannot be read", {"condition": "42"}),
            ("cannot be read", {"condition": "__import__('os').system('true')"}),
            ("cannot be read", {"condition": "[('parent_id.nome', '=', 1)]"}),
            ("no field nome", {"required_field_names": "nome"}),
            ("nothing could be saved", {"condition": "[]"}),
            ("when it is checked", {"on_create": False, "on_write": False}),
            ("needs “When Changed”", {"on_write": False, "trigger_field_names": "ref"}),
            ("choose the fields", {"change_kind": "clear", "required_field_names": "ref"}),
            ("only numbers", {"change_kind": "increase", "trigger_field_names": "name"}),
            ("lasting records", {"model_id": self.model("base.partner.merge.automatic.wizard")}),
            ("lasting records", {"model_id": self.model("mail.thread")}),
            ("part of the system", {"model_id": self.model("ir.cron")}),
            ("part of the system", {"model_id": self.model("crm.validation.rule")}),
        ]
        for text, values in cases:
            with self.subTest(text=text, **values), mute_logger("odoo.tools.safe_eval"):
                self.assert_refused(text, **values)

    def test_dynamic_condition(self):
        self.create_rule(name="Not oneself", condition="[('user_id', '=', uid)]")
        self.Partner.create({"name": "Other", "user_id": self.manager.id})
        self.flush()
        self.refused("Not oneself", self.Partner.create, {"name": "Own", "user_id": self.clerk.id})

    @mute_logger("odoo.models.unlink")
    def test_field_removed_later(self):
        field = self.env["ir.model.fields"].create(
            {"model_id": self.partner_model.id, "name": "x_grade", "ttype": "char"}
        )
        needed = self.create_rule(name="Grade", required_field_names="x_grade")
        condition = self.create_rule(name="No C", condition="[('parent_id.x_grade', '=', 'C')]")
        other = self.require_vat()
        field.unlink()
        for rule in (needed, condition):
            self.assertFalse(rule.active)
            self.assertIn("x_grade", rule.problem)
            self.assertEqual(rule.activity_ids.user_id, self.manager)
        self.assertTrue(other.active)
        self.Partner.create({"name": "Work goes on"})
        self.flush()
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            needed.active = True
        needed.write({"required_field_names": "ref", "active": True})
        self.assertFalse(needed.problem)
        self.refused("Grade", self.Partner.create, {"name": "No reference"})

    def test_broken_behind_our_back(self):
        """A column of the rule that no longer makes sense stops nobody, and is not silent."""
        rule = self.require_vat()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_validation_rule SET condition = %s WHERE id = %s",
            ["[('gone', '=', 1)]", rule.id],
        )
        rule.invalidate_recordset()
        self.Partner.create({"name": "Hongtai", "is_company": True})
        self.flush()
        self.assertFalse(rule.active)
        self.assertIn("gone", rule.problem)
        self.assertEqual(rule.activity_ids.user_id, self.manager)

    def test_round_trip(self):
        """What is exported loads into a database without the rules, and then does the same."""
        rule = self.require_vat(
            name="Ünïcode, “quoted”\nand a line",
            sequence=3,
            level="warn",
            on_create=False,
            trigger_field_names="vat,ref",
            change_kind="clear",
            condition_before="[('name', '!=', 'a,b')]",
            for_technical=True,
        )
        off = self.create_rule(name="Off", condition="[('name', '=', 'x')]", active=False)
        names = [name.removesuffix("/id") for name in EXPORT_COLUMNS if name != "id"]
        before = [rule.read(names)[0], off.read(names)[0]]
        url = (rule | off).action_export_data()["url"]
        attachment = self.env["ir.attachment"].browse(int(url.split("/")[3].split("?")[0]))
        table = list(csv.reader(io.StringIO(base64.b64decode(attachment.datas).decode())))
        (rule | off).sudo().unlink()
        Rule = self.env["crm.validation.rule"].with_user(self.manager)
        result = Rule.load(table[0], table[1:])
        self.assertFalse(result["messages"])
        again = Rule.browse(result["ids"])
        after = [again[0].read(names)[0], again[1].read(names)[0]]
        for row in before + after:
            row.pop("id")
        self.assertEqual(after, before)
        # Once more: the same rules are updated, none is doubled.
        self.assertEqual(Rule.load(table[0], table[1:])["ids"], again.ids)

    def test_form(self):
        """The pickers write the names that are exported."""
        vat = self.env["ir.model.fields"]._get("res.partner", "vat")
        rule = self.create_rule(required_field_ids=[Command.set(vat.ids)])
        self.assertEqual(rule.required_field_names, "vat")
        self.assertEqual(rule.required_field_ids, vat)
