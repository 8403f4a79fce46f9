from datetime import timedelta

from odoo.tests import tagged

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestReport(ApprovalSaleCase):
    """Hours to the decision, and what is open by age."""

    def _back(self, request, hours):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_approval_request_step SET date_start = date_start - %s"
            " WHERE request_id = %s",
            [timedelta(hours=hours), request.id],
        )
        self.env.invalidate_all()

    def _rows(self, request):
        self.env.flush_all()
        return self.env["crm.approval.report"].search([("request_id", "=", request.id)])

    def test_turnaround(self):
        rule = self._create_rule(self._persons(self.boss, self.chief, mode="all"))
        request = self._ask(self._create_order())
        self._back(request, 6)
        request.with_user(self.boss).action_approve()
        request.with_user(self.chief).action_approve()
        rows = self._rows(request)
        self.assertEqual(rows.user_id, self.boss | self.chief)
        self.assertEqual(set(rows.mapped("state")), {"decided"})
        for row in rows:
            self.assertAlmostEqual(row.hours, 6, delta=0.1)
        [(group, hours)] = self.env["crm.approval.report"]._read_group(
            [("request_id", "=", request.id)], ["rule_id"], ["hours:avg"]
        )
        self.assertEqual(group, rule)
        self.assertAlmostEqual(hours, 6, delta=0.1)

    def test_open_by_age(self):
        self._create_rule()
        for hours, age in ((1, "1"), (30, "2"), (100, "3"), (200, "4")):
            request = self._ask(self._create_order())
            self._back(request, hours)
            row = self._rows(request)
            self.assertEqual((row.state, row.age), ("open", age))
            self.assertAlmostEqual(row.hours_open, hours, delta=0.1)

    def test_only_who_decides_counts(self):
        self._create_rule()
        request = self._ask(self._create_order())
        request.with_user(self.boss).action_comment("Hm")
        self.assertEqual(self._rows(request).mapped("state"), ["open"])
        request.with_user(self.boss).action_refuse("No")
        self.assertEqual(self._rows(request).mapped("kind"), ["refuse"])
