from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_merge import MergeCase


@tagged("post_install", "-at_install")
class TestMergeRights(MergeCase):
    """Who may merge what, and when a second person is needed."""

    def _post_invoice(self, partner):
        self._chart()
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": "2026-03-01",
                "invoice_line_ids": [
                    Command.create({"name": "Pump", "price_unit": 100, "tax_ids": []})
                ],
            }
        )
        invoice.action_post()
        return invoice

    def _chart(self):
        if not self.env.company.chart_template:
            self.env["account.chart.template"].try_loading("generic_coa", self.env.company)

    def assertProblem(self, merge, text):
        self.assertIn(text, merge.problem or "")
        with self.assertRaises(UserError):
            merge.action_merge()
        self.assertEqual(merge.state, "draft")

    def _approve(self, merge, user=None):
        request = merge.approval_request_ids.filtered(lambda one: one.state == "pending")
        self.assertEqual(len(request), 1)
        request.with_user(user or self.approver).action_approve()

    # --- a second person ---

    def test_posted_entries_need_a_second_person(self):
        invoice = self._post_invoice(self.tai)
        merge = self.draft()
        self.assertIn("posted", merge.control_reason)
        merge.action_merge()
        self.assertEqual(merge.state, "to_approve")
        self.assertEqual(invoice.partner_id, self.tai)
        with self.assertRaises(UserError):
            merge._approval_gate("merge")
        self._approve(merge)
        self.assertEqual(merge.state, "done")
        self.env.invalidate_all()
        self.assertEqual(invoice.partner_id, self.hong)
        self.assertEqual(invoice.line_ids.partner_id, self.hong)
        self.assertEqual(invoice.commercial_partner_id, self.hong)
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(invoice.partner_id | invoice.line_ids.partner_id, self.tai)

    def test_different_tax_ids_need_a_second_person(self):
        self.hong.vat = "91310000MA1K35YU0X"
        self.tai.vat = "91310000 ma1k35yu0x"
        self.assertFalse(self.draft().control_reason)
        self.tai.vat = "91310000MA1K35YU1A"
        merge = self.draft()
        self.assertIn("tax IDs", merge.control_reason)
        merge.action_merge()
        self.assertEqual(merge.state, "to_approve")

    def test_nobody_approves_his_own_merge(self):
        self.hong.company_registry, self.tai.company_registry = "A1", "B2"
        merge = self.draft(user=self.approver)
        merge.action_merge()
        with self.assertRaises(UserError):
            self._approve(merge, self.approver)
        self.assertEqual(merge.state, "to_approve")
        self.assertTrue(self.tai.active)

    def test_changed_after_the_approval(self):
        self.hong.company_registry, self.tai.company_registry = "A1", "B2"
        merge = self.draft()
        merge.action_merge()
        merge.action_draft()
        merge.value_ids.filtered(lambda v: v.field_name == "email").chosen_id = self.hong
        merge.action_merge()
        self.assertEqual(merge.state, "to_approve")

    def test_users_propose_and_others_merge(self):
        merge = self.draft(user=self.seller)
        self.assertFalse(merge.may_merge)
        merge.action_merge()
        self.assertEqual(merge.state, "to_approve")
        with self.assertRaises(AccessError):
            merge.action_undo()
        merge.with_user(self.manager).action_merge()
        self.assertEqual(merge.state, "done")
        with self.assertRaises(AccessError):
            merge.action_undo()

    def test_users_do_not_touch_proposals_of_others(self):
        merge = self.draft().with_user(self.seller)
        self.assertTrue(merge.name)
        for attempt in (
            merge.action_merge,
            merge.action_cancel,
            lambda: merge.write({"survivor_id": self.tai.id}),
            lambda: merge.value_ids[:1].write({"chosen_id": self.hong.id}),
            merge.unlink,
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_without_rights(self):
        merges = self.env["crm.merge"].with_user(self.clerk)
        with self.assertRaises(AccessError):
            merges.create_for(self.group.with_user(self.clerk))
        with self.assertRaises(AccessError):
            self.draft().with_user(self.clerk).read(["name"])
        with self.assertRaises(AccessError):
            self.env["crm.merge.journal"].with_user(self.seller).search([])

    # --- what is refused ---

    def test_companies_stay_apart(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.hong.company_id = self.env.company
        self.tai.company_id = other
        merge = self.env["crm.merge"].create_for(self.group, self.hong)
        self.assertProblem(merge, "different companies")

    def test_record_of_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.group.company_id = other
        merge = self.env["crm.merge"].create_for(self.group, self.hong)
        self.assertEqual(merge.company_id, other)
        self.assertFalse(
            self.env["crm.merge"].with_user(self.manager).search([("id", "=", merge.id)])
        )
        with self.assertRaises(AccessError):
            merge.with_user(self.manager).action_merge()

    def test_shared_and_private_become_shared(self):
        self.hong.company_id = self.env.company
        self.draft().action_merge()
        self.assertFalse(self.hong.company_id)

    def test_several_users(self):
        group = self.manager.partner_id | self.seller.partner_id
        self.seller.sudo().active = False
        self.assertProblem(self.draft(group, self.manager.partner_id), "Several users")

    def test_parent_and_child(self):
        self.assertProblem(self.draft(self.tai | self.contact, self.tai), "belongs to another")

    def test_own_company(self):
        group = self.hong | self.env.company.partner_id
        self.assertProblem(self.draft(group, self.hong), "your company")

    def test_merged_already(self):
        self.draft().action_merge()
        merge = self.env["crm.merge"].create_for(self.tai | self.contact, self.contact)
        self.assertProblem(merge, "already")

    def test_sealed_entries(self):
        invoice = self._post_invoice(self.tai)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET inalterable_hash = 'x' WHERE id = %s", [invoice.id]
        )
        self.assertProblem(self.draft(), "sealed")
        self.assertFalse(self.draft(survivor=self.tai).problem)

    def test_documents_stay_with_their_company(self):
        """A contact of one company with invoices does not become that of another one."""
        self._post_invoice(self.contact)
        stranger = self.env["res.partner"].create({"name": "Li Wei", "parent_id": self.hong.id})
        group = self.contact | stranger
        self.assertProblem(self.draft(group, stranger), "another company")
        self.draft(self.hong | self.tai, self.tai)._execute()
        self.env.invalidate_all()
        self.assertFalse(self.draft(group, stranger).problem)
