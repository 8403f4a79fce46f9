"""What one person sends in within a minute: in real parallel transactions, and in the portal."""

import functools
import threading

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tests.common import new_test_user
from odoo.tools import mute_logger

from ..tools import unlocked

LIMIT = 4
SENT = 10


@tagged("-at_install", "post_install")
class TestPortalRate(BaseCase):
    """Data that other transactions see; it is removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self.clean)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            company = env.ref("base.main_company")
            grade = env["res.partner.grade"].create({"name": "Hasty", "company_id": company.id})
            partner = env["res.partner"].create(
                {"name": "Hasty", "is_company": True, "company_id": company.id}
            )
            partner.grade_id = grade
            user = new_test_user(
                env,
                login="portal_rate_hasty",
                groups="base.group_portal,crm_partner.group_portal_sales",
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            )
            user.partner_id.parent_id = partner
            self.limit, company.deal_rate_limit = company.deal_rate_limit, LIMIT
            self.grade, self.partner, self.user = grade.id, partner.id, user.id

    def clean(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            found = unlocked(
                env["crm.deal.registration"].search([("partner_id", "=", self.partner)])
            )
            leads = found.lead_id
            found.write({"state": "draft", "lead_id": False})
            leads.write({"deal_registration_id": False})
            leads.unlink()
            found.unlink()
            user = env["res.users"].browse(self.user)
            contact = user.partner_id
            user.unlink()
            (contact | env["res.partner"].browse(self.partner)).unlink()
            env["res.partner.grade"].browse(self.grade).unlink()
            env.ref("base.main_company").deal_rate_limit = self.limit

    def register(self, number):
        """Register as a request of the portal does; return "done" or what was said."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, self.user, {"tracking_disable": True})
            partner = env["res.partner"].sudo().browse(self.partner)
            partner.read(["name"])  # the snapshot is taken
            self.barrier.wait(timeout=120)
            values = {
                "amount": 1000,
                "customer_name": f"Rate Customer {number}",
                "customer_domain": f"rate-{number}.example.com",
            }
            register = env["crm.deal.registration"]._register_deal
            try:
                retrying(functools.partial(register, partner, values), env)
            except UserError as error:
                cr.rollback()  # as a request does
                return str(error)
        return "done"

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_limit_holds_in_parallel(self):
        """Ten requests of one account that none of the others sees: as many as accepted pass."""
        self.barrier = threading.Barrier(SENT)
        results = [None] * SENT

        def work(number):
            try:
                results[number] = self.register(number)
            except Exception as error:  # a thread hands its failure to the test
                results[number] = repr(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(SENT)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=240)
        self.assertEqual(results.count("done"), LIMIT, results)
        for said in results:
            self.assertRegex(said, f"done|{LIMIT} are accepted. .* Wait a minute")
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            stored = env["crm.deal.registration"].search_count([("partner_id", "=", self.partner)])
        self.assertEqual(stored, LIMIT)
