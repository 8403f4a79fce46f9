import threading
from contextlib import contextmanager

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import AccessError, UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

PEOPLE = 4
DEPENDENTS = {
    "mail_activity": "res_model",
    "mail_message": "model",
    "mail_followers": "res_model",
}
OWN = {
    "crm_approval_decision": "request_id",
    "crm_approval_request_step": "request_id",
    "crm_approval_request": "id",
}


@tagged("post_install", "-at_install")
class TestConcurrency(BaseCase):
    """Approvers who decide at the same moment, in real transactions that commit."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self._clean)
        with self.cursor() as env:
            self._prepare(env)

    @contextmanager
    def cursor(self):
        """Give an environment whose transaction commits on leaving, unless something is raised."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _prepare(self, env):
        group = env.ref("sales_team.group_sale_salesman_all_leads")
        env = env(context={**env.context, "no_reset_password": True})
        self.users = [
            env["res.users"]
            .create(
                {"name": f"P{n}", "login": f"parallel_{n}", "group_ids": [Command.set(group.ids)]}
            )
            .id
            for n in range(PEOPLE + 1)
        ]
        rule = env["crm.approval.rule"].create(
            {
                "name": "Parallel",
                "sequence": -1,
                "model_id": env["ir.model"]._get_id("sale.order"),
                "operation": "confirm",
                "domain": "[('origin', '=', 'parallel')]",
                "step_ids": [
                    Command.create(
                        {
                            "name": "Two of four",
                            "mode": "count",
                            "min_count": 2,
                            "user_ids": [Command.set(self.users[:PEOPLE])],
                        }
                    )
                ],
            }
        )
        order = env["sale.order"].create(
            {
                "partner_id": env.ref("base.main_partner").id,
                "origin": "parallel",
                "user_id": self.users[PEOPLE],
            }  # fmt: skip
        )
        self.rule, self.order = rule.id, order.id

    def _clean(self):
        # What was decided cannot be removed through the ORM, and that is tested elsewhere.
        with self.cursor() as env:
            requests = env["crm.approval.request"].search([("rule_id", "=", self.rule)])
            for table, document in DEPENDENTS.items():
                where = f"{document} = 'crm.approval.request' AND res_id"
                env.cr.execute(f"DELETE FROM {table} WHERE {where} = ANY(%s)", [requests.ids])
            for table, column in OWN.items():
                env.cr.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s)", [requests.ids])
            env.invalidate_all()
            env["mail.mail"].search([("subject", "like", "Please approve")]).unlink()
            env["sale.order"].browse(self.order).unlink()
            env["crm.approval.rule"].browse(self.rule).unlink()
            users = env["res.users"].browse(self.users)
            partners = users.partner_id
            users.unlink()
            partners.unlink()

    def _ask(self):
        with self.cursor() as env:
            order = env["sale.order"].browse(self.order).with_user(self.users[PEOPLE])
            return order._approval_request("confirm").id

    def _together(self, work, count):
        """Run ``work(env, number)`` in parallel transactions that all have their snapshot.

        What PostgreSQL reports as a conflict is run again, as Odoo does for every request.
        """
        barrier = threading.Barrier(count)
        outcome = [None] * count

        def run(number):
            for attempt in range(6):
                try:
                    with self.cursor() as env:
                        env.cr.execute("SELECT 1 FROM crm_approval_request LIMIT 1")
                        if not attempt:
                            barrier.wait(timeout=30)
                        work(env, number)
                    outcome[number] = "done"
                    return
                except (SerializationFailure, UniqueViolation):
                    outcome[number] = "conflict"
                except (AccessError, UserError) as error:
                    outcome[number] = type(error).__name__
                    return
                except Exception as error:  # a thread must hand its failure to the test
                    outcome[number] = repr(error)
                    return

        threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=90)
        return outcome

    @mute_logger("odoo.sql_db")
    def test_two_at_once_are_two(self):
        request_id = self._ask()
        outcome = self._together(
            lambda env, n: (
                env["crm.approval.request"]
                .browse(request_id)
                .with_user(self.users[n])
                .action_approve()
            ),
            2,
        )
        self.assertEqual(outcome, ["done", "done"])
        self._check(request_id)

    @mute_logger("odoo.sql_db")
    def test_four_at_once_are_two(self):
        request_id = self._ask()
        outcome = self._together(
            lambda env, n: (
                env["crm.approval.request"]
                .browse(request_id)
                .with_user(self.users[n])
                .action_approve()
            ),
            PEOPLE,
        )
        self.assertEqual(sorted(outcome), ["UserError", "UserError", "done", "done"])
        self._check(request_id)

    def _check(self, request_id):
        with self.cursor() as env:
            request = env["crm.approval.request"].browse(request_id)
            self.assertEqual(request.state, "approved")
            self.assertEqual(
                request.decision_ids.mapped("kind"), ["request", "approve", "approve", "granted"]
            )
            self.assertEqual(len(request.decision_ids.user_id), 3)
            self.assertFalse(request._find_broken())

    @mute_logger("odoo.sql_db")
    def test_yes_and_no_at_once(self):
        """The first one counts; the log has no decision after the end."""
        request_id = self._ask()

        def decide(env, number):
            request = env["crm.approval.request"].browse(request_id)
            request = request.with_user(self.users[number])
            request.action_refuse("No") if number else request.action_approve()

        outcome = self._together(decide, 2)
        self.assertIn("done", outcome)
        with self.cursor() as env:
            request = env["crm.approval.request"].browse(request_id)
            self.assertEqual(request.state, "refused")
            self.assertEqual(request.decision_ids[-1].kind, "refuse")
            self.assertFalse(request._find_broken())

    @mute_logger("odoo.sql_db")
    def test_two_requests_at_once_are_one(self):
        def ask(env, _number):
            order = env["sale.order"].browse(self.order).with_user(self.users[PEOPLE])
            order._approval_request("confirm")
            env.flush_all()

        self.assertEqual(self._together(ask, 2), ["done", "done"])
        with self.cursor() as env:
            requests = env["crm.approval.request"].search([("rule_id", "=", self.rule)])
            self.assertEqual(len(requests), 1)
