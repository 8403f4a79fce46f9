from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_merge import MergeCase


@tagged("post_install", "-at_install")
class TestStoryD12Merge(MergeCase):
    """Un-merge restores both records bit for bit."""

    def setUp(self):
        super().setUp()
        self.documents = self.create_documents(self.tai)
        self.create_documents(self.hong)
        self.merge = self.draft()

    def test_bit_for_bit(self):
        before = self.snapshot()
        self.merge.action_merge()
        self.assertNotEqual(self.snapshot(), before)
        self.merge.action_undo()
        self.assertEqual(self.merge.state, "undone")
        self.assertRestored(before)
        self.assertIn("as it was", self.merge.undo_report)
        self.env.invalidate_all()
        self.assertEqual(self.tai.phone, "+86 21 5555 6666")
        self.assertEqual(self.tai.message_ids[:1].body.count("undone"), 1)

    def test_merge_again_and_undo_again(self):
        before = self.snapshot()
        self.merge.action_merge()
        self.merge.action_undo()
        again = self.draft()
        again.action_merge()
        again.action_undo()
        self.assertRestored(before)

    def test_undo_twice_is_refused(self):
        self.merge.action_merge()
        self.merge.action_undo()
        with self.assertRaises(UserError):
            self.merge.action_undo()

    def test_undo_of_a_draft_is_refused(self):
        with self.assertRaises(UserError):
            self.merge.action_undo()

    def test_later_merge_is_undone_first(self):
        before = self.snapshot()
        other = self.env["res.partner"].create({"name": "Hongtai Group"})
        self.merge.action_merge()
        second = self.draft(self.hong | other, other)
        second.action_merge()
        self.assertEqual(self.tai.merged_into_id, other)
        with self.assertRaises(UserError):
            self.merge.action_undo()
        second.action_undo()
        self.assertEqual(self.tai.merged_into_id, self.hong)
        self.merge.action_undo()
        other.message_ids.unlink()
        self.env["crm.merge"].sudo().search([])
        restored = self.snapshot()
        for table, rows in before.items():
            self.assertFalse(rows - restored[table], table)

    def test_what_came_later_stays(self):
        self.merge.action_merge()
        self.env.invalidate_all()
        later = self.env["crm.lead"].create({"name": "Later", "partner_id": self.hong.id})
        self.hong.phone = "+86 21 9999 0000"
        self.documents["lead"].unlink()
        self.documents["order"].partner_shipping_id = self.contact
        self.merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(later.partner_id, self.hong)
        self.assertEqual(self.hong.phone, "+86 21 9999 0000")
        self.assertEqual(self.hong.email, "info@hongtai.example.com")
        self.assertEqual(self.tai.phone, "+86 21 5555 6666")
        self.assertEqual(self.documents["order"].partner_id, self.tai)
        self.assertEqual(self.documents["order"].partner_shipping_id, self.contact)
        report = self.merge.undo_report
        self.assertIn("+86 21 9999 0000", report)
        self.assertIn("Changed since", report)
        self.assertIn("Deleted since", report)

    def test_double_whose_document_is_gone_is_noted(self):
        """The follower that was one too many cannot come back without its subtype."""
        subtype = self.env["mail.message.subtype"].create({"name": "Only once"})
        for partner in (self.hong, self.tai):
            partner.message_subscribe(self.manager.partner_id.ids, subtype.ids)
        self.merge.action_merge()
        self.env.invalidate_all()
        subtype.unlink()
        self.merge.action_undo()
        self.assertEqual(self.merge.state, "undone")
        self.assertIn("deleted since", self.merge.undo_report)
        self.assertIn(self.manager.partner_id, self.tai.message_partner_ids)
