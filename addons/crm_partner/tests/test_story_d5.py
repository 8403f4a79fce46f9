"""D5: fund, request, two claims, fair-value split (IFRS 15.70–72) and expiry, to the cent."""

import functools
import threading

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, freeze_time, get_db_name, tagged
from odoo.tools import mute_logger

from .common import day
from .common_mdf import MdfCase


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
            self.run_cron("ir_cron_mdf_expire")
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
            self.run_cron("ir_cron_mdf_expire")
            fund._subledger_mark_dirty()
            self.run_subledger()
        self.assertEqual(self.env["crm.subledger.entry"].search_count([]), count)


@tagged("post_install", "-at_install")
class TestParallelApprovals(BaseCase):
    """Real transactions side by side; what they leave is removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self.clean)
        with self.registry.cursor() as cr:
            self.build(api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True}))
        with self.registry.cursor() as cr:  # accrued before the commit above
            fund = api.Environment(cr, SUPERUSER_ID, {})["crm.mdf.fund"].browse(self.fund)
            self.assertEqual(fund.available, 8000)

    def build(self, env):
        accounts = env["account.account"].create(
            [
                {"code": "998811", "name": "Parallel fund", "account_type": "liability_current"},
                {"code": "998812", "name": "Parallel revenue", "account_type": "income"},
            ]
        )
        journal = env["account.journal"].create(
            {"name": "Parallel MDF", "code": "PMDF", "type": "general"}
        )
        ledger = env["crm.subledger"].create(
            {
                "name": "Parallel MDF",
                "code": "PMDF",
                "kind": "mdf",
                "journal_id": journal.id,
                "account_id": accounts[0].id,
                "counterpart_account_id": accounts[1].id,
            }
        )
        grade = env["res.partner.grade"].create({"name": "Parallel"})
        partner = env["res.partner"].create({"name": "Parallel Reseller", "is_company": True})
        partner.grade_id = grade
        fund = env["crm.mdf.fund"].create(
            {
                "partner_id": partner.id,
                "ledger_id": ledger.id,
                "kind": "discretionary",
                "allocation": 8000,
                "date_from": "2026-01-01",
                "date_to": "2026-12-31",
                "expiry_date": "2099-12-31",
            }
        )
        fund.action_open()
        requests = env["crm.mdf.request"].create(
            [
                {
                    "title": f"Parallel {number}",
                    "fund_id": fund.id,
                    "kind_id": env.ref("crm_partner.mdf_activity_exhibition").id,
                    "date_from": "2026-05-01",
                    "date_to": "2026-05-02",
                    "cost": 16000,
                }
                for number in (1, 2)
            ]
        )
        requests.action_submit()
        self.fund, self.requests = fund.id, requests.ids
        self.ids = {
            "accounts": accounts.ids,
            "journal": journal.id,
            "ledger": ledger.id,
            "grade": grade.id,
            "partner": partner.id,
        }

    def clean(self):
        # What was posted cannot be removed through the ORM, and that is tested elsewhere.
        ids = self.ids
        with self.registry.cursor() as cr:
            for table, column, values in (
                ("crm_mdf_request", "fund_id", [self.fund]),
                ("crm_subledger_entry", "ledger_id", [ids["ledger"]]),
                ("crm_mdf_fund", "id", [self.fund]),
                ("crm_subledger", "id", [ids["ledger"]]),
                ("account_move_line", "journal_id", [ids["journal"]]),
                ("account_move", "journal_id", [ids["journal"]]),
                ("mail_activity", "res_id", self.requests),
            ):
                # table and column are those of the tuple above
                cr.execute(f'DELETE FROM "{table}" WHERE "{column}" = ANY(%s)', [values])
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["res.partner"].browse(ids["partner"]).unlink()
            env["res.partner.grade"].browse(ids["grade"]).unlink()
            env["account.journal"].browse(ids["journal"]).unlink()
            env["account.account"].browse(ids["accounts"]).unlink()

    def approve(self, number):
        """Approve as a request of the web client does; return "approved" or what was said."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            request = env["crm.mdf.request"].browse(self.requests[number])

            def work():
                env.cr.execute("SELECT 1 FROM crm_mdf_fund")  # the snapshot is taken now
                self.barrier.wait(timeout=60) if not self.barrier.broken else None
                request.action_approve()

            try:
                retrying(functools.partial(self._once, work, request), env)
            except UserError as error:
                return str(error)
        return "approved"

    def _once(self, work, request):
        """The first try waits for the other thread; a repeated one does not."""
        if request.id in self.started:
            return request.action_approve()
        self.started.add(request.id)
        return work()

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_two_approvals_cannot_overspend(self):
        self.barrier, self.started = threading.Barrier(2), set()
        results = [None, None]

        def run(number):
            try:
                results[number] = self.approve(number)
            except Exception as error:  # a thread hands its failure to the test
                results[number] = repr(error)

        threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=100)
        self.assertEqual(sorted(r == "approved" for r in results), [False, True], results)
        refusal = next(r for r in results if r != "approved")
        self.assertTrue("left" in refusal or "Try again" in refusal, refusal)
        with self.registry.cursor() as cr:
            fund = api.Environment(cr, SUPERUSER_ID, {})["crm.mdf.fund"].browse(self.fund)
            self.assertEqual((fund.reserved, fund.available), (8000, 0))
            states = sorted(fund.request_ids.mapped("state"))
            self.assertEqual(states, ["approved", "submitted"])
        # who comes later gets a clear answer
        late = next(n for n in (0, 1) if results[n] != "approved")
        self.assertIn("left", self.approve(late))
