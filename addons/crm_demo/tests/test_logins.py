import json

from odoo.tests import HttpCase, tagged
from odoo.tools import file_open

from ..builder import partner_programme, tables

ROLES = {"admin": "administrator"}


@tagged("post_install", "-at_install")
class TestLogins(HttpCase):
    """The users of ``logins.json`` can work."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with file_open("crm_demo/logins.json") as stream:
            cls.logins = json.load(stream)

    def test_file_says_what_was_built(self):
        people = (*tables.PEOPLE, tables.ADMINISTRATOR)
        expected = [(person.login, person.password, person.role, person.name) for person in people]
        expected += [
            (login, f"demo-{login}-crm", f"partner: {ROLES.get(role, role)}", name)
            for login, (_partner, name, role) in partner_programme.PORTAL.items()
        ]
        self.assertEqual(
            [(row["login"], row["password"], row["role"], row["name"]) for row in self.logins],
            expected,
        )

    def test_everyone_can_log_in(self):
        for row in self.logins:
            self.authenticate(None, None)
            session = self.authenticate(row["login"], row["password"])
            user = self.env["res.users"].browse(session.uid)
            self.assertEqual(user.login, row["login"])
            response = self.url_open("/odoo" if user._is_internal() else "/my/partner")
            self.assertEqual(response.status_code, 200, row["login"])

    def test_everyone_has_an_employee_and_a_language(self):
        for person in (*tables.PEOPLE, tables.ADMINISTRATOR):
            user = self.env["res.users"].search([("login", "=", person.login)])
            self.assertEqual(user.lang, person.lang)
            self.assertEqual(len(user.employee_ids), 1, person.login)
            self.assertTrue(user.employee_ids.job_id)

    def test_salesperson_sees_own_documents_only(self):
        li = self.env["res.users"].search([("login", "=", "li")])
        orders = self.env["sale.order"].with_user(li).search([])
        self.assertTrue(orders)
        self.assertEqual(orders.user_id, li)

    def test_accountant_can_follow_a_deal(self):
        wu = self.env["res.users"].search([("login", "=", "wu")])
        order = self.env["sale.order"].with_user(wu).search([("invoice_ids", "!=", False)], limit=1)
        self.assertTrue(order.opportunity_id.display_name or order.display_name)
        self.assertTrue(order.invoice_ids.line_ids.mapped("account_id.code"))
        self.assertTrue(order.picking_ids.mapped("state"))
