import random
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from ..engine.recycling import Facts, decide
from ..models.crm_pool_decision import FollowUp
from .common_pool import PoolCase, day, noon

NOW = "2026-03-15 16:30:00"  # 2026-03-16 00:30 in Shanghai
TODAY = day("2026-03-16")
RUNS = "odoo.addons.crm_sales.models.crm_pool_run"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestPoolDecision(PoolCase):
    """The statement: what is a follow-up, what exempts, and that the engine says the same."""

    def decide_one(self, record, pool=None):
        return self.decisions(pool, record).get(record)

    # Follow-ups

    def test_every_kind_of_follow_up(self):
        kinds = {
            "mail": lambda c: self.mail(c, self.x, "2026-03-10"),
            "sent by the composer": lambda c: self.mail(
                c, self.x, "2026-03-10", message_type="email_outgoing", subtype_id=False
            ),
            "call": lambda c: self.activity(c, self.x, "2026-03-10"),
            "to-do": lambda c: self.activity(
                c, self.x, "2026-03-10", "mail.mail_activity_data_todo"
            ),
            "meeting": lambda c: self.meeting(c, self.x, "2026-03-10"),
            "order": lambda c: self.order(c, "2026-03-10"),
            "payment": lambda c: self.pay(c, "2026-03-10"),
            "mail on a quotation": lambda c: self.mail(
                self.order(c, "2026-02-01", confirmed=False), self.x, "2026-03-10"
            ),
            "mail to a contact": lambda c: self.mail(
                self.env["res.partner"].create({"name": "Wu", "parent_id": c.id}),
                self.x,
                "2026-03-10",
            ),
        }
        self.pool.exempt_dealt = False
        customers = {}
        for kind, act in kinds.items():
            customers[kind] = self.customer(kind)
            act(customers[kind])
        idle = self.customer("Idle")
        decided = self.decisions()
        for kind, customer in customers.items():
            self.assertEqual(decided[customer], "none", kind)
        self.assertEqual(decided[idle], "recycle")

    def pay(self, customer, on):
        payment = self.env["account.payment"].create(
            {
                "partner_id": customer.id,
                "partner_type": "customer",
                "payment_type": "inbound",
                "amount": 100,
                "date": day(on),
            }
        )
        payment.action_post()
        self.assertIn(payment.state, ("in_process", "paid"))
        return payment

    def test_what_is_no_follow_up(self):
        kinds = {
            "note": lambda c: self.mail(
                c, self.x, "2026-03-10", subtype_id=self.env.ref("mail.mt_note").id
            ),
            "mail of a colleague": lambda c: self.mail(c, self.y, "2026-03-10"),
            "call of a colleague": lambda c: self.activity(c, self.y, "2026-03-10"),
            "open activity": lambda c: c.activity_schedule(
                "mail.mail_activity_data_call", day("2026-03-10"), user_id=self.x.id
            ),
            "done reminder": lambda c: self.activity(
                c, self.x, "2026-03-10", "crm_sales.mail_activity_type_pool"
            ),
            "meeting to come": lambda c: self.meeting(c, self.x, "2026-03-20"),
            "quotation": lambda c: self.order(c, "2026-03-10", confirmed=False),
        }
        customers = {}
        for kind, act in kinds.items():
            customers[kind] = self.customer(kind)
            act(customers[kind])
        decided = self.decisions()
        for kind, customer in customers.items():
            self.assertEqual(decided[customer], "recycle", kind)

    def test_days_are_those_of_the_company(self):
        late, early = self.customer("Late"), self.customer("Early")
        # 15:59 UTC is still the 28th in Shanghai, 16:00 is the 1st of March already.
        self.mail(late, self.x, "2026-02-28", date="2026-02-28 15:59:59")
        self.mail(early, self.x, "2026-02-28", date="2026-02-28 16:00:00")
        rows = self.env["crm.pool.decision"].sudo()._decide(self.pool, (late | early).ids)
        self.assertEqual({row["id"]: row["idle"] for row in rows}, {late.id: 16, early.id: 15})

    def test_nobody_inherits_idleness(self):
        """What happened under the owner before does not count against the new one."""
        customer = self.customer("Passed on", assigned="2026-03-14")
        self.mail(customer, self.x, "2026-01-10")
        self.assertEqual(self.decide_one(customer), "none")

    def test_hook(self):
        """An addon names a kind of its own; here: whoever is tagged was met today."""
        decision = type(self.env["crm.pool.decision"])
        original = decision._follow_ups

        def follow_ups(model, pool):
            query = SQL(
                """SELECT scope.id, %s::timestamp AS at FROM scope
                     JOIN res_partner p ON p.id = scope.id WHERE p.ref = 'met'""",
                fields.Datetime.now(),
            )
            return {**original(model, pool), "tagged": FollowUp(query)}

        met, idle = self.customer("Met", ref="met"), self.customer("Idle")
        self.patch(decision, "_follow_ups", follow_ups)
        decided = self.decisions()
        self.assertEqual((decided[met], decided[idle]), ("none", "recycle"))

    # Exemptions, levels, limits

    def test_exemptions_can_be_switched_off(self):
        opportunity = self.customer("Opportunity")
        lead = self.env["crm.lead"].create(
            {"name": "Open", "type": "opportunity", "partner_id": opportunity.id}
        )
        dealt = self.customer("Dealt")
        self.order(dealt, "2026-01-10")
        locked = self.customer("Locked")
        locked.write({"pool_locked": True})
        expected = {opportunity: "opportunity", dealt: "dealt", locked: "locked"}
        decided = self.decisions()
        self.assertEqual({record: decided[record] for record in expected}, expected)
        self.pool.write(
            {"exempt_opportunity": False, "exempt_dealt": False, "exempt_locked": False}
        )
        decided = self.decisions()
        self.assertEqual({decided[record] for record in expected}, {"recycle"})
        self.pool.write({"exempt_opportunity": True, "exempt_locked": True})
        lead.action_set_lost()
        locked.pool_lock_until = day("2026-03-15")
        decided = self.decisions()
        self.assertEqual({decided[record] for record in expected}, {"recycle"})

    def test_posted_invoice_is_a_deal(self):
        customer = self.customer("Invoiced")
        self.init_invoice(
            "out_invoice", customer, "2026-01-10", post=True, amounts=[100], company=self.company
        )
        self.assertEqual(self.decide_one(customer), "dealt")

    def test_two_limits_of_one_level(self):
        """Followed up, but without an order for 60 days."""
        self.pool.write(
            {
                "exempt_dealt": False,
                "rule_ids": [
                    Command.create(
                        {"level_id": self.levels["B"].id, "measure": "deal", "days": 60}
                    ),
                    Command.create({"level_id": self.levels["B"].id, "days": 15}),
                ],
            }
        )
        buys, talks = (self.customer(name, level=self.levels["B"]) for name in ("Buys", "Talks"))
        for customer in (buys, talks):
            self.mail(customer, self.x, "2026-03-14")
        self.order(buys, "2026-02-01")
        decided = self.decisions()
        self.assertEqual((decided[buys], decided[talks]), ("none", "recycle"))

    def test_level_without_a_rule(self):
        self.pool.rule_ids.filtered(lambda rule: not rule.level_id).unlink()
        b, a = (
            self.customer("B", level=self.levels["B"]),
            self.customer("A", None, self.levels["A"]),
        )
        decided = self.decisions()
        self.assertEqual((decided[b], decided[a]), ("none", "recycle"))

    def test_only_members_records(self):
        foreign = self.customer("Foreign", self.outsider)
        self.assertIsNone(self.decide_one(foreign))
        self.pool.recycle_from = "all"
        self.assertEqual(self.decide_one(foreign), "recycle")

    def test_contacts_and_colleagues_are_left_alone(self):
        company = self.customer("Company")
        contact = self.env["res.partner"].create(
            {"name": "Wu", "parent_id": company.id, "user_id": self.x.id}
        )
        colleague = self.y.partner_id
        colleague.user_id = self.x
        contact.owner_since = colleague.owner_since = noon("2026-01-01")
        decided = self.decisions()
        self.assertEqual(decided[company], "recycle")
        self.assertNotIn(contact, decided)
        self.assertNotIn(colleague, decided)

    def test_the_first_pool_governs(self):
        shanghai, other = self.customer("Shanghai", city="Shanghai"), self.customer("Other")
        first = self.make_pool(
            self.env,
            self.company,
            self.x,
            self.levels,
            name="Shanghai",
            sequence=1,
            domain="[('city', '=', 'Shanghai')]",
        )
        decided = self.decisions(first)
        self.assertIn(shanghai, decided)
        self.assertNotIn(other, decided)
        decided = self.decisions()
        self.assertIn(other, decided)
        self.assertNotIn(shanghai, decided)

    def test_other_company_is_left_alone(self):
        foreign = self.customer("Foreign", company_id=self.other.id)
        shared = self.customer("Shared")
        decided = self.decisions()
        self.assertNotIn(foreign, decided)
        self.assertIn(shared, decided)

    # Leads

    def lead(self, name, **values):
        lead = self.env["crm.lead"].create({"name": name, "user_id": self.x.id, **values})
        lead.owner_since = noon("2026-01-05")
        return lead

    def test_leads(self):
        idle = self.lead("Idle", type="lead")
        mailed = self.lead("Mailed", type="lead")
        self.mail(mailed, self.x, "2026-03-10")
        met = self.lead("Met", type="lead")
        self.meeting(met, self.x, "2026-03-10")
        called = self.lead("Called", type="lead")
        self.activity(called, self.x, "2026-03-12")
        opportunity = self.lead("Opportunity", type="opportunity")
        lost = self.lead("Lost", type="lead")
        lost.action_set_lost()
        dear = self.lead(
            "Of a customer of level A",
            type="lead",
            partner_id=self.customer("A", level=self.levels["A"]).id,
        )
        dear.owner_since = noon("2026-02-20")
        decided = self.decisions(self.lead_pool)
        self.assertEqual(
            {record.name: action for record, action in decided.items()},
            {
                "Idle": "recycle",
                "Mailed": "none",
                "Met": "none",
                "Called": "none",
                "Opportunity": "opportunity",
                "Of a customer of level A": "none",
            },
        )
        self.assertIn(idle, decided)
        self.assertIn(opportunity, decided)

    # SQL and engine

    def test_sql_is_the_engine(self):
        """Random customers: the statement and the naive computation agree on each."""
        rng = random.Random(20260316)
        self.pool.rule_ids = [
            Command.create({"level_id": self.levels["B"].id, "measure": "deal", "days": 40}),
            Command.create({"level_id": self.levels["B"].id, "days": 20}),
        ]
        self.pool.exempt_dealt = False
        customers = {}
        for number in range(150):
            customers.update([self.random_customer(rng, number)])
        limits = self.pool._limits()
        rows = self.env["crm.pool.decision"].sudo()._decide(self.pool, every=True)
        got = {row["id"]: row["action"] for row in rows if row["id"] in customers}
        expected = {
            number: decide(facts, limits[level], TODAY)
            for number, (level, facts) in customers.items()
        }
        self.assertEqual(got, expected)
        self.assertEqual(
            set(expected.values()),
            {"none", "recycle", "remind", "reminded", "locked", "opportunity"},
        )

    def random_customer(self, rng, number):
        """Return (id, (level, facts)) of a customer with a random past."""

        def some_day(share=1.0):
            return rng.random() < share and TODAY - timedelta(days=rng.randint(0, 45)) or None

        level = rng.choice([self.levels["A"], self.levels["B"], self.levels["C"], None])
        customer = self.customer(f"R{number}", level=level)
        assigned, mail, call, order = some_day(), some_day(0.6), some_day(0.4), some_day(0.3)
        customer.owner_since = noon(str(assigned))
        if mail:
            self.mail(customer, self.x, str(mail))
        if call:
            self.activity(customer, self.x, str(call))
        if order:
            self.order(customer, str(order))
        exempt = rng.choice([None, None, None, "locked", "opportunity"])
        if exempt == "locked":
            customer.pool_locked = True
        if exempt == "opportunity":
            self.env["crm.lead"].create(
                {"name": "Open", "type": "opportunity", "partner_id": customer.id}
            )
        reminded = rng.choice([None, TODAY + timedelta(days=rng.randint(1, 3))])
        customer.pool_reminded_for = reminded
        follow_up = max(filter(None, (mail, call, order)), default=None)
        return customer.id, (level.id if level else 0, Facts(
            assigned, follow_up, order, exempt, reminded))  # fmt: skip

    # What forms show

    def test_outlook(self):
        soon, due, exempt = self.customer("Soon"), self.customer("Due"), self.customer("Exempt")
        self.mail(soon, self.x, "2026-03-03")
        self.order(exempt, "2026-01-10")
        safe = self.customer("Safe")
        self.mail(safe, self.x, "2026-03-15")
        states = [(c.pool_state, c.pool_days_left) for c in (soon, due, exempt, safe)]
        self.assertEqual(states[0], ("soon", 2))
        self.assertEqual(states[1][0], "due")
        self.assertEqual(states[2][0], "exempt")
        self.assertEqual(states[3], ("safe", 14))
        self.assertEqual(soon.pool_outlook, "2 days until East")
        self.assertEqual(exempt.pool_outlook, "Not recycled: Bought before")
        self.assertEqual(due.with_user(self.x).pool_outlook, "Recycled with the next run")

    def test_outlook_is_one_statement_per_pool(self):
        records = self.env["res.partner"].union(
            *(self.customer(f"N{number}") for number in range(20))
        )
        records.mapped("pool_outlook")
        records.invalidate_recordset()
        self.env.flush_all()
        with self.assertQueryCount(40):
            records.mapped("pool_outlook")

    # Bad input

    def test_bad_input(self):
        with self.assertRaisesRegex(ValidationError, "cannot be used"):
            self.pool.domain = "[('no_such_field', '=', 1)]"
        with self.assertRaisesRegex(ValidationError, "cannot be used"):
            self.pool.domain = "import os"
        self.pool.domain = "[]"
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.pool.rule_ids = [Command.create({"days": 0})]
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.pool.rule_ids = [Command.create({"days": 9})]
        self.pooled("One")
        with self.assertRaisesRegex(ValidationError, "not empty"):
            self.pool.res_model = "crm.lead"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestPoolRun(PoolCase):
    """Runs: in batches, resumable, past a bad record, once a day, undone."""

    def run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_sales.ir_cron_pool_recycle").method_direct_trigger()
        return self.env["crm.pool.run"].search([("pool_id", "=", self.pool.id)], limit=1)

    def test_in_batches(self):
        customers = [self.customer(f"N{number}") for number in range(7)]
        with patch(f"{RUNS}.BATCH", 3):
            run = self.run_cron()
        self.assertEqual((run.state, run.recycled_count), ("done", 7))
        for customer in customers:
            self.assertEqual(customer.pool_id, self.pool)

    def test_poisoned_record(self):
        customers = [self.customer(f"N{number}") for number in range(5)]
        bad = customers[2]
        original = type(self.env["res.partner"])._pool_followers_to

        def followers(records, user_id):
            if bad.id in records.ids:
                raise ValueError("poisoned")
            return original(records, user_id)

        self.patch(type(self.env["res.partner"]), "_pool_followers_to", followers)
        with self.assertLogs(RUNS, "WARNING"):
            run = self.run_cron()
        self.assertEqual(run.state, "done")
        failed = run.line_ids.filtered(lambda line: line.state == "failed")
        self.assertEqual((failed.partner_id, failed.reason), (bad, "poisoned"))
        self.assertEqual(bad.user_id, self.x)
        self.assertEqual(run.recycled_count, 4)

    def test_poisoned_pool(self):
        """A condition that no longer holds stops its own pool only."""
        self.customer("N")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_pool SET domain = %s WHERE id = %s",
            ["[('gone', '=', 1)]", self.lead_pool.id],
        )
        self.env.invalidate_all()
        with self.assertLogs(RUNS, "WARNING"):
            run = self.run_cron()
        self.assertEqual((run.state, run.recycled_count), ("done", 1))
        failed = self.env["crm.pool.run"].search([("pool_id", "=", self.lead_pool.id)])
        self.assertEqual(failed.state, "failed")
        self.assertIn("gone", failed.error)

    def test_resumed(self):
        """What an interrupted run left is done by the next one, under the facts of then."""
        stays, followed = self.customer("Stays"), self.customer("Followed up meanwhile")
        run = self.env["crm.pool.run"]._start(self.pool)
        self.assertEqual(run.state, "running")
        self.assertTrue(stays.user_id)
        self.mail(followed, self.x, "2026-03-15")
        again = self.run_cron()
        self.assertEqual((again, run.state), (run, "done"))
        self.assertEqual(stays.pool_id, self.pool)
        self.assertEqual(followed.user_id, self.x)
        line = run.line_ids.filtered(lambda line: line.partner_id == followed)
        self.assertEqual(line.state, "skipped")

    def test_once_a_day(self):
        run = self.run_cron()
        self.assertEqual(self.run_cron(), run)
        with freeze_time("2026-03-16 16:05:00"):
            self.assertNotEqual(self.run_cron(), run)

    def test_reminded_once(self):
        customer = self.customer("Soon")
        self.mail(customer, self.x, "2026-03-04")  # 12 days: three are left
        self.run_cron()
        kind = self.env.ref("crm_sales.mail_activity_type_pool")
        reminders = customer.activity_ids.filtered(lambda one: one.activity_type_id == kind)
        self.assertEqual((len(reminders), reminders.user_id), (1, self.x))
        with freeze_time("2026-03-16 16:05:00"):
            self.run_cron()
        self.assertEqual(len(customer.activity_ids), 1)
        # A follow-up starts a new period, with a reminder of its own.
        self.mail(customer, self.x, "2026-03-16")
        with freeze_time("2026-03-28 16:05:00"):
            self.run_cron()
        self.assertEqual(len(customer.activity_ids), 2)
        with freeze_time("2026-03-30 16:05:00"):
            self.run_cron()
        self.assertEqual(customer.pool_id, self.pool)
        self.assertFalse(customer.activity_ids, "the reminders go with the owner")

    def test_button(self):
        self.customer("N")
        with self.assertRaisesRegex(AccessError, "Only managers"):
            self.pool.with_user(self.x).action_run_now()
        action = self.pool.with_user(self.chief).action_run_now()
        run = self.env["crm.pool.run"].browse(action["res_id"])
        self.assertEqual((run.state, run.recycled_count), ("done", 1))

    def test_undo(self):
        back, taken = self.customer("Back"), self.customer("Taken", self.y)
        run = self.run_cron()
        taken.with_user(self.x).action_pool_claim()
        with self.assertRaises(AccessError):
            run.with_user(self.x).action_revert()
        run.with_user(self.chief).action_revert()
        self.assertEqual((back.user_id, back.pool_id.id), (self.x, False))
        self.assertEqual(taken.user_id, self.x)
        self.assertEqual(run.state, "reverted")
        self.assertEqual(self.history(back)[-1][0], "revert")
        with self.assertRaises(UserError):
            run.with_user(self.boss).action_revert()

    def test_reverted_ones_may_be_claimed_by_others_later(self):
        """After an undo nobody is in a cooling-off, and the days count anew."""
        customer = self.customer("Back")
        run = self.run_cron()
        run.action_revert()
        self.assertEqual(self.decisions(records=customer)[customer], "none")

    def test_history_of_a_run(self):
        customer = self.customer("N")
        run = self.run_cron()
        row = customer.ownership_ids.sorted("id")[-1]
        self.assertEqual((row.how, row.run_id, row.pool_id), ("recycle", run, self.pool))
        self.assertIn("70", row.reason)
