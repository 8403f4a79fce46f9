"""One lead, one partner: claims and offers in real parallel transactions."""

import functools
import threading

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tests.common import new_test_user
from odoo.tools import SQL, mute_logger

PARTNERS = 6


@tagged("-at_install", "post_install")
class TestLeadsConcurrency(BaseCase):
    """Data that other transactions see; it is removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self.clean)
        with self.registry.cursor() as cr:
            self.build(api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True}))

    def build(self, env):
        company = env.ref("base.main_company")
        grade = env["res.partner.grade"].create(
            {"name": "Parallel", "company_id": company.id, "lead_weight": 1, "lead_pool_quota": 2}
        )
        partners = env["res.partner"].create(
            [
                {"name": f"Parallel {n}", "is_company": True, "grade_id": grade.id}
                for n in range(PARTNERS)
            ]
        )
        users = env["res.users"]
        for number, partner in enumerate(partners):
            user = new_test_user(
                env,
                login=f"leads_parallel_{number}",
                groups="base.group_portal,crm_partner.group_portal_sales",
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            )
            user.partner_id.parent_id = partner
            users |= user
        leads = env["crm.lead"].create(
            [
                {"name": f"Parallel {n}", "company_id": company.id, "type": "opportunity"}
                for n in range(4)
            ]
        )
        self.grade, self.partners, self.users, self.leads = (
            grade.ids,
            partners.ids,
            users.ids,
            leads.ids,
        )

    def clean(self):
        # The history of leads cannot be removed through the ORM, and that is tested elsewhere.
        with self.registry.cursor() as cr:
            cr.execute(SQL("DELETE FROM crm_lead_assignment WHERE lead_id = ANY(%s)", self.leads))
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["crm.lead"].browse(self.leads).unlink()
            users = env["res.users"].browse(self.users)
            contacts = users.partner_id
            users.unlink()
            (contacts | env["res.partner"].browse(self.partners)).unlink()
            env["res.partner.grade"].browse(self.grade).unlink()

    def pool(self, leads):
        """Put leads into the pool; return the ids of the entries."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["crm.lead.offer"].create(
                {
                    "lead_ids": [Command.set(leads)],
                    "method": "pool",
                    "grade_ids": [Command.set(self.grade)],
                }
            ).action_confirm()
            return env["crm.lead"].browse(leads).channel_assignment_ids.ids

    def request(self, user, model, ids, method, *arguments):
        """Call a method as a request does, tried again like one; return "done" or what was said."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, user, {})
            call = functools.partial(getattr(env[model].browse(ids), method), *arguments)
            try:
                retrying(call, env)
            except UserError as error:
                return str(error)
        return "done"

    def in_parallel(self, calls):
        """Return the results of the calls, begun together in a thread each."""
        barrier = threading.Barrier(len(calls))
        results = [None] * len(calls)

        def work(number, call):
            barrier.wait(timeout=60)
            try:
                results[number] = call()
            except Exception as error:  # a thread hands its failure to the test
                results[number] = repr(error)

        threads = [
            threading.Thread(target=work, args=(number, call)) for number, call in enumerate(calls)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        return results

    def states(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            return [
                (row.lead_id.id, row.partner_id.id, row.state)
                for row in env["crm.lead.assignment"].search([("lead_id", "in", self.leads)])
            ]

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_one_of_many_claims_wins(self):
        [entry] = self.pool(self.leads[:1])
        calls = [
            functools.partial(self.request, user, "crm.lead.assignment", entry, "_claim")
            for user in self.users
        ]
        results = self.in_parallel(calls)
        self.assertEqual(results.count("done"), 1, results)
        for said in results:
            self.assertRegex(said, "done|faster|right now")
        [(_lead, partner, state)] = self.states()
        self.assertEqual(state, "accepted")
        winner = results.index("done")
        self.assertEqual(partner, self.partners[winner])

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_colleagues_never_exceed_the_quota_of_the_day(self):
        """Four leads, four requests of one company, two claims a day."""
        entries = self.pool(self.leads)
        calls = [
            functools.partial(self.request, self.users[0], "crm.lead.assignment", entry, "_claim")
            for entry in entries
        ]
        results = self.in_parallel(calls)
        self.assertEqual(results.count("done"), 2, results)
        self.assertEqual([state for *_key, state in self.states()].count("accepted"), 2)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_a_lead_is_offered_to_one_partner(self):
        def give():
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                lead = env["crm.lead"].browse(self.leads[0])
                call = functools.partial(env["crm.lead.distributor"]._distribute, lead)
                try:
                    retrying(call, env)
                except UserError as error:
                    return str(error)
            return "done"

        results = self.in_parallel([give] * 5)
        self.assertEqual(results.count("done"), 1, results)
        for said in results:
            self.assertRegex(said, "done|right now|already")
        self.assertEqual([state for *_key, state in self.states()], ["offered"])
