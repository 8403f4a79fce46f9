"""The public pool from the nightly decision to the last parallel claim, in real transactions."""

import functools

from odoo.exceptions import UserError
from odoo.service.model import retrying
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

from .common_pool import PoolFixtures, day

CRON = "2026-03-15 16:30:00"  # 2026-03-16 00:30 in Shanghai


class Committed(PoolFixtures, ParallelCase):
    """A pool, people and customers that other transactions see."""

    def _build(self, env):
        company = env.ref("base.main_company")
        self.change_until_end(company.resource_calendar_id, tz="Asia/Shanghai")
        salesman = "sales_team.group_sale_salesman"
        x, y, z, w = (self.make_user(env, f"story_{n}", salesman, company) for n in "xyzw")
        self.remove_at_end((x | y | z | w).partner_id)
        self.remove_at_end(x | y | z | w)
        self.users = {"x": x.id, "y": y.id, "z": z.id, "w": w.id}
        levels = self.make_levels(env)
        self.remove_at_end(env["crm.customer.level"].union(*levels.values()))
        pool = self.make_pool(env, company, x | y | z, levels, claim_quota=3, cooling_days=7)
        self.remove_at_end(pool)
        self.pool, self.customers = pool.id, {}
        self.at_end(self._remove_customers)
        self.fill(env, x, levels)

    def fill(self, env, x, levels):
        """Create the customers of the test in ``self.customers``."""

    def _remove_customers(self, env):
        # What was logged cannot be removed through the ORM, and that is tested elsewhere.
        partners, users = list(self.customers.values()), list(self.users.values())
        for model, field, ids in (
            ("crm.pool.ownership", "partner_id", partners),
            ("mail.activity", "user_id", users),
            ("calendar.event", "user_id", users),
            ("sale.order", "partner_id", partners),
            ("crm.pool.ownership", "to_user_id", users),
            ("crm.lead", "partner_id", partners),
        ):
            self._delete(env, model, [(field, "in", ids)])
        records = env["res.partner"].browse(partners).exists()
        records.write({"pool_id": False})
        records.unlink()

    # ------------------------------------------------------------------

    def claim(self, login, name):
        """Claim as a request of the web client does; return "done" or what was said."""
        call = functools.partial(self._claim, name)
        return self.said(self.request(call, user=self.users[login]))

    def _claim(self, name, env):
        env["res.partner"].browse(self.customers[name]).action_pool_claim()

    def claim_together(self, pairs):
        """Return the same for claims at once.

        :param pairs: login and name of the customer of each claim
        """
        outcomes = self.together(
            [functools.partial(self._claim, name) for _login, name in pairs],
            users=[self.users[login] for login, _name in pairs],
            retry=True,
        )
        return [self.said(outcome) for outcome in outcomes]

    def owner(self, name):
        with self.transaction() as env:
            return env["res.partner"].browse(self.customers[name]).user_id.id


@tagged("post_install", "-at_install")
class TestStoryD14(Committed):
    """Recycling on 2026-03-16, claims on 03-18."""

    def fill(self, env, x, levels):
        follow_ups = {
            "C1": ("B", "2026-02-28"),
            "C2": ("B", "2026-03-01"),
            "C3": ("B", "2026-03-02"),
            "C4": ("A", "2026-02-10"),
            "C5": ("A", "2026-02-20"),
            "C6": ("C", "2026-02-04"),
            "C7": ("B", "2026-01-15"),
            "C8": ("B", "2026-01-25"),
            "C9": ("B", None),
            "C10": ("A", "2026-02-14"),
        }
        # Every kind of follow-up occurs: a mail, a call, a meeting.
        ways = [self.mail, self.activity, self.meeting]
        for number, (name, (level, last)) in enumerate(follow_ups.items()):
            assigned = "2026-01-05" if last else "2026-02-20"
            customer = self.make_customer(env, name, x, levels[level], assigned)
            self.customers[name] = customer.id
            if last:
                ways[number % 3](customer, x, last)
        get = {name: env["res.partner"].browse(number) for name, number in self.customers.items()}
        env["crm.lead"].create(
            {"name": "Open", "type": "opportunity", "partner_id": get["C6"].id, "user_id": x.id}
        )
        self.order(get["C7"], "2026-01-10")
        get["C8"].write({"pool_locked": True, "pool_lock_reason": "Talks of the management"})

    def run_cron(self):
        with self.transaction() as env:
            env["crm.pool.run"]._cron_recycle()

    def test_story(self):
        with freeze_time(CRON):
            self.run_cron()
        self.check_recycled()
        with freeze_time("2026-03-18 02:00:00"):
            self.check_cooling_off()
            self.check_quota()
            self.check_two_at_once()
            self.check_back_to_the_ex_owner()

    def check_recycled(self):
        recycled = {"C1", "C2", "C4", "C9", "C10"}
        with self.transaction() as env:
            run = env["crm.pool.run"].search([("pool_id", "=", self.pool)])
            self.assertEqual((run.state, run.day), ("done", day("2026-03-16")))
            by_action = {}
            for line in run.line_ids:
                by_action.setdefault(line.action, {})[line.partner_id.name] = line.idle_days
                self.assertEqual(line.state, "done")
            self.assertEqual(
                by_action,
                {
                    "recycle": {"C1": 16, "C2": 15, "C4": 34, "C9": 24, "C10": 30},
                    "remind": {"C3": 14},
                },
            )
            self.assertEqual(
                (run.spared_opportunity, run.spared_dealt, run.spared_locked), (1, 1, 1)
            )
            self.assertEqual(run.governed_count, 10)
            for name, number in self.customers.items():
                customer = env["res.partner"].browse(number)
                self.assertEqual(customer.pool_id.id == self.pool, name in recycled, name)
                self.assertEqual(not customer.user_id, name in recycled, name)
            reminders = env["mail.activity"].search(
                [("activity_type_id", "=", env.ref("crm_sales.mail_activity_type_pool").id),
                 ("user_id", "=", self.users["x"])]
            )  # fmt: skip
            self.assertEqual(reminders.mapped("res_id"), [self.customers["C3"]])
            self.assertEqual(reminders.date_deadline, day("2026-03-16"))
            rows = env["crm.pool.ownership"].search(
                [("how", "=", "recycle"), ("pool_id", "=", self.pool)]
            )
            self.assertEqual(set(rows.partner_id.mapped("name")), recycled)
            self.assertEqual(rows.from_user_id.id, self.users["x"])
        self.run_again()

    def run_again(self):
        """A second run of the same day does nothing; one of the next day reminds nobody twice."""
        with freeze_time(CRON):
            self.run_cron()
        with self.transaction() as env:
            runs = env["crm.pool.run"].search([("pool_id", "=", self.pool)])
            self.assertEqual(len(runs), 1)

    def check_cooling_off(self):
        with freeze_time("2026-03-18 02:00:00"):
            said = self.claim("x", "C1")
        self.assertIn("03/23/2026", said)
        with freeze_time("2026-03-22 15:59:00"):  # the last minute of 03-22 in Shanghai
            self.assertIn("03/23/2026", self.claim("x", "C1"))
        with freeze_time("2026-03-22 16:00:00"):
            env = self.begin(self.users["x"])
            record = env["res.partner"].browse(self.customers["C1"])
            self.assertTrue(record.pool_can_claim)
            record.action_pool_claim()
            self.assertEqual(record.user_id.id, self.users["x"])
            env.cr.rollback()

    def check_quota(self):
        for name in ("C1", "C2", "C4"):
            self.assertEqual(self.claim("y", name), "done")
        said = self.claim("y", "C9")
        self.assertIn("3 a day", said)
        self.assertIn("0 are left", said)
        self.assertEqual(
            [self.owner(name) == self.users["y"] for name in ("C1", "C2", "C4", "C9")],
            [True, True, True, False],
        )
        self.assertIn("no pool; it belongs to Story_Y", self.claim("z", "C1"))

    def check_two_at_once(self):
        # Y has used up the day; the two who compete are Z and another colleague.
        with self.transaction() as env:
            env["crm.pool"].browse(self.pool).user_ids |= env["res.users"].browse(self.users["w"])
        results = self.claim_together([("z", "C10"), ("w", "C10")])
        self.assertEqual(results.count("done"), 1, results)
        winner = ("z", "w")[results.index("done")]
        self.assertEqual(self.owner("C10"), self.users[winner])
        [loser] = [said for said in results if said != "done"]
        self.assertIn(f"it belongs to {('Story_Z', 'Story_W')[winner == 'w']}", loser)

    def check_back_to_the_ex_owner(self):
        """The manager undoes the run: what nobody claimed goes back, the rest stays."""
        with self.transaction() as env:
            run = env["crm.pool.run"].search([("pool_id", "=", self.pool)])
            run.action_revert()
            states = {
                line.partner_id.name: line.state
                for line in run.line_ids
                if line.action == "recycle"
            }
            self.assertEqual(
                states,
                {"C1": "kept", "C2": "kept", "C4": "kept", "C9": "reverted", "C10": "kept"},
            )
            nine = env["res.partner"].browse(self.customers["C9"])
            self.assertEqual(nine.user_id.id, self.users["x"])
            self.assertFalse(nine.pool_id)
            self.assertEqual(
                nine.ownership_ids.sorted("id").mapped("how"), ["create", "recycle", "revert"]
            )


@tagged("post_install", "-at_install")
class TestTwentyClaims(Committed):
    """Twenty claims of one person at the same moment never exceed the quota."""

    def fill(self, env, x, levels):
        for number in range(20):
            customer = self.make_customer(env, f"P{number}", x, levels["B"])
            customer._pool_enter(env["crm.pool"].browse(self.pool), "put", "Test")
            self.customers[customer.name] = customer.id

    def test_exactly_three(self):
        results = self.claim_together([("y", name) for name in self.customers])
        self.assertEqual(results.count("done"), 3, results)
        refused = [said for said in results if said != "done"]
        self.assertTrue(all("3 a day" in said for said in refused), refused)
        owned = [self.owner(name) for name in self.customers].count(self.users["y"])
        self.assertEqual(owned, 3)
        with self.transaction() as env:
            quota = env["crm.pool.quota"].search([("user_id", "=", self.users["y"])])
            self.assertEqual(quota.claimed, 3)
            claims = env["crm.pool.ownership"].search_count(
                [("to_user_id", "=", self.users["y"]), ("how", "=", "claim")]
            )
            self.assertEqual(claims, 3)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_a_lock_that_comes_between(self):
        """A manager locks a record while somebody claims it: one of them is told."""
        name = "P0"
        early = self.begin(self.users["y"])
        record = early["res.partner"].browse(self.customers[name])
        self.assertTrue(record.pool_can_claim)
        with self.transaction() as env:
            locked = env["res.partner"].browse(self.customers[name])
            locked.write({"pool_locked": True, "pool_lock_reason": "Stop"})
        with self.assertRaisesRegex(UserError, "Stop"):
            retrying(record.action_pool_claim, early)
        early.cr.rollback()
        self.assertFalse(self.owner(name))
