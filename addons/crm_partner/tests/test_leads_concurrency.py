"""One lead, one partner: claims and offers in real parallel transactions."""

from functools import partial

from odoo import Command
from odoo.tests import tagged
from odoo.tests.common import new_test_user

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

PARTNERS = 6


@tagged("-at_install", "post_install")
class TestLeadsConcurrency(ParallelCase):
    def _build(self, env):
        company = env.ref("base.main_company")
        grade = env["res.partner.grade"].create(
            {"name": "Parallel", "company_id": company.id, "lead_weight": 1, "lead_pool_quota": 2}
        )
        self.remove_at_end(grade)
        partners = env["res.partner"].create(
            [
                {"name": f"Parallel {n}", "is_company": True, "grade_id": grade.id}
                for n in range(PARTNERS)
            ]
        )
        self.remove_at_end(partners)
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
        self.remove_at_end(users.partner_id)
        self.remove_at_end(users)
        leads = env["crm.lead"].create(
            [
                {"name": f"Parallel {n}", "company_id": company.id, "type": "opportunity"}
                for n in range(4)
            ]
        )
        self.remove_at_end(leads)
        # The history of leads cannot be removed through the ORM, and that is tested elsewhere.
        self.delete_at_end("crm.lead.assignment", [("lead_id", "in", leads.ids)])
        self.grade, self.partners = grade.ids, partners.ids
        self.users, self.leads = users.ids, leads.ids

    def _pool(self, leads):
        """Put leads into the pool; return the ids of the entries."""
        with self.transaction() as env:
            env["crm.lead.offer"].create(
                {
                    "lead_ids": [Command.set(leads)],
                    "method": "pool",
                    "grade_ids": [Command.set(self.grade)],
                }
            ).action_confirm()
            return env["crm.lead"].browse(leads).channel_assignment_ids.ids

    @staticmethod
    def _claim(entry, env):
        env["crm.lead.assignment"].browse(entry)._claim()

    def _give(self, env):
        lead = env["crm.lead"].browse(self.leads[0])
        env["crm.lead.distributor"]._distribute(lead)

    def _together(self, calls, users=None):
        outcomes = self.together(calls, users=users, retry=True)
        return [self.said(outcome) for outcome in outcomes]

    def _states(self):
        with self.transaction() as env:
            return [
                (row.lead_id.id, row.partner_id.id, row.state)
                for row in env["crm.lead.assignment"].search([("lead_id", "in", self.leads)])
            ]

    def test_one_of_many_claims_wins(self):
        [entry] = self._pool(self.leads[:1])
        results = self._together([partial(self._claim, entry)] * PARTNERS, self.users)
        self.assertEqual(results.count("done"), 1, results)
        for said in results:
            self.assertRegex(said, "done|faster|right now")
        [(_lead, partner, state)] = self._states()
        self.assertEqual(state, "accepted")
        winner = results.index("done")
        self.assertEqual(partner, self.partners[winner])

    def test_colleagues_never_exceed_the_quota_of_the_day(self):
        """Four leads, four requests of one company, two claims a day."""
        entries = self._pool(self.leads)
        results = self._together(
            [partial(self._claim, entry) for entry in entries], self.users[:1] * len(entries)
        )
        self.assertEqual(results.count("done"), 2, results)
        self.assertEqual([state for *_key, state in self._states()].count("accepted"), 2)

    def test_a_lead_is_offered_to_one_partner(self):
        results = self._together([self._give] * 5)
        self.assertEqual(results.count("done"), 1, results)
        for said in results:
            self.assertRegex(said, "done|right now|already")
        self.assertEqual([state for *_key, state in self._states()], ["offered"])
