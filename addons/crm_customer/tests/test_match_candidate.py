from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_match import MatchCase

RULES = "odoo.addons.crm_customer.models.crm_match_ruleset"


@tagged("post_install", "-at_install")
class TestMatchCandidate(MatchCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one = cls.partner("王伟", phone="13800138000")
        cls.two = cls.partner("王伟", phone="138 0013 8000")
        cls.other = cls.partner("赵敏", phone="13911112222")

    def all_pairs(self):
        return self.env["crm.match.candidate"].search([("ruleset_id", "=", self.ruleset.id)])

    # --- keys ---

    def keys(self, partner):
        self.env.cr.execute(
            "SELECT key FROM crm_match_key WHERE partner_id = %s ORDER BY key", [partner.id]
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def test_keys_follow_the_customer(self):
        self.assertEqual(len(self.keys(self.one)), 2)
        self.assertEqual(self.keys(self.one), self.keys(self.two))
        self.one.email = "w@one.example"
        self.assertEqual(len(self.keys(self.one)), 3)
        self.one.active = False
        self.assertFalse(self.keys(self.one))
        self.two.is_company = True
        self.assertFalse(self.keys(self.two), "a rule set for persons")
        self.other.unlink()
        self.assertFalse(self.keys(self.other))

    def test_keys_are_made_in_the_background(self):
        self.ruleset.write({"active": False})
        self.assertFalse(self.keys(self.one))
        self.ruleset.write({"active": True})
        self.assertEqual(self.ruleset.keys_done, 0)
        with patch(f"{RULES}.KEY_BATCH", 1):
            self.run_cron("crm_customer.ir_cron_match_keys")
        self.assertEqual(self.ruleset.keys_done, -1)
        self.assertEqual(self.ruleset.progress, 100)
        self.assertEqual(len(self.keys(self.one)), 2)
        self.run_cron("crm_customer.ir_cron_match_keys")
        self.assertEqual(len(self.keys(self.one)), 2)

    def test_addresses_and_own_people_are_no_customers(self):
        delivery = self.partner("王伟", phone="13800138000", parent_id=self.one.id, type="delivery")
        child = self.partner("王伟", phone="13800138000", parent_id=self.one.id)
        self.run_queue()
        self.assertFalse(self.keys(delivery))
        self.assertFalse(self.pair(self.one, child), "a customer and its own contact")
        self.assertTrue(self.pair(self.two, child))
        self.assertFalse(self.keys(self.rep.partner_id))

    # --- finding ---

    def test_queue_and_second_run(self):
        self.run_queue()
        pair = self.pair(self.one, self.two)
        self.assertEqual(len(self.all_pairs()), 1)
        self.assertFalse(self.env["crm.match.queue"].search([]))
        self.assertEqual((pair.cluster, pair.cluster_size), (self.one.id, 2))
        self.env.cr.execute("SELECT xmin FROM crm_match_candidate WHERE id = %s", [pair.id])
        version = self.env.cr.fetchone()
        self.ruleset.run_now()
        self.run_queue()
        self.env.cr.execute("SELECT xmin FROM crm_match_candidate WHERE id = %s", [pair.id])
        self.assertEqual(self.env.cr.fetchone(), version, "a second run writes nothing")

    def test_open_pair_goes_when_it_is_none_any_more(self):
        self.run_queue()
        self.assertTrue(self.pair(self.one, self.two))
        self.two.write({"phone": "13700000000", "name": "孙强"})
        self.run_queue()
        self.assertFalse(self.pair(self.one, self.two))

    def test_decisions_persist(self):
        self.run_queue()
        pair = self.pair(self.one, self.two)
        pair.with_user(self.rep).action_distinct()
        self.assertEqual((pair.state, pair.reviewer_id), ("distinct", self.rep))
        self.assertTrue(pair.date_review)
        self.ruleset.run_now()
        self.two.phone = "+8613800138000"
        self.run_queue()
        self.assertEqual(self.pair(self.one, self.two).state, "distinct")
        self.assertEqual(len(self.all_pairs()), 1)
        self.two.write({"phone": "13700000000", "name": "孙强"})
        self.run_queue()
        self.assertEqual(self.pair(self.one, self.two).state, "distinct", "never forgotten")
        pair.action_review_again()
        self.assertEqual((pair.state, pair.reviewer_id.id), ("to_review", False))

    def test_poisoned_customer_does_not_stop_the_others(self):
        score = type(self.env["crm.match.ruleset"])._score
        bad = self.other.id

        def poisoned(ruleset, one, others):
            if one["id"] == bad:
                raise ValueError("poisoned")
            return score(ruleset, one, others)

        near = self.partner("赵敏", phone="13911112222")
        with patch.object(type(self.ruleset), "_score", poisoned):
            self.run_queue()
        self.assertTrue(self.pair(self.one, self.two))
        self.assertTrue(self.pair(self.other, near), "found from the other side")
        rows = self.env["crm.match.queue"].search([])
        self.assertEqual(rows.partner_id, self.other)
        self.assertEqual(rows.error, "poisoned")
        self.run_queue()
        self.assertTrue(rows.exists(), "a failure waits for a person")
        rows.with_user(self.boss).action_retry()
        self.run_queue()
        self.assertFalse(rows.exists())

    def test_queue_in_batches(self):
        with patch("odoo.addons.crm_customer.models.crm_match_queue.BATCH", 1):
            self.run_queue()
        self.assertFalse(self.env["crm.match.queue"].search([]))
        self.assertTrue(self.pair(self.one, self.two))

    def test_poisoned_key(self):
        many = "odoo.addons.crm_customer.engine.match.blocking_keys_many"
        from ..engine.match import blocking_keys_many

        def poisoned(columns, spec):
            if "赵敏" in columns["name"]:
                raise ValueError("poisoned")
            return blocking_keys_many(columns, spec)

        self.ruleset._changed()
        with patch(many, poisoned):
            self.run_cron("crm_customer.ir_cron_match_keys")
        self.assertTrue(self.keys(self.one))
        self.assertFalse(self.keys(self.other))
        row = self.env["crm.match.queue"].search([("error", "!=", False)])
        self.assertEqual(row.partner_id, self.other)

    def test_full_run_in_the_background(self):
        self.env["crm.match.queue"].search([]).unlink()
        broken = self.env["crm.match.ruleset"].create(self.ruleset_vals(name="Broken", sequence=1))
        (self.ruleset | broken).with_user(self.boss).run_requested = True
        link = type(self.ruleset)._link

        def poisoned(ruleset):
            if ruleset == broken:
                raise ValueError("poisoned")
            return link(ruleset)

        with (
            patch.object(type(self.ruleset), "_link", poisoned),
            self.assertLogs(RULES, "ERROR"),
            patch(f"{RULES}.PAIR_BATCH", 1),
        ):
            self.run_cron("crm_customer.ir_cron_match_run")
        self.assertEqual(broken.run_error, "poisoned")
        self.assertTrue(self.ruleset.run_on)
        self.assertEqual(self.ruleset.run_pairs, 1)
        self.assertFalse((self.ruleset | broken).filtered("run_requested"))
        self.assertTrue(self.pair(self.one, self.two))

    def test_weekly_request(self):
        self.run_cron("crm_customer.ir_cron_match_request")
        self.assertTrue(self.ruleset.run_requested)

    def test_companies_do_not_mix(self):
        self.one.company_id = self.here
        self.two.company_id = self.there
        self.run_queue()
        self.ruleset.run_now()
        self.assertFalse(self.all_pairs())
        self.two.company_id = False
        self.run_queue()
        self.assertTrue(self.pair(self.one, self.two))

    def test_clusters(self):
        three = self.partner("王伟", phone="13800138000")
        self.run_queue()
        pairs = self.all_pairs()
        self.assertEqual(len(pairs), 3)
        self.assertEqual(set(pairs.mapped("cluster")), {self.one.id})
        self.assertEqual(set(pairs.mapped("cluster_size")), {3})
        self.assertIn("o_crm_match_cluster", pairs[0].cluster_html)
        self.assertEqual(pairs[0]._cluster_members(), self.one | self.two | three)

    # --- review ---

    def test_side_by_side(self):
        self.two.email = "w@<b>.example"
        self.run_queue()
        html = self.pair(self.one, self.two).with_user(self.rep).comparison_html
        self.assertIn("王伟", html)
        self.assertIn("+13.21", html)
        self.assertIn("99.94", html)
        self.assertNotIn("<b>", html)

    def test_queue_order_and_skip(self):
        near = self.partner("赵敏", phone="13911112222")
        self.run_queue()
        first, second = self.all_pairs()
        self.assertEqual(first.next_to_review(), second.id)
        first.with_user(self.rep).action_skip()
        self.assertEqual(self.all_pairs(), second | first)
        second.action_distinct()
        first.action_distinct()
        self.assertFalse(first.next_to_review())
        self.assertTrue(near)

    def test_merge_without_the_merge_document(self):
        self.run_queue()
        pair = self.pair(self.one, self.two)
        if "crm.merge" in self.env:
            action = pair.with_user(self.boss).action_merge()
            self.assertEqual(action["res_model"], "crm.merge")
            self.assertEqual(pair.state, "duplicate")
        else:
            with self.assertRaises(UserError):
                pair.action_merge()
            self.assertEqual(pair.state, "to_review")

    def test_certain_groups(self):
        """A household in the group, or a decision against a pair, leaves the group to people."""
        near = [self.partner("赵敏", phone="13911112222") for _number in range(2)]
        self.run_queue()
        pairs = self.all_pairs()
        self.assertEqual(
            pairs._certain_groups(), [self.one | self.two, self.other | near[0] | near[1]]
        )
        self.pair(*near).action_distinct()
        certain = pairs.filtered(lambda pair: pair.state == "to_review")
        self.assertEqual(certain._certain_groups(), [self.one | self.two])
        self.pair(self.one, self.two).veto = "given_name"
        self.assertEqual(certain._certain_groups(), [])
        with self.assertRaises(UserError):
            self.pair(*near).action_merge_certain()

    def test_pairs_after_a_merge_in_sql(self):
        three = self.partner("王伟", phone="13800138000")
        self.run_queue()
        self.env.flush_all()
        pair, old = self.pair(self.one, self.two), self.pair(self.two, three)
        self.env.cr.execute(
            "UPDATE crm_match_candidate SET left_id = right_id WHERE id = %s", [pair.id]
        )
        self.env.cr.execute(
            "UPDATE crm_match_candidate SET left_id = right_id, right_id = left_id WHERE id = %s",
            [old.id],
        )
        self.env.invalidate_all()
        self.env["crm.match.candidate"]._refresh_clusters()
        self.assertEqual(pair.state, "merged")
        self.assertEqual((old.left_id, old.right_id), (self.two, three))
        with self.assertRaises(UserError):
            pair.action_review_again()

    def test_order_of_a_pair(self):
        self.run_queue()
        pair = self.pair(self.one, self.two)
        with self.assertRaises(ValidationError):
            pair.write({"left_id": self.other.id, "right_id": self.one.id})

    # --- rights ---

    def test_rights(self):
        self.one.company_id = self.two.company_id = self.there
        self.run_queue()
        pair = self.pair(self.one, self.two)
        candidates = self.env["crm.match.candidate"]
        self.assertTrue(candidates.with_user(self.other_rep).search([("id", "=", pair.id)]))
        self.assertFalse(candidates.with_user(self.rep).search([("id", "=", pair.id)]))
        for user in (self.portal, self.clerk):
            with self.assertRaises(AccessError):
                candidates.with_user(user).search([])
        with self.assertRaises(AccessError):
            pair.with_user(self.rep).action_distinct()
        with self.assertRaises(AccessError):
            pair.with_user(self.other_rep).unlink()
        with self.assertRaises(AccessError):
            candidates.with_user(self.other_rep).create(
                {"left_id": self.one.id, "right_id": self.two.id, "ruleset_id": self.ruleset.id}
            )

    @mute_logger("odoo.models")
    def test_everybody_may_change_customers(self):
        """Keys and identities are kept whoever writes, also a user without rights on them."""
        self.clerk.group_ids += self.env.ref("base.group_partner_manager")
        partner = (
            self.env["res.partner"]
            .with_user(self.clerk)
            .create({"name": "王伟", "phone": "13800138000", "country_id": self.china.id})
        )
        partner.email = "new@clerk.example"
        self.assertEqual(len(self.keys(partner)), 3)
        self.assertIn(("email", "new@clerk.example"), self.identities(partner))
        partner.unlink()
        self.assertFalse(self.keys(partner))

    # --- warnings while typing ---

    def test_warning_on_a_new_customer(self):
        form = Form(
            self.env["res.partner"].with_user(self.rep).with_context(default_is_company=False)
        )
        form.name = "王伟"
        self.assertFalse(form.duplicate_hint)
        form.country_id = self.china
        form.phone = "138 0013 8000"
        self.assertIn(f"/odoo/contacts/{self.one.id}", form.duplicate_hint)
        self.assertIn("100 %", form.duplicate_hint)
        saved = form.save()
        self.assertTrue(saved, "a warning does not block")

    def test_warning_names_nobody_who_may_not_be_read(self):
        (self.one | self.two).company_id = self.there
        values = {"name": "王伟", "phone": "13800138000", "country_id": self.china}
        rulesets = self.env["crm.match.ruleset"].with_user(self.rep)
        self.assertFalse(rulesets._find_duplicates("person", values))
        self.assertFalse(rulesets._find_duplicates("person", values, self.here))
        found = (
            self.env["crm.match.ruleset"]
            .with_user(self.other_rep)
            ._find_duplicates("person", values)
        )
        self.assertEqual([partner for partner, _chance in found], [self.one, self.two])

    def test_no_warning_of_what_was_decided(self):
        self.run_queue()
        self.assertIn(f"/odoo/contacts/{self.two.id}", self.one.duplicate_hint)
        self.pair(self.one, self.two).action_distinct()
        self.one.invalidate_recordset()
        self.assertFalse(self.one.duplicate_hint)

    def test_warning_on_a_lead(self):
        form = Form(self.env["crm.lead"].with_user(self.rep))
        form.name = "Pumps"
        form.contact_name = "王伟"
        form.country_id = self.china
        form.phone = "13800138000"
        self.assertIn(f"/odoo/contacts/{self.one.id}", form.duplicate_hint)
        form.partner_id = self.one
        self.assertFalse(form.duplicate_hint)

    def test_few_queries(self):
        """One record against the base: a probe, a read of the records, one of the rights."""
        values = {"name": "王伟", "phone": "13800138000", "country_id": self.china}
        rulesets = self.env["crm.match.ruleset"].with_user(self.rep)
        rulesets._find_duplicates("person", values)
        self.env.flush_all()
        with self.assertQueryCount(4):
            rulesets._find_duplicates("person", values)

    # --- quality ---

    def test_quality(self):
        more = [self.partner("赵敏", phone="13911112222") for _number in range(2)]
        lee = self.partner("李娜", phone="13800138000")
        self.run_queue()
        self.pair(self.one, self.two).state = "duplicate"
        self.pair(self.other, more[0]).state = "duplicate"
        self.pair(self.other, more[1]).state = "distinct"
        self.pair(self.one, lee).state = "duplicate"
        self.pair(self.two, lee).state = "distinct"
        self.env.flush_all()
        high, low = self.env["crm.match.quality"].search([("ruleset_id", "=", self.ruleset.id)])
        self.assertEqual((high.band, high.pairs, high.to_review), ("6", 4, 1))
        self.assertAlmostEqual(high.precision, 2 / 3)
        self.assertAlmostEqual(high.recall, 2 / 3)
        self.assertEqual((low.band, low.duplicates, low.distinct_pairs), ("1", 1, 1))
        self.assertAlmostEqual(low.precision, 3 / 5)
        self.assertAlmostEqual(low.recall, 1.0)
        self.assertAlmostEqual(low.share, 0.5)
        with self.assertRaises(AccessError):
            self.env["crm.match.quality"].with_user(self.rep).search([])
