from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_contract import ContractCase


@tagged("post_install", "-at_install")
class TestContractTerms(ContractCase):
    """Reminders, renewal with price revision, amendments, termination and their undoing."""

    def _recurring(self, amount=1200, **values):
        values = {
            "recurring": True,
            "recurrence": "3",
            "auto_renew": True,
            "renewal_months": 12,
            "notice_days": 60,
            "reminder_days": 30,
            "template_id": self.template.id,
            **values,
        }
        contract = self._create_contract(amount, **values)
        contract.action_generate_plan()
        return contract

    def test_plan_of_periods(self):
        contract = self._recurring()
        self.assertEqual(contract.period_count, 4)
        self.assertEqual(contract.amount_untaxed, 4800)
        self.assertEqual(contract.instalment_ids.mapped("amount"), [1356.0] * 4)
        self.assertEqual(
            [str(day) for day in contract.instalment_ids.mapped("date_planned")],
            ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"],
        )
        self.assertEqual(contract.mrr, 400)

    def test_reminder_once(self):
        contract = self._sign(self._recurring())
        self.assertEqual(str(contract.notice_date), "2026-11-01")
        mine = lambda: contract.activity_ids.filtered(  # noqa: E731
            lambda activity: "Renews on its own" in (activity.summary or "")
        )
        with freeze_time("2026-10-01 08:00:00"):
            self._run_cron("ir_cron_contract_terms")
            self.assertFalse(mine())
        for day in ("2026-10-02", "2026-10-03"):
            with freeze_time(f"{day} 08:00:00"):
                self._run_cron("ir_cron_contract_terms")
            self.assertEqual(len(mine()), 1)
        self.assertEqual(mine().user_id, self.li)
        self.assertEqual(str(mine().date_deadline), "2026-11-01")

    def test_renews_with_percentage(self):
        contract = self._sign(self._recurring(revision_kind="percent", revision_percent=5))
        with freeze_time("2026-11-01 08:00:00"):
            self._run_cron("ir_cron_contract_terms")
            self.assertFalse(contract.successor_ids, "notice may still be given on that day")
        for _again in range(2):
            with freeze_time("2026-11-02 08:00:00"):
                self._run_cron("ir_cron_contract_terms")
        following = contract.successor_ids
        self.assertEqual(len(following), 1)
        self.assertEqual((following.state, following.origin_kind), ("active", "renewal"))
        self.assertEqual(str(following.date_start), "2027-01-01")
        self.assertEqual(str(following.date_end), "2027-12-31")
        self.assertEqual(following.line_ids.price_unit, 1260)
        self.assertEqual(following.amount_untaxed, 5040)
        self.assertEqual(len(following.instalment_ids), 4)
        self.assertFalse(following.plan_difference)
        with freeze_time("2027-01-01 08:00:00"):
            self._run_cron("ir_cron_contract_terms")
            self._run_cron("ir_cron_contract_invoice")
        self.assertEqual((contract.state, following.state), ("ended", "active"))
        self.assertEqual(following.instalment_ids[0].amount_invoiced, 1423.80)

    def test_index_with_cap(self):
        index = self.env["crm.price.index"].create(
            {
                "name": "Consumer prices",
                "value_ids": [
                    Command.create({"date": "2025-12-01", "value": 100}),
                    Command.create({"date": "2026-12-01", "value": 108}),
                ],
            }
        )
        contract = self._recurring(
            revision_kind="index", index_id=index.id, date_start="2026-01-01"
        )
        self._sign(contract)
        following = contract._make_next_term()
        self.assertAlmostEqual(following.line_ids.price_unit, 1296)
        capped = self._recurring(revision_kind="index", index_id=index.id, revision_cap=3)
        self._sign(capped)
        self.assertAlmostEqual(capped._make_next_term().line_ids.price_unit, 1236)

    def test_missing_index_is_a_fault_of_its_own(self):
        index = self.env["crm.price.index"].create({"name": "Empty"})
        bad = self._sign(self._recurring(revision_kind="index", index_id=index.id))
        good = self._sign(self._recurring())
        with freeze_time("2026-11-02 08:00:00"):
            self._run_cron("ir_cron_contract_terms")
            self._run_cron("ir_cron_contract_terms")
        self.assertIn("has no value", bad.error)
        self.assertFalse(bad.successor_ids)
        self.assertEqual(good.successor_ids.state, "active")
        warnings = bad.activity_ids.filtered(lambda a: "needs a look" in (a.summary or ""))
        self.assertEqual(len(warnings), 1)

    def test_notice_stops_the_renewal(self):
        contract = self._sign(self._recurring())
        contract.with_user(self.li).action_give_notice()
        with freeze_time("2026-11-02 08:00:00"):
            self._run_cron("ir_cron_contract_terms")
        self.assertFalse(contract.successor_ids)
        contract.action_undo_notice()
        with freeze_time("2026-11-03 08:00:00"):
            self._run_cron("ir_cron_contract_terms")
        self.assertTrue(contract.is_renewed)
        with self.assertRaisesRegex(UserError, "next term"):
            contract.action_give_notice()

    @freeze_time("2026-03-10 08:00:00")
    def test_amendment_keeps_the_old_text(self):
        contract = self._active_contract()
        self._run_cron("ir_cron_contract_invoice")
        action = contract.with_user(self.li).action_amend()
        amendment = contract.browse(action["res_id"])
        self.assertEqual(amendment.name, f"{contract.name}/A1")
        self.assertEqual((amendment.state, contract.state), ("draft", "active"))
        self.assertEqual(contract.action_amend()["res_id"], amendment.id, "one at a time")
        amendment.text_ids[1].body = "<p>The total is {{ contract.amount }}.</p><p>Pay at once.</p>"
        amendment.line_ids.price_unit = 120000
        self.assertEqual(amendment.amount_total, 135600)
        with self.assertRaisesRegex(UserError, r"113,000\.00.*135,600\.00"):
            amendment.action_send_to_sign()
        amendment.instalment_ids[-1].amount += 22600
        self.assertIn("Pay at once.", amendment.comparison)
        self.assertIn(("removed", "Pay within 30 days."), amendment._compare())
        self.assertIn(("added", "Pay at once."), amendment._compare())
        self.assertTrue(
            any(kind == "added" and "135,600.00" in line for kind, line in amendment._compare())
        )
        self._sign(amendment)
        self.assertEqual((contract.state, amendment.state), ("replaced", "active"))
        self.assertIn("30 days", contract.text_ids[1].body)
        self.assertEqual(contract.amount_total, 113000)
        self.assertEqual(amendment.amount_invoiced, 33900, "what was invoiced goes along")
        self.assertFalse(amendment.plan_difference)
        self.assertEqual(set(contract.instalment_ids.mapped("state")), {"cancelled"})
        second = contract.browse(amendment.action_amend()["res_id"])
        self.assertEqual(second.name, f"{contract.name}/A2")

    @freeze_time("2026-03-10 08:00:00")
    def test_amendment_takes_the_order_along(self):
        order, contract = self._ordered_contract()
        amendment = contract.browse(contract.action_amend()["res_id"])
        self.assertEqual(amendment.amount_total, 113000)
        amendment.text_ids[1].body = "<p>Changed</p>"
        self._sign(amendment)
        self.assertEqual(order.crm_contract_id, amendment)
        self.assertEqual((contract.amount_total, amendment.amount_total), (113000, 113000))
        amendment.instalment_ids.filtered(
            lambda r: r.kind == "milestone"
        ).action_confirm_milestone()
        with freeze_time("2027-01-01 08:00:00"):
            self._run_cron("ir_cron_contract_invoice")
        self.assertEqual(sum(order.invoice_ids.mapped("amount_total")), 113000)

    @freeze_time("2026-03-10 08:00:00")
    def test_terminate_and_undo(self):
        contract = self._recurring()
        order = self._create_order(4800, contract_months=12)
        order.crm_contract_id = contract
        contract.action_generate_plan()
        self._sign(contract)
        self._run_cron("ir_cron_contract_invoice")
        with self.assertRaisesRegex(UserError, "Use Amend"):
            order.with_user(self.li).crm_contract_id = False
        wizard = (
            self.env["crm.contract.terminate"]
            .with_user(self.li)
            .create({"contract_id": contract.id, "date": "2026-06-30", "reason": "Moved away"})
        )
        self.assertEqual(wizard.cancelled_count, 2)
        wizard.action_terminate()
        self.assertEqual(
            contract.instalment_ids.mapped("state"),
            ["invoiced", "planned", "cancelled", "cancelled"],
        )
        self.assertEqual(str(order.contract_terminated_on), "2026-06-30")
        self.assertEqual(contract.state, "active")
        contract.action_undo_termination()
        self.assertEqual(set(contract.instalment_ids.mapped("state")), {"invoiced", "planned"})
        self.assertFalse(order.contract_terminated_on)
        contract._terminate(self._day("2026-06-30"))
        with freeze_time("2026-07-01 08:00:00"):
            self._run_cron("ir_cron_contract_terms")
        self.assertEqual(contract.state, "ended")
        self.assertFalse(contract.successor_ids)

    def test_terminate_outside_the_term(self):
        contract = self._active_contract()
        with self.assertRaisesRegex(UserError, "cannot be terminated"):
            contract._terminate(self._day("2027-06-30"))

    @freeze_time("2026-03-10 08:00:00")
    def test_order_of_a_contract_terminates_it(self):
        """D2's wizard on the order ends the contract too."""
        order = self._create_order(4800, contract_months=12)
        contract = self._create_contract()
        order.crm_contract_id = contract
        contract.action_generate_plan()
        self._sign(contract)
        wizard = self.env["crm.contract.terminate"].create(
            {"order_id": order.id, "date": "2026-06-30"}
        )
        self.assertEqual(wizard.contract_id, contract)
        wizard.action_terminate()
        self.assertEqual(str(contract.terminated_on), "2026-06-30")
        self.assertEqual(str(order.contract_terminated_on), "2026-06-30")

    def test_term_reaches_the_order(self):
        order = self._create_order(24000)
        contract = self._create_contract(recurring=True, recurrence="1", term_months=24)
        order.crm_contract_id = contract
        contract.action_generate_plan()
        self._sign(contract)
        self.assertEqual(
            (order.contract_months, str(order.contract_date_start)), (24, "2026-01-01")
        )
        self.assertEqual(contract.mrr, 1000)

    def test_contract_of_an_order(self):
        order = self._create_order(1000, confirm=False)
        action = order.with_user(self.li).action_create_contract()
        contract = self.env["crm.contract"].browse(action["res_id"])
        self.assertEqual(contract.order_ids, order)
        self.assertEqual(contract.amount_total, order.amount_total)
        self.assertEqual(order.action_create_contract()["res_id"], contract.id)
