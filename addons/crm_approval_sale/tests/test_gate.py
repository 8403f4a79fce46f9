from odoo.tests import Form, tagged

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestGate(ApprovalSaleCase):
    """Every way into the next state of a quotation, and what makes an approval void."""

    def _approved(self, **values):
        order = self._create_order(**values)
        self._ask(order).with_user(self.boss).action_approve()
        return order

    def test_confirmation_is_refused(self):
        self._create_rule()
        order = self._create_order()
        with self.assertStopped("Request Approval"):
            order.with_user(self.seller).action_confirm()
        with self.assertStopped():
            order._action_confirm()
        with self.assertStopped():
            order._validate_order()

    def test_message_names_who_is_waited_for(self):
        self._create_rule()
        order = self._create_order()
        self._ask(order)
        with self.assertStopped("waiting for Boss"):
            order.action_confirm()

    def test_direct_write_of_the_state(self):
        self._create_rule()
        order = self._create_order()
        for record in (order, order.with_user(self.seller), order.sudo()):
            with self.assertStopped():
                record.write({"state": "sale"})
        with self.assertStopped():
            self._create_order(state="sale")

    def test_write_of_state_and_terms_at_once(self):
        self._create_rule()
        order = self._approved()
        terms = self.env["account.payment.term"].create({"name": "Some day"})
        with self.assertStopped():
            order.write({"state": "sale", "payment_term_id": terms.id})
        order.write({"state": "sale"})

    def test_change_after_approval(self):
        self._create_rule()
        changes = {
            "discount": lambda order: order.order_line.write({"discount": 21}),
            "price": lambda order: order.order_line.write({"price_unit": 99}),
            "quantity": lambda order: order.order_line.write({"product_uom_qty": 11}),
            "line": lambda order: order.order_line.copy({"order_id": order.id}),
            "customer": lambda order: order.write(
                {"partner_id": self.customer.copy({"name": "Other"}).id}
            ),
            "behind the ORM": self._change_in_sql,
        }
        for name, change in changes.items():
            with self.subTest(name):
                order = self._approved()
                self.assertFalse(order._approval_missing("confirm"))
                change(order)
                self.assertTrue(order._approval_missing("confirm"))
                self.assertEqual(order.approval_state, "required")
                with self.assertStopped():
                    order.action_confirm()

    def _change_in_sql(self, order):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_line SET discount = 60 WHERE order_id = %s", [order.id]
        )
        self.env.invalidate_all()

    def test_change_that_does_not_matter(self):
        self._create_rule()
        order = self._approved()
        order.write({"client_order_ref": "PO 1", "note": "Thank you"})
        order.action_confirm()

    def test_changed_back_is_approved_again(self):
        self._create_rule()
        order = self._approved()
        order.order_line.discount = 30
        order.order_line.discount = 20
        self.assertFalse(order._approval_missing("confirm"))

    def test_fields_of_the_rule_matter_too(self):
        self._create_rule(snapshot_fields="client_order_ref", domain="[('origin', '!=', 'web')]")
        for name in ("client_order_ref", "origin"):
            order = self._approved()
            order[name] = "changed"
            self.assertTrue(order._approval_missing("confirm"), name)

    def test_approval_of_another_operation_does_not_count(self):
        self._create_rule()
        self._create_rule(operation="send")
        order = self._create_order()
        self._ask(order, operation="send").with_user(self.boss).action_approve()
        self.assertFalse(order._approval_missing("send"))
        self.assertTrue(order._approval_missing("confirm"))

    def test_approval_of_a_copy_does_not_count(self):
        self._create_rule()
        order = self._approved()
        copy = order.copy()
        self.assertTrue(copy._approval_missing("confirm"))
        self.assertFalse(copy.approval_request_ids)

    def test_stricter_rule_needs_a_new_approval(self):
        self._create_rule()
        order = self._approved()
        self._create_rule(self._persons(self.chief), sequence=1)
        self.assertTrue(order._approval_missing("confirm"))

    def test_sending(self):
        self._create_rule(operation="send")
        order = self._create_order()
        with self.assertStopped():
            order.action_quotation_send()
        with self.assertStopped():
            order.action_quotation_sent()
        with self.assertStopped():
            order.write({"state": "sent"})
        self._ask(order, operation="send").with_user(self.boss).action_approve()
        order.action_quotation_send()
        order.action_quotation_sent()
        self.assertEqual(order.state, "sent")

    def test_customer_can_neither_sign_nor_pay(self):
        self._create_rule()
        order = self._create_order(require_payment=True)
        self.assertFalse(order._has_to_be_signed())
        self.assertFalse(order._has_to_be_paid())
        self._ask(order).with_user(self.boss).action_approve()
        self.assertTrue(order._has_to_be_signed())
        self.assertTrue(order._has_to_be_paid())

    def test_fallback_group(self):
        group = self.env["res.groups"].create(
            {"name": "Second person", "user_ids": (self.seller | self.boss).ids}
        )
        self.patch(
            self.registry["sale.order"],
            "_approval_fallback_group",
            lambda records, operation: group.with_env(records.env),
        )
        order = self._create_order()
        with self.assertStopped():
            order.action_confirm()
        request = self._ask(order)
        self.assertFalse(request.rule_id)
        self.assertEqual(request.approver_ids, self.boss)
        request.with_user(self.boss).action_approve()
        order.action_confirm()

    def test_hooks_after_the_decision(self):
        self._create_rule()
        heard = []
        for hook in ("_approval_granted", "_approval_refused"):
            self.patch(
                self.registry["sale.order"],
                hook,
                lambda record, request, hook=hook: heard.append((hook, record.id, request.state)),
            )
        one, two = self._create_order(), self._create_order()
        self._ask(one).with_user(self.boss).action_approve()
        self._ask(two).with_user(self.boss).action_refuse("No")
        self.assertEqual(
            heard,
            [("_approval_granted", one.id, "approved"), ("_approval_refused", two.id, "refused")],
        )

    def test_company_of_the_rule(self):
        self._create_rule(company_id=self.other_company.id)
        self.assertFalse(self._create_order()._approval_missing("confirm"))

    def test_archived_rule_is_off_at_once(self):
        rule = self._create_rule()
        order = self._create_order()
        self.assertTrue(order._approval_missing("confirm"))
        rule.active = False
        self.assertFalse(order._approval_missing("confirm"))

    def test_snapshot_is_readable(self):
        self._create_rule()
        request = self._ask(self._create_order())
        self.assertIn("Customer Chen", request.snapshot_html)
        self.assertIn("20.00", request.snapshot_html)
        self.assertEqual(request.snapshot["figures"]["amount"], "800.000000")

    def test_form(self):
        self._create_rule()
        with Form(self._create_order().with_user(self.seller)) as form:
            self.assertEqual(form.approval_state, "required")
