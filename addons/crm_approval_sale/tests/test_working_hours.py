from datetime import datetime

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import tagged

from .common import ApprovalSaleCase

# Local times are those of Shanghai, UTC+8, without summer time.
MONDAY_TEN = "2026-03-09 02:00:00"
FRIDAY_THREE = "2026-03-13 07:00:00"


@tagged("post_install", "-at_install")
class TestWorkingHours(ApprovalSaleCase):
    """Time limits in hours of a working time: lunch, nights, weekends and holidays do not count.

    The working time is Monday to Friday, 9–12 and 13–18 in Shanghai.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar = cls._create_calendar("Shanghai office")
        cls.company.resource_calendar_id = cls.calendar

    @classmethod
    def _create_calendar(cls, name, **values):
        parts = (("morning", 9, 12), ("lunch", 12, 13), ("afternoon", 13, 18))
        attendances = [
            {
                "name": part,
                "dayofweek": str(day),
                "day_period": part,
                "hour_from": start,
                "hour_to": end,
            }
            for day in range(5)
            for part, start, end in parts
        ]
        return cls.env["resource.calendar"].create(
            {
                "name": name,
                "tz": "Asia/Shanghai",
                "company_id": cls.company.id,
                "attendance_ids": [Command.clear(), *map(Command.create, attendances)],
                **values,
            }
        )

    def _step(self, moment, unit="working", calendar=None, **values):
        """Return the step of a request made at ``moment`` (UTC)."""
        self._create_rule(
            self._persons(self.boss, after_limit="refuse", **values),
            time_unit=unit,
            resource_calendar_id=calendar and calendar.id,
        )
        with freeze_time(moment):
            return self._ask(self._create_order()).step_ids

    def _assert_local(self, moment, expected):
        local = fields.Datetime.context_timestamp(
            self.env["res.users"].with_context(tz="Asia/Shanghai"), moment
        )
        self.assertEqual(local.strftime("%a %d %H:%M"), expected)

    def test_all_hours_by_default(self):
        step = self._step(FRIDAY_THREE, unit="calendar", limit_hours=24)
        self.assertFalse(step.resource_calendar_id)
        self.assertEqual(step.deadline, datetime(2026, 3, 14, 7))

    def test_lunch(self):
        step = self._step(MONDAY_TEN, limit_hours=4, remind_hours=2)
        self._assert_local(step.remind_at, "Mon 09 12:00")
        self._assert_local(step.deadline, "Mon 09 15:00")
        self.assertEqual(step.next_action_at, step.remind_at)

    def test_weekend(self):
        step = self._step(FRIDAY_THREE, limit_hours=8)
        self._assert_local(step.deadline, "Mon 16 15:00")

    def test_asked_at_night(self):
        step = self._step("2026-03-14 15:00:00", limit_hours=1)
        self._assert_local(step.deadline, "Mon 16 10:00")

    def test_holiday(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "company_id": self.company.id,
                "calendar_id": self.calendar.id,
                "date_from": "2026-03-15 16:00:00",
                "date_to": "2026-03-16 15:59:59",
            }
        )
        step = self._step(FRIDAY_THREE, limit_hours=8)
        self._assert_local(step.deadline, "Tue 17 15:00")

    def test_holidays_of_another_company_do_not_count(self):
        holiday = self.env["resource.calendar.leaves"].create(
            {
                "name": "Elsewhere",
                "calendar_id": False,
                "date_from": "2026-03-15 16:00:00",
                "date_to": "2026-03-16 15:59:59",
            }
        )
        self.env.flush_all()
        holiday.company_id = self.other_company
        self.assertFalse(holiday.calendar_id)
        step = self._step(FRIDAY_THREE, limit_hours=8)
        self._assert_local(step.deadline, "Mon 16 15:00")

    def test_working_time_of_the_rule(self):
        saturday = self._create_calendar("Shop", company_id=False)
        saturday.attendance_ids.filtered(lambda row: row.dayofweek == "0").dayofweek = "5"
        step = self._step(FRIDAY_THREE, calendar=saturday, limit_hours=8)
        self.assertEqual(step.resource_calendar_id, saturday)
        self._assert_local(step.deadline, "Sat 14 15:00")

    def test_the_cron_keeps_the_working_hours(self):
        step = self._step(FRIDAY_THREE, limit_hours=8)
        with freeze_time("2026-03-16 06:59:00"):
            step._act_on_time(fields.Datetime.now())
            self.assertEqual(step.request_id.state, "pending")
        with freeze_time("2026-03-16 07:00:00"):
            step._act_on_time(fields.Datetime.now())
        self.assertEqual(step.request_id.state, "refused")

    def test_second_step_counts_from_its_own_start(self):
        self._create_rule(
            self._persons(self.boss, limit_hours=8),
            self._persons(self.chief, limit_hours=8),
            time_unit="working",
        )
        with freeze_time(MONDAY_TEN):
            request = self._ask(self._create_order())
        with freeze_time(FRIDAY_THREE):
            request.with_user(self.boss).action_approve()
        self._assert_local(request.step_ids[1].deadline, "Mon 16 15:00")

    # ------------------------------------------------------------------
    # Bad input
    # ------------------------------------------------------------------

    def test_working_time_without_hours(self):
        empty = self._create_calendar("Empty")
        empty.attendance_ids.unlink()
        with self.assertStopped("has no hours"):
            self._create_rule(time_unit="working", resource_calendar_id=empty.id)

    def test_working_time_of_another_company(self):
        foreign = self._create_calendar("Foreign", company_id=self.other_company.id)
        with self.assertStopped("belongs to Other Company"):
            self._create_rule(
                time_unit="working",
                resource_calendar_id=foreign.id,
                company_id=self.company.id,
            )

    def test_hours_were_removed_later(self):
        """The limit still ends, and the request says how it was counted."""
        self._create_rule(self._persons(self.boss, limit_hours=8), time_unit="working")
        self.calendar.attendance_ids.unlink()
        with freeze_time(MONDAY_TEN):
            request = self._ask(self._create_order())
        self.assertEqual(request.step_ids.deadline, datetime(2026, 3, 9, 10))
        self.assertIn("has no hours in sight", request.error)
