from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCase

from ..models import crm_lead_sla
from ..models.crm_lead_sla import CrmLeadSla
from .common_routing import RoutingCase


@tagged("post_install", "-at_install")
class TestRouteSla(RoutingCase, MailCase):
    """The clock of the first response: due, warned, met, passed on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls._policy()
        cls.rule = cls._rule("Turn", cls.li, cls.wang, cls.zhao, sla_policy_id=cls.policy.id)
        cls.customer = cls.env["res.partner"].create({"name": "Chen", "email": "chen@example.com"})

    def _watch(self, moment):
        with self._at(moment), self.enter_registry_test_mode():
            self.env.ref("crm_sales.ir_cron_lead_sla").method_direct_trigger()

    def _new(self, **values):
        return self._lead(partner_id=self.customer.id, **values)

    def test_due_by_working_hours(self):
        lead = self._new()  # 10:00
        self.assertEqual(lead.sla_deadline, self._after(hours=2))
        with self._at("2026-01-05 09:00:00"):  # 17:00: one hour today, one tomorrow from 9
            late = self._new()
        self.assertEqual(late.sla_deadline, fields.Datetime.to_datetime("2026-01-06 02:00:00"))
        with self._at("2026-01-09 12:00:00"):  # Friday evening
            weekend = self._new()
        self.assertEqual(weekend.sla_deadline, fields.Datetime.to_datetime("2026-01-12 03:00:00"))
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.calendar.id,
                "date_from": "2026-01-11 16:00:00",
                "date_to": "2026-01-12 15:59:00",
            }
        )
        with self._at("2026-01-09 12:00:00"):
            holiday = self._new()
        self.assertEqual(holiday.sla_deadline, fields.Datetime.to_datetime("2026-01-13 03:00:00"))

    def test_wakes_the_scheduled_action(self):
        cron = self.env.ref("crm_sales.ir_cron_lead_sla")
        before = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self._leads(3)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - before
        moments = sorted(triggers.mapped("call_at"))
        self.assertEqual(moments, [self._after(minutes=91), self._after(minutes=121)])

    def test_mail_to_the_customer_is_a_response(self):
        lead = self._new()
        with self._at(self._after(hours=1)):
            lead.with_user(self.li).message_post(
                body="Note for us", message_type="comment", subtype_xmlid="mail.mt_note"
            )
            self.assertEqual(lead.sla_state, "open")
            lead.with_user(self.li).message_post(
                body="To a colleague", message_type="comment", subtype_xmlid="mail.mt_comment",
                partner_ids=self.boss.partner_id.ids,
            )  # fmt: skip
            self.assertEqual(lead.sla_state, "open")
            lead.message_post(
                body="Hello?", message_type="email", subtype_xmlid="mail.mt_comment",
                author_id=self.customer.id,
            )  # fmt: skip
            self.assertEqual(lead.sla_state, "open")
            lead.with_user(self.li).message_post(
                body="Dear Chen", message_type="comment", subtype_xmlid="mail.mt_comment",
                partner_ids=self.customer.ids,
            )  # fmt: skip
        run = lead.sla_id
        self.assertEqual((run.state, run.response_kind), ("met", "message"))
        self.assertEqual((run.responded_at, run.response_hours), (self._after(hours=1), 1.0))

    def test_call_activity_and_meeting(self):
        call = self.env.ref("mail.mail_activity_data_call")
        todo = self.env.ref("mail.mail_activity_data_todo")
        for kind, activity_type in (("call", call), ("activity", todo)):
            lead = self._new()
            activity = lead.activity_schedule(activity_type_id=activity_type.id, user_id=self.li.id)
            self.assertEqual(lead.sla_state, "open")
            activity.with_user(self.li).action_feedback("Spoke")
            self.assertEqual(lead.sla_id.response_kind, kind)
            self.assertEqual(lead.sla_state, "met")
        lead = self._new()
        self.env["calendar.event"].create(
            {
                "name": "Meeting",
                "opportunity_id": lead.id,
                "start": self._after(minutes=30),
                "stop": self._after(minutes=60),
                "user_id": self.li.id,
            }
        )
        self._watch(self._after(minutes=45))
        self.assertEqual(lead.sla_state, "open", "not held yet")
        self._watch(self._after(minutes=95))
        self.assertEqual((lead.sla_state, lead.sla_id.response_kind), ("met", "meeting"))
        self.assertEqual(lead.sla_id.response_hours, 0.5)

    def test_visit_is_a_response(self):
        lead = self._new()
        visit = self.env["crm.visit"].create(
            {
                "name": "First visit",
                "partner_id": self.customer.id,
                "lead_id": lead.id,
                "user_id": self.li.id,
            }
        )
        with self._at(self._after(minutes=20)):
            visit.with_user(self.li).check_in_without_position("No signal in the hall")
        self.assertEqual((lead.sla_state, lead.sla_id.response_kind), ("met", "visit"))

    def test_only_the_salesperson(self):
        self.policy.any_colleague = False
        lead = self._new()
        post = {"body": "Dear Chen", "message_type": "comment",
                "subtype_xmlid": "mail.mt_comment", "partner_ids": self.customer.ids}  # fmt: skip
        lead.with_user(self.boss).message_post(**post)
        self.assertEqual(lead.sla_state, "open")
        lead.with_user(self.li).message_post(**post)
        self.assertEqual(lead.sla_state, "met")

    def test_warning(self):
        lead = self._new()
        self._watch(self._after(minutes=89))
        self.assertEqual(lead.sla_state, "open")
        with self.mock_mail_gateway():
            self._watch(self._after(minutes=90))
        self.assertFalse(lead.sla_id.error)
        self.assertEqual((lead.sla_state, lead.user_id), ("warned", self.li))
        message = self.env["mail.message"].search(
            [("res_id", "=", lead.id), ("message_type", "=", "user_notification")], limit=1
        )
        self.assertIn("First response due", message.subject)
        self.assertEqual(message.partner_ids, self.li.partner_id)
        self.assertIn("2026-01-05 12:00", message.body)

    def test_passed_on_until_nobody_is_left(self):
        lead = self._new()
        self._watch(self._after(hours=2))
        self.assertEqual(lead.user_id, self.wang)
        self.assertIn("The first response was due on", lead.route_reason)
        self.assertIn("Li (had it already)", lead.route_reason)
        first, second = lead.sla_ids.sorted("id")
        self.assertEqual((first.state, first.user_id), ("breached", self.li))
        self.assertEqual((second.state, second.user_id), ("open", self.wang))
        self.assertEqual(second.deadline, fields.Datetime.to_datetime("2026-01-05 07:00:00"))
        self._watch("2026-01-05 07:00:00")
        self.assertEqual(lead.user_id, self.zhao)
        lead.team_id = self.north
        self._watch("2026-01-06 01:00:00")
        self.assertEqual(lead.user_id, self.zhao, "stays, and the leader is told")
        message = self.env["mail.message"].search(
            [("res_id", "=", lead.id), ("message_type", "=", "user_notification")], limit=1
        )
        self.assertEqual(message.partner_ids, self.boss.partner_id)
        self.assertEqual(lead.sla_ids.mapped("state"), ["breached"] * 3)

    def test_fallback(self):
        self.policy.write({"on_breach": "fallback", "fallback_user_id": self.boss.id})
        lead = self._new()
        self._watch(self._after(hours=2))
        self.assertEqual(lead.user_id, self.boss)
        self.assertIn("fallback Boss", lead.route_reason)
        self.assertEqual(lead.sla_state, "open")

    def test_fallback_when_nobody_is_next(self):
        self.policy.fallback_user_id = self.boss
        self.rule.member_ids[1:].unlink()
        lead = self._new()
        self._watch(self._after(hours=2))
        self.assertEqual(lead.user_id, self.boss)

    def test_report_only(self):
        self.policy.on_breach = "none"
        lead = self._new()
        self._watch(self._after(hours=3))
        self.assertEqual((lead.user_id, lead.sla_state), (self.li, "breached"))
        with self._at(self._after(hours=4)):
            lead.with_user(self.li).message_post(
                body="Sorry", message_type="comment", subtype_xmlid="mail.mt_comment",
                partner_ids=self.customer.ids,
            )  # fmt: skip
        self.assertEqual(lead.sla_state, "breached")
        # 10 to 12 and 13 to 14
        self.assertEqual(lead.sla_id.response_hours, 3.0)

    def test_handed_over_by_hand_keeps_the_clock(self):
        lead = self._new()
        lead.with_user(self.boss).user_id = self.zhao
        run = lead.sla_id
        self.assertEqual((run.user_id, run.deadline), (self.zhao, self._after(hours=2)))
        self.assertEqual(len(lead.sla_ids), 1)

    def test_lost_leads_need_no_response(self):
        lead = self._new()
        lead.action_set_lost()
        self._watch(self._after(hours=2))
        self.assertEqual(lead.with_context(active_test=False).sla_state, "cancelled")
        self.assertEqual(lead.user_id, self.li)

    def test_policy_of_the_team(self):
        self.rule.sla_policy_id = False
        self.north.lead_sla_policy_id = self._policy(name="Team", response_hours=1)
        self.assertEqual(self._new().sla_id.policy_id.name, "Team")
        kept = self._new(user_id=self.wang.id)
        self.assertFalse(kept.sla_state)
        self.north.lead_sla_policy_id.only_routed = False
        self.assertEqual(self._new(user_id=self.wang.id).sla_state, "open")
        self.rule.active = False
        self.assertEqual(self._new(user_id=self.wang.id).sla_state, "open")

    def test_poisoned_record(self):
        leads = self._leads(3)
        poisoned = leads[1].sla_id
        original = CrmLeadSla._watch_one

        def watch_one(run, response):
            if run == poisoned:
                raise ValueError("poison")
            return original(run, response)

        self.patch(CrmLeadSla, "_watch_one", watch_one)
        self._watch(self._after(hours=2))
        self.assertEqual(leads.mapped(lambda lead: len(lead.sla_ids)), [2, 1, 2])
        self.assertEqual((poisoned.state, poisoned.error), ("open", "poison"))
        self.patch(CrmLeadSla, "_watch_one", original)
        self._watch(self._after(hours=2, minutes=30))
        self.assertEqual(poisoned.state, "open", "tried again after an hour")
        self._watch(self._after(hours=3, minutes=1))
        self.assertEqual((poisoned.state, poisoned.error), ("breached", False))

    def test_many_batches(self):
        leads = self._leads(5)
        self.patch(crm_lead_sla, "BATCH", 2)
        self._watch(self._after(minutes=95))
        self.assertEqual(leads.sla_ids.mapped("error"), [False] * 5)
        self.assertEqual(set(leads.mapped("sla_state")), {"warned"})

    def test_report(self):
        met, breached, _running = self._leads(3)
        met.sla_id._note_response(self._after(hours=1), "call")
        breached.sla_id.state = "breached"
        report = self.env["crm.lead.response.report"]
        [(hours, rate, breaches, count)] = report._read_group(
            [("company_id", "=", self.company.id)],
            [],
            ["response_hours:avg", "met_rate:avg", "breached:sum", "__count"],
        )
        self.assertEqual((hours, rate, breaches, count), (1.0, 50.0, 1, 3))

    def test_search_by_state(self):
        lead, other = self._leads(2)
        other.sla_id.state = "met"
        found = self.env["crm.lead"].search([("sla_state", "in", ("open", "warned"))])
        self.assertIn(lead, found)
        self.assertNotIn(other, found)
        self.assertIn(other, self.env["crm.lead"].search([("sla_state", "=", "met")]))

    def test_route_again_restarts(self):
        lead = self._new()
        self.rule.member_ids[0].unlink()
        with self._at(self._after(hours=1)):
            lead.action_route_again()
        first, second = lead.sla_ids.sorted("id")
        self.assertEqual((first.state, second.state), ("cancelled", "open"))
        self.assertEqual(lead.user_id, self.wang)
        self.assertGreater(second.deadline - first.deadline, timedelta(hours=1))

    def test_merged_leads_have_one_clock(self):
        merged = self._leads(3).merge_opportunity(auto_unlink=True)
        self.assertEqual(sorted(merged.sla_ids.mapped("state")), ["cancelled", "cancelled", "open"])
        self.assertEqual(len(merged.sla_ids.filtered("is_last")), 1)
