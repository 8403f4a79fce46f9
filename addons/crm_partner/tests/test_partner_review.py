from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_programme import ProgrammeCase

CRON_LOGGER = "odoo.addons.crm_partner.models.crm_partner_review"


@tagged("-at_install", "post_install")
class TestPartnerReview(ProgrammeCase):
    """Preview, promotion at once, warning and grace, lock, undo, monthly job."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # alpha and beta are gold, gamma silver; alpha meets gold, beta nothing, gamma gold
        cls._certify(cls.alpha, 2)
        cls._buy(cls.alpha, 250000)
        cls._certify(cls.gamma, 2)
        cls._buy(cls.gamma, 230000)
        cls._buy(cls.beta, 120000)
        cls._create_people()
        cls.company.partner_review_mode = "apply"

    def _later(self, days):
        return self.today + timedelta(days=days)

    def test_preview_says_who_moves_and_why(self):
        review = self._review()
        self.assertEqual(review.state, "preview")
        self.assertEqual(review.reviewed_count, 3)
        self.assertEqual(review.line_ids.partner_id, self.beta | self.gamma)
        gamma, beta = self._line(review, self.gamma), self._line(review, self.beta)
        self.assertEqual((gamma.kind, gamma.target_grade_id), ("promotion", self.gold))
        self.assertIn("230,000.00", gamma.reason)
        self.assertEqual((beta.kind, beta.target_grade_id), ("warning", self.silver))
        self.assertIn("120,000.00", beta.reason)
        self.assertIn("0 of 2", beta.reason)
        self.assertEqual(beta.grace_until, self._later(90))
        # nothing has changed yet
        self.assertEqual(self.gamma.grade_id, self.silver)
        self.assertFalse(self.beta.level_grace_until)

    def test_promotion_at_once_with_prices_and_letter(self):
        review = self._review()
        mails = self.env["mail.mail"].search([])
        self.gamma.email = "gamma@example.com"
        review.action_apply()
        self.assertEqual(self.gamma.grade_id, self.gold)
        self.assertEqual(
            self.gamma.specific_property_product_pricelist, self.gold.default_pricelist_id
        )
        self.assertEqual(self._events(self.gamma), ["start", "promotion"])
        letter = (self.env["mail.mail"].search([]) - mails).filtered(
            lambda mail: self.gamma in mail.recipient_ids
        )
        self.assertEqual(len(letter), 1)
        self.assertIn("Gold", letter.body_html)
        self.assertEqual(review.state, "applied")

    def test_partner_reads_the_reason_in_its_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(["crm_partner"], ["zh_CN"])
        self.gamma.lang = "zh_CN"
        review = self._review()
        self.assertIn("Net purchases", self._line(review, self.gamma).reason)
        review.action_apply()
        row = self.env["crm.partner.level.history"].search(
            [("partner_id", "=", self.gamma.id)], limit=1
        )
        self.assertIn("净采购额", row.reason)

    def test_demotion_after_the_grace_period_only(self):
        self._review().action_apply()
        self.assertEqual(self.beta.grade_id, self.gold)
        self.assertEqual(self.beta.level_grace_until, self._later(90))
        waiting = self._review(self._later(89))
        self.assertEqual(self._line(waiting, self.beta).kind, "wait")
        waiting.action_apply()
        self.assertEqual(self.beta.grade_id, self.gold)
        over = self._review(self._later(90))
        self.assertEqual(self._line(over, self.beta).kind, "demotion")
        over.action_apply()
        self.assertEqual(self.beta.grade_id, self.silver)
        self.assertFalse(self.beta.level_grace_until)
        self.assertEqual(self._events(self.beta), ["start", "warning", "demotion"])

    def test_warning_is_lifted_when_met_again(self):
        self._review().action_apply()
        self._certify(self.beta, 2)
        self._buy(self.beta, 100000)
        review = self._review(self._later(30))
        self.assertEqual(self._line(review, self.beta).kind, "recovery")
        review.action_apply()
        self.assertFalse(self.beta.level_grace_until)
        self.assertEqual(self._events(self.beta), ["start", "warning", "recovery"])

    def test_lock_holds_the_level(self):
        self.beta.write(
            {"level_locked_until": self._later(10), "level_lock_reason": "Rebuilds its warehouse"}
        )
        review = self._review(self._later(10))
        line = self._line(review, self.beta)
        self.assertEqual((line.kind, line.state), ("locked", "skipped"))
        review.action_apply()
        self.assertFalse(self.beta.level_grace_until)
        self.assertEqual(self._line(self._review(self._later(11)), self.beta).kind, "warning")

    def test_level_without_requirements_is_by_invitation(self):
        invited = self.gold.copy({"name": "Strategic", "sequence": 0, "requirement_ids": False})
        self.beta.grade_id = invited
        review = self._review()
        self.assertFalse(self._line(review, self.beta))
        self.assertEqual(self._line(review, self.gamma).target_grade_id, self.gold)

    def test_excluded_partners_stay(self):
        review = self._review()
        line = self._line(review, self.gamma)
        line.with_user(self.programme).write({"excluded": True, "note": "In dispute"})
        review.action_apply()
        self.assertEqual(self.gamma.grade_id, self.silver)
        self.assertEqual((line.state, line.message), ("skipped", "In dispute"))

    def test_level_changed_since_the_preview(self):
        review = self._review()
        self.gamma.grade_id = self.authorised
        review.action_apply()
        self.assertEqual(self.gamma.grade_id, self.authorised)
        self.assertEqual(self._line(review, self.gamma).state, "skipped")

    def test_undo_puts_everything_back(self):
        since = self.gamma.level_since
        review = self._review()
        review.action_apply()
        review.action_undo()
        self.assertEqual(review.state, "undone")
        self.assertEqual(self.gamma.grade_id, self.silver)
        self.assertEqual(
            self.gamma.specific_property_product_pricelist, self.silver.default_pricelist_id
        )
        self.assertEqual(self.gamma.level_since, since)
        self.assertFalse(self.beta.level_grace_until)
        self.assertFalse(self.beta.level_warned_on)
        self.assertEqual(self._events(self.gamma), ["start", "promotion", "undo"])
        self.assertEqual(self._events(self.beta), ["start", "warning", "undo"])
        # the same figures lead to the same review
        again = self._review()
        self.assertEqual(again.line_ids.mapped("kind"), review.line_ids.mapped("kind"))

    def test_undo_of_a_demotion_gives_the_grace_back(self):
        self._review().action_apply()
        over = self._review(self._later(90))
        over.action_apply()
        self.assertEqual(self.beta.grade_id, self.silver)
        over.action_undo()
        self.assertEqual(self.beta.grade_id, self.gold)
        self.assertEqual(self.beta.level_grace_until, self._later(90))

    def test_undo_leaves_what_was_changed_later(self):
        review = self._review()
        review.action_apply()
        self.gamma.grade_id = self.authorised
        review.action_undo()
        self.assertEqual(self.gamma.grade_id, self.authorised)
        self.assertTrue(self._line(review, self.gamma).message)
        self.assertFalse(self.beta.level_grace_until)

    def test_poisoned_partner_stops_nobody(self):
        model = self.env.registry["crm.partner.review.line"]
        original = model._do_promotion

        def poisoned(line):
            original(line)
            if line.partner_id == self.gamma:
                raise ZeroDivisionError("poisoned")

        review = self._review()
        with patch.object(model, "_do_promotion", poisoned):
            review.action_apply()
        line = self._line(review, self.gamma)
        self.assertEqual((line.state, line.message), ("failed", "poisoned"))
        self.assertEqual(self.gamma.grade_id, self.silver)
        self.assertEqual(self._events(self.gamma), ["start"])
        self.assertEqual(self.beta.level_grace_until, self._later(90))
        self.assertEqual(review.failed_count, 1)
        review.action_retry()
        self.assertEqual(self.gamma.grade_id, self.gold)
        self.assertFalse(review.failed_count)

    def test_buttons_only(self):
        review = self._review()
        for values in ({"state": "applied"}, {"date": self._later(5)}, {"period": "2026-01"}):
            with self.assertRaises(UserError):
                review.write(values)
        with self.assertRaises(UserError):
            review.line_ids[0].kind = "demotion"
        with self.assertRaises(UserError):
            review.line_ids[0].unlink()
        review.action_apply()
        with self.assertRaises(UserError):
            review.action_apply()
        with self.assertRaises(UserError):
            review.line_ids[0].excluded = True
        with self.assertRaises(UserError):
            review.unlink()
        forged = review.create({"state": "applied", "company_id": self.company.id})
        self.assertEqual(forged.state, "draft")

    def test_company_without_requirements(self):
        (self.gold | self.silver).requirement_ids.unlink()
        with self.assertRaises(UserError):
            self._review()

    def test_rights(self):
        review = self._review()
        self.assertTrue(review.with_user(self.channel).line_ids.mapped("reason"))
        with self.assertRaises(AccessError):
            review.with_user(self.channel).action_apply()
        with self.assertRaises(AccessError):
            self.env["crm.partner.review"].with_user(self.seller).search([])
        self.assertFalse(
            self.env["crm.partner.review"]
            .with_user(self.stranger)
            .search_count([("id", "=", review.id)])
        )
        # an administrator of the programme without any accounting right
        review.with_user(self.programme).action_apply()
        self.assertEqual(self.gamma.grade_id, self.gold)

    def test_other_companies_are_not_reviewed(self):
        other = self.gold.copy({"company_id": self.other_company.id, "default_pricelist_id": False})
        partner = self._create_partner("Elsewhere", company_id=self.other_company.id)
        partner.grade_id = other
        review = self._review()
        self.assertFalse(self._line(review, partner))

    # -- monthly --

    def _cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_partner.ir_cron_partner_review").method_direct_trigger()
        self.env.invalidate_all()

    def _monthly(self):
        return self.env["crm.partner.review"].search(
            [("company_id", "=", self.company.id), ("period", "!=", False)]
        )

    def test_cron_reviews_once_a_month(self):
        self._cron()
        review = self._monthly()
        self.assertEqual((len(review), review.state), (1, "applied"))
        self.assertEqual(self.gamma.grade_id, self.gold)
        events = self._events(self.gamma)
        self._cron()
        self.assertEqual(self._monthly(), review)
        self.assertEqual(self._events(self.gamma), events)

    def test_cron_prepares_only(self):
        self.company.partner_review_mode = "preview"
        self._cron()
        review = self._monthly()
        self.assertEqual(review.state, "preview")
        self.assertEqual(self.gamma.grade_id, self.silver)
        self.assertTrue(review.activity_ids)
        review.with_user(self.programme).action_apply()
        self.assertFalse(review.activity_ids)

    def test_cron_leaves_companies_alone_that_review_by_hand(self):
        self.company.partner_review_mode = "manual"
        self._cron()
        self.assertFalse(self._monthly())

    def test_cron_survives_a_poisoned_partner_and_company(self):
        model = self.env.registry["crm.partner.review.line"]
        original = model._apply_one

        def poisoned(line):
            if line.partner_id == self.gamma:
                raise ZeroDivisionError("poisoned")
            return original(line)

        with patch.object(model, "_apply_one", poisoned):
            self._cron()
        review = self._monthly()
        self.assertEqual(review.state, "applied")
        self.assertEqual(self._line(review, self.gamma).state, "failed")
        self.assertEqual(self.beta.level_grace_until, self._later(90))

    def _other_company(self):
        """Have another company review the levels of its partners, too."""
        other = self.other_company
        other.partner_review_mode = "apply"
        levels = self.env["res.partner.grade"].create(
            [
                {
                    "name": "Elsewhere 1",
                    "company_id": other.id,
                    "sequence": 1,
                    "requirement_ids": [Command.create({"kind": "certificates", "threshold": 1})],
                },
                {"name": "Elsewhere 2", "company_id": other.id, "sequence": 2},
            ]
        )
        partner = self._create_partner("Elsewhere", company_id=other.id)
        partner.grade_id = levels[1]

    def _poisoned_cron(self, method):
        """Run the monthly job while a method fails for this company."""
        model, company = self.env.registry["crm.partner.review"], self.company
        original = getattr(model, method)

        def poisoned(review, *arguments):
            if company in (review.company_id, *arguments):
                raise ZeroDivisionError("poisoned")
            return original(review, *arguments)

        with patch.object(model, method, poisoned), mute_logger(CRON_LOGGER):
            self._cron()

    def _reviews_elsewhere(self):
        return self.env["crm.partner.review"].search(
            [("company_id", "=", self.other_company.id), ("period", "!=", False)]
        )

    def test_company_that_fails_does_not_stop_the_others(self):
        """Neither where reviews are prepared, nor where they are applied."""
        self._other_company()
        self._poisoned_cron("_review_month")
        self.assertFalse(self._monthly())
        self.assertEqual(self._reviews_elsewhere().state, "applied")
        # mended: the next run makes up for it
        self._cron()
        self.assertEqual(self._monthly().state, "applied")

    def test_review_that_cannot_be_applied_does_not_stop_the_others(self):
        self._other_company()
        self._poisoned_cron("_finish")
        self.assertEqual(self._monthly().state, "preview")
        self.assertEqual(self._reviews_elsewhere().state, "applied")
        self._cron()
        self.assertEqual(self._monthly().state, "applied")
        self.assertEqual(self.gamma.grade_id, self.gold)

    def test_one_monthly_review_per_company(self):
        self.company.partner_review_mode = "preview"
        self._cron()
        review = self._monthly()
        review.action_cancel()
        # who cancels the review of a month does not get it again the next day
        self._cron()
        self.assertEqual(self._monthly(), review)
