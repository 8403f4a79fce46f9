import random
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .common_segment import SegmentCase


@tagged("post_install", "-at_install")
class TestSegmentRefresh(SegmentCase):
    """Entry, exit and history; incremental equals full; scheduled actions."""

    def stays(self, segment, partner):
        return (
            self.env["crm.segment.member"]
            .search([("segment_id", "=", segment.id), ("partner_id", "=", partner.id)])
            .mapped(lambda one: bool(one.date_out))
        )

    def test_history_over_several_refreshes(self):
        segment = self._segment((0, self._is([("city", "=", "Shanghai")])))
        self.ann.city = "Beijing"
        segment.action_refresh()
        self.assertMembers(segment, self.bob)
        self.assertEqual(self.stays(segment, self.ann), [True])
        self.ann.city = "Shanghai"
        segment.action_refresh()
        self.assertEqual(sorted(self.stays(segment, self.ann)), [False, True])
        snapshot = segment.snapshot_ids
        self.assertEqual((snapshot.member_count, snapshot.entered, snapshot.exited), (2, 3, 1))

    def test_second_refresh_changes_nothing(self):
        segment = self._segment((0, self._did("invoiced")))
        before = segment.member_ids.read(["partner_id", "date_in", "date_out"])
        segment.action_refresh()
        self.assertEqual(segment.member_ids.read(["partner_id", "date_in", "date_out"]), before)

    def test_window_expires_without_a_change(self):
        segment = self._segment((0, self._did("invoiced", window="days", days=20)))
        self.assertMembers(segment, self.ann | self.bob)
        later = fields.Date.add(fields.Date.today(), days=15)
        with patch.object(fields.Date, "context_today", lambda *args: later):
            segment.action_refresh()
        self.assertMembers(segment, self.env["res.partner"])

    def test_changes_reach_the_members(self):
        buyers = self._segment((0, self._did("invoiced")))
        visited = self._segment((0, self._did("met")))
        on_it = self._segment((0, self._in(buyers)), (0, self._in(visited)))
        self.process()
        invoice = self._invoice(self.eva, 5, 1)
        self._meet(self.dora, 1)
        self.process()
        self.assertMembers(buyers, self.ann | self.bob | self.cid | self.eva)
        self.assertMembers(visited, self.dora | self.eva)
        self.assertMembers(on_it, self.eva)
        invoice.button_draft()
        self.process()
        self.assertMembers(buyers, self.ann | self.bob | self.cid)
        self.assertMembers(on_it, self.env["res.partner"])

    def test_a_contact_takes_its_orders_along(self):
        contact = self.env["res.partner"].create({"name": "Contact", "parent_id": self.dora.id})
        line = {"product_id": self.product_a.id, "price_unit": 10}
        self.env["sale.order"].create({"partner_id": contact.id, "order_line": [(0, 0, line)]})
        segment = self._segment((0, self._did("quoted")))
        self.process()
        self.assertMembers(segment, self.dora)
        contact.parent_id = self.eva
        self.process()
        self.assertMembers(segment, self.eva)

    def test_changes_until_the_next_savepoint_are_one_note(self):
        self._segment()
        self.process()
        for _number in range(5):
            self.env["crm.segment.dirty"]._mark(self.ann)
        self.env.cr.precommit.run()
        self.assertEqual(
            self.env["crm.segment.dirty"].search([]).mapped("partner_id"), self.ann.ids
        )

    def test_incremental_equals_full(self):
        rng = random.Random(7)
        leaves = [
            self._did("invoiced", min_count=2),
            self._did("invoiced", min_amount=700, window="days", days=100),
            self._did("met", window="days", days=50),
            self._is([("city", "=", "Shanghai")]),
        ]
        segments = self.env["crm.segment"]
        for kind in ("all", "any", "none"):
            rows = [(1, {**leaf, "negate": rng.random() < 0.3}) for leaf in rng.sample(leaves, 3)]
            segments |= self._segment((0, {"kind": kind}), *rows, name=kind)
        segments |= self._segment((0, self._in(segments[0], negate=True)), name="rest")
        for _round in range(8):
            for customer in rng.sample(list(self.customers), 2):
                self._do_something(rng, customer)
            self.process()
            incremental = [self.members(one) for one in segments]
            segments.action_refresh()
            for segment, found in zip(segments, incremental, strict=True):
                self.assertMembers(segment, found)

    def _do_something(self, rng, customer):
        choice = rng.randrange(4)
        if choice == 0:
            customer.city = rng.choice(["Shanghai", "Beijing"])
        elif choice == 1:
            self._invoice(customer, rng.choice([100, 800]), rng.choice([5, 150]))
        elif choice == 2:
            self._meet(customer, rng.choice([5, 150]))
        else:
            self._invoice(customer, rng.choice([100, 800]), 3, "out_refund")

    def test_scheduled_refresh_isolates_a_poisoned_segment(self):
        good = self._segment((0, self._did("met")), name="Good")
        bad = self._segment((0, self._is([("city", "=", "Shanghai")])), name="Bad")
        members = self.members(bad)
        self.env["crm.segment"].search([]).last_attempt = False
        # The field was removed after the segment was saved.
        self.env.cr.execute(
            "UPDATE crm_segment_condition SET domain = %s WHERE id = %s",
            ["[('x_gone', '=', 1)]", bad.condition_ids[-1].id],
        )
        self.env.invalidate_all()
        self._meet(self.dora, 1)
        self.env.cr.precommit.run()
        self.env["crm.segment.dirty"].sudo().search([]).unlink()
        with self.enter_registry_test_mode():
            self.env.ref("crm_customer.ir_cron_segment_refresh").method_direct_trigger()
        self.env.invalidate_all()
        self.assertMembers(good, self.eva | self.dora)
        self.assertIn("x_gone", bad.error)
        self.assertIn("Mend the condition", bad.error)
        self.assertEqual(self.members(bad), members)
        bad.condition_ids[-1].domain = "[('city', '=', 'Beijing')]"
        bad.action_refresh()
        self.assertMembers(bad, self.cid | self.dora | self.eva)

    def test_scheduled_action_works_off_the_changes(self):
        segment = self._segment((0, self._did("met")))
        self._meet(self.dora, 1)
        self.env.cr.precommit.run()
        with self.enter_registry_test_mode():
            self.env.ref("crm_customer.ir_cron_segment_dirty").method_direct_trigger()
        self.env.invalidate_all()
        self.assertMembers(segment, self.eva | self.dora)
        self.assertFalse(self.env["crm.segment.dirty"].search_count([]))
