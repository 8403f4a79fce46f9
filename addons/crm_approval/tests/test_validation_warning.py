from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_validation import ValidationCase


@tagged("post_install", "-at_install")
class TestValidationWarning(ValidationCase):
    """A warning lets the record pass, and is seen in three places."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.require_vat(level="warn")

    def logs(self):
        return self.env["crm.validation.log"].search([("rule_id", "=", self.rule.id)])

    def notices(self, partner):
        return partner.message_ids.filtered(lambda m: "Ask the customer" in (m.body or ""))

    def test_warning(self):
        partner = self.Partner.create({"name": "Hongtai", "is_company": True})
        self.flush()
        log = self.logs()
        self.assertEqual(log.res_id, partner.id)
        self.assertEqual((log.user_id, log.state, log.count), (self.clerk, "open", 1))
        self.assertEqual(len(self.notices(partner)), 1)
        bus = self.env["bus.bus"].search([], order="id desc", limit=20).mapped("message")
        self.assertTrue(any("simple_notification" in line and "Hongtai" in line for line in bus))
        partner.write({"function": "x"})
        self.flush()
        self.assertEqual(self.logs(), log, "one row per rule and record")
        self.assertEqual(log.count, 2)
        self.assertEqual(len(self.notices(partner)), 1, "said once on the record")
        partner.write({"vat": "1"})
        self.flush()
        self.assertEqual(log.state, "mended")
        partner.write({"vat": False})
        self.flush()
        self.assertEqual(log.state, "open")
        self.assertEqual(len(self.notices(partner)), 2)

    def test_a_change_beside_the_rule_mends_nothing(self):
        self.rule.on_write = False
        partner = self.Partner.create({"name": "Hongtai", "is_company": True})
        self.flush()
        partner.write({"function": "x"})
        self.flush()
        self.assertEqual((self.logs().state, self.logs().count), ("open", 1))
        partner.write({"vat": "1"})
        self.flush()
        self.assertEqual(self.logs().state, "mended")

    def test_rights(self):
        self.Partner.create({"name": "Hongtai", "is_company": True})
        self.env["res.partner"].with_user(self.manager).create({"name": "B", "is_company": True})
        self.flush()
        mine = self.env["crm.validation.log"].with_user(self.clerk).search([])
        self.assertEqual(mine.mapped("res_name"), ["Hongtai"])
        with self.assertRaises(AccessError):
            mine.write({"state": "mended"})
        with self.assertRaises(AccessError):
            mine.unlink()
        every = self.env["crm.validation.log"].with_user(self.manager).search([])
        self.assertEqual(every, self.logs())
        self.assertEqual(mine.action_open_record()["res_id"], mine.res_id)

    def test_import_warns_and_passes(self):
        rows = [[f"Company {n}", "1"] for n in range(12)]
        result = self.Partner.load(["name", "is_company"], rows)
        self.flush()
        self.assertEqual(len(result["ids"]), 12)
        self.assertEqual(len(self.logs()), 12)
