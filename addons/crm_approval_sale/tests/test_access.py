from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tests.common import new_test_user

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestAccess(ApprovalSaleCase):
    """Who sees a request: who takes part, and approval administrators of the company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(company_id=cls.company.id)
        order = cls._create_order()
        requests = order.with_user(cls.seller)._approval_request("confirm")
        cls.request = requests.with_env(cls.env)

    def _sees(self, user):
        Request = self.env["crm.approval.request"].with_user(user)
        found = Request.search([("id", "=", self.request.id)])
        for name in ("crm.approval.decision", "crm.approval.request.step"):
            rows = self.env[name].with_user(user).search([("request_id", "=", self.request.id)])
            self.assertEqual(bool(rows), bool(found), name)
        self.env.flush_all()
        rows = self.env["crm.approval.report"].with_user(user)
        self.assertEqual(
            bool(rows.search([("request_id", "=", self.request.id)])), bool(found), "report"
        )
        return bool(found)

    def test_who_sees_it(self):
        for user in (self.seller, self.boss, self.manager):
            self.assertTrue(self._sees(user), user.login)
        for user in (self.bystander, self.chief, self.stranger):
            self.assertFalse(self._sees(user), user.login)
            with self.assertRaises(AccessError):
                self.request.with_user(user).read(["state"])

    def test_portal_user_sees_nothing(self):
        portal = new_test_user(self.env, login="approval_portal", groups="base.group_portal")
        with self.assertRaises(AccessError):
            self.env["crm.approval.request"].with_user(portal).search([])
        with self.assertRaises(AccessError):
            self.env["crm.approval.rule"].with_user(portal).search([])
        with self.assertRaises(AccessError):
            self.request.with_user(portal).action_approve()

    def test_only_administrators_write_rules(self):
        with self.assertRaises(AccessError):
            self.rule.with_user(self.boss).active = False
        with self.assertRaises(AccessError):
            self.rule.step_ids.with_user(self.boss).user_ids = self.boss
        self.rule.with_user(self.manager).note = "Look at the margin"
        with self.assertRaises(AccessError):
            self.rule.with_user(self.stranger).active = False

    def test_substitutes_are_ones_own(self):
        vals = {
            "user_id": self.boss.id,
            "delegate_id": self.seller.id,
            "date_from": "2026-01-01",
            "date_to": "2036-01-01",
        }
        Delegation = self.env["crm.approval.delegation"]
        with self.assertRaises(AccessError):
            Delegation.with_user(self.seller).create(vals)
        mine = Delegation.with_user(self.boss).create({**vals, "delegate_id": self.deputy.id})
        with self.assertRaises(AccessError):
            mine.with_user(self.deputy).write({"delegate_id": self.bystander.id})
        with self.assertRaises(AccessError):
            mine.with_user(self.deputy).unlink()
        with self.assertRaises(AccessError):
            mine.with_user(self.boss).write({"user_id": self.chief.id})
        self.assertFalse(Delegation.with_user(self.bystander).search([("id", "=", mine.id)]))
        Delegation.with_user(self.manager).create({**vals, "user_id": self.chief.id,
                                                   "delegate_id": self.deputy.id})  # fmt: skip

    def test_requesting_needs_access_to_the_document(self):
        own = self._create_user("own_only", "sales_team.group_sale_salesman")
        order = self._create_order()
        with self.assertRaises(AccessError):
            order.with_user(own)._approval_request("confirm")
        with self.assertRaises(AccessError):
            order.with_user(own).action_request_approval()

    def test_dialog_checks_the_document(self):
        own = self._create_user("own_only", "sales_team.group_sale_salesman")
        order = self._create_order()
        wizard = self.env["crm.approval.submit"].with_user(own)
        vals = {"res_model": "sale.order", "res_ids": order.ids, "operation": "confirm"}
        with self.assertRaises(AccessError):
            wizard.create(vals).action_submit()
        self.assertFalse(order.approval_request_ids)
