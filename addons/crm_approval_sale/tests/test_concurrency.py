from functools import partial

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

PEOPLE = 4


@tagged("post_install", "-at_install")
class TestConcurrency(ParallelCase):
    """Approvers who decide at the same moment."""

    def _build(self, env):
        group = env.ref("sales_team.group_sale_salesman_all_leads")
        users = (
            env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                [
                    {
                        "name": f"P{n}",
                        "login": f"parallel_{n}",
                        "group_ids": [Command.set(group.ids)],
                    }
                    for n in range(PEOPLE + 1)
                ]
            )
        )
        self.remove_at_end(users.partner_id)
        self.remove_at_end(users)
        *self.users, self.seller = users.ids
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
                            "user_ids": [Command.set(self.users)],
                        }
                    )
                ],
            }
        )
        self.remove_at_end(rule)
        order = env["sale.order"].create(
            {
                "partner_id": env.ref("base.main_partner").id,
                "origin": "parallel",
                "user_id": self.seller,
            }
        )
        self.remove_at_end(order)
        self.rule, self.order = rule.id, order.id
        self.at_end(self._remove_mails)
        self.delete_at_end("crm.approval.request", [("rule_id", "=", rule.id)])
        for model in ("crm.approval.request.step", "crm.approval.decision"):
            self.delete_at_end(model, [("request_id.rule_id", "=", rule.id)])

    @staticmethod
    def _remove_mails(env):
        env["mail.mail"].search([("subject", "like", "Please approve")]).unlink()

    def _request(self, env):
        order = env["sale.order"].browse(self.order).with_user(self.seller)
        return order._approval_request("confirm")

    def _ask(self):
        with self.transaction() as env:
            return self._request(env).id

    def _together(self, *calls):
        """Return "done" or the kind of refusal for each call.

        :param calls: methods of a request and their arguments, one for each approver
        """
        request_id = self._ask()

        def decide(call, env):
            method, *arguments = call
            getattr(env["crm.approval.request"].browse(request_id), method)(*arguments)

        outcomes = self.together(
            [partial(decide, call) for call in calls], users=self.users[: len(calls)], retry=True
        )
        return request_id, [self._kind(outcome) for outcome in outcomes]

    def _kind(self, outcome):
        refused = isinstance(outcome, UserError)
        return type(outcome).__name__ if refused else self.said(outcome)

    def test_two_at_once_are_two(self):
        request_id, outcome = self._together(*[("action_approve",)] * 2)
        self.assertEqual(outcome, ["done", "done"])
        self._check(request_id)

    def test_four_at_once_are_two(self):
        request_id, outcome = self._together(*[("action_approve",)] * PEOPLE)
        self.assertEqual(sorted(outcome), ["UserError", "UserError", "done", "done"])
        self._check(request_id)

    def _check(self, request_id):
        with self.transaction() as env:
            request = env["crm.approval.request"].browse(request_id)
            self.assertEqual(request.state, "approved")
            self.assertEqual(
                request.decision_ids.mapped("kind"), ["request", "approve", "approve", "granted"]
            )
            self.assertEqual(len(request.decision_ids.user_id), 3)
            self.assertFalse(request._find_broken())

    def test_yes_and_no_at_once(self):
        """The first one counts; the log has no decision after the end."""
        request_id, outcome = self._together(("action_approve",), ("action_refuse", "No"))
        self.assertIn("done", outcome)
        with self.transaction() as env:
            request = env["crm.approval.request"].browse(request_id)
            self.assertEqual(request.state, "refused")
            self.assertEqual(request.decision_ids[-1].kind, "refuse")
            self.assertFalse(request._find_broken())

    def test_two_requests_at_once_are_one(self):
        """Who is told that the other one was faster asks again, and gets the same request."""
        outcomes = self.together([self._request] * 2, retry=True, again=(UniqueViolation,))
        self.assertEqual([self.said(outcome) for outcome in outcomes], ["done", "done"])
        with self.transaction() as env:
            requests = env["crm.approval.request"].search([("rule_id", "=", self.rule)])
            self.assertEqual(len(requests), 1)
