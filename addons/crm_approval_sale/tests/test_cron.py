from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestCron(ApprovalSaleCase):
    """Reminders, escalation and automatic decisions: once each, a bad one stops no other."""

    def _ask_long_ago(self, hours, count=1):
        requests = self.env["crm.approval.request"]
        for _number in range(count):
            requests |= self._ask(self._create_order())
        self.env.flush_all()
        shift = timedelta(hours=hours)
        self.env.cr.execute(
            "UPDATE crm_approval_request_step SET date_start = date_start - %(s)s,"
            " remind_at = remind_at - %(s)s, deadline = deadline - %(s)s,"
            " next_action_at = next_action_at - %(s)s WHERE request_id = ANY(%(ids)s)",
            {"s": shift, "ids": requests.ids},
        )
        self.env.invalidate_all()
        return requests

    def _run(self):
        with patch.object(self.env.registry["ir.cron"], "_commit_progress", lambda *a, **k: 1):
            self.env["crm.approval.request"]._cron_process()
        self.env.flush_all()

    def _kinds(self, request):
        return request.decision_ids.mapped("kind")

    def test_reminder_once(self):
        self._create_rule(self._persons(self.boss, remind_hours=24))
        request = self._ask_long_ago(25)
        mails = [("subject", "like", "Reminder: %")]
        before = self.env["mail.mail"].search_count(mails)
        self._run()
        self.assertEqual(self._kinds(request), ["request", "remind"])
        self.assertEqual(self.env["mail.mail"].search_count(mails), before + 1)
        self._run()
        self.assertEqual(self._kinds(request), ["request", "remind"])

    def test_not_yet(self):
        self._create_rule(self._persons(self.boss, remind_hours=24))
        request = self._ask_long_ago(23)
        self._run()
        self.assertEqual(self._kinds(request), ["request"])

    def test_automatic_approval(self):
        self._create_rule(self._persons(self.boss, limit_hours=48, after_limit="approve"))
        request = self._ask_long_ago(49)
        self._run()
        self.assertEqual(request.state, "approved")
        self.assertEqual(self._kinds(request), ["request", "auto_approve", "granted"])
        self.assertFalse(request._find_broken())
        self.env["sale.order"].browse(request.res_id).action_confirm()
        self._run()
        self.assertEqual(len(request.decision_ids), 3)

    def test_automatic_refusal(self):
        self._create_rule(self._persons(self.boss, limit_hours=48, after_limit="refuse"))
        request = self._ask_long_ago(49)
        self._run()
        self.assertEqual(request.state, "refused")

    def test_no_automatic_approval_of_what_was_changed(self):
        self._create_rule(self._persons(self.boss, limit_hours=48, after_limit="approve"))
        request = self._ask_long_ago(49)
        order = self.env["sale.order"].browse(request.res_id)
        order.order_line.discount = 90
        self._run()
        self.assertEqual(request.state, "pending")
        self.assertIn("was changed", request.error)

    def test_escalation(self):
        self._create_rule(
            self._persons(self.boss, remind_hours=10, limit_hours=20, after_limit="escalate")
        )
        request = self._ask_long_ago(21)
        self._run()
        self.assertEqual(request.approver_ids, self.boss | self.chief)
        self._run()
        self.assertEqual(self._kinds(request), ["request", "escalate"])
        request.with_user(self.chief).action_approve()
        self.assertEqual(request.state, "approved")

    def test_escalation_to_named_people_keeps_the_number(self):
        self._create_rule(
            self._persons(
                self.boss,
                self.deputy,
                mode="all",
                limit_hours=20,
                after_limit="escalate",
                escalation_user_ids=[Command.set((self.manager | self.seller).ids)],
            )
        )
        request = self._ask_long_ago(21)
        request.with_user(self.boss).action_approve()
        self._run()
        self.assertEqual(request.approver_ids, self.deputy | self.manager, "not the requester")
        request.with_user(self.manager).action_approve()
        self.assertEqual(request.state, "approved")

    @mute_logger("odoo.sql_db")
    def test_poisoned_record(self):
        self._create_rule(self._persons(self.boss, limit_hours=48, after_limit="approve"))
        bad, *good = self._ask_long_ago(49, count=3)
        original = self.env.registry["sale.order"]._approval_granted

        def poisoned(order, request):
            if request == bad:
                order.env.cr.execute("SELECT 1 / 0")
            return original(order, request)

        with patch.object(self.env.registry["sale.order"], "_approval_granted", poisoned):
            self._run()
        self.assertEqual([request.state for request in good], ["approved"] * 2)
        self.assertEqual(bad.state, "pending")
        self.assertIn("division by zero", bad.error)
        self.assertGreater(bad.step_ids.next_action_at, fields.Datetime.now())
        self.assertFalse(bad._find_broken())
        self._run()
        self.assertEqual(bad.state, "pending", "tried again in an hour only")
        self.env.cr.execute(
            "UPDATE crm_approval_request_step SET next_action_at = deadline WHERE request_id = %s",
            [bad.id],
        )
        self.env.invalidate_all()
        self._run()
        self.assertEqual(bad.state, "approved")
        self.assertFalse(bad.error)

    def test_interrupted_run_goes_on(self):
        self._create_rule(self._persons(self.boss, limit_hours=48, after_limit="refuse"))
        requests = self._ask_long_ago(49, count=3)
        left = iter([1, 1, 0])  # the announcement, one record, then the time is over
        with patch.object(
            self.env.registry["ir.cron"], "_commit_progress", lambda *a, **k: next(left)
        ):
            self.env["crm.approval.request"]._cron_process()
        self.assertEqual(sorted(requests.mapped("state")), ["pending", "refused", "refused"])
        self._run()
        self.assertEqual(set(requests.mapped("state")), {"refused"})
