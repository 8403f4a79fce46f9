from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common_discipline import DisciplineCase


@tagged("post_install", "-at_install")
class TestDealHealth(DisciplineCase, AccountTestInvoicingCommon):
    """Green, amber, red, and the reasons, from the ledger and the work on a deal."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("sales_team.group_sale_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env["crm.lead"])
        cls.health = cls.env["crm.deal.health"]

    def invoice(self, amount, due, partner=None):
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or self.customer).id,
                "invoice_date": due - timedelta(days=30),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "x", "price_unit": amount, "tax_ids": [Command.clear()]}
                    )
                ],
            }
        )
        move.action_post()
        return move

    def rate(self, leads):
        self.env.flush_all()
        self.health._refresh(leads)
        return leads[:1].health

    def codes(self, lead):
        return {code for _level, code, _values in lead.health_signals}

    def test_green(self):
        lead = self._lead()
        self.assertEqual(self.rate(lead), "green")
        self.assertFalse(lead.health_text)

    def test_overdue_receivables(self):
        lead = self._lead()
        move = self.invoice(1000, self.today - timedelta(days=5))
        self.assertEqual(self.rate(lead), "red")
        self.assertEqual(self.codes(lead), {"overdue"})
        self.assertIn("1,000.00", lead.health_text)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({})._create_payments()
        self.assertEqual(self.rate(lead), "green")

    def test_receivables_of_the_whole_company_of_the_contact(self):
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.customer.id})
        lead = self._lead(partner_id=contact.id)
        self.invoice(1000, self.today + timedelta(days=5))
        self.assertEqual(self.rate(lead), "green", "not due yet")
        self.invoice(1000, self.today - timedelta(days=1))
        self.assertEqual(self.rate(lead), "red")

    def test_credit_limit(self):
        self.customer.write({"use_partner_credit_limit": True, "credit_limit": 1500})
        lead = self._lead(expected_revenue=1000)
        self.invoice(1000, self.today + timedelta(days=5))
        self.assertEqual((self.rate(lead), self.codes(lead)), ("amber", {"limit"}))
        self.invoice(1000, self.today + timedelta(days=5))
        self.assertEqual(self.rate(lead), "red")

    def test_contact(self):
        lead = self._lead()
        self.env.cr.execute(
            "UPDATE crm_lead SET create_date = %s WHERE id = %s", (self._days_ago(20), lead.id)
        )
        lead.invalidate_recordset(["create_date"])
        self.assertEqual((self.rate(lead), self.codes(lead)), ("amber", {"contact"}))
        self.company.deal_contact_days = 5
        self.assertEqual(self.rate(lead), "red")
        self.company.deal_contact_days = 0
        self.assertEqual(self.rate(lead), "green")
        self.company.deal_contact_days = 5
        lead.activity_schedule("mail.mail_activity_data_call").action_feedback()
        self.assertEqual(self.rate(lead), "green")

    def test_closing_and_rotting(self):
        self.new.rotting_threshold_days = 3
        lead = self._lead(date_deadline=self.today - timedelta(days=2))
        lead.date_last_stage_update = self._days_ago(10)
        self.assertEqual(self.rate(lead), "amber")
        self.assertEqual(self.codes(lead), {"closing", "rotting"})
        self.assertEqual(len(lead.health_text.splitlines()), 2)
        lead.date_deadline = self.today - timedelta(days=40)
        self.assertEqual(lead.health, "red", "a rated deal follows its changes")

    def test_decided_deals_have_no_health(self):
        lead = self._lead(date_deadline=self.today - timedelta(days=2))
        self.rate(lead)
        lead.action_set_lost()
        self.assertFalse(lead.health)

    def test_another_addon_adds_a_signal(self):
        lead = self._lead()
        original = type(self.health)._signals

        def signals(model, leads):
            found = original(model, leads)
            found[lead.id].append(("red", "tickets", {"count": 3}))
            return found

        def explain_tickets(model, count):
            return f"{count} open tickets"

        self.patch(type(self.health), "_signals", signals)
        with patch.object(type(self.health), "_explain_tickets", explain_tickets, create=True):
            self.assertEqual(self.rate(lead), "red")
            self.assertEqual(lead.health_text, "• 3 open tickets")

    def test_one_query_for_all(self):
        leads = self.env["crm.lead"].concat(*(self._lead(name=f"{n}") for n in range(40)))
        self.rate(leads)
        counts = []
        for part in (leads[:4], leads):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.health._signals(part.sudo())
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)

    def test_daily_job_isolates_a_bad_deal(self):
        good = self._lead(date_deadline=self.today - timedelta(days=2))
        bad = self._lead(name="Bad")
        original = type(self.health)._signals_closing

        def closing(model, leads):
            if bad in leads:
                raise ZeroDivisionError("poisoned")
            return original(model, leads)

        self.patch(type(self.health), "_signals_closing", closing)
        with self.enter_registry_test_mode():
            self.env.ref("crm_sales.ir_cron_deal_health").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(good.health, "amber")
        self.assertEqual((bad.health, bad.discipline_error), (False, "poisoned"))
        found = self.env["crm.lead"].search([("discipline_error", "!=", False)])
        self.assertEqual(found, bad)

    # Stuck deals ------------------------------------------------------------

    def stuck(self, user=None, days=10, **values):
        self.new.rotting_threshold_days = 3
        lead = self._lead(user=user, **values)
        lead.date_last_stage_update = self._days_ago(days)
        return lead

    def alert(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("crm_sales.ir_cron_stuck_deals").method_direct_trigger()
        self.env.invalidate_all()

    def activities(self, lead):
        kind = self.env.ref("crm_sales.mail_activity_type_stuck_deal")
        return (
            self.env["mail.activity"]
            .with_context(active_test=False)
            .search([("activity_type_id", "=", kind.id), ("res_id", "=", lead.id)])
        )

    def test_owner_is_told_once_per_stage(self):
        lead, fresh = self.stuck(), self._lead(name="Fresh")
        self.alert()
        activity = self.activities(lead)
        self.assertEqual(activity.user_id, self.lin)
        self.assertFalse(self.activities(fresh))
        activity.action_feedback()
        self.alert()
        self.assertEqual(len(self.activities(lead)), 1, "told once")
        lead.stage_id = self.qualified
        self.qualified.rotting_threshold_days = 3
        self.env.flush_all()
        lead.date_last_stage_update = self._days_ago(9)
        self.env.cr.execute(
            "UPDATE mail_activity SET create_date = %s WHERE id = %s",
            (self._days_ago(20), activity.id),
        )
        self.alert()
        self.assertEqual(len(self.activities(lead)), 2, "and again in the next stage")

    def test_bad_deal_is_left_out_with_its_reason(self):
        lead = self.stuck()
        nobody = self.stuck(name="Orphan")
        nobody.write({"user_id": False, "team_id": self.west.id, "stage_id": self.new.id})
        nobody.date_last_stage_update = self._days_ago(10)
        self.alert()
        self.assertTrue(self.activities(lead))
        self.assertIn("Nobody to tell", nobody.discipline_error)
        nobody.user_id = self.zhou
        self.alert()
        self.assertFalse(nobody.discipline_error)

    def test_digest(self):
        leads = self.stuck() | self.stuck(name="Valves", days=30)
        with patch.object(type(self.env["mail.thread"]), "message_notify", autospec=True) as notify:
            self.env["crm.stuck.alert"]._send_digest(self.wei, leads)
        values = notify.call_args.kwargs
        self.assertEqual(values["partner_ids"], self.wei.partner_id.ids)
        self.assertLess(values["body"].index("Valves"), values["body"].index("Pumps"))

    def test_digest_goes_to_the_leader_on_mondays(self):
        self.stuck()
        alerts = type(self.env["crm.stuck.alert"])
        for day, expected in (("2026-03-02", 1), ("2026-03-03", 0)):
            with (
                patch.object(alerts, "_send_digest", autospec=True) as send,
                patch.object(fields.Date, "context_today", return_value=fields.Date.to_date(day)),
            ):
                self.env["crm.stuck.alert"]._send_digests(self.env["crm.stuck.alert"]._stuck())
            self.assertEqual(send.call_count, expected)
            if expected:
                self.assertEqual(send.call_args.args[1], self.wei)
