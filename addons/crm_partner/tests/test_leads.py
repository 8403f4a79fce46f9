from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common_leads import MONDAY, LeadCase

ASSIGNMENT = "odoo.addons.crm_partner.models.crm_lead_assignment"


@tagged("-at_install", "post_install")
@freeze_time(MONDAY)
class TestDistribution(LeadCase):
    def test_shares_follow_the_weights_of_the_levels(self):
        """Sixteen leads to weights 3, 3 and 2: six, six and four."""
        offers = self._distribute(
            self.env["crm.lead"].browse([self._lead(f"Lead {n}").id for n in range(16)])
        )
        counted = {partner: len(group) for partner, group in offers.grouped("partner_id").items()}
        self.assertEqual(counted, {self.alpha: 6, self.beta: 6, self.gamma: 4})
        self.assertEqual(set(offers.mapped("state")), {"offered"})

    def test_each_lead_of_a_batch_is_decided_by_itself(self):
        """Odoo's own assignment to resellers gives a batch to the partner of its first lead."""
        china = self._lead(channel_category_ids=[Command.set(self.seals.ids)])
        abroad = self._lead(country_id=self.us.id, state_id=False, city="Boston", zip="02108")
        offers = self._distribute(china | abroad)
        self.assertEqual(offers.partner_id, self.alpha | self.gamma)
        self.assertEqual(abroad.channel_assignment_ids.partner_id, self.gamma)

    def test_territory_and_competence(self):
        south = self._lead(state_id=self.guangdong.id, city="Guangzhou", zip="510000")
        offer = self._distribute(south)
        self.assertEqual(self._codes(offer)[self.beta.id], "outside")
        below = self._lead(channel_category_ids=[Command.set(self.slurry.ids)])
        self.assertNotEqual(self._codes(self._distribute(below))[self.beta.id], "not_competent")
        seals = self._lead(channel_category_ids=[Command.set(self.seals.ids)])
        self.assertEqual(self._codes(self._distribute(seals))[self.beta.id], "not_competent")

    def _codes(self, offer):
        return {row["partner"]: row["code"] for row in offer.reasons}

    def test_the_choice_is_explained(self):
        self.gamma.channel_lead_capacity = 1
        self._distribute(self._lead("A") | self._lead("B") | self._lead("C"))
        offer = self._distribute(self._lead("D"))
        self.assertEqual(self._codes(offer)[self.gamma.id], "full")
        self.assertIn("Gamma Reseller", offer.explanation)
        self.assertIn("has as many open leads as it may", offer.explanation)
        self.assertIn("gets the lead", offer.explanation)

    def test_limits_are_counted_in_working_hours(self):
        """Eight and sixteen hours of work from Monday 10:00: Tuesday and Wednesday 10:00."""
        offer = self._distribute(self._lead())
        self.assertEqual(offer.remind_at, fields.Datetime.to_datetime("2026-03-03 02:00:00"))
        self.assertEqual(offer.deadline, fields.Datetime.to_datetime("2026-03-04 02:00:00"))
        self.company.channel_accept_hours = 0
        offer = self._distribute(self._lead())
        self.assertFalse(offer.deadline)

    def test_a_lead_is_offered_once(self):
        lead = self._lead()
        self._distribute(lead)
        with self.assertRaisesRegex(UserError, "offered already"):
            self._distribute(lead)
        self.assertEqual(len(lead.channel_assignment_ids), 1)
        won = self._lead()
        won.action_set_won()
        with self.assertRaisesRegex(UserError, "closed already"):
            self._distribute(won)

    def test_a_lead_of_a_partner_is_not_given_away(self):
        """A registered deal, for example."""
        lead = self._lead(channel_partner_id=self.beta.id, channel_distribute=True)
        with self.assertRaisesRegex(UserError, "belongs to the partner Beta"):
            self._distribute(lead)
        self._run_cron("crm_partner.ir_cron_lead_distribution")
        self.assertFalse(lead.channel_assignment_ids)

    def test_nobody_left_goes_to_the_pool_or_says_why(self):
        self.gold.lead_weight = self.silver.lead_weight = 0
        entry = self._distribute(self._lead())
        self.assertEqual(entry.state, "pool")
        self.assertEqual(entry.pool_grade_ids & (self.gold | self.silver), self.gold | self.silver)
        self.company.channel_pool_fallback = False
        lead = self._lead(user_id=self.env.user.id)
        self.assertFalse(self._distribute(lead))
        self.assertIn("Alpha Reseller: has no share at its level", lead.channel_error)
        self.assertEqual(lead.activity_ids.summary, "No partner for this lead")

    def test_redistribution_never_returns(self):
        lead = self._lead()
        seen = self._distribute(lead).partner_id
        for _round in range(2):
            offer = lead.channel_assignment_ids.filtered("is_live")
            self._expire(offer)
            now = lead.channel_assignment_ids.filtered("is_live").partner_id
            self.assertTrue(now)
            self.assertFalse(now & seen)
            seen |= now
        self._expire(lead.channel_assignment_ids.filtered("is_live"))
        self.assertEqual(lead.channel_assignment_ids.mapped("state").count("expired"), 3)
        # everybody who might claim it has had it: no pool either
        self.assertFalse(lead.channel_assignment_ids.filtered("is_live"))
        self.assertIn("has had this lead before", lead.channel_error)

    def _expire(self, offer):
        with freeze_time(offer.deadline):
            self._watch()
        self.assertEqual(offer.state, "expired")

    def test_reminder_before_the_limit(self):
        offer = self._distribute(self._lead())
        with freeze_time("2026-03-03 02:00:00"), self.mails() as sent:
            self._watch()
            self._watch()
        self.assertEqual(len(sent()), 1)
        self.assertIn("Reminder", sent().subject)
        self.assertTrue(offer.reminded_at)
        self.assertEqual(offer.state, "offered")

    def test_mails_say_nothing_of_the_customer(self):
        with self.mails() as sent:
            self._distribute(self._lead())
        [mail] = sent()
        self.assertIn("Shanghai", mail.body_html)
        for secret in ("Secret", "Confidential", "5555", "Hidden", "Yangtze"):
            self.assertNotIn(secret, mail.body_html + mail.subject)

    def mails(self):
        """Return a context manager that gives the mails created since."""
        case = self

        class Mails:
            def __enter__(self):
                self.before = case.env["mail.mail"].search([])
                return lambda: case.env["mail.mail"].search([]) - self.before

            def __exit__(self, *_exception):
                pass

        return Mails()

    def test_scheduled_action_distributes_what_is_marked(self):
        team = self.env["crm.team"].create(
            {"name": "Channel", "company_id": self.company.id, "channel_distribute": True}
        )
        marked = self._lead("Marked", channel_distribute=True)
        of_team = self._lead("Team", team_id=team.id)
        ours = self._lead("Ours", team_id=team.id, user_id=self.env.user.id)
        plain = self._lead("Plain")
        self._run_cron("crm_partner.ir_cron_lead_distribution")
        self.assertEqual((marked | of_team).mapped("channel_state"), ["offered", "offered"])
        self.assertFalse((ours | plain).channel_assignment_ids)

    @mute_logger("odoo.addons.crm_partner.models.crm_lead_distributor")
    def test_a_poisoned_lead_does_not_stop_the_others(self):
        good, bad = self._lead(channel_distribute=True), self._lead("x", channel_distribute=True)
        last = self._lead(channel_distribute=True)
        distributor = type(self.env["crm.lead.distributor"])
        need = distributor._need

        def poisoned(distributor, lead):
            if lead == bad:
                raise ValueError("poison")
            return need(distributor, lead)

        with patch.object(distributor, "_need", poisoned):
            self._run_cron("crm_partner.ir_cron_lead_distribution")
        self.assertEqual((good | last).mapped("channel_state"), ["offered", "offered"])
        self.assertEqual(bad.channel_error, "poison")
        self.assertFalse(bad.channel_assignment_ids)
        # it is tried again the next day
        with freeze_time("2026-03-03 03:00:00"):
            self._run_cron("crm_partner.ir_cron_lead_distribution")
        self.assertEqual(bad.channel_state, "offered")
        self.assertFalse(bad.channel_error)

    @mute_logger(ASSIGNMENT)
    def test_a_poisoned_offer_does_not_stop_the_others(self):
        bad, good = self._distribute(self._lead("a")), self._distribute(self._lead("b"))
        model = type(bad)
        watch = model._watch_one

        def poisoned(offer):
            if offer == bad:
                raise ValueError("poison")
            return watch(offer)

        with patch.object(model, "_watch_one", poisoned), freeze_time(bad.deadline):
            self._watch()
        self.assertEqual((bad.state, bad.error), ("offered", "poison"))
        self.assertEqual(good.state, "expired")

    def test_the_own_customer_is_no_candidate(self):
        offer = self._distribute(self._lead(partner_id=self.alpha.id))
        self.assertNotIn(self.alpha.id, self._codes(offer))

    def test_partners_of_other_companies_are_no_candidates(self):
        self.alpha.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        offer = self._distribute(self._lead())
        self.assertNotIn(self.alpha.id, self._codes(offer))

    def test_coverage(self):
        covers = self.beta._channel_covers
        self.assertTrue(covers(self.cn, self.shanghai))
        self.assertFalse(covers(self.cn, self.guangdong))
        self.assertTrue(self.gamma._channel_covers(self.us))
        with self.assertRaisesRegex(ValidationError, "does not belong to"):
            self.beta.channel_coverage_ids.country_id = self.us
        self.beta.channel_coverage_ids = [
            Command.clear(),
            Command.create(
                {"country_id": self.cn.id, "postcodes": "20，215", "cities": "Suzhou、Shanghai"}
            ),
        ]
        self.assertTrue(covers(self.cn, postcode="200120", city="SHANGHAI"))
        self.assertFalse(covers(self.cn, postcode="200120", city="Nanjing"))

    def test_numbers_are_checked(self):
        with self.assertRaises(ValidationError):
            self.alpha.channel_lead_capacity = -1
        with self.assertRaises(ValidationError):
            self.gold.lead_pool_quota = -1
        with self.assertRaises(ValidationError):
            self.company.channel_accept_hours = -1
        with self.assertRaises(ValidationError):
            self.company.channel_fairness_days = 0


@tagged("-at_install", "post_install")
@freeze_time(MONDAY)
class TestAnswers(LeadCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_portal_users()
        cls.beta.channel_lead_paused = cls.gamma.channel_lead_paused = True
        cls.lead = cls._lead()
        cls.offer = cls._distribute(cls.lead)
        (cls.beta | cls.gamma).channel_lead_paused = False

    def as_(self, user, assignment=None):
        return (assignment or self.offer).with_user(user)

    def test_accept(self):
        self.assertEqual(self.offer.partner_id, self.alpha)
        with freeze_time("2026-03-02 05:30:00"):
            self.as_(self.alpha_sales)._accept()
        self.assertEqual(self.offer.state, "accepted")
        self.assertEqual(self.offer.response_hours, 3.5)
        self.assertEqual(self.offer.responded_by_id, self.alpha_sales)
        self.assertEqual(self.lead.channel_partner_id, self.alpha)
        with self.assertRaisesRegex(UserError, "not possible any more"):
            self.as_(self.alpha_sales)._accept()

    def test_accept_after_the_limit(self):
        with (
            freeze_time("2026-03-04 02:00:01"),
            self.assertRaisesRegex(UserError, "ended on"),
        ):
            self.as_(self.alpha_sales)._accept()

    def test_only_salespeople_of_the_partner_answer(self):
        for user in (self.beta_admin, self.alpha_finance, self.alpha_none, self.outsider_user):
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.as_(user)._accept()
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.as_(user)._decline("small")

    def test_decline_passes_on_at_once(self):
        with self.assertRaisesRegex(UserError, "why"):
            self.as_(self.alpha_sales)._decline("nonsense")
        self.as_(self.alpha_sales)._decline("small", "Not worth it")
        self.assertEqual((self.offer.state, self.offer.decline_reason), ("declined", "small"))
        following = self.lead.channel_assignment_ids - self.offer
        self.assertEqual(following.state, "offered")
        self.assertNotEqual(following.partner_id, self.alpha)

    def test_feedback_reaches_the_opportunity(self):
        self.as_(self.alpha_sales)._accept()
        self.as_(self.alpha_sales)._feedback("quoted", "Offer sent on Friday")
        self.assertEqual(self.offer.progress, "quoted")
        self.assertIn("Offer sent on Friday", self.lead.message_ids[0].body)
        with self.assertRaisesRegex(UserError, "how far"):
            self.as_(self.alpha_sales)._feedback("nonsense")
        with self.assertRaisesRegex(UserError, "revenue"):
            self.as_(self.alpha_sales)._feedback("won")
        self.as_(self.alpha_sales)._feedback("won", "Signed", amount=51000)
        self.assertEqual((self.offer.state, self.offer.amount), ("converted", 51000))
        self.assertEqual(self.lead.won_status, "won")
        self.assertEqual(self.lead.expected_revenue, 51000)

    def test_a_lead_of_type_lead_is_won_as_an_opportunity(self):
        lead = self._lead(type="lead")
        offer = self._distribute(lead)
        people = {self.alpha: self.alpha_sales, self.beta: self.beta_admin}
        user = people.get(offer.partner_id, self.gamma_admin)
        self.as_(user, offer)._accept()
        self.as_(user, offer)._feedback("won", amount=10)
        self.assertEqual((lead.type, lead.won_status), ("opportunity", "won"))

    def test_lost_with_reason(self):
        self.as_(self.alpha_sales)._accept()
        with self.assertRaisesRegex(UserError, "why"):
            self.as_(self.alpha_sales)._feedback("lost")
        reason = self.env["crm.lost.reason"].create({"name": "Price"})
        self.as_(self.alpha_sales)._feedback("lost", "Too dear", lost_reason=reason)
        self.assertEqual((self.offer.state, self.lead.won_status), ("lost", "lost"))
        self.assertEqual(self.lead.lost_reason_id, reason)

    def test_a_rule_of_ours_that_refuses_becomes_an_activity(self):
        self.as_(self.alpha_sales)._accept()

        refusal = UserError("The gate is shut.")

        def refuse(_lead):
            raise refusal

        with patch.object(type(self.lead), "action_set_won", refuse):
            self.as_(self.alpha_sales)._feedback("won", amount=10)
        self.assertEqual(self.offer.state, "converted")
        self.assertEqual(self.lead.won_status, "pending")
        self.assertIn("The gate is shut.", self.lead.activity_ids.note)

    def test_what_we_close_is_closed_for_the_partner(self):
        self.as_(self.alpha_sales)._accept()
        self.lead.action_set_won()
        self.assertEqual((self.offer.state, self.offer.amount), ("converted", 48000))
        other = self._lead()
        offer = self._distribute(other)
        other.action_set_lost()
        self.assertEqual(offer.state, "withdrawn")

    def test_withdraw_and_redistribute(self):
        self.as_(self.alpha_sales)._accept()
        wizard = self.env["crm.lead.withdraw"].with_user(self.channel)
        wizard = wizard.create({"assignment_ids": self.offer.ids, "reason": "They are too slow"})
        wizard.action_confirm()
        self.assertEqual(self.offer.state, "withdrawn")
        self.assertFalse(self.lead.channel_partner_id)
        following = self.lead.channel_assignment_ids - self.offer
        self.assertEqual(following.state, "offered")
        # the partner's page is masked again, and the reason is not theirs to read
        offer = self.as_(self.alpha_sales)
        self.assertFalse(offer.customer_name)
        with self.assertRaises(AccessError):
            offer.read(["withdraw_reason"])

    def test_by_hand_also_to_one_that_had_it(self):
        self.as_(self.alpha_sales)._decline("small")
        (self.lead.channel_assignment_ids - self.offer)._withdraw("change of mind")
        self.env["crm.lead.offer"].with_user(self.channel).create(
            {"lead_ids": self.lead.ids, "method": "manual", "partner_id": self.alpha.id}
        ).action_confirm()
        last = self.lead.channel_assignment_ids.sorted("id")[-1]
        self.assertEqual((last.partner_id, last.kind), (self.alpha, "manual"))

    def test_preview_offers_nothing(self):
        lead = self._lead("Preview")
        wizard = self.env["crm.lead.offer"].with_user(self.channel).create({"lead_ids": lead.ids})
        self.assertTrue(wizard.line_ids.partner_id)
        self.assertFalse(lead.channel_assignment_ids)
        wizard.action_confirm()
        self.assertEqual(lead.channel_assignment_ids.partner_id, wizard.line_ids.partner_id)

    def test_merge_keeps_the_history(self):
        self.as_(self.alpha_sales)._accept()
        tail = self._lead("Same again")
        offer = self._distribute(tail)
        merged = (self.lead | tail)._merge_opportunity()
        self.assertEqual(merged.channel_assignment_ids, self.offer | offer)
        self.assertEqual(len(merged.channel_assignment_ids.filtered("is_live")), 1)


@tagged("-at_install", "post_install")
@freeze_time(MONDAY)
class TestPool(LeadCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_portal_users()
        cls.lead = cls._lead()
        cls.entry = cls._pool(cls.lead, cls.gold)

    def _seen_by(self, user):
        return self.env["crm.lead.assignment"].with_user(user).search([]).sudo()

    def test_levels_decide_who_sees_the_pool(self):
        self.assertIn(self.entry, self._seen_by(self.alpha_sales))
        self.assertIn(self.entry, self._seen_by(self.beta_admin))
        self.assertNotIn(self.entry, self._seen_by(self.gamma_admin))
        # a new level counts at once
        self.gamma.grade_id = self.gold
        self.assertIn(self.entry, self._seen_by(self.gamma_admin))
        self.gamma.grade_id = False
        self.assertNotIn(self.entry, self._seen_by(self.gamma_admin))

    def test_claim(self):
        entry = self.entry.with_user(self.alpha_sales)
        self.assertEqual(entry.city, "Shanghai")
        self.assertEqual(entry.size.replace("\xa0", ""), "¥20,000 – ¥50,000")
        self.assertFalse(entry.customer_name or entry.phone or entry.lead_name or entry.note)
        entry._claim()
        self.assertEqual((self.entry.state, self.entry.partner_id), ("accepted", self.alpha))
        self.assertEqual(entry.customer_name, "Secret Steel Works")
        self.assertEqual(entry.note, "Ask for the second shift.")
        self.assertEqual(self.lead.channel_partner_id, self.alpha)
        with self.assertRaisesRegex(UserError, "faster"):
            self.entry.with_user(self.beta_admin)._claim()

    def test_wrong_level_and_wrong_role(self):
        for user in (self.gamma_admin, self.alpha_finance, self.outsider_user):
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.entry.with_user(user)._claim()

    def test_quota_of_the_day(self):
        entries = [self.entry] + [self._pool(self._lead(f"{n}")) for n in range(2)]
        for entry in entries[:2]:
            entry.with_user(self.alpha_sales)._claim()
        with self.assertRaisesRegex(UserError, "2 leads a day"):
            entries[2].with_user(self.alpha_admin)._claim()
        # 00:10 of the next day in Shanghai
        with freeze_time("2026-03-02 16:10:00"):
            entries[2].with_user(self.alpha_admin)._claim()
        self.assertEqual(entries[2].state, "accepted")

    def test_capacity(self):
        self.alpha.channel_lead_capacity = 1
        self.entry.with_user(self.alpha_sales)._claim()
        with self.assertRaisesRegex(UserError, "works on 1 leads"):
            self._pool(self._lead("Next")).with_user(self.alpha_sales)._claim()

    def test_what_a_partner_has_had_is_not_in_its_pool(self):
        (self.beta | self.gamma).channel_lead_paused = True
        lead = self._lead("Declined once")
        offer = self._distribute(lead)
        offer.with_user(self.alpha_sales)._decline("small")
        entry = lead.channel_assignment_ids.filtered("is_live")
        self.assertEqual(entry.state, "pool")
        self.assertNotIn(entry, self._seen_by(self.alpha_sales))
        with self.assertRaises(AccessError):
            entry.with_user(self.alpha_sales)._claim()
        self.beta.channel_lead_paused = False
        self.assertIn(entry, self._seen_by(self.beta_admin))
