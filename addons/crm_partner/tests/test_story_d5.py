"""D5: fund, request, two claims, fair-value split (IFRS 15.70–72) and expiry, to the cent."""

from functools import partial

from odoo.tests import freeze_time, tagged

from odoo.addons.crm_subledger.tests.common import day

from .common_mdf import MdfCase
from .common_parallel import ParallelFundCase


@tagged("post_install", "-at_install")
class TestStoryD5(MdfCase):
    def test_story(self):
        code = {
            name: getattr(self, name).code
            for name in ("fund_account", "revenue", "service", "vat", "payable_account")
        }
        # 2 % of the net purchases of the quarter, 2,400,000
        self._invoice(self.alpha, "2026-01-15", 1500000)
        self._invoice(self.alpha, "2026-02-15", 1100000)
        fund = self._create_fund()
        self.run_subledger()
        self._invoice(self.alpha, "2026-03-20", 200000, refund=True)
        self._invoice(self.alpha, "2026-04-01", 700000)  # the next quarter
        self._invoice(self.beta, "2026-02-01", 300000)  # somebody else
        self.run_subledger()
        self.assertEqual((fund.purchases, fund.accrued), (2400000, 48000))
        self.assertBalance(self.fund_account, -48000, self.alpha)
        accruals = self.entries(fund, "accrual")
        self.assertEqual(sum(accruals.mapped("amount")), -48000)
        self.assertEqual(
            self.items(accruals.move_id),
            {code["revenue"]: (48000, 0), code["fund_account"]: (0, 48000)},
        )

        # 50 % of an exhibition of 80,000
        request = self._create_request(fund)
        self.assertEqual(request.amount, 40000)
        request.action_submit()
        request.with_user(self.channel).action_approve()
        self.assertEqual((fund.reserved, fund.available), (40000, 8000))

        # claim 1: a distinct service worth 22,000
        first = self._create_claim(
            request, "INV-1", 25000, 1500, distinct_service=True, fair_value=22000
        )
        first.action_submit()
        first.with_user(self.channel).action_approve()
        self.assertEqual((first.tax_id, first.approved_tax), (self.purchase_6, 1500))
        bill = self._settle(first)
        self.assertEqual(first.state, "settled")
        self.assertEqual(
            self.items(bill),
            {
                code["fund_account"]: (25000, 0),
                code["vat"]: (1500, 0),
                code["payable_account"]: (0, 26500),
            },
        )
        reclass = (self.entries(fund, "service") | self.entries(fund, "reclass")).move_id
        self.assertEqual(len(reclass), 1)
        items = self.items(reclass)
        self.assertEqual(items.pop(code["fund_account"]), (22000, 22000), "the balance stays")
        self.assertEqual(items, {code["service"]: (22000, 0), code["revenue"]: (0, 22000)})

        # claim 2: 18,000 asked, capped at what is left of the request
        second = self._create_claim(request, "INV-2", 18000, 1080)
        second.action_submit()
        self.assertEqual(second.approved_amount, 15000)
        second.with_user(self.channel).action_approve()
        self.assertEqual(second.approved_tax, 900)
        self.assertEqual(
            self.items(self._settle(second)),
            {
                code["fund_account"]: (15000, 0),
                code["vat"]: (900, 0),
                code["payable_account"]: (0, 15900),
            },
        )
        self.assertBalance(self.fund_account, -8000, self.alpha)
        self.assertEqual((fund.balance, fund.settled), (8000, 40000))

        # expiry
        with freeze_time("2027-07-01 04:00:00"):
            self._run_cron("ir_cron_mdf_expire")
            self.run_subledger()
        self.assertEqual((fund.state, request.state), ("expired", "closed"))
        expiry = self.entries(fund, "expiry")
        self.assertEqual(expiry.date, day("2027-06-30"))
        self.assertEqual(
            self.items(expiry.move_id),
            {code["fund_account"]: (8000, 0), code["revenue"]: (0, 8000)},
        )
        self.assertBalance(self.fund_account, 0, self.alpha)
        self.assertEqual((fund.balance, fund.lapsed), (0, 8000))

        # 18,000 reduce revenue, 22,000 are an expense: 40,000, what was paid
        reduction = sum(
            line.balance
            for line in self.env["crm.subledger.entry"]
            .search([("res_model", "=", fund._name), ("res_id", "=", fund.id)])
            .move_id.line_ids
            if line.account_id == self.revenue
        )
        self.assertEqual(reduction, 18000)
        self.assertEqual(fund.service_expense, 22000)
        self.assertLedgerEqualsGL(self.mdf_ledger)
        # I6: a second run posts nothing
        count = self.env["crm.subledger.entry"].search_count([])
        with freeze_time("2027-07-02 04:00:00"):
            self._run_cron("ir_cron_mdf_expire")
            fund._subledger_mark_dirty()
            self.run_subledger()
        self.assertEqual(self.env["crm.subledger.entry"].search_count([]), count)


@tagged("post_install", "-at_install")
class TestParallelApprovals(ParallelFundCase):
    def _build(self, env):
        self._create_fund(env, 8000)
        self.requests = self._create_requests(env, 2, cost=16000).ids

    def test_two_approvals_cannot_overspend(self):
        with self.transaction() as env:  # accrued before the data was committed
            self.assertEqual(self._fund(env).available, 8000)
        results = self._approve_at_once("crm.mdf.request", self.requests)
        self.assertEqual(sorted(said == "done" for said in results), [False, True], results)
        [late] = [number for number, said in enumerate(results) if said != "done"]
        refusal = results[late]
        self.assertTrue("left" in refusal or "Try again" in refusal, refusal)
        with self.transaction() as env:
            fund = self._fund(env)
            self.assertEqual((fund.reserved, fund.available), (8000, 0))
            states = sorted(fund.request_ids.mapped("state"))
            self.assertEqual(states, ["approved", "submitted"])
        # who comes later gets a clear answer
        again = partial(self._approve, "crm.mdf.request", self.requests[late])
        self.assertIn("left", self.said(self.request(again)))
