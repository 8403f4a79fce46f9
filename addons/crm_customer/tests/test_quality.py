from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tests import tagged

from ..models.crm_quality_rule import KIND_DOMAINS
from .common_score import ScoreCase

USCC = "91350100M000100Y43"


@tagged("post_install", "-at_install")
class TestQuality(ScoreCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rules = cls.env["crm.quality.rule"]
        cls.rules.search([]).active = False
        cls.china = cls.env.ref("base.cn")
        cls.rule_email = cls._create_rule("No e-mail", "filled", 20, field="email")
        cls.rule_valid = cls._create_rule("E-mail bad", "email", 30)
        cls.rule_phone = cls._create_rule("Phone bad", "phone", 30)
        cls.rule_city = cls._create_rule("No city", "filled", 20, "company", field="city")

    @classmethod
    def _create_rule(cls, name, kind, weight, applies_to="any", field=None, **vals):
        field_id = field and cls.env["ir.model.fields"]._get("res.partner", field).id
        return cls.rules.create(
            {
                "name": name,
                "check_kind": kind,
                "weight": weight,
                "applies_to": applies_to,
                "field_id": field_id,
                **vals,
            }
        )

    def _check(self):
        self.env["crm.partner.quality"].sudo()._cron_compute()

    def _quality(self, partner):
        return self.env["crm.partner.quality"].search([("partner_id", "=", partner.id)])

    def assertQuality(self, partner, score, issues):
        found = self._quality(partner)
        self.assertEqual(
            (found.score, found.issue_ids, found.issue_count), (score, issues, len(issues))
        )

    # ------------------------------------------------------------------

    def test_scores_are_exact(self):
        none = self.rules.browse()
        self.anna.write({"email": "anna@example.com", "phone": "+86 138 0013 8000", "city": "A"})
        self.bert.write({"email": "not an address", "phone": "12", "country_id": self.china.id})
        person = self.env["res.partner"].create({"name": "Person", "email": "p@example.com"})
        self._check()
        self.assertQuality(self.anna, 100.0, none)
        self.assertQuality(self.bert, 20.0, self.rule_valid | self.rule_phone | self.rule_city)
        self.assertQuality(self.cora, 60.0, self.rule_email | self.rule_city)
        self.assertQuality(person, 100.0, none)
        self.assertEqual(self._quality(person).kind, "person")
        self.bert.write({"email": "bert@example.com", "phone": False})
        self._check()
        self.assertQuality(self.bert, 80.0, self.rule_city)
        self.assertEqual(self.bert.quality_score, 80.0)
        self.assertEqual(self.bert.quality_issues, "No city")

    def test_bounced_and_blacklisted_addresses(self):
        self.anna.write({"email": "anna@example.com", "message_bounce": 1})
        self.bert.email = "bert@example.com"
        self.env["mail.blacklist"].sudo()._add("bert@example.com")
        self.cora.email = "cora@example.com"
        self._check()
        self.assertIn(self.rule_valid, self._quality(self.anna).issue_ids)
        self.assertIn(self.rule_valid, self._quality(self.bert).issue_ids)
        self.assertNotIn(self.rule_valid, self._quality(self.cora).issue_ids)

    def test_credit_code(self):
        rule = self._create_rule(
            "Code bad",
            "uscc",
            10,
            "company",
            field="company_registry",
            domain="[('country_id.code', '=', 'CN')]",
        )
        partners = self.anna | self.bert | self.cora
        partners.country_id = self.china
        self.anna.company_registry = USCC
        self.bert.company_registry = USCC[:-1] + "4"
        self._check()
        self.assertNotIn(rule, self._quality(self.anna).issue_ids)
        self.assertIn(rule, self._quality(self.bert).issue_ids)
        self.assertNotIn(rule, self._quality(self.cora).issue_ids, "empty is not wrong")

    def test_stale(self):
        rule = self._create_rule("Stale", "stale", 10, months=12)
        partners = self.anna | self.bert | self.cora
        past = fields.Datetime.now() - timedelta(days=800)
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = %s WHERE id IN %s", [past, tuple(partners.ids)]
        )
        partners.invalidate_recordset()
        self.env["mail.message"].search(
            [("model", "=", "res.partner"), ("res_id", "in", partners.ids)]
        ).unlink()
        self._check()
        for partner in partners:
            self.assertIn(rule, self._quality(partner).issue_ids)
        self.anna.message_post(body="Called", message_type="comment")
        contact = self.env["res.partner"].create({"name": "Ben", "parent_id": self.bert.id})
        self._sell(contact, 10, fields.Date.today())
        self._check()
        self.assertNotIn(rule, self._quality(self.anna).issue_ids, "a message")
        self.assertNotIn(rule, self._quality(self.bert).issue_ids, "an invoice of its contact")
        self.assertIn(rule, self._quality(self.cora).issue_ids)

    def test_set_based_is_one_by_one(self):
        self.anna.write({"email": "Anna@Example.com", "phone": "+86 10 6552 9988"})
        self.bert.write({"email": "x@y", "phone": "abc"})
        self._check()
        for quality in self.env["crm.partner.quality"].search([], limit=200):
            partner = quality.partner_id
            asked = failed = 0
            for rule in self.rules.search([]):
                if not partner.filtered_domain(KIND_DOMAINS[rule.applies_to]):
                    continue
                asked += rule.weight
                wrong = Domain("id", "=", partner.id) & rule._failing_domain()
                failed += rule.weight * self.env["res.partner"].search_count(wrong)
            self.assertEqual(quality.score, round(100 * (asked - failed) / asked, 1))

    def test_who_is_not_checked(self):
        archived = self.env["res.partner"].create({"name": "Gone", "active": False})
        self._check()
        self.assertFalse(self._quality(archived))
        self.assertFalse(self._quality(self.env.user.partner_id), "our own people")
        self.assertFalse(self._quality(self.company.partner_id))
        self.assertTrue(self._quality(self.anna))
        self.anna.active = False
        self._check()
        self.assertFalse(self._quality(self.anna))

    def test_a_bad_rule_does_not_stop_the_others(self):
        self.env.cr.execute(
            "UPDATE crm_quality_rule SET domain = %s WHERE id = %s",
            ["[('removed_field', '=', 1)]", self.rule_phone.id],
        )
        self.rules.invalidate_model()
        with self.enter_registry_test_mode():
            self.env.ref("crm_customer.ir_cron_quality").method_direct_trigger()
        self.assertIn("removed_field", self.rule_phone.error)
        self.assertQuality(self.cora, round(100 * 30 / 70, 1), self.rule_email | self.rule_city)
        self.rule_phone.domain = "[]"
        self._check()
        self.assertFalse(self.rule_phone.error)

    def test_rules_that_cannot_work_are_refused(self):
        for vals in (
            {"domain": "[('nothing', '=', 1)]"},
            {"domain": "not a domain"},
            {"check_kind": "filled", "field_id": False},
        ):
            with self.subTest(vals), self.assertRaises(ValidationError):
                self.rule_email.write(vals)

    def test_weekly_figure_counts_shared_records_for_everybody(self):
        other = self.setup_other_company(name="Other Company")["company"]
        self.anna.company_id = self.company
        self.bert.company_id = other
        self._check()
        figures = {f.company_id: f for f in self.env["crm.quality.figure"].search([])}
        Quality = self.env["crm.partner.quality"]
        for company in (self.company, other):
            mine = Quality.search([("company_id", "in", (False, company.id))])
            figure = figures[company]
            self.assertEqual(figure.records, len(mine))
            self.assertEqual(figure.with_issues, len(mine.filtered("issue_count")))
            self.assertEqual(figure.issues, sum(mine.mapped("issue_count")))
            self.assertAlmostEqual(figure.score, sum(mine.mapped("score")) / len(mine), 1)
            self.assertEqual(figure.week.weekday(), 0)
        self._check()
        self.assertEqual(len(self.env["crm.quality.figure"].search([])), len(figures))

    def test_rights(self):
        self._create_users()
        self.anna.company_id = self.other_company
        self._check()
        Quality = self.env["crm.partner.quality"]
        self.assertFalse(Quality.with_user(self.seller).search([("partner_id", "=", self.anna.id)]))
        self.assertTrue(Quality.with_user(self.seller).search([("partner_id", "=", self.bert.id)]))
        self.assertTrue(
            Quality.with_user(self.stranger).search([("partner_id", "=", self.anna.id)])
        )
        with self.assertRaises(AccessError):
            Quality.with_user(self.nobody).search([])
        with self.assertRaises(AccessError):
            Quality.with_user(self.seller).action_check_now()
        with self.assertRaises(AccessError):
            self.rule_email.with_user(self.seller).write({"weight": 1})
        self.rule_email.with_user(self.manager).write({"weight": 21})
        with self.assertRaises(ValidationError), self.cr.savepoint():
            hidden = "[('signup_type', '!=', False)]"
            self.rule_email.with_user(self.manager).write({"domain": hidden})
        Quality.with_user(self.manager).action_check_now()
