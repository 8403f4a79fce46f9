from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_approval.tools import CONTEXT, KEY, is_unlocked, unlocked

from .common import ApprovalSaleCase

REFUSED = UserError  # an access error is one, too


@tagged("post_install", "-at_install")
class TestHostile(ApprovalSaleCase):
    """Nobody can write a decision, and nothing but decisions opens the gate."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_rule()
        cls.order = cls._create_order()
        requests = cls.order.with_user(cls.seller)._approval_request("confirm")
        cls.request = requests.with_env(cls.env)

    def _rpc(self, user, records, method, *args, **kwargs):
        return call_kw(records.with_user(user), method, [records.ids, *args], kwargs)

    def _assert_closed(self):
        self.env.invalidate_all()
        self.assertEqual(self.request.state, "pending")
        self.assertTrue(self.order._approval_missing("confirm"))
        self.assertEqual(self.order.state, "draft")

    def test_direct_writes(self):
        everybody = (
            self.seller,
            self.boss,
            self.manager,
            self.env.user,
            self.env.ref("base.user_root"),
        )
        for user in everybody:
            for records in (self.request, self.request.step_ids):
                with self.assertRaises(REFUSED):
                    records.with_user(user).write({"state": "approved"})
                with self.assertRaises(REFUSED):
                    records.with_user(user).sudo().write({"state": "approved"})
                with self.assertRaises(REFUSED):
                    records.with_user(user).unlink()
            with self.assertRaises(REFUSED):
                self.request.decision_ids.with_user(user).sudo().write({"kind": "granted"})
            with self.assertRaises(REFUSED):
                self.request.decision_ids.with_user(user).sudo().unlink()
        self._assert_closed()

    def test_direct_creates(self):
        vals = {"res_model": "sale.order", "res_id": self.order.id, "operation": "confirm",
                "requester_id": self.seller.id, "state": "approved"}  # fmt: skip
        decision = {"request_id": self.request.id, "seq": 2, "kind": "granted",
                    "user_id": self.boss.id, "date": "2026-01-01", "hash": "x"}  # fmt: skip
        for user in (self.seller, self.manager, self.env.user):
            for model, values in (
                ("crm.approval.request", vals),
                ("crm.approval.decision", decision),
                ("crm.approval.request.step", {"request_id": self.request.id, "mode": "any"}),
            ):
                for env in (self.env(user=user), self.env(user=user, su=True)):
                    with self.assertRaises(REFUSED):
                        env[model].create(values)
        self._assert_closed()

    def test_through_the_document(self):
        for command in (
            (0, 0, {"res_model": "sale.order", "state": "approved", "operation": "confirm"}),
            (1, self.request.id, {"state": "approved"}),
            (2, self.request.id, 0),
        ):
            with self.assertRaises(REFUSED):
                self._rpc(self.seller, self.order, "write", {"approval_request_ids": [command]})
        self._assert_closed()

    def test_context_keys(self):
        for value in (True, 1, "crm_approval", {"a": 1}):
            context = {CONTEXT: value, "crm_approval_payment": value, "active_test": False}
            with self.assertRaises(REFUSED):
                self._rpc(
                    self.manager, self.request, "write", {"state": "approved"}, context=context
                )
            with self.assertRaises(REFUSED):
                self.request.sudo().with_context(**context).write({"state": "approved"})
            with self.assertRaises(REFUSED):
                self._rpc(self.seller, self.order, "action_confirm", context=context)
        company = {"allowed_company_ids": self.other_company.ids, "lang": "en_US"}
        with self.assertRaises(REFUSED):
            self.order.with_context(**company).sudo().action_confirm()
        self._assert_closed()

    def test_equal_context_does_not_find_the_key(self):
        """Environments are shared by equal contexts in a transaction; the key equals nothing."""
        unlocked(self.request)  # its environment exists now
        forged = self.request.sudo().with_context(**{CONTEXT: str(KEY)})
        self.assertFalse(is_unlocked(forged.env))
        self.assertTrue(is_unlocked(unlocked(forged).env))
        with self.assertRaises(AccessError):
            forged.write({"state": "approved"})

    def test_private_methods_over_rpc(self):
        for records, method in (
            (self.request, "_finish"),
            (self.request, "_log"),
            (self.request, "_approve"),
            (self.request, "_decide_by_link"),
            (self.request, "_cron_process"),
            (self.order, "_approval_request"),
            (self.order, "_action_confirm"),
        ):
            with self.assertRaises(AccessError, msg=method):
                self._rpc(self.manager, records, method)
        self._assert_closed()

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.models", "odoo.sql_db")
    def test_import(self):
        Request = self.env["crm.approval.request"].with_user(self.manager)
        result = Request.load([".id", "state"], [[str(self.request.id), "approved"]])
        self.assertFalse(result["ids"])
        Decision = self.env["crm.approval.decision"].with_user(self.manager)
        result = Decision.load(
            ["request_id/.id", "seq", "kind", "user_id/.id", "date", "hash"],
            [[str(self.request.id), "2", "granted", str(self.boss.id), "2026-01-01 00:00:00", "x"]],
        )
        self.assertFalse(result["ids"])
        Order = self.env["sale.order"].with_user(self.seller)
        result = Order.load([".id", "state"], [[str(self.order.id), "sale"]])
        self.assertFalse(result["ids"])
        self.assertIn("needs an approval", result["messages"][0]["message"])
        self._assert_closed()

    def test_wrong_people(self):
        for user in (
            self.seller,
            self.bystander,
            self.manager,
            self.stranger,
            self.env.ref("base.user_root"),
        ):
            for method, args in (
                ("action_approve", ()),
                ("action_refuse", ("No",)),
                ("action_return", ("No",)),
                ("action_delegate", (self.deputy.id,)),
            ):
                with self.assertRaises(REFUSED, msg=(user.login, method)):
                    self._rpc(user, self.request, method, *args)
        self._assert_closed()

    def test_scheduled_action_and_server_action(self):
        """What runs as the superuser without the key is stopped as well."""
        root = self.env.ref("base.user_root")
        action = self.env["ir.actions.server"].create(
            {
                "name": "Confirm",
                "model_id": self.env["ir.model"]._get_id("sale.order"),
                "state": "code",
                "code": "records.sudo().write({'state': 'sale'})",
            }
        )
        with self.assertRaises(REFUSED):
            action.with_user(root).with_context(
                active_model="sale.order", active_ids=self.order.ids
            ).run()
        with self.assertRaises(REFUSED):
            self.order.with_user(root).action_confirm()
        self._assert_closed()

    # ------------------------------------------------------------------
    # Behind the ORM
    # ------------------------------------------------------------------

    def _sql(self, query, *args):
        self.env.flush_all()
        self.env.cr.execute(query, args)
        self.env.invalidate_all()

    def test_state_in_sql_does_not_open_the_gate(self):
        self._sql(
            "UPDATE crm_approval_request SET state = 'approved' WHERE id = %s", self.request.id
        )
        self.assertTrue(self.order._approval_missing("confirm"))
        self.assertIn("no decision says so", self.request._find_broken())

    def test_tampering_is_found(self):
        self.request.with_user(self.boss).action_approve("Fine")
        self.assertFalse(self.request._find_broken())
        self.assertEqual(self._verify(), "success")
        table, where = "crm_approval_decision", "WHERE request_id = %s AND seq"
        earlier = "date = date - interval '1 day'"
        cases = {
            "row 2": f"UPDATE {table} SET user_id = 1 {where} = 2",
            "row 1": f"UPDATE {table} SET {earlier} {where} = 1",
            "row 3": f"DELETE FROM {table} {where} = 2",
            "last rows": f"DELETE FROM {table} {where} = 3",
            "changed afterwards": "UPDATE crm_approval_request SET snapshot = '{}' WHERE id = %s",
        }
        for expected, query in cases.items():
            with self.subTest(expected), self.env.cr.savepoint() as savepoint:
                self._sql(query, self.request.id)
                self.assertIn(expected, self.request._find_broken())
                self.assertEqual(self._verify(), "danger")
                self.assertTrue(self.order._approval_missing("confirm"), "the gate looks too")
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertFalse(self.request._find_broken())

    def _verify(self):
        action = self.request.with_user(self.manager).action_verify_log()
        return action["params"]["type"]
