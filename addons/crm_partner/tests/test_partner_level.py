from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine import programme
from .common_programme import ProgrammeCase


@tagged("-at_install", "post_install")
class TestPartnerLevel(ProgrammeCase):
    """What is written with a level, who may write it, and the figures of requirements."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()

    # -- level, price list, history --

    def test_created_with_a_level_gets_its_prices(self):
        partner = self.env["res.partner"].create(
            {"name": "Delta", "is_company": True, "grade_id": self.gold.id}
        )
        self.assertEqual(
            partner.specific_property_product_pricelist, self.gold.default_pricelist_id
        )
        self.assertEqual(self._events(partner), ["start"])
        self.assertEqual(partner.level_since, self.today)

    def test_history_of_changes_by_hand(self):
        self.alpha.grade_id = self.silver
        self.assertEqual(
            self.alpha.specific_property_product_pricelist, self.silver.default_pricelist_id
        )
        self.alpha.grade_id = self.gold
        self.alpha.grade_id = False
        self.assertEqual(self._events(self.alpha), ["start", "demotion", "promotion", "leave"])
        self.assertFalse(self.alpha.level_since)

    def test_who_leaves_loses_the_prices(self):
        self.alpha.grade_id = False
        self.assertFalse(self.alpha.specific_property_product_pricelist)
        # a price list of its own stays
        own = self._create_pricelist("Own", 7)
        self.beta.specific_property_product_pricelist = own
        self.beta.grade_id = False
        self.assertEqual(self.beta.specific_property_product_pricelist, own)

    def test_writing_the_same_level_is_no_change(self):
        self.alpha.write({"grade_id": self.gold.id})
        self.assertEqual(self._events(self.alpha), ["start"])

    def test_levels_belong_to_channel_managers(self):
        with self.assertRaises(AccessError):
            self.outsider.with_user(self.seller).grade_id = self.gold
        with self.assertRaises(AccessError):
            self.alpha.with_user(self.seller).grade_id = False
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(self.seller).create(
                {"name": "Mine", "grade_id": self.gold.id}
            )
        self.outsider.with_user(self.channel).grade_id = self.silver
        self.assertEqual(self._events(self.outsider), ["start"])
        # other fields stay theirs
        self.alpha.with_user(self.seller).phone = "021 0000 0000"

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_what_a_level_gives_is_set_by_administrators_of_the_programme(self):
        for user in (self.seller, self.channel, self.stranger):
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.gold.with_user(user).registration_discount = 50
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.gold.with_user(user).unlink()
            self.assertTrue(self.gold.with_user(user).name)
        with self.assertRaises(AccessError):
            self.env["res.partner.grade"].with_user(self.seller).create({"name": "Diamond"})
        self.gold.with_user(self.programme).registration_discount = 9
        self.assertEqual(self.gold.registration_discount, 9)

    def test_context_of_a_client_opens_nothing(self):
        forged = self.outsider.with_user(self.seller).with_context(
            crm_partner_key="crm_partner", level_change={"kind": "promotion"}
        )
        with self.assertRaises(AccessError):
            forged.grade_id = self.gold

    def test_copies_have_no_level(self):
        self.assertFalse(self.alpha.copy().grade_id)

    def test_sold_membership_gives_the_level(self):
        product = self.env["product.product"].create(
            {
                "name": "Silver membership",
                "type": "service",
                "service_tracking": "partnership",
                "grade_id": self.silver.id,
            }
        )
        order = (
            self.env["sale.order"]
            .with_user(self.seller)
            .create(
                {
                    "partner_id": self.outsider.id,
                    "company_id": self.company.id,
                    "order_line": [Command.create({"product_id": product.id})],
                }
            )
        )
        order.action_confirm()
        self.assertEqual(self.outsider.grade_id, self.silver)
        self.assertEqual(self._events(self.outsider), ["start"])
        row = self.env["crm.partner.level.history"].search([("partner_id", "=", self.outsider.id)])
        self.assertEqual(row.user_id, self.seller)

    def test_dates_are_set_by_the_review_only(self):
        for user in (self.channel, self.programme):
            with self.assertRaises(AccessError):
                self.alpha.with_user(user).level_grace_until = self.today

    def test_lock_needs_a_reason_and_the_right(self):
        until = self.today + timedelta(days=30)
        with self.assertRaises(AccessError):
            self.alpha.with_user(self.channel).write(
                {"level_locked_until": until, "level_lock_reason": "Friend"}
            )
        with self.assertRaises(ValidationError):
            self.alpha.with_user(self.programme).level_locked_until = until
        self.alpha.with_user(self.programme).write(
            {"level_locked_until": until, "level_lock_reason": "New plant opens in May"}
        )
        self.assertEqual(self._events(self.alpha), ["start", "lock"])
        with self.assertRaises(AccessError):
            self.alpha.with_user(self.channel).level_locked_until = False

    def test_history_is_written_by_nobody(self):
        row = self.env["crm.partner.level.history"].search([("partner_id", "=", self.alpha.id)])
        with self.assertRaises(UserError):
            row.reason = "forged"
        with self.assertRaises(AccessError):
            row.create({"partner_id": self.alpha.id, "kind": "start", "date": self.today})
        with self.assertRaises(AccessError):
            row.with_user(self.programme).unlink()

    def test_companies_are_kept_apart(self):
        history = self.env["crm.partner.level.history"].with_user(self.stranger)
        self.assertFalse(history.search([("partner_id", "=", self.alpha.id)]))
        requirements = self.env["crm.partner.requirement"].with_user(self.stranger)
        self.assertFalse(requirements.search([("grade_id", "=", self.gold.id)]))

    # -- figures --

    def _value(self, requirement, partner, on=None):
        return requirement._figures(self.alpha | self.beta | self.gamma, on or self.today)[
            requirement.id
        ][partner.id]

    def test_purchases_are_invoices_less_credit_notes(self):
        purchases = self.gold.requirement_ids[0]
        self._buy(self.alpha, 130000)
        self._buy(self.alpha, 30000, refund=True)
        self._buy(self.alpha, 50000, post=False)
        self._buy(self.alpha, 70000, days_ago=400)
        self.assertEqual(self._value(purchases, self.alpha), 100000)
        self.assertEqual(self._value(purchases, self.beta), 0)

    def test_purchases_of_contacts_count_for_the_company(self):
        person = self._create_person(self.alpha)
        self._buy(person, 1000)
        self.assertEqual(self._value(self.gold.requirement_ids[0], self.alpha), 1000)

    def test_window_is_inclusive_and_rolling(self):
        purchases = self.silver.requirement_ids
        purchases.months = 1
        first = self.today - timedelta(days=1)
        self._invoice(self.alpha, first, 10)
        start = programme.window_start(first, 1)
        self._invoice(self.alpha, start, 100)
        self._invoice(self.alpha, start - timedelta(days=1), 1000)
        self.assertEqual(self._value(purchases, self.alpha, first), 110)

    def test_figures_take_one_query_per_question(self):
        partners = self.alpha | self.beta | self.gamma
        requirements = (self.gold | self.silver).requirement_ids
        partners._channel_progress()
        with self.assertQueryCount(2):
            requirements._figures(partners, self.today)

    def test_certificates_count_while_they_are_valid(self):
        requirement = self.gold.requirement_ids[1]
        valid = self._certify(self.alpha, 2)
        self._certify(self.alpha, confirm=False, number="proposed")
        self.assertEqual(self._value(requirement, self.alpha), 2)
        valid[0].date_to = self.today - timedelta(days=1)
        self.assertEqual(self._value(requirement, self.alpha), 1)
        valid[1].date_to = self.today
        self.assertEqual(self._value(requirement, self.alpha), 1)
        other = self.engineer.copy()
        requirement.certification_id = other
        self.assertEqual(self._value(requirement, self.alpha), 0)

    def test_deals_come_from_the_hook(self):
        requirement = self.gold.requirement_ids.create(
            {"grade_id": self.gold.id, "kind": "deals", "threshold": 3, "months": 6}
        )
        model = self.env.registry["crm.partner.requirement"]
        asked = []

        def deals(_self, partners, since):
            asked.append((partners, since))
            return {self.alpha.id: 4}

        with patch.object(model, "_requirement_deals", deals):
            self.assertEqual(self._value(requirement, self.alpha), 4)
            self.assertEqual(self._value(requirement, self.beta), 0)
        self.assertTrue(requirement._met(4))
        self.assertFalse(requirement._met(2))
        self.assertLess(asked[0][1], self.today)

    def test_satisfaction_is_the_average_of_ratings_of_people(self):
        requirement = self.gold.requirement_ids.create(
            {"grade_id": self.gold.id, "kind": "satisfaction", "threshold": 4}
        )
        self.assertIsNone(self._value(requirement, self.alpha))
        self.assertTrue(requirement._met(None))
        people = [self._create_person(self.alpha, name) for name in ("Han", "Mei")]
        for person, rating in zip((*people, people[0]), (5, 3, 2), strict=True):
            self.env["rating.rating"].create(
                {
                    "res_model_id": self.env["ir.model"]._get_id("res.partner"),
                    "res_id": person.id,
                    "rated_partner_id": person.id,
                    "rating": rating,
                    "consumed": True,
                }
            )
        self.assertAlmostEqual(self._value(requirement, self.alpha), 10 / 3)
        self.assertFalse(requirement._met(10 / 3))

    def test_progress_to_the_next_level(self):
        self._buy(self.gamma, 128000)
        self._certify(self.gamma)
        progress = self.gamma._channel_progress()[self.gamma.id]
        self.assertEqual(progress["next_grade"], self.gold)
        texts = [row["text"] for row in progress["next"]]
        self.assertIn("128,000.00", texts[0])
        self.assertIn("200,000.00", texts[0])
        self.assertEqual(texts[1], "1 of 2")
        self.assertEqual(self.gamma.level_progress, 57)
        self.assertEqual(self.gamma.next_grade_id, self.gold)
        self.assertIn("128,000.00", self.gamma.programme_html)
        self.assertEqual(self.alpha.level_progress, 0)
        self.assertFalse(self.alpha.next_grade_id)

    def test_bad_requirements(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self.gold.requirement_ids[0].threshold = 0
            self.env.flush_all()
        with self.assertRaises(ValidationError):
            self.gold.requirement_ids[0].certification_id = self.engineer

    # -- distributors --

    def test_tree_of_distributors(self):
        self.beta.channel_parent_id = self.alpha
        self.gamma.channel_parent_id = self.beta
        tree = self.env["res.partner"]._channel_tree(self.alpha)
        self.assertEqual(set(tree), {self.alpha.id, self.beta.id, self.gamma.id})
        self.assertEqual(self.env["res.partner"]._channel_tree(self.gamma), [self.gamma.id])

    def test_tree_has_no_circle(self):
        self.beta.channel_parent_id = self.alpha
        self.gamma.channel_parent_id = self.beta
        for partner in (self.alpha, self.beta, self.gamma):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.alpha.channel_parent_id = partner

    # -- onboarding --

    def test_onboarding_tasks_come_with_the_level(self):
        items = self.env["crm.partner.onboarding"].create(
            [
                {"name": "Kick-off", "side": "company", "company_id": self.company.id},
                {
                    "name": "Certificate",
                    "reached_by": "certificate",
                    "company_id": self.company.id,
                    "grade_ids": [Command.set(self.silver.ids)],
                },
                {"name": "Archived", "active": False, "company_id": self.company.id},
            ]
        )
        partner = self._create_partner("Delta", self.authorised)
        self.assertEqual(partner.onboarding_task_ids.item_id, items[0])
        partner.grade_id = self.silver
        self.assertEqual(partner.onboarding_task_ids.item_id, items[:2])
        partner.onboarding_task_ids.filtered(lambda task: task.item_id == items[0]).with_user(
            self.channel
        ).action_done()
        self.assertEqual(partner.onboarding_progress, 50)
        self._certify(partner)
        self.assertEqual(partner.onboarding_progress, 100)
        partner.grade_id = self.gold
        partner.grade_id = self.silver
        self.assertEqual(len(partner.onboarding_task_ids), 2)

    def test_onboarding_tasks_are_changed_by_buttons_only(self):
        self.env["crm.partner.onboarding"].create(
            {"name": "Kick-off", "company_id": self.company.id}
        )
        task = self._create_partner("Delta", self.authorised).onboarding_task_ids
        with self.assertRaises(UserError):
            task.with_user(self.channel).state = "done"
        with self.assertRaises(AccessError):
            task.with_user(self.seller).action_done()
        task.with_user(self.channel).action_done()
        task.with_user(self.channel).action_reopen()
        self.assertEqual(task.state, "open")
        self.assertFalse(
            self.env["crm.partner.onboarding.task"].with_user(self.stranger).search([])
        )
