from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common_pool import PoolCase


@tagged("post_install", "-at_install")
class TestPoolAccess(PoolCase):
    """Who sees, claims, writes and manages what; also by the API."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.free = cls.pooled("Free customer", cls.y)
        cls.lead = cls.pooled("Free lead", cls.y, cls.lead_pool)
        cls.own = cls.customer("Own customer", cls.x)

    def as_user(self, user, record):
        return record.with_user(user).with_company(self.company)

    def finds(self, user, record):
        record.invalidate_recordset()
        return bool(self.as_user(user, record).search_count([("id", "=", record.id)]))

    def test_a_condition_cannot_ask_for_a_hidden_field(self):
        pool = self.as_user(self.boss, self.pool)
        pool.domain = "[('ref', '=', 'POOL')]"
        with self.assertRaisesRegex(ValidationError, "cannot be used"), self.cr.savepoint():
            pool.domain = "[('signup_type', '!=', False)]"
        self.assertEqual(pool.domain, "[('ref', '=', 'POOL')]")

    # Seeing

    def test_members_see_the_pool(self):
        for record in (self.free, self.lead):
            self.assertTrue(self.finds(self.x, record))
            self.assertTrue(self.finds(self.boss, record))
            self.assertFalse(self.finds(self.outsider, record))
            self.assertFalse(self.finds(self.all_docs, record))

    def test_contacts_are_hidden_with_their_company(self):
        contact = self.env["res.partner"].create({"name": "Wu", "parent_id": self.free.id})
        self.assertEqual(contact.pool_id, self.pool)
        self.assertFalse(self.finds(self.outsider, contact))
        self.assertTrue(self.finds(self.x, contact))
        self.as_user(self.x, self.free).action_pool_claim()
        self.assertFalse(contact.pool_id)
        self.assertTrue(self.finds(self.outsider, contact))

    def test_other_colleagues_see_customers(self):
        """Accountants and colleagues without sales rights go on seeing every customer."""
        reader = self.person("reader", "base.group_user")
        for user in (self.accountant, reader):
            self.assertTrue(self.finds(user, self.free))

    def test_open_pools_are_seen_but_not_claimed(self):
        (self.pool | self.lead_pool).members_only = False
        for record in (self.free, self.lead):
            self.assertTrue(self.finds(self.outsider, record))
            with self.assertRaises(AccessError):
                self.as_user(self.outsider, record).action_pool_claim()
            with self.assertRaises(AccessError):
                self.as_user(self.outsider, record).write({"city": "Here"})

    def test_access_is_what_the_search_says(self):
        """The same pools keep somebody out, whether records are searched or looked at."""
        (self.pool | self.lead_pool).members_only = True
        for members_only in (True, False):
            self.pool.members_only = members_only
            free = self.as_user(self.outsider, self.free)
            for name, expected in (("pool_readable", not members_only), ("pool_writable", False)):
                self.assertEqual(free.sudo()[name], expected)
                found = free.sudo().search([(name, "=", True), ("id", "in", self.free.ids)])
                self.assertEqual(bool(found), expected)
                kept_out = free.sudo().search([(name, "=", False), ("id", "in", self.free.ids)])
                self.assertEqual(bool(kept_out), not expected)
            self.assertEqual(free.has_access("read"), not members_only)
            self.assertFalse(free.has_access("write"))
        self.assertTrue(self.as_user(self.x, self.free).has_access("write"))

    def test_a_new_pool_keeps_out_from_the_beginning(self):
        self.assertTrue(self.finds(self.outsider, self.own))
        pool = self.pool.copy({"name": "Another"})
        self.own._pool_enter(pool, "put", "Test")
        self.assertFalse(self.finds(self.outsider, self.own))
        pool.user_ids |= self.outsider
        self.assertTrue(self.finds(self.outsider, self.own))
        self.assertTrue(self.as_user(self.outsider, self.own).has_access("write"))
        pool.user_ids -= self.outsider
        self.assertFalse(self.finds(self.outsider, self.own))

    def test_no_pool_no_rule(self):
        """Queries of whoever no pool keeps out do not mention pools."""
        for model in ("crm.lead", "res.partner"):
            records = self.env[model].with_user(self.x)
            self.assertNotIn("pool_id", str(records._search([]).select()))
            records = records.with_user(self.outsider)
            self.assertIn("pool_id", str(records._search([]).select()))

    def test_a_list_asks_once(self):
        """What was searched for a list is checked without asking for the pools afterwards."""
        self.env["crm.lead"].create({"name": "Of the outsider", "user_id": self.outsider.id})
        for model in ("crm.lead", "res.partner"):
            self.env.invalidate_all()
            found = self.env[model].with_user(self.outsider).search_fetch([], ["name"], limit=5)
            self.assertTrue(found)
            fetched = found._fields["pool_id"]._get_cache(found.env)
            self.assertLessEqual(set(found.ids), set(fetched))

    def test_other_company(self):
        self.assertFalse(
            self.env["crm.pool"].with_user(self.stranger).search([("id", "=", self.pool.id)])
        )
        with self.assertRaises(AccessError):
            self.free.with_user(self.stranger).action_pool_claim()
        with self.assertRaises(AccessError):
            self.pool.with_user(self.stranger).action_run_now()

    def test_portal(self):
        portal = new_test_user(self.env, login="pool_portal", groups="base.group_portal")
        partner = portal.partner_id
        partner.with_context(tracking_disable=True).pool_id = self.pool
        with self.assertRaises(AccessError):
            self.free.with_user(portal).action_pool_claim()
        with self.assertRaises(AccessError):
            partner.with_user(portal).action_pool_claim()
        partner.pool_lock_reason = "Internal"
        with self.assertRaises(AccessError):
            partner.with_user(portal).read(["pool_lock_reason"])
        for model in ("crm.pool", "crm.pool.ownership", "crm.pool.run", "crm.pool.quota"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(portal).search([])

    def test_team_members_and_leaders_belong_to_the_pool(self):
        team = self.env["crm.team"].create({"name": "North", "user_id": self.all_docs.id})
        self.pool.team_ids = team
        self.assertIn(self.all_docs, self.pool.member_ids)
        member = self.env["crm.team.member"].create(
            {"crm_team_id": team.id, "user_id": self.outsider.id}
        )
        self.assertIn(self.outsider, self.pool.member_ids)
        self.assertTrue(self.finds(self.outsider, self.free))
        member.active = False
        self.assertNotIn(self.outsider, self.pool.member_ids)
        self.assertFalse(self.finds(self.outsider, self.free))

    # Claiming

    def test_claim(self):
        self.as_user(self.x, self.free).action_pool_claim()
        self.assertEqual(self.free.user_id, self.x)
        self.assertFalse(self.free.pool_id)
        self.assertEqual(self.history(self.free)[-1], ("claim", self.env["res.users"], self.x))
        self.as_user(self.x, self.lead).action_pool_claim()
        self.assertEqual(self.lead.user_id, self.x)

    def test_contacts_follow_their_owner(self):
        contacts = self.env["res.partner"].create(
            [
                {"name": "Same", "parent_id": self.own.id, "user_id": self.x.id},
                {"name": "Another", "parent_id": self.own.id, "user_id": self.y.id},
            ]
        )
        self.own._pool_enter(self.pool, "put", "Test")
        self.assertEqual(contacts.mapped("user_id"), self.y)
        self.as_user(self.x, self.own).action_pool_claim()
        self.assertEqual([contact.user_id for contact in contacts], [self.x, self.y])

    def test_no_member_no_claim(self):
        for user in (self.outsider, self.all_docs, self.accountant, self.boss):
            with self.assertRaises(AccessError):
                self.as_user(user, self.free).action_pool_claim()
        self.assertFalse(self.free.user_id)

    def test_claim_what_is_not_in_a_pool(self):
        with self.assertRaisesRegex(UserError, "in no pool; it belongs to X"):
            self.as_user(self.y, self.own).action_pool_claim()
        self.own.user_id = False
        with self.assertRaisesRegex(UserError, "in no public pool"):
            self.as_user(self.y, self.own).action_pool_claim()

    def test_several_at_once_or_none(self):
        more = self.free | self.pooled("B") | self.pooled("C") | self.pooled("D")
        with self.assertRaisesRegex(UserError, "3 a day"):
            self.as_user(self.chief, more).action_pool_claim()
        self.assertFalse(more.user_id)
        self.as_user(self.chief, more[:3]).action_pool_claim()
        self.assertEqual(more[:3].user_id, self.chief)

    def test_quota_counts_per_person_and_pool(self):
        self.pool.claim_quota = 1
        second, third = self.pooled("B"), self.pooled("C")
        self.as_user(self.y, second).action_pool_claim()
        self.as_user(self.chief, third).action_pool_claim()
        self.assertEqual(self.pool.with_user(self.y).quota_left, 0)
        self.assertEqual(self.lead_pool.with_user(self.y).quota_left, 3)
        self.assertEqual(
            self.as_user(self.y, self.pooled("D")).pool_claim_note, "No claims left today"
        )

    def test_holding_limit(self):
        self.pool.holding_limit = 2
        self.as_user(self.x, self.free).action_pool_claim()
        with self.assertRaisesRegex(UserError, "more than 2 records, you have 2"):
            self.as_user(self.x, self.pooled("B", self.y)).action_pool_claim()
        self.assertEqual(self.pool.with_user(self.x).held_count, 2)

    def test_locked(self):
        self.free.write({"pool_locked": True, "pool_lock_reason": "Court"})
        with self.assertRaisesRegex(UserError, "locked: Court"):
            self.as_user(self.x, self.free).action_pool_claim()
        self.free.pool_lock_until = "2020-01-01"
        self.as_user(self.x, self.free).action_pool_claim()
        self.assertEqual(self.free.user_id, self.x)

    # Going round the rules

    def test_nobody_just_writes_the_owner(self):
        for record in (self.free, self.lead):
            with self.assertRaisesRegex(AccessError, "Claim it with the button"):
                self.as_user(self.x, record).write({"user_id": self.x.id})
            with self.assertRaises(AccessError):
                self.as_user(self.outsider, record).write({"user_id": self.outsider.id})
            with self.assertRaises(AccessError):
                self.as_user(self.all_docs, record).write({"user_id": self.all_docs.id})
            self.assertFalse(record.user_id)

    def test_guarded_fields(self):
        for record in (self.free, self.own, self.lead):
            for name, value in (
                ("pool_id", False),
                ("pool_date", "2020-01-01"),
                ("pool_locked", True),
                ("pool_lock_reason", "x"),
                ("pool_ex_owner_id", False),
                ("pool_reminded_for", "2030-01-01"),
                ("owner_since", "2030-01-01"),
            ):
                with self.assertRaises(AccessError, msg=name):
                    self.as_user(self.x, record).write({name: value})
                with self.assertRaises(AccessError, msg=name):
                    self.as_user(self.boss, record).write({name: value})

    def test_context_is_not_believed(self):
        how = {"crm_pool_how": {"how": "claim", "reason": "Forged"}}
        with self.assertRaises(AccessError):
            self.as_user(self.x, self.free).with_context(**how).write({"user_id": self.x.id})
        self.as_user(self.x, self.own).with_context(**how).write({"user_id": self.y.id})
        self.assertEqual(self.history(self.own)[-1], ("manual", self.x, self.y))

    def test_a_contact_is_no_way_in(self):
        contact = self.env["res.partner"].create({"name": "Wu", "parent_id": self.free.id})
        with self.assertRaises(AccessError):
            self.as_user(self.x, contact).write({"pool_id": False})
        with self.assertRaises(AccessError):
            self.as_user(self.outsider, contact).write({"city": "Here"})

    def test_history_is_append_only(self):
        row = self.free.ownership_ids[:1]
        for user in (self.boss, self.x):
            mine = row.with_user(user)
            for call in (
                lambda mine=mine: mine.write({"reason": "Other"}),
                lambda mine=mine: mine.unlink(),
                lambda mine=mine: mine.create({"res_model": "res.partner", "how": "claim"}),
            ):
                with self.assertRaises(UserError):  # an AccessError is one too
                    call()
        with self.assertRaises(UserError):
            row.sudo().write({"reason": "Other"})
        with self.assertRaises(UserError):
            row.sudo().unlink()

    def test_configuration_is_for_administrators(self):
        for user in (self.x, self.chief, self.all_docs):
            with self.assertRaises(AccessError):
                self.pool.with_user(user).write({"claim_quota": 99})
            with self.assertRaises(AccessError):
                self.pool.rule_ids[0].with_user(user).write({"days": 99})
        self.pool.with_user(self.boss).write({"claim_quota": 5})
        with self.assertRaises(AccessError):
            self.env["crm.pool.quota"].with_user(self.x).create(
                {"pool_id": self.pool.id, "user_id": self.x.id, "day": "2026-01-01"}
            )

    # What owners and managers do

    def step(self, user, records, operation, **values):
        action = getattr(self.as_user(user, records), f"action_pool_{operation}")()
        form = Form(
            self.env["crm.pool.operation"].with_user(user).with_context(**action["context"])
        )
        for name, value in values.items():
            setattr(form, name, value)
        return form.save().action_apply()

    def test_hand_back(self):
        self.step(self.x, self.own, "release", reason="No budget")
        self.assertEqual((self.own.pool_id, self.own.pool_ex_owner_id), (self.pool, self.x))
        row = self.own.ownership_ids.sorted("id")[-1]
        self.assertEqual((row.how, row.reason, row.user_id), ("release", "No budget", self.x))
        with self.assertRaisesRegex(UserError, "was yours until recently"):
            self.as_user(self.x, self.own).action_pool_claim()
        self.as_user(self.y, self.own).action_pool_claim()
        self.assertEqual(self.own.user_id, self.y)

    def test_only_the_owner_hands_back(self):
        with self.assertRaises(AccessError):
            self.step(self.y, self.own, "release", reason="Mine soon")
        with self.assertRaisesRegex(UserError, "reason"):
            wizard = (
                self.env["crm.pool.operation"]
                .with_user(self.x)
                .create(
                    {
                        "operation": "release",
                        "res_model": "res.partner",
                        "res_ids": str(self.own.id),
                        "pool_id": self.pool.id,
                        "reason": "  ",
                    }
                )
            )
            wizard.action_apply()
        self.assertEqual(self.own.user_id, self.x)

    def test_hand_back_of_a_lead(self):
        lead = self.env["crm.lead"].create({"name": "Mine", "user_id": self.x.id})
        self.step(self.x, lead, "release", reason="Wrong region")
        self.assertEqual(lead.pool_id, self.lead_pool)

    def test_nothing_settled_goes_into_a_pool(self):
        lead = self.env["crm.lead"].create({"name": "Won", "user_id": self.x.id})
        lead.action_set_won()
        with self.assertRaisesRegex(UserError, "archived, won or lost"):
            self.step(self.boss, lead, "put", reason="x", pool_id=self.lead_pool)

    def test_assign(self):
        self.step(self.chief, self.free, "assign", user_id=self.y, reason="Knows them")
        self.assertEqual(self.free.user_id, self.y)
        self.assertEqual(self.history(self.free)[-1][0], "assign")
        with self.assertRaises(AccessError):
            self.step(self.x, self.pooled("B"), "assign", user_id=self.x, reason="Me")
        with self.assertRaises(AccessError):
            # in no pool: for administrators, not for managers of some pool
            self.step(self.chief, self.own, "assign", user_id=self.y, reason="x")
        self.step(self.boss, self.own, "assign", user_id=self.y, reason="Team")
        self.assertEqual(self.own.user_id, self.y)

    def test_lock_and_unlock(self):
        self.step(self.boss, self.own, "lock", reason="Key account")
        self.assertTrue(self.own.pool_locked)
        with self.assertRaisesRegex(UserError, "locked: Key account"):
            self.as_user(self.y, self.own).write({"user_id": self.y.id})
        with self.assertRaises(AccessError):
            self.step(self.x, self.own, "release", reason="x")
        with self.assertRaises(AccessError):
            self.as_user(self.x, self.own).action_pool_unlock()
        self.as_user(self.boss, self.own).action_pool_unlock()
        self.assertFalse(self.own.pool_locked)
        with self.assertRaises(AccessError):
            self.step(self.x, self.own, "lock", reason="For me")
        with self.assertRaisesRegex(UserError, "ends today or later"):
            self.step(self.boss, self.own, "lock", reason="x", until="2020-01-01")

    def test_forged_step(self):
        """The dialog checks by itself, whoever calls it with whatever ids."""
        wizard = self.env["crm.pool.operation"].with_user(self.x)
        for operation in ("assign", "put", "lock"):
            step = wizard.create(
                {
                    "operation": operation,
                    "res_model": "res.partner",
                    "res_ids": str(self.own.id),
                    "user_id": self.x.id,
                    "pool_id": self.pool.id,
                    "reason": "x",
                }
            )
            with self.assertRaises(AccessError):
                step.action_apply()
        hidden = wizard.with_user(self.outsider).create(
            {
                "operation": "assign",
                "res_model": "res.partner",
                "res_ids": str(self.free.id),
                "user_id": self.outsider.id,
                "reason": "x",
            }
        )
        with self.assertRaises(AccessError):
            hidden.action_apply()

    def test_other_company_cannot_be_put_in(self):
        foreign = self.customer("Foreign", self.env["res.users"], company_id=self.other.id)
        self.boss.company_ids |= self.other
        with self.assertRaisesRegex(UserError, "another company"):
            self.env["crm.pool.operation"].with_user(self.boss).with_context(
                allowed_company_ids=[self.company.id, self.other.id]
            ).create(
                {
                    "operation": "put",
                    "res_model": "res.partner",
                    "res_ids": str(foreign.id),
                    "pool_id": self.pool.id,
                    "reason": "x",
                }
            ).action_apply()

    def test_create_in_the_pool(self):
        """Managers may create, and import, records right in their pool; others not."""
        lead = (
            self.env["crm.lead"]
            .with_user(self.boss)
            .create({"name": "Fair", "pool_id": self.lead_pool.id})
        )
        self.assertFalse(lead.user_id)
        self.assertTrue(lead.pool_date)
        with self.assertRaises(AccessError):
            self.env["crm.lead"].with_user(self.x).create(
                {"name": "Fair", "pool_id": self.lead_pool.id}
            )
        with self.assertRaises(UserError):
            self.env["crm.lead"].with_user(self.boss).create(
                {"name": "Fair", "pool_id": self.pool.id}
            )

    # History

    def test_history_misses_nothing(self):
        self.as_user(self.x, self.own).write({"user_id": self.y.id})
        self.own.user_id = False
        self.assertEqual(
            self.history(self.own),
            [
                ("create", self.env["res.users"], self.x),
                ("manual", self.x, self.y),
                ("manual", self.y, self.env["res.users"]),
            ],
        )

    def test_import(self):
        self.env["ir.model.data"].create(
            {"module": "__test__", "name": "own", "model": "res.partner", "res_id": self.own.id}
        )
        result = (
            self.env["res.partner"]
            .with_user(self.boss)
            .with_context(import_file=True)
            .load(["id", "user_id/.id"], [["__test__.own", str(self.y.id)]])
        )
        self.assertEqual(result["ids"], self.own.ids)
        self.assertEqual(self.history(self.own)[-1], ("import", self.x, self.y))

    def test_core_does_not_deal_out_leads_of_a_pool(self):
        team = self.env["crm.team"].create({"name": "South"})
        self.lead.team_id = team
        loose = self.env["crm.lead"].create({"name": "Loose", "team_id": team.id, "user_id": False})
        found = self.env["crm.lead"].search(team._get_lead_to_assign_domain())
        self.assertEqual(found, loose)

    def test_people_of_a_pool(self):
        self.pool.user_ids = [Command.unlink(self.x.id)]
        self.assertNotIn(self.x, self.pool.member_ids)
        with self.assertRaises(AccessError):
            self.as_user(self.x, self.free).action_pool_claim()
