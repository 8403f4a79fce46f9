import itertools
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import BaseCase, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_subledger.tests.common import day

from ..engine import mdf
from .common_mdf import MdfCase

AMOUNTS = st.decimals(0, 10**7, places=2)


@tagged("post_install", "-at_install")
class TestMdfEngine(BaseCase):
    def test_examples(self):
        import doctest

        self.assertEqual(doctest.testmod(mdf).failed, 0)

    @settings(max_examples=200, deadline=None)
    @given(AMOUNTS, st.lists(AMOUNTS, max_size=6))
    def test_claims_never_exceed_the_request(self, approved, asked):
        claimed = Decimal(0)
        for amount in asked:
            claimed += min(amount, mdf.cap(approved, claimed))
        self.assertLessEqual(claimed, approved)
        self.assertEqual(claimed, min(approved, sum(asked, Decimal(0))))

    @settings(max_examples=200, deadline=None)
    @given(AMOUNTS, AMOUNTS, AMOUNTS)
    def test_service_and_lapse_stay_within(self, accrued, committed, fair_value):
        lapsed = mdf.lapsed(accrued, committed)
        self.assertEqual(lapsed + min(committed, accrued), accrued)
        self.assertLessEqual(mdf.service(fair_value, committed), min(fair_value, committed))


@tagged("post_install", "-at_install")
class TestMdf(MdfCase):
    def setUp(self):
        super().setUp()
        self.fund = self._create_fund(kind="discretionary", allocation=48000)
        self.run_subledger()

    def _approved_claim(self, number="A-1", amount=10000, **values):
        request = self._approved_request(self.fund)
        claim = self._create_claim(request, number, amount, **values)
        claim.action_submit()
        claim.action_approve()
        return claim

    # ------------------------------------------------------------------

    def test_order_of_events_never_matters(self):
        """I3: whatever is posted, reset and credited in whatever order, the fund is the same."""
        fund = self._create_fund(self.beta)
        documents = [
            self._invoice(self.beta, "2026-01-10", 1000, post=False),
            self._invoice(self.beta, "2026-02-10", 333.33, post=False),
            self._invoice(self.beta, "2026-03-10", 250, refund=True, post=False),
        ]
        for order in itertools.permutations(documents):
            for document in order:
                document.action_post()
                self.run_subledger()
            self.assertEqual(fund.accrued, 21.67)
            self.assertBalance(self.fund_account, -21.67, self.beta)
            for document in order:
                document.button_draft()
            self.run_subledger()
            self.assertEqual(fund.accrued, 0)
        self.assertLedgerEqualsGL(self.mdf_ledger)

    def test_what_waits_in_the_queue_is_posted_before_a_decision(self):
        fund = self._create_fund(rate=2)
        self.env["ir.config_parameter"].set_param("crm_subledger.immediate_keys", "0")
        self._invoice(self.alpha, "2026-02-10", 2000000)
        self.commit_documents()
        self.assertEqual(fund.available, 0, "the invoice still waits")
        claim = self._create_claim(self._approved_request(fund), "Q-1", 10000)
        self.assertEqual(fund.accrued, 40000)
        claim.action_submit()
        claim.action_approve()
        self._invoice(self.alpha, "2026-03-10", 1000000, refund=True)
        self.commit_documents()
        claim.action_settle()
        self.assertEqual(fund.accrued, 20000)

    def test_more_credit_than_purchases_accrues_nothing(self):
        fund = self._create_fund(self.beta)
        self._invoice(self.beta, "2026-01-10", 500, refund=True)
        self.run_subledger()
        self.assertEqual((fund.purchases, fund.accrued), (-500, 0))

    def test_rate_of_the_level_or_own(self):
        self.assertEqual(self._create_fund(self.gamma).rate, 1)
        own = self._create_fund(self.beta, rate_own=True, rate=3)
        self.assertEqual(own.rate, 3)
        self.gold.mdf_rate = 9
        self.assertEqual(own.rate, 3)
        with self.assertRaisesRegex(UserError, "grants no MDF"):
            partner = self._create_partner("Delta Reseller", self.authorised)
            self._create_fund(partner)
        with self.assertRaises(ValidationError):
            own.rate = 101

    def test_same_purchase_never_adds_to_two_funds(self):
        self._create_fund(self.beta)
        with self.assertRaisesRegex(ValidationError, "add to"), self.env.cr.savepoint():
            self._create_fund(self.beta, date_from=day("2026-03-31"), date_to=day("2026-06-30"))
        self._create_fund(self.beta, date_from=day("2026-04-01"), date_to=day("2026-06-30"))

    def test_budget_is_never_overspent(self):
        budget = self.env["crm.mdf.budget"].create(
            {
                "name": "Launch",
                "company_id": self.company.id,
                "amount": 10000,
                "date_from": "2026-01-01",
                "date_to": "2026-12-31",
            }
        )
        values = {"kind": "discretionary", "budget_id": budget.id}
        first = self._create_fund(self.beta, allocation=6000, **values)
        with self.assertRaisesRegex(ValidationError, "Launch"), self.env.cr.savepoint():
            self._create_fund(self.gamma, allocation=4001, **values)
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            first.allocation = 10001
        self.assertEqual(budget.remaining, 4000)
        self.run_subledger()
        first.action_cancel()
        self.run_subledger()
        self.assertEqual(budget.remaining, 10000)
        self.assertBalance(self.fund_account, 0, self.beta)

    def test_wizard_opens_what_is_missing(self):
        self._create_fund(self.beta)
        wizard = self.env["crm.mdf.fund.batch"].create(
            {"date_from": "2026-01-01", "date_to": "2026-03-31", "expiry_date": "2026-12-31"}
        )
        self.assertNotIn(self.outsider, wizard.partner_ids)
        wizard.partner_ids = self.alpha | self.beta | self.gamma
        funds = self.env["crm.mdf.fund"].search(wizard.action_open_funds()["domain"])
        self.assertEqual(funds.partner_id, self.alpha | self.gamma)
        self.assertEqual(set(funds.mapped("state")), {"open"})
        with self.assertRaises(UserError):
            wizard.action_open_funds()

    # ------------------------------------------------------------------

    def test_approval_reserves_and_close_gives_back(self):
        request = self._approved_request(self.fund)
        self.assertEqual((self.fund.reserved, self.fund.available), (40000, 8000))
        second = self._create_request(self.fund, 20000)
        second.action_submit()
        with self.assertRaisesRegex(UserError, "left"):
            second.action_approve()
        claim = self._create_claim(request, "A-1", 10000)
        claim.action_submit()
        with self.assertRaisesRegex(UserError, "waits"):
            request.action_close()
        claim.action_approve()
        request.action_close()
        self.assertEqual((request.reserved, self.fund.available), (10000, 38000))
        second.action_approve()
        with self.assertRaisesRegex(UserError, "left"):
            request.action_open_again()
        second.action_reopen()
        request.action_open_again()
        self.assertEqual(request.state, "approved")

    def test_part_of_a_request(self):
        request = self._create_request(self.fund)
        request.action_submit()
        with self.assertRaises(ValidationError):
            request.approved_amount = 40001
        request.approved_amount = 30000
        request.action_approve()
        self.assertEqual(request.remaining, 30000)
        with self.assertRaisesRegex(UserError, "decided"):
            request.approved_amount = 1
        with self.assertRaisesRegex(UserError, "decided"):
            request.cost = 1

    def test_refusal_needs_a_reason_and_can_be_undone(self):
        request = self._create_request(self.fund)
        request.action_submit()
        with self.assertRaisesRegex(UserError, "reason"):
            request.action_refuse()
        request.reason = "Not our market"
        request.action_refuse()
        request.action_reopen()
        self.assertEqual(request.state, "submitted")

    def test_cofunding_of_the_kind_of_activity(self):
        with self.assertRaisesRegex(ValidationError, "co-funding"):
            self._create_request(self.fund, cofunding_rate=51)

    def test_approval_rule(self):
        """Where a rule applies the button does not decide; the approval does."""
        self.env["crm.approval.rule"].sudo().create(
            {
                "name": "Requests",
                "model_id": self.env["ir.model"]._get_id("crm.mdf.request"),
                "operation": "mdf",
                "step_ids": [
                    Command.create(
                        {
                            "name": "Head",
                            "approver_kind": "user",
                            "user_ids": self.programme.ids,
                        }
                    )
                ],
            }
        )
        request = self._create_request(self.fund)
        request.action_submit()
        with self.assertRaisesRegex(UserError, "needs an approval"):
            request.with_user(self.channel).action_approve()
        asked = request.with_user(self.channel)._approval_request("mdf")
        asked.with_user(self.programme).action_approve()
        self.assertEqual(request.state, "approved")
        self.assertEqual(self.fund.reserved, 40000)

    # ------------------------------------------------------------------

    def test_claim_bad_input(self):
        request = self._approved_request(self.fund)
        with self.assertRaisesRegex(ValidationError, "above the request"), self.env.cr.savepoint():
            self._create_claim(request, "B-1", 40000.01)
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self._create_claim(request, "B-1", -1)
        bare = self._create_claim(request, "B-2", 100, proof=False)
        with self.assertRaisesRegex(UserError, "no proof"):
            bare.action_submit()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            with self.env.cr.savepoint():
                self._create_claim(request, " b-2 ", 100)
        bare.action_cancel()
        self.env.flush_all()
        again = self._create_claim(request, "b-2", 100)  # the withdrawn one is free
        with freeze_time("2027-07-01 04:00:00"), self.assertRaisesRegex(UserError, "until"):
            again.action_submit()
        draft = self._create_request(self.fund, 1000)
        waiting = self._create_claim(draft, "B-3", 100)
        with self.assertRaisesRegex(UserError, "not approved"):
            waiting.action_submit()

    def test_caps_and_reasons(self):
        request = self._approved_request(self.fund)
        claim = self._create_claim(request, "C-1", 10000, cost=16000)
        claim.action_submit()
        self.assertEqual(claim.approved_amount, 8000, "50 % of the cost proven")
        claim.approved_amount = 8001
        with self.assertRaisesRegex(UserError, "at most"):
            claim.action_approve()
        claim.approved_amount = 5000
        with self.assertRaisesRegex(UserError, "reason"):
            claim.action_approve()
        claim.reason = "The hotel is not covered"
        claim.action_approve()
        self.assertEqual(request.remaining, 35000)
        with self.assertRaisesRegex(UserError, "decided"):
            claim.approved_amount = 1

    def test_distinct_service_needs_a_fair_value(self):
        request = self._approved_request(self.fund)
        claim = self._create_claim(request, "D-1", 1000, distinct_service=True)
        claim.action_submit()
        with self.assertRaisesRegex(UserError, "fair value"):
            claim.action_approve()
        claim.fair_value = 5000  # more than the claim: all of it is an expense
        claim.action_approve()
        self._settle(claim)
        self.assertEqual(self.fund.service_expense, 1000)
        self.assertBalance(self.service, 1000)

    def test_bill_reset_and_reversed(self):
        """What is taken back of a document is taken back of the fund, and can be settled again."""
        claim = self._approved_claim(distinct_service=True, fair_value=4000)
        bill = self._settle(claim)
        self.assertEqual((claim.state, self.fund.balance), ("settled", 38000))
        with self.assertRaisesRegex(UserError, "Settled"):
            claim.action_reopen()
        bill.button_draft()
        self.run_subledger()
        self.assertEqual((claim.state, self.fund.balance), ("approved", 48000))
        self.assertEqual(self.fund.service_expense, 0)
        bill.action_post()
        self.run_subledger()
        self.assertEqual(self.fund.service_expense, 4000)
        reversal = bill._reverse_moves([{"invoice_date": bill.invoice_date}], cancel=True)
        self.run_subledger()
        self.assertEqual(reversal.state, "posted")
        self.assertEqual((claim.state, claim.settled), ("approved", 0))
        self.assertEqual((self.fund.balance, self.fund.service_expense), (48000, 0))
        self.assertLedgerEqualsGL(self.mdf_ledger)

    def test_credit_note(self):
        claim = self._approved_claim(tax_amount=0, settlement="credit_note")
        move = self._settle(claim)
        self.assertEqual(move.move_type, "out_refund")
        self.assertEqual(claim.state, "settled")
        self.assertEqual(self.fund.settled, 10000)
        # the credit note is no purchase
        accrual = self._create_fund(
            date_from=day("2026-04-01"), date_to=day("2026-06-30"), rate_own=True, rate=1
        )
        self.run_subledger()
        self.assertEqual(accrual.purchases, 0)
        self.assertLedgerEqualsGL(self.mdf_ledger)

    def test_document_never_settles_more_than_approved(self):
        claim = self._approved_claim()
        claim.action_settle()
        with self.assertRaisesRegex(UserError, "already"):
            claim.action_settle()
        with self.assertRaisesRegex(UserError, "document"):
            claim.action_reopen()
        move = claim._document()
        move.invoice_line_ids.price_unit = 10001
        with self.assertRaisesRegex(UserError, "would settle"):
            move.action_post()
        move.unlink()
        claim.action_reopen()
        self.assertEqual(claim.state, "submitted")

    def test_vat_without_a_tax(self):
        claim = self._approved_claim(tax_amount=77)
        with self.assertRaisesRegex(UserError, "Choose the tax"):
            claim.action_settle()

    # ------------------------------------------------------------------

    def test_expiry_keeps_what_waits(self):
        request = self._approved_request(self.fund)
        claim = self._create_claim(request, "E-1", 5000)
        claim.action_submit()
        with freeze_time("2027-07-01 04:00:00"):
            self._run_cron("ir_cron_mdf_expire")
            self.run_subledger()
            self.assertEqual((self.fund.state, self.fund.lapsed), ("expired", 43000))
            claim.reason = "Not proven"
            claim.action_refuse()
            self.run_subledger()
        self.assertEqual((request.state, self.fund.lapsed), ("closed", 48000))
        self.assertBalance(self.fund_account, 0, self.alpha)
        with self.assertRaisesRegex(UserError, "later date"), freeze_time("2027-07-02"):
            self.fund.action_extend()
        self.fund.expiry_date = day("2028-01-31")
        self.fund.action_extend()
        self.run_subledger()
        self.assertEqual((self.fund.lapsed, self.fund.available), (0, 48000))

    def test_poisoned_fund_does_not_stop_the_others(self):
        other = self._create_fund(self.beta, kind="discretionary", allocation=100)
        self.run_subledger()
        model, broken = type(self.fund), self.fund.id
        original = model._expire

        def expire(fund):
            if fund.id == broken:
                raise ZeroDivisionError("poisoned")
            return original(fund)

        self.patch(model, "_expire", expire)
        with freeze_time("2027-07-01 04:00:00"):
            self._run_cron("ir_cron_mdf_expire")
        self.assertEqual((self.fund.state, other.state), ("open", "expired"))
        self.assertIn("poisoned", self.fund.activity_ids.summary)

    def test_reminded_once(self):
        with freeze_time("2027-06-10 04:00:00"):
            self._run_cron("ir_cron_mdf_expire")
            self.assertEqual(self.fund.reminded_on, day("2027-06-10"))
            told = self._messages()
            self.assertEqual(told.partner_ids, self.alpha | self.channel.partner_id)
            self._run_cron("ir_cron_mdf_expire")
        self.assertEqual(self._messages(), told)

    def _messages(self):
        return self.env["mail.message"].sudo().search([("subject", "ilike", self.fund.name)])

    def test_result_of_the_campaign(self):
        request = self._approved_request(self.fund)
        request.action_create_campaign()
        claim = self._create_claim(request, "R-1", 40000)
        claim.action_submit()
        claim.action_approve()
        self._settle(claim)
        invoice = self._lead_order(request.campaign_id, 120000)
        self.env["crm.lead"].create({"name": "Card", "campaign_id": request.campaign_id.id})
        self._run_cron("ir_cron_mdf_measure")
        self.assertEqual((request.lead_count, request.won_count), (2, 1))
        self.assertEqual((request.won_revenue, request.roi), (120000, 200))
        invoice.button_draft()
        request.action_measure()
        self.assertEqual((request.won_revenue, request.roi), (0, -100))
        other = self._create_request(self.fund, 1000)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            with self.env.cr.savepoint():
                other.campaign_id = request.campaign_id
                other.flush_recordset()

    # ------------------------------------------------------------------

    def test_nobody_writes_states_or_figures(self):
        request = self._create_request(self.fund)
        claim = self._create_claim(request, "S-1", 100)
        for record, name, value in (
            (self.fund, "state", "expired"),
            (self.fund, "accrued", 1),
            (request, "state", "approved"),
            (request, "won_revenue", 1),
            (claim, "state", "settled"),
            (claim, "settled", 1),
        ):
            for user in (self.env.user, self.programme):
                with self.assertRaises(AccessError):
                    record.with_user(user).write({name: value})
        forged = self.env["crm.mdf.request"].with_context(default_state="approved")
        record = forged.create(
            {
                "title": "Forged",
                "fund_id": self.fund.id,
                "kind_id": self.exhibition.id,
                "date_from": "2026-05-01",
                "date_to": "2026-05-02",
                "cost": 100,
            }
        )
        self.assertEqual(record.state, "draft")
        record.action_submit()
        with self.assertRaisesRegex(UserError, "evidence"):
            record.unlink()

    def test_rights(self):
        request = self._create_request(self.fund)
        request.with_user(self.channel).action_submit()
        for user in (self.seller, self.stranger):
            with self.assertRaises(AccessError):
                request.with_user(user).action_approve()
        with self.assertRaises(AccessError):
            request.with_user(self.accountant).action_approve()
        with self.assertRaises(AccessError):
            self.fund.with_user(self.channel).action_cancel()
        self.assertEqual(self.fund.with_user(self.accountant).accrued, 48000)
        for model in ("fund", "request", "claim", "budget"):
            self.assertFalse(self.env[f"crm.mdf.{model}"].with_user(self.stranger).search([]))
        request.with_user(self.channel).action_approve()
        self.assertEqual(request.decided_by_id, self.channel)
