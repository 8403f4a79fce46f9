"""What one person sends in within a minute, in real parallel transactions."""

from functools import partial

from odoo import Command
from odoo.tests import tagged
from odoo.tests.common import new_test_user

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

from .common_deals import remove_deals

LIMIT = 4
SENT = 10


@tagged("-at_install", "post_install")
class TestPortalRate(ParallelCase):
    context = {"tracking_disable": True}

    def _build(self, env):
        company = env.ref("base.main_company")
        grade = env["res.partner.grade"].create({"name": "Hasty", "company_id": company.id})
        self.remove_at_end(grade)
        partner = env["res.partner"].create(
            {"name": "Hasty", "is_company": True, "company_id": company.id}
        )
        self.remove_at_end(partner)
        partner.grade_id = grade
        user = new_test_user(
            env,
            login="portal_rate_hasty",
            groups="base.group_portal,crm_partner.group_portal_sales",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        self.remove_at_end(user.partner_id)
        self.remove_at_end(user)
        user.partner_id.parent_id = partner
        self.change_until_end(company, deal_rate_limit=LIMIT)
        self.at_end(remove_deals, partner.ids)
        self.partner, self.user = partner.id, user.id

    def _partner(self, env):
        return env["res.partner"].sudo().browse(self.partner)

    def _register(self, number, env):
        values = {
            "amount": 1000,
            "customer_name": f"Rate Customer {number}",
            "customer_domain": f"rate-{number}.example.com",
        }
        env["crm.deal.registration"]._register_deal(self._partner(env), values)

    def test_limit_holds_in_parallel(self):
        """Ten requests of one account that none of the others sees: as many as accepted pass."""
        outcomes = self.together(
            [partial(self._register, number) for number in range(SENT)],
            users=[self.user] * SENT,
            prepare=lambda env: self._partner(env).read(["name"]),
            retry=True,
        )
        results = [self.said(outcome) for outcome in outcomes]
        self.assertEqual(results.count("done"), LIMIT, results)
        for said in results:
            self.assertRegex(said, f"done|{LIMIT} are accepted. .* Wait a minute")
        with self.transaction() as env:
            stored = env["crm.deal.registration"].search_count([("partner_id", "=", self.partner)])
        self.assertEqual(stored, LIMIT)
