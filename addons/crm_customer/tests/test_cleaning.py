from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common_score import ScoreCase


@tagged("post_install", "-at_install")
class TestCleaningJob(ScoreCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.china = cls.env.ref("base.cn")
        cls.partners = cls.anna | cls.bert | cls.cora
        cls.partners.country_id = cls.china

    def _job(self, kind="phone", **vals):
        return self.env["crm.cleaning.job"].create(
            {"kind": kind, "domain": f"[('id', 'in', {self.partners.ids})]", **vals}
        )

    def _changes(self, job):
        return {line.partner_id: (line.old_value, line.new_value) for line in job.line_ids}

    def _phones(self):
        self.anna.phone, self.bert.phone, self.cora.phone = "13800138000", "+86 139 0013 9000", "12"
        return self._job()

    # ------------------------------------------------------------------

    def test_phones_apply_and_undo(self):
        job = self._phones()
        job.action_preview()
        self.assertEqual(self._changes(job), {self.anna: ("13800138000", "+86 138 0013 8000")})
        self.assertEqual(self.anna.phone, "13800138000", "a preview writes nothing")
        job.action_apply()
        self.assertEqual((job.state, job.done_count), ("applied", 1))
        self.assertEqual(self.anna.phone, "+86 138 0013 8000")
        self.assertEqual(self.cora.phone, "12", "what cannot be read stays")
        job.action_undo()
        self.assertEqual((job.state, self.anna.phone), ("undone", "13800138000"))

    def test_phone_formats(self):
        for form, expected in (("E164", "+8613800138000"), ("INTERNATIONAL", "+86 138 0013 8000")):
            job = self._phones()
            job.phone_format = form
            job.action_preview()
            self.assertEqual(self._changes(job)[self.anna][1], expected)

    def test_names_addresses_and_capitals(self):
        self.anna.name, self.bert.name, self.cora.name = (
            "  ＡＣＭＥ　Ｌｔｄ",
            "上海宏泰（集团）",
            "SMITH SONS",
        )
        self.anna.email, self.bert.email = "Info＠ACME.com", "ok@example.com"
        job = self._job("name")
        job.action_preview()
        self.assertEqual(self._changes(job), {self.anna: ("  ＡＣＭＥ　Ｌｔｄ", "ACME Ltd")})
        job = self._job("capital")
        job.action_preview()
        self.assertEqual(self._changes(job), {self.cora: ("SMITH SONS", "Smith Sons")})
        job = self._job("email")
        job.action_preview()
        self.assertEqual(self._changes(job), {self.anna: ("Info＠ACME.com", "info@acme.com")})

    def test_provinces(self):
        self.anna.write({"city": "广东省深圳市"})
        self.bert.write({"zip": "200120"})
        self.cora.write({"phone": "010-65529988", "state_id": self.env.ref("base.state_cn_SH").id})
        job = self._job("state")
        job.action_preview()
        job.action_apply()
        self.assertEqual(self.anna.state_id, self.env.ref("base.state_cn_GD"))
        self.assertEqual(self.bert.state_id, self.env.ref("base.state_cn_SH"))
        self.assertEqual(self.cora.state_id, self.env.ref("base.state_cn_SH"), "never overwritten")
        self.bert.state_id = self.env.ref("base.state_cn_JS")
        job.action_undo()
        self.assertFalse(self.anna.state_id)
        self.assertEqual(self.bert.state_id, self.env.ref("base.state_cn_JS"))
        self.assertEqual(job.open_count, 1)

    def test_only_what_is_selected(self):
        job = self._phones()
        self.bert.phone = "13900139000"
        job.action_preview()
        job.line_ids.filtered(lambda line: line.partner_id == self.anna).selected = False
        job.action_apply()
        self.assertEqual(self.anna.phone, "13800138000")
        self.assertEqual(self.bert.phone, "+86 139 0013 9000")
        with self.assertRaises(UserError):
            job.line_ids.selected = True

    def test_what_changed_meanwhile_stays(self):
        job = self._phones()
        job.action_preview()
        self.anna.phone = "021-12345678"
        job.action_apply()
        self.assertEqual(self.anna.phone, "021-12345678")
        self.assertRecordValues(job.line_ids, [{"state": "conflict"}])
        self.assertIn("021-12345678", job.line_ids.reason)
        self.assertEqual((job.state, job.done_count, job.open_count), ("applied", 0, 1))

        job = self._phones()
        job.action_preview()
        job.action_apply()
        self.anna.phone = "+86 21 1234 5678"
        job.action_undo()
        self.assertEqual(self.anna.phone, "+86 21 1234 5678", "somebody knew better since")
        self.assertRecordValues(job.line_ids, [{"state": "conflict"}])

    def test_a_refused_record_does_not_stop_the_others(self):
        job = self._phones()
        self.bert.phone = "13900139000"
        job.action_preview()
        Partner = self.env.registry["res.partner"]
        original = Partner.write

        def refuses(partners, vals):
            if "phone" in vals and self.anna in partners:
                raise ValueError("Anna does not want that")
            return original(partners, vals)

        with patch.object(Partner, "write", refuses):
            job.action_apply()
        lines = {line.partner_id: (line.state, line.reason) for line in job.line_ids}
        self.assertEqual(lines[self.anna], ("failed", "Anna does not want that"))
        self.assertEqual(lines[self.bert], ("applied", False))

    def test_many_are_left_to_the_scheduled_action(self):
        job = self._phones()
        self.bert.phone, self.cora.phone = "13900139000", "13700137000"
        job.action_preview()
        with patch("odoo.addons.crm_customer.models.crm_cleaning_job.BATCH", 1):
            job.action_apply()
            self.assertEqual((job.state, job.done_count), ("applying", 1))
            with self.enter_registry_test_mode():
                self.env.ref("crm_customer.ir_cron_cleaning").method_direct_trigger()
        job.invalidate_recordset()
        self.assertEqual((job.state, job.done_count), ("applied", 3))
        self.assertEqual(self.cora.phone, "+86 137 0013 7000")

    def test_states(self):
        job = self._phones()
        with self.assertRaises(UserError):
            job.action_apply()
        job.action_preview()
        job.line_ids.selected = False
        with self.assertRaises(UserError):
            job.action_apply()
        job.action_preview()
        self.assertTrue(job.line_ids.selected, "a new preview starts afresh")
        job.action_apply()
        with self.assertRaises(UserError):
            job.action_apply()
        with self.assertRaises(UserError):
            job.action_preview()
        with self.assertRaises(UserError):
            job.unlink()
        job.action_undo()
        job.unlink()

    def test_a_bad_condition_is_refused(self):
        for domain in ("[('nothing', '=', 1)]", "rubbish"):
            with self.subTest(domain), self.assertRaises(ValidationError):
                self._job(domain=domain)

    def test_rights(self):
        self._create_users()
        job = self._phones()
        job.action_preview()
        self.assertTrue(job.with_user(self.seller).line_ids, "users look")
        for name in ("action_preview", "action_apply", "action_undo", "action_back_to_draft"):
            with self.subTest(name), self.assertRaises(AccessError):
                getattr(job.with_user(self.seller), name)()
        with self.assertRaises(AccessError):
            job.line_ids.with_user(self.seller).selected = False
        self.assertFalse(self.env["crm.cleaning.job"].with_user(self.stranger).search([]))
        with self.assertRaises(AccessError):
            self.env["crm.cleaning.job"].with_user(self.nobody).search([])
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._job(domain="[]").with_user(self.manager).domain = "[('signup_type', '!=', False)]"
        job.with_user(self.manager).action_apply()
        self.assertEqual(job.user_id, self.manager)
