from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common_leads import MONDAY, LeadCase

CONTACT = ["lead_name", "customer_name", "contact_name", "phone", "email", "address", "note"]


@tagged("-at_install", "post_install")
@freeze_time(MONDAY)
class TestLeadsAccess(LeadCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_portal_users()
        cls.lead = cls._lead()
        cls.env["crm.lead.offer"].create(
            {"lead_ids": cls.lead.ids, "method": "manual", "partner_id": cls.alpha.id}
        ).action_confirm()
        cls.offer = cls.lead.channel_assignment_ids

    def test_who_reads_an_offer(self):
        readers = (self.alpha_sales, self.alpha_admin, self.channel, self.programme)
        others = (
            self.alpha_finance,
            self.alpha_none,
            self.beta_admin,
            self.outsider_user,
            self.stranger,
        )
        for user in readers:
            with self.subTest(user.name):
                self.assertTrue(self.offer.with_user(user).has_access("read"))
        for user in others:
            with self.subTest(user.name):
                self.assertFalse(self.offer.with_user(user).has_access("read"))

    def test_salespeople_read_what_became_of_their_leads(self):
        offer = self.offer.with_user(self.seller)
        self.assertTrue(offer.has_access("read"))
        self.lead.user_id = self.channel
        self.assertFalse(offer.has_access("read"))
        self.lead.user_id = self.seller
        self.assertTrue(offer.has_access("read"))
        with self.assertRaises(AccessError):
            offer.read(["reasons"])

    def test_the_customer_is_unknown_before_acceptance(self):
        offer = self.offer.with_user(self.alpha_sales)
        [row] = offer.read(CONTACT)
        self.assertEqual([row[name] for name in CONTACT], [False] * len(CONTACT))
        self.assertNotIn("Yangtze", offer.display_name)
        for name in ("lead_id", "reasons", "explanation", "pool_grade_ids", "error"):
            with self.subTest(name), self.assertRaises(AccessError):
                offer.read([name])
        self.offer.message_post(body="Careful, they pay late.")
        self.assertFalse(offer.read(["message_ids"])[0]["message_ids"])
        offer._accept()
        [row] = offer.read(CONTACT)
        self.assertEqual(row["customer_name"], "Secret Steel Works")
        self.assertEqual(row["phone"], "+86 21 5555 0101")

    def test_the_customer_cannot_be_searched_for(self):
        offers = self.env["crm.lead.assignment"].with_user(self.alpha_sales)
        for domain in (
            [("lead_id.phone", "like", "5555")],
            [("lead_id", "ilike", "Yangtze")],
            [("reasons", "!=", False)],
        ):
            with self.subTest(domain), self.assertRaises(AccessError):
                offers.search(domain)
        self.assertFalse(self.env["crm.lead"].with_user(self.alpha_sales).has_access("read"))

    def test_nobody_changes_history_by_hand(self):
        for user in (self.alpha_sales, self.channel, self.programme):
            offer = self.offer.with_user(user)
            with self.subTest(user.name), self.assertRaises(AccessError):
                offer.write({"state": "accepted"})
            with self.subTest(user.name), self.assertRaises(UserError):
                offer.unlink()
            with self.subTest(user.name), self.assertRaises(AccessError):
                offer.create({"lead_id": self.lead.id, "company_id": self.company.id})

    def test_only_channel_managers_give_and_withdraw(self):
        for user in (self.seller, self.alpha_admin):
            with self.subTest(user.name), self.assertRaises(UserError):
                self.lead.with_user(user).action_channel_offer()
            with self.subTest(user.name), self.assertRaises(UserError):
                self.offer.with_user(user).action_withdraw()
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.env["crm.lead.withdraw"].with_user(user).create(
                    {"assignment_ids": self.offer.ids, "reason": "x"}
                )
        self.assertEqual(
            self.lead.with_user(self.channel).action_channel_offer()["res_model"], "crm.lead.offer"
        )

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_other_company(self):
        with self.assertRaises(AccessError):
            self.offer.with_user(self.stranger).read(["state"])
        with self.assertRaises(UserError):
            self.env["crm.lead.offer"].with_user(self.stranger).create(
                {"lead_ids": self._lead("x").ids, "method": "manual", "partner_id": self.alpha.id}
            ).action_confirm()

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_preview_tells_nothing_of_another_company(self):
        lead = self._lead("Not theirs")
        self.assertFalse(lead.with_user(self.stranger).has_access("read"))
        with self.assertRaises(AccessError):
            self.env["crm.lead.offer"].with_user(self.stranger).create({"lead_ids": lead.ids})
        lines = {"fields": {"partner_id": {"fields": {"display_name": {}}}, "explanation": {}}}
        with self.assertRaises(AccessError):
            self.env["crm.lead.offer"].with_user(self.stranger).onchange(
                {"lead_ids": [Command.link(lead.id)], "method": "push"},
                ["lead_ids"],
                {"lead_ids": {}, "method": {}, "line_ids": lines},
            )

    def test_levels_of_another_company_claim_nothing(self):
        foreign = self.gold.copy({"name": "Foreign", "company_id": self.other_company.id})
        wizard = self.env["crm.lead.offer"].with_user(self.channel)
        self.assertNotIn(foreign, wizard.create({"lead_ids": self.lead.ids}).grade_ids)
        lead = self._lead("For the pool")
        vals = {"lead_ids": lead.ids, "method": "pool"}
        with self.assertRaisesRegex(UserError, "None of the levels"):
            wizard.create({**vals, "grade_ids": foreign.ids}).action_confirm()
        wizard.create({**vals, "grade_ids": (foreign | self.gold).ids}).action_confirm()
        self.assertEqual(lead.channel_assignment_ids.pool_grade_ids, self.gold)

    def test_coverage_is_kept_by_channel_managers(self):
        area = self.alpha.channel_coverage_ids
        area.with_user(self.channel).postcodes = "20"
        self.assertTrue(area.with_user(self.seller).has_access("read"))
        self.assertFalse(area.with_user(self.seller).has_access("write"))
        self.assertFalse(area.with_user(self.stranger).has_access("read"))
        self.assertFalse(area.with_user(self.alpha_admin).has_access("read"))
