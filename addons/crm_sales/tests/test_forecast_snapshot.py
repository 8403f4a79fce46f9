from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..engine import span
from ..models import crm_forecast_snapshot as module
from .common_forecast import ForecastCase


@tagged("post_install", "-at_install")
class TestSnapshot(ForecastCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.last = span.bounds("quarter", cls.today)
        cls.later = cls.last + timedelta(days=40)
        cls.leads = cls.env["crm.lead"].union(
            *(cls._lead(1000 * n, deadline=cls.last) for n in range(1, 8))
        )

    def take(self, day=None):
        snapshot = (
            self.env["crm.forecast.snapshot"]
            .sudo()
            ._for_week(day)
            .filtered(lambda s: s.company_id == self.company)
        )
        snapshot._take()
        return snapshot

    def test_once_a_week(self):
        snapshot = self.take()
        self.assertEqual((snapshot.line_count, snapshot.amount), (7, 28000))
        self.leads[0].expected_revenue = 99
        self.assertEqual(self.take(), snapshot)
        snapshot.invalidate_recordset()
        self.assertEqual(snapshot.amount, 28000)
        later = self.take(self.today + timedelta(days=7))
        self.assertNotEqual(later, snapshot)
        self.assertEqual(later.amount, 27099)

    def test_interrupted_snapshot_goes_on(self):
        with patch.object(module, "BATCH", 3):
            snapshot = (
                self.env["crm.forecast.snapshot"]
                .sudo()
                ._for_week()
                .filtered(lambda s: s.company_id == self.company)
            )
            self.assertEqual(snapshot._take_batch(), 3)
            self.assertEqual((snapshot.state, snapshot.line_count), ("running", 3))
            self.assertEqual(snapshot._remaining(), 4)
            again = self.take()
        self.assertEqual(again, snapshot)
        snapshot.invalidate_recordset()
        self.assertEqual((snapshot.state, snapshot.line_count), ("done", 7))

    def test_poisoned_opportunity_is_named_and_skipped(self):
        """An amount that is no number must not stop the week, nor make its sum one."""
        bad = self.leads[3]
        self.env.flush_all()
        self.env.cr.execute("UPDATE crm_lead SET expected_revenue = 'NaN' WHERE id = %s", [bad.id])
        self.env.invalidate_all()
        snapshot = self.take()
        self.assertEqual(snapshot.state, "done")
        self.assertEqual((snapshot.line_count, snapshot.amount), (6, 24000))
        self.assertEqual(snapshot.skipped, 1)
        self.assertIn(str(bad.id), snapshot.problems)
        board = self._as(self.director)["crm.forecast.board"].get_board()
        self.assertEqual(board["rows"][0]["values"]["pipeline"], 24000)

    def test_cron(self):
        cron = self.env.ref("crm_sales.ir_cron_forecast_snapshot")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        snapshots = (
            self.env["crm.forecast.snapshot"]
            .sudo()
            .search([("date", "=", span.week_start(self.today))])
        )
        self.assertEqual(set(snapshots.mapped("state")), {"done"})
        own = snapshots.filtered(lambda s: s.company_id == self.company)
        self.assertEqual(own.line_count, 7)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(
            self.env["crm.forecast.snapshot"]
            .sudo()
            .search([("date", "=", span.week_start(self.today))]),
            snapshots,
        )

    def test_cron_of_statistics(self):
        cron = self.env.ref("crm_sales.ir_cron_forecast_statistics")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()

    def test_running_forecasts_are_kept_once(self):
        forecast = self._forecast(self.li)
        forecast.with_user(self.li)._submit(5000, "")
        self.take(self.today)
        entry = forecast.entry_ids.filtered(lambda e: e.kind == "snapshot")
        self.assertEqual((entry.amount, entry.pipeline), (5000, 28000))
        self.assertEqual(entry.week, span.week_start(self.today))

    # ------------------------------------------------------------------
    # What changed
    # ------------------------------------------------------------------

    def changed(self):
        snapshot = self.take()
        snapshot.taken_on = fields.Datetime.now() - timedelta(hours=1)
        up, down, out, won, lost, over, same = self.leads
        self.env.cr.execute(
            "UPDATE crm_lead SET create_date = create_date - INTERVAL '1 day' WHERE id IN %s",
            [tuple(self.leads.ids)],
        )
        up.expected_revenue += 500
        down.expected_revenue -= 700
        out.date_deadline = self.later
        won.action_set_won()
        lost.action_set_lost()
        over.user_id = self.wang
        new = self._lead(4000, deadline=self.last)
        self.env.flush_all()
        return snapshot, new, same

    def test_changes_sum_to_what_is_open_now(self):
        snapshot, new, _same = self.changed()
        result = snapshot._waterfall(self.first, self.last)
        totals = {kind: float(amount) for kind, amount in result.totals().items()}
        self.assertEqual(
            totals,
            {
                "new": 4000,
                "amount_up": 500,
                "amount_down": -700,
                "won": -4000,
                "lost": -5000,
                "pushed_out": -3000,
            },
        )
        self.assertEqual(float(result.opening), 28000)
        self.assertEqual(float(result.opening) + sum(totals.values()), float(result.closing))
        amounts = self.env["crm.forecast"]._open_amounts(self.company, self.first, self.last)
        self.assertEqual(sum(sum(own.values()) for own in amounts.values()), float(result.closing))
        self.assertEqual(result.keys("new"), new.ids)

    def test_changes_of_one_person(self):
        snapshot, _new, _same = self.changed()
        li = snapshot._waterfall(self.first, self.last, user_id=self.li.id)
        wang = snapshot._waterfall(self.first, self.last, user_id=self.wang.id)
        self.assertEqual(li.totals()["reassigned_out"], -6000)
        self.assertEqual(wang.totals(), {"reassigned_in": 6000})
        self.assertEqual(wang.closing, 6000)

    def test_later_period_gains_what_was_pushed(self):
        snapshot, _new, _same = self.changed()
        first, last = span.bounds("quarter", self.later)
        result = snapshot._waterfall(first, last, team_ids=self.north.ids)
        self.assertEqual(result.totals(), {"pulled_in": 3000})

    def test_decided_before_the_snapshot_is_no_change(self):
        done = self._lead(12345, deadline=self.last)
        done.action_set_won()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_lead SET date_closed = date_closed - INTERVAL '1 day' WHERE id = %s",
            [done.id],
        )
        snapshot = self.take()
        self.assertFalse(snapshot._waterfall(self.first, self.last).changes)

    def test_deleted_opportunity(self):
        snapshot = self.take()
        self.leads[6].unlink()
        result = snapshot._waterfall(self.first, self.last)
        self.assertEqual(result.totals(), {"removed": -7000})

    def test_board_shows_it_to_whom_it_concerns(self):
        snapshot, _new, _same = self.changed()
        asked = [snapshot.id, str(self.first), str(self.last)]

        def get(user, *scope):
            return self._as(user)["crm.forecast.board"].get_waterfall(*asked, *scope)

        page = get(self.director)
        steps = sum(change["amount"] for change in page["changes"])
        self.assertEqual(page["opening"] + steps, page["closing"])
        self.assertEqual(get(self.head, self.china.id)["closing"], page["closing"])
        self.assertTrue(get(self.li, self.north.id, self.li.id)["changes"])
        for user, scope in (
            (self.li, ()),
            (self.li, (self.north.id,)),
            (self.li, (self.north.id, self.wang.id)),
            (self.zhao, (self.south.id,)),
            (self.stranger, (self.china.id,)),
        ):
            with self.subTest(user=user.name, scope=scope), self.assertRaises(AccessError):
                get(user, *scope)
