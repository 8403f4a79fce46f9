from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestReassign(ApprovalSaleCase):
    """Who was asked left: an administrator names somebody else, and nobody besides him can."""

    def _reassign(self, request, other=None, user=None, reason="Left the company", gone=None):
        request = request.with_user(user or self.manager)
        return request.action_reassign((gone or self.boss).id, (other or self.deputy).id, reason)

    def _leave(self, user):
        user.active = False
        self.env.flush_all()

    def _token(self, request, user):
        return request._make_token(request.step_ids[:1], user)

    def test_reassign(self):
        self._create_rule(self._persons(self.boss, remind_hours=5))
        request = self._ask(self._create_order())
        link = self._token(request, self.boss)
        with self.assertStopped("not waiting for your decision"):
            request.with_user(self.deputy).action_approve()
        self._reassign(request)
        self.assertEqual(request.approver_ids, self.deputy)
        self.assertEqual(request.activity_ids.user_id, self.deputy)
        row = request.decision_ids[-1]
        self.assertEqual((row.kind, row.user_id), ("reassign", self.manager))
        self.assertEqual((row.on_behalf, row.reason), ("Boss → Deputy", "Left the company"))
        self.assertFalse(request._find_broken())
        with self.assertStopped("not waiting for your decision"):
            request.with_user(self.boss).action_approve()
        _request, step, user = request._from_token(request.id, link)
        self.assertFalse(request._link_turn(step, user), "an old link decides nothing")
        request.with_user(self.deputy).action_approve()
        self.assertEqual(request.state, "approved")
        self.env["sale.order"].browse(request.res_id).action_confirm()

    def test_notices(self):
        self._create_rule()
        request = self._ask(self._create_order())
        self._reassign(request)
        mail = self.env["mail.mail"].search([("email_to", "like", "deputy@approval")], limit=1)
        self.assertIn(f"/approval/{request.id}/", mail.body_html)
        message = self.env["mail.message"].search(
            [("partner_ids", "in", self.boss.partner_id.ids)], limit=1
        )
        self.assertIn("Not for you to decide", message.subject)
        self.assertIn("Left the company", message.body)

    def test_log_is_chained(self):
        self._create_rule()
        request = self._ask(self._create_order())
        self._reassign(request)
        row = request.decision_ids[-1]
        self.env.cr.execute(
            "UPDATE crm_approval_decision SET represented = %s WHERE id = %s",
            [f"[{self.boss.id}, {self.seller.id}]", row.id],
        )
        self.env.invalidate_all()
        self.assertIn("row 2", request._find_broken())

    def test_approver_who_left(self):
        """A step does not pass because somebody was archived: it says so, and is found."""
        self._create_rule(self._persons(self.boss, self.chief, mode="all"))
        request = self._ask(self._create_order())
        left = [("id", "=", request.id), ("approver_ids.active", "=", False)]
        self.assertFalse(request.search(left))
        self._leave(self.boss)
        self.assertEqual(request.search(left), request)
        self.assertIn("Boss left", request.problem)
        request.with_user(self.chief).action_approve()
        self.assertEqual(request.state, "pending", "all of them means the one who left, too")
        self._reassign(request)
        self.assertFalse(request.problem)
        request.with_user(self.deputy).action_approve()
        self.assertEqual(request.state, "approved")

    def test_one_of_several_left(self):
        self._create_rule(self._persons(self.boss, self.chief))
        request = self._ask(self._create_order())
        self._leave(self.boss)
        self.assertFalse(request.problem)
        self._leave(self.chief)
        self.assertIn("Boss", request.problem)

    def test_waiting_steps_too(self):
        self._create_rule(self._persons(self.chief), self._persons(self.boss))
        request = self._ask(self._create_order())
        self._reassign(request)
        self.assertEqual(request.approver_ids, self.chief)
        self.assertFalse(request.activity_ids.filtered(lambda a: a.user_id == self.deputy))
        request.with_user(self.chief).action_approve()
        self.assertEqual(request.approver_ids, self.deputy)

    def test_clock_starts_anew(self):
        self._create_rule(self._persons(self.boss, limit_hours=10, after_limit="refuse"))
        request = self._ask(self._create_order())
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_approval_request_step SET deadline = deadline - interval '9 hours'"
            " WHERE request_id = %s",
            [request.id],
        )
        self.env.invalidate_all()
        before = request.step_ids.deadline
        self._reassign(request)
        self.assertGreater(request.step_ids.deadline, before)
        self.assertEqual(request.deadline, request.step_ids.deadline)

    # ------------------------------------------------------------------
    # Who may, and to whom
    # ------------------------------------------------------------------

    def test_four_eyes(self):
        self._create_rule()
        request = self._ask(self._create_order(), user=self.bystander)
        for excluded in (self.bystander, self.seller):
            with self.assertStopped("did not request it"):
                self._reassign(request, other=excluded)
        self.assertEqual(request.approver_ids, self.boss)

    def test_new_approver_must_read_the_document(self):
        self._create_rule()
        request = self._ask(self._create_order())
        blind = self._create_user("blind", "sales_team.group_sale_salesman")
        with self.assertStopped("can read the document"):
            self._reassign(request, other=blind)
        with self.assertStopped("can read the document"):
            self._reassign(request, other=self.stranger)

    def test_amount_limit(self):
        limits = [
            Command.create({"user_id": self.boss.id, "amount": 5000}),
            Command.create({"user_id": self.deputy.id, "amount": 500}),
            Command.create({"user_id": self.chief.id, "amount": 5000}),
        ]
        self._create_rule(self._persons(self.boss, limit_figure="amount", limit_ids=limits))
        request = self._ask(self._create_order())
        for unfit in (self.deputy, self.bystander):
            with self.assertStopped("within the amount limit"):
                self._reassign(request, other=unfit)
        self._reassign(request, other=self.chief)
        self.assertEqual(request.approver_ids, self.chief)

    def test_nobody_who_is_gone_or_asked_already(self):
        self._create_rule(self._persons(self.boss, self.chief, mode="all"))
        request = self._ask(self._create_order())
        with self.assertStopped("not asked anyway"):
            self._reassign(request, other=self.chief)
        self._leave(self.deputy)
        with self.assertStopped("cannot decide"):
            self._reassign(request)
        portal = self.env["res.users"].create(
            {
                "name": "Portal",
                "login": "approval_portal",
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )
        with self.assertStopped("cannot decide"):
            self._reassign(request, other=portal)

    def test_reason_and_right_person(self):
        self._create_rule()
        request = self._ask(self._create_order())
        with self.assertStopped("reason"):
            self._reassign(request, reason=" ")
        with self.assertStopped("does not wait for Chief"):
            self._reassign(request, gone=self.chief)
        request.with_user(self.boss).action_approve()
        with self.assertStopped("already closed"):
            self._reassign(request)

    def test_hostile(self):
        """Ordinary users, the requester, administrators of elsewhere, and themselves."""
        self._create_rule(company_id=self.company.id)
        request = self._ask(self._create_order())
        for user in (self.seller, self.boss, self.deputy, self.bystander, self.stranger):
            with self.assertRaises(AccessError, msg=user.name):
                call_kw(
                    request.with_user(user),
                    "action_reassign",
                    [request.ids, self.boss.id, self.deputy.id, "x"],
                    {},
                )
            with self.assertRaises(UserError, msg=user.name):
                self._wizard(request, user).action_reassign()
        with self.assertRaises(AccessError):
            self._reassign(request, other=self.manager)
        with self.assertRaises(AccessError):
            request.step_ids.with_user(self.manager).write({"approver_ids": self.deputy.ids})
        with self.assertRaises(AccessError):
            call_kw(
                request.with_user(self.manager),
                "write",
                [request.ids, {"approver_ids": [(4, self.deputy.id)]}],
                {},
            )
        for method in ("_reassign", "_tell_replaced"):
            with self.assertRaises(AccessError):
                call_kw(request.with_user(self.manager), method, [request.ids], {})
        with self.assertRaises(AccessError):
            call_kw(
                request.step_ids.with_user(self.manager),
                "_replace_approver",
                [request.step_ids.ids, self.boss.id, self.deputy.id, "x"],
                {},
            )
        self.assertEqual(request.approver_ids, self.boss)
        self.assertEqual(len(request.decision_ids), 1)

    def test_administrator_does_not_choose_who_decides_on_his_own(self):
        self._create_rule()
        request = self._ask(self._create_order(), user=self.manager)
        with self.assertRaises(AccessError):
            self._reassign(request)

    def test_administrator_does_not_choose_whom_he_stands_in_for(self):
        self._create_rule()
        request = self._ask(self._create_order())
        self.env["crm.approval.delegation"].create(
            {"user_id": self.deputy.id, "delegate_id": self.manager.id, "date_to": "2999-01-01"}
        )
        with self.assertRaises(AccessError):
            self._reassign(request)

    # ------------------------------------------------------------------
    # Many at once
    # ------------------------------------------------------------------

    def _wizard(self, requests, user, **values):
        Wizard = self.env["crm.approval.reassign"].with_user(user)
        return Wizard.with_context(reassign_request_ids=requests.ids).create(
            {"to_user_id": self.deputy.id, "reason": "Left the company", **values}
        )

    def test_chosen_requests(self):
        self._create_rule()
        requests = self._ask(self._create_order()) | self._ask(self._create_order())
        third = self._ask(self._create_order())
        action = requests.with_user(self.manager).action_open_reassign()
        self.assertEqual(action["context"], {"reassign_request_ids": requests.ids})
        wizard = self._wizard(requests, self.manager)
        self.assertEqual(wizard.from_user_id, self.boss)
        self.assertEqual(wizard.request_ids, requests)
        wizard.action_reassign()
        self.assertEqual(requests.approver_ids, self.deputy)
        self.assertEqual(third.approver_ids, self.boss)

    @mute_logger("odoo.sql_db")
    def test_all_of_a_person_who_left(self):
        """Everything that waits for him at once; what cannot be given away stays, with a reason."""
        self._create_rule(self._persons(self.boss))
        requests = self._ask(self._create_order()) | self._ask(self._create_order())
        own = self._ask(self._create_order(), user=self.deputy)
        decided = self._ask(self._create_order())
        decided.with_user(self.boss).action_approve()
        self._leave(self.boss)
        wizard = self._wizard(requests.browse(), self.manager, from_user_id=self.boss.id)
        self.assertIn(self.boss, wizard.candidate_ids)
        self.assertEqual(wizard.request_ids, requests | own)
        action = wizard.action_reassign()
        self.assertEqual(action["res_id"], wizard.id, "it shows what could not be reassigned")
        self.assertEqual(wizard.done_count, 2)
        self.assertIn(own.name, wizard.refusals)
        self.assertIn("did not request it", wizard.refusals)
        self.assertEqual(requests.approver_ids, self.deputy)
        self.assertEqual(own.approver_ids, self.boss)
        self.assertFalse([request._find_broken() for request in requests if request._find_broken()])

    def test_dialog(self):
        """What the dialog shows before it is saved."""
        self._create_rule()
        requests = self._ask(self._create_order()) | self._ask(self._create_order())
        third = self._ask(self._create_order())
        self._leave(self.boss)
        Wizard = self.env["crm.approval.reassign"].with_user(self.manager)
        with Form(Wizard.with_context(reassign_request_ids=requests.ids)) as dialog:
            self.assertEqual(dialog.from_user_id, self.boss)
            self.assertEqual(dialog.request_ids.ids, requests.sorted().ids)
            dialog.to_user_id = self.deputy
            dialog.reason = "Left"
            dialog.request_ids.remove(id=requests[0].id)
        dialog.record.action_reassign()
        self.assertEqual((requests[0] | third).approver_ids, self.boss)
        self.assertEqual(requests[1].approver_ids, self.deputy)
        with Form(Wizard.with_context(default_from_user_id=self.boss.id)) as dialog:
            self.assertEqual(set(dialog.request_ids.ids), {requests[0].id, third.id})
            dialog.to_user_id = self.deputy
            dialog.reason = "Left"

    def test_two_persons_no_guess(self):
        self._create_rule(self._persons(self.boss, self.chief))
        request = self._ask(self._create_order())
        wizard = self.env["crm.approval.reassign"].with_user(self.manager)
        wizard = wizard.with_context(reassign_request_ids=request.ids).new({})
        self.assertFalse(wizard.from_user_id)
        self.assertEqual(wizard.candidate_ids._origin, self.boss | self.chief)

    def test_dialog_shows_no_people_of_others(self):
        """Somebody else's requests, named by id, do not tell an administrator who is asked."""
        self._create_rule()
        request = self._ask(self._create_order())
        wizard = self.env["crm.approval.reassign"].with_user(self.stranger)
        wizard = wizard.with_context(reassign_request_ids=request.ids).new({})
        self.assertFalse(wizard.from_user_id)
        self.assertFalse(wizard.candidate_ids)
        self.assertFalse(wizard.request_ids)
