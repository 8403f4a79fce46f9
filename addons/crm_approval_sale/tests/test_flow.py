from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestFlow(ApprovalSaleCase):
    """Who has to say yes, in which order, and what follows from it."""

    def test_approve(self):
        self._create_rule()
        order = self._create_order()
        request = self._ask(order, note="A key account")
        self.assertEqual(request.state, "pending")
        self.assertEqual(request.approver_ids, self.boss)
        self.assertEqual(order.approval_state, "pending")
        request.with_user(self.boss).action_approve("Fine")
        self.assertEqual(request.state, "approved")
        self.assertEqual(request.decision_ids.mapped("kind"), ["request", "approve", "granted"])
        self.assertEqual(order.approval_state, "approved")
        order.with_user(self.seller).action_confirm()
        self.assertEqual(order.state, "sale")

    def test_small_discount_passes(self):
        self._create_rule()
        order = self._create_order(discount=15)
        self.assertFalse(order._approval_missing("confirm"))
        self.assertEqual(order.approval_state, "none")
        order.action_confirm()

    def test_refuse_needs_a_reason(self):
        self._create_rule()
        request = self._ask(self._create_order())
        with self.assertStopped("reason"):
            request.with_user(self.boss).action_refuse(" ")
        request.with_user(self.boss).action_refuse("Too low")
        self.assertEqual(request.state, "refused")
        order = self.env["sale.order"].browse(request.res_id)
        self.assertEqual(order.approval_state, "refused")
        with self.assertStopped("needs an approval"):
            order.action_confirm()

    def test_return_and_request_again(self):
        self._create_rule()
        order = self._create_order(discount=30)
        first = self._ask(order)
        first.with_user(self.boss).action_return("At most 20 %")
        self.assertEqual(first.state, "returned")
        order.order_line.discount = 20
        second = self._ask(order)
        self.assertNotEqual(first, second)
        second.with_user(self.boss).action_approve()
        order.action_confirm()

    def test_withdraw(self):
        self._create_rule()
        request = self._ask(self._create_order())
        with self.assertRaises(AccessError):
            request.with_user(self.boss).action_withdraw()
        request.with_user(self.seller).action_withdraw("Lost")
        self.assertEqual(request.state, "withdrawn")
        with self.assertStopped("already closed"):
            request.with_user(self.boss).action_approve()

    def test_same_request_is_returned(self):
        self._create_rule()
        order = self._create_order()
        self.assertEqual(self._ask(order), self._ask(order))

    def test_change_while_pending_makes_a_new_request(self):
        self._create_rule()
        order = self._create_order()
        first = self._ask(order)
        order.order_line.discount = 40
        with self.assertStopped("was changed"):
            first.with_user(self.boss).action_approve()
        second = self._ask(order)
        self.assertEqual(first.state, "outdated")
        self.assertEqual(second.state, "pending")

    def test_sequence(self):
        self._create_rule(self._persons(self.boss), self._persons(self.chief))
        request = self._ask(self._create_order())
        self.assertEqual(request.approver_ids, self.boss)
        with self.assertStopped("not waiting for your decision"):
            request.with_user(self.chief).action_approve()
        request.with_user(self.boss).action_approve()
        self.assertEqual(request.state, "pending")
        self.assertEqual(request.approver_ids, self.chief)
        request.with_user(self.chief).action_approve()
        self.assertEqual(request.state, "approved")

    def test_parallel(self):
        self._create_rule(self._persons(self.boss), self._persons(self.chief), mode="parallel")
        request = self._ask(self._create_order())
        self.assertEqual(request.approver_ids, self.boss | self.chief)
        request.with_user(self.chief).action_approve()
        self.assertEqual(request.state, "pending")
        request.with_user(self.boss).action_approve()
        self.assertEqual(request.state, "approved")

    def test_all_any_and_number(self):
        people = self.boss, self.chief, self.deputy
        for mode, needed in (("any", 1), ("count", 2), ("all", 3)):
            with self.subTest(mode):
                rule = self._create_rule(self._persons(*people, mode=mode, min_count=2))
                request = self._ask(self._create_order())
                for number, user in enumerate(people[:needed], 1):
                    self.assertEqual(request.state, "pending")
                    request.with_user(user).action_approve()
                    if number < needed:
                        with self.assertRaises(AccessError):
                            request.with_user(user).action_approve()
                self.assertEqual(request.state, "approved")
                rule.active = False

    def test_manager_chain(self):
        if "employee_id" in self.env["res.users"]._fields:
            self.assertFalse(self.seller.employee_id, "the field of ours is what counts here")
        self._create_rule({"approver_kind": "manager", "manager_levels": 2, "mode": "all"})
        request = self._ask(self._create_order())
        self.assertEqual(request.approver_ids, self.boss | self.chief)

    def test_manager_of_the_employee_goes_first(self):
        if "employee_id" not in self.env["res.users"]._fields:
            return
        employees = self.env["hr.employee"].create(
            [{"name": user.name, "user_id": user.id} for user in (self.seller, self.deputy)]
        )
        employees[0].parent_id = employees[1]
        self.assertEqual(self.seller._approval_manager(self.company), self.deputy)
        employees[0].parent_id = False
        self.assertEqual(self.seller._approval_manager(self.company), self.boss)

    def test_user_on_the_document(self):
        self._create_rule({"approver_kind": "field", "approver_field": "create_uid"})
        order = self._create_order()
        with self.assertStopped("another user than the requester"):
            self._ask(order, user=order.create_uid)
        order = self._create_order()
        self.env.cr.execute(
            "UPDATE sale_order SET create_uid = %s WHERE id = %s", [self.boss.id, order.id]
        )
        order.invalidate_recordset()
        self.assertEqual(self._ask(order).approver_ids, self.boss)

    def test_chosen_at_submission(self):
        self._create_rule({"approver_kind": "chosen"})
        order = self._create_order()
        with self.assertStopped("choose the approvers"):
            self._ask(order)
        action = order.with_user(self.seller).action_request_approval()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.seller)
            .with_context(**action["context"])
            .create({"approver_ids": self.deputy.ids, "copy_user_ids": self.bystander.ids})
        )
        self.assertTrue(wizard.needs_choice)
        wizard.action_submit()
        request = order.approval_request_ids
        self.assertEqual(request.approver_ids, self.deputy)
        self.assertEqual(request.copy_user_ids, self.bystander)
        self.assertIn("copy", request.decision_ids.mapped("kind"))

    def test_group_with_amount_limits(self):
        group = self.env["res.groups"].create(
            {"name": "Approvers", "user_ids": (self.boss | self.chief).ids}
        )
        limits = [
            (0, 0, {"user_id": self.boss.id, "amount": 500}),
            (0, 0, {"group_id": group.id, "amount": 5000}),
        ]
        self._create_rule(
            {
                "approver_kind": "group",
                "group_id": group.id,
                "limit_figure": "amount",
                "limit_ids": limits,
            }
        )
        self.assertEqual(self._ask(self._create_order()).approver_ids, self.chief)
        small = self._create_order()
        small.order_line.product_uom_qty = 5
        self.assertEqual(self._ask(small).approver_ids, self.boss | self.chief)
        large = self._create_order()
        large.order_line.product_uom_qty = 500
        with self.assertStopped("amount limit"):
            self._ask(large)

    def test_first_matching_rule_applies(self):
        self._create_rule(self._persons(self.chief), sequence=1, domain="[('partner_id', '=', 0)]")
        second = self._create_rule(sequence=2)
        self.assertEqual(self._ask(self._create_order()).rule_id, second)

    # ------------------------------------------------------------------

    def test_four_eyes(self):
        self._create_rule(self._persons(self.boss, self.seller))
        order = self._create_order()
        request = self._ask(order)
        self.assertEqual(request.approver_ids, self.boss)
        with self.assertStopped("second person"):
            request.with_user(self.seller).action_approve()

    def test_four_eyes_for_the_salesperson_when_somebody_else_asks(self):
        self._create_rule(self._persons(self.boss, self.seller))
        request = self._ask(self._create_order(), user=self.bystander)
        self.assertEqual(request.excluded_user_ids, self.bystander | self.seller)
        with self.assertStopped("second person"):
            request.with_user(self.seller).action_approve()

    def test_four_eyes_not_by_substitute(self):
        self._create_rule()
        request = self._ask(self._create_order())
        self._substitute(self.boss, self.seller)
        with self.assertStopped("second person"):
            request.with_user(self.seller).action_approve()
        with self.assertStopped("did not request"):
            request.with_user(self.boss).action_delegate(self.seller.id)

    def _substitute(self, absent, substitute, **values):
        today = fields.Date.today()
        return self.env["crm.approval.delegation"].create(
            {
                "user_id": absent.id,
                "delegate_id": substitute.id,
                "date_from": today,
                "date_to": today + timedelta(days=3),
                **values,
            }
        )

    def test_substitute(self):
        self._create_rule()
        request = self._ask(self._create_order())
        mine = [("my_turn", "=", True), ("id", "=", request.id)]
        Request = self.env["crm.approval.request"].with_user(self.deputy)
        self.assertFalse(Request.search(mine))
        self._substitute(self.boss, self.deputy)
        self.assertEqual(Request.search(mine).ids, request.ids)
        self.assertTrue(request.with_user(self.deputy).my_turn)
        self.assertFalse(request.with_user(self.seller).my_turn)
        request.with_user(self.deputy).action_approve()
        row = request.decision_ids.filtered(lambda one: one.kind == "approve")
        self.assertEqual(row.user_id, self.deputy)
        self.assertEqual(row.on_behalf, "Boss")
        self.assertEqual(request.state, "approved")

    def test_substitute_only_on_his_days(self):
        self._create_rule()
        request = self._ask(self._create_order())
        tomorrow = fields.Date.today() + timedelta(days=1)
        self._substitute(self.boss, self.deputy, date_from=tomorrow)
        with self.assertRaises(AccessError):
            request.with_user(self.deputy).action_approve()

    def test_substitute_of_two_counts_once(self):
        self._create_rule(
            self._persons(self.boss, self.chief, self.manager, mode="count", min_count=2)
        )
        request = self._ask(self._create_order())
        self._substitute(self.boss, self.deputy)
        self._substitute(self.chief, self.deputy)
        request.with_user(self.deputy).action_approve()
        self.assertEqual(request.state, "pending")
        with self.assertRaises(AccessError):
            request.with_user(self.deputy).action_approve()
        request.with_user(self.manager).action_approve()
        self.assertEqual(request.state, "approved")

    def test_hand_over(self):
        self._create_rule()
        request = self._ask(self._create_order())
        request.with_user(self.boss).action_delegate(self.deputy.id, "On leave")
        self.assertEqual(request.approver_ids, self.deputy)
        with self.assertRaises(AccessError):
            request.with_user(self.boss).action_approve()
        request.with_user(self.deputy).action_approve()
        self.assertEqual(request.state, "approved")

    def test_contents_in_the_language_of_the_reader(self):
        self._create_rule()
        request = self._ask(self._create_order())
        self.assertIn("Untaxed amount (company currency)", request.snapshot_html)
        self.assertIn("Customer</th>", request.snapshot_html)
        chinese = request.with_context(lang="zh_CN")
        self.assertNotIn("Customer</th>", chinese.snapshot_html)
        self.assertNotIn("Untaxed amount", chinese.snapshot_html)
        self.assertIn("Customer Chen", chinese.snapshot_html)

    def test_comment_and_copy(self):
        self._create_rule()
        request = self._ask(self._create_order()).with_user(self.boss)
        request.action_comment("Which margin?")
        request.action_copy_to(self.bystander.ids)
        self.assertEqual(request.decision_ids[-2:].mapped("kind"), ["comment", "copy"])
        self.assertEqual(
            request.with_user(self.bystander).res_name, request.res_name, "a copy may be read"
        )

    def test_notices(self):
        self._create_rule()
        request = self._ask(self._create_order())
        self.assertEqual(request.activity_ids.user_id, self.boss)
        mail = self.env["mail.mail"].search([("email_to", "like", "boss@approval")], limit=1)
        self.assertIn(f"/approval/{request.id}/", mail.body_html)
        self.assertFalse(mail.model, "who may read the request must not find another one's link")
        request.with_user(self.boss).action_approve()
        self.assertFalse(request.activity_ids)
        notice = self.env["mail.message"].search(
            [("partner_ids", "in", self.seller.partner_id.ids)], limit=1
        )
        self.assertIn("Approved", notice.subject)
