from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_segment import SegmentCase


@tagged("post_install", "-at_install")
class TestSegmentAccess(SegmentCase):
    """Sellers read, managers edit, other companies see nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_users()
        cls.segment = cls._segment((0, cls._did("met")))

    def test_seller_reads_and_refreshes_but_does_not_edit(self):
        segment = self.segment.with_user(self.seller)
        self.assertEqual(segment.member_ids.partner_id, self.eva)
        self.assertEqual(self.eva.with_user(self.seller).segment_ids, segment)
        segment.action_refresh()
        for change in (
            lambda: segment.write({"name": "Mine"}),
            lambda: segment.condition_ids[0].write({"domain": "[]"}),
            segment.member_ids.unlink,
            lambda: segment.create({"name": "New"}),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_manager_edits_definitions_but_not_members(self):
        segment = self.segment.with_user(self.manager)
        segment.condition_ids[-1].behaviour = "invoiced"
        segment.action_refresh()
        self.assertMembers(self.segment, self.ann | self.bob | self.cid)
        with self.assertRaises(AccessError):
            segment.member_ids[0].write({"date_out": "2026-01-01"})

    def test_manager_cannot_ask_for_a_hidden_field(self):
        condition = self.segment.with_user(self.manager).condition_ids[-1]
        hidden = {"kind": "attribute", "domain": "[('signup_type', '!=', False)]"}
        with self.assertRaises(AccessError), self.cr.savepoint():
            condition.write(hidden)
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.segment.with_user(self.manager).condition_ids = [(0, 0, hidden)]
        condition.write({**hidden, "domain": "[('city', '!=', False)]"})

    def test_other_company_sees_nothing(self):
        segment = self.segment.with_user(self.stranger)
        for read in (
            lambda: segment.read(["name"]),
            lambda: segment.condition_ids.read(["kind"]),
            lambda: self.segment.member_ids.with_user(self.stranger).read(["date_in"]),
            segment.action_refresh,
        ):
            with self.assertRaises(AccessError):
                read()
        self.assertFalse(self.eva.with_user(self.stranger).segment_ids)
        partners = self.env["res.partner"].with_user(self.stranger)
        self.assertFalse(partners.search([("segment_ids", "in", self.segment.ids)]))

    def test_without_rights(self):
        with self.assertRaises(AccessError):
            self.segment.with_user(self.nobody).read(["name"])
        partner = self.eva.with_user(self.nobody)
        self.assertEqual(partner.read(["name"])[0]["name"], "eva")
        self.assertNotIn("segment_ids", partner.fields_get())

    def test_membership_does_not_depend_on_who_refreshes(self):
        rule = {
            "name": "Only Shanghai",
            "model_id": self.env["ir.model"]._get_id("res.partner"),
            "domain_force": "[('city', '=', 'Shanghai')]",
            "groups": [(6, 0, self.env.ref("sales_team.group_sale_salesman").ids)],
        }
        self.env["ir.rule"].create(rule)
        self.segment.with_user(self.seller).action_refresh()
        # sudo: the rule above holds for the user of this test too
        self.assertEqual(self.segment.sudo().member_ids.partner_id.ids, self.eva.ids)
