from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestBadInput(ApprovalSaleCase):
    """Refused on save, or shown on the record, each time with what to do."""

    def _refused(self, pattern, *steps, **values):
        with self.assertStopped(pattern):
            self._create_rule(*steps, **values)

    def test_condition(self):
        self._refused("condition of rule Discounts", domain="[('state', '='")
        self._refused("condition of rule Discounts", domain="[('no_such_field', '=', 1)]")
        self._refused("condition of rule Discounts", domain="[('state', '=', uid)]")
        self._refused("condition of rule Discounts", domain="__import__('os')")

    def test_snapshot_field(self):
        self._refused("no_such_field is no field", snapshot_fields="note, no_such_field")
        self._refused("order_line.nothing is no", snapshot_fields="order_line.nothing")
        self._refused("note.name is no field", snapshot_fields="note.name")

    def test_figure(self):
        bad = Command.create({"figure": "name", "value": 1})
        self._refused("name is no figure.*discount", threshold_ids=[bad])

    def test_no_step(self):
        self._refused("has no step", step_ids=[])

    def test_model_without_gate(self):
        model = self.env["ir.model"]._get_id("res.country")
        self._refused("takes no part in approvals", model_id=model, threshold_ids=[])

    def test_no_approver(self):
        self._refused("too few approvers.*Name at least one", {"user_ids": []})
        self._refused("too few approvers", self._persons(self.boss, mode="count", min_count=2))

    def test_approver_who_cannot_read(self):
        blind = self._create_user("blind", "base.group_user")
        self._refused("Blind cannot read.*access right", self._persons(self.boss, blind))
        escalation = {"escalation_user_ids": [Command.set(blind.ids)]}
        self._refused("Blind cannot read", self._persons(self.boss, **escalation))
        group = self.env["res.groups"].create({"name": "G", "user_ids": blind.ids})
        self._refused("Blind cannot read", {"approver_kind": "group", "group_id": group.id})

    def test_approver_field(self):
        for name in ("partner_id", "no_such_field", False):
            self._refused(
                "no field of .* that holds users",
                {"approver_kind": "field", "approver_field": name},
            )

    def test_limits_without_figure(self):
        limits = [Command.create({"user_id": self.boss.id, "amount": 5})]
        self._refused("amount limits", self._persons(self.boss, limit_ids=limits))

    @mute_logger("odoo.sql_db")
    def test_time_limit_without_hours(self):
        with self.assertRaises(CheckViolation):
            self._create_rule(self._persons(self.boss, after_limit="approve"))

    def test_chain_without_manager(self):
        self._create_rule({"approver_kind": "manager"})
        self.seller.approval_manager_id = False
        with self.assertStopped("Seller has no manager.*approval manager on the user"):
            self._ask(self._create_order())

    def test_circle_of_managers(self):
        with self.assertStopped("manager of his own managers"):
            self.chief.approval_manager_id = self.seller

    def test_circle_of_substitutes(self):
        days = {"date_from": "2026-01-01", "date_to": "2026-01-31"}
        Delegation = self.env["crm.approval.delegation"]
        pairs = (self.boss, self.chief), (self.chief, self.deputy)
        for absent, substitute in pairs:
            Delegation.create({"user_id": absent.id, "delegate_id": substitute.id, **days})
        vals = {"user_id": self.deputy.id, "delegate_id": self.boss.id, **days}
        with self.assertStopped("circle: Deputy → Boss → Chief → Deputy"):
            Delegation.create(vals)
        Delegation.create({**vals, "date_from": "2026-02-01", "date_to": "2026-02-02"})

    def test_removed_field_is_shown(self):
        """A field that was part of an approval and is gone: the gate stays shut, and says why."""
        field = self.env["ir.model.fields"].create(
            {
                "name": "x_terms",
                "model_id": self.env["ir.model"]._get_id("sale.order"),
                "ttype": "char",
                "field_description": "Terms",
            }
        )
        rule = self._create_rule(snapshot_fields="x_terms")
        order = self._create_order(x_terms="30 days")
        request = self._ask(order)
        request.with_user(self.boss).action_approve()
        self.assertFalse(rule.problem or request.problem)
        field.unlink()
        self.env.invalidate_all()
        self.assertIn("x_terms is no field", rule.problem)
        self.assertIn("x_terms", request.problem)
        with self.assertStopped("administrator must mend the rule"):
            order.action_confirm()
        rule.snapshot_fields = False
        self.env.invalidate_all()
        self.assertTrue(order._approval_missing("confirm"), "what was approved is not the same")

    def test_deleted_document_is_shown(self):
        self._create_rule()
        order = self._create_order()
        request = self._ask(order)
        order.unlink()
        self.env.invalidate_all()
        self.assertIn("was deleted", request.problem)
        with self.assertStopped("was deleted"):
            request.with_user(self.boss).action_approve()
        request.with_user(self.seller).action_withdraw()
