"""Claims and requests that are approved at the same moment, in real transactions."""

import functools
import threading
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from .common import day

ALLOCATION = 40000
AT_ONCE = 6


@tagged("-at_install", "post_install")
class TestMdfConcurrency(BaseCase):
    """Transactions that commit, side by side; what they leave is removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.ids = {}
        self.addCleanup(self._clean)
        with self._environment() as env:
            self._create_fund(env)

    @contextmanager
    def _environment(self):
        """Give an environment whose transaction commits on leaving, unless something is raised."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def _create_fund(self, env):
        rows = (
            ("998821", "Funds at once", "liability_current"),
            ("998822", "Less revenue at once", "income"),
            ("998823", "Services at once", "expense"),
        )
        accounts = env["account.account"].create(
            [{"code": code, "name": name, "account_type": kind} for code, name, kind in rows]
        )
        journal = env["account.journal"].create(
            {"name": "Funds at once", "code": "FAO", "type": "general"}
        )
        ledger = env["crm.subledger"].create(
            {
                "name": "Funds at once",
                "code": "FAO",
                "kind": "mdf",
                "journal_id": journal.id,
                "account_id": accounts[0].id,
                "counterpart_account_id": accounts[1].id,
                "mdf_service_account_id": accounts[2].id,
            }
        )
        partner = env["res.partner"].create({"name": "Partner of funds", "is_company": True})
        kind = env["crm.mdf.activity.type"].create({"name": "At once", "cofunding_max": 50})
        self.ids |= {
            "accounts": accounts.ids,
            "journal": journal.ids,
            "ledger": ledger.ids,
            "partner": partner.ids,
            "kind": kind.ids,
        }
        fund = env["crm.mdf.fund"].create(
            {
                "partner_id": partner.id,
                "ledger_id": ledger.id,
                "kind": "discretionary",
                "allocation": ALLOCATION,
                "date_from": day("2026-01-01"),
                "date_to": day("2026-03-31"),
                "expiry_date": day("2099-12-31"),
            }
        )
        self.ids["fund"] = fund.ids
        fund.action_open()

    def _clean(self):
        # What was posted cannot be removed through the ORM, and that is tested elsewhere.
        with self._environment() as env:
            requests = env["crm.mdf.request"].search([("fund_id", "in", self.ids.get("fund", []))])
            claims = requests.claim_ids
            claims._proofs().unlink()
            for table, column, ids in (
                ("crm_mdf_claim", "id", claims.ids),
                ("crm_mdf_request", "id", requests.ids),
                ("crm_subledger_entry", "ledger_id", self.ids.get("ledger")),
                ("crm_mdf_fund", "id", self.ids.get("fund")),
                ("crm_subledger", "id", self.ids.get("ledger")),
                ("account_move_line", "journal_id", self.ids.get("journal")),
                ("account_move", "journal_id", self.ids.get("journal")),
            ):
                env.cr.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s)", [ids or []])
            env.cr.execute("DELETE FROM crm_subledger_queue WHERE res_model LIKE 'crm.mdf%%'")
        with self._environment() as env:
            for model, key in (
                ("crm.mdf.activity.type", "kind"),
                ("res.partner", "partner"),
                ("account.journal", "journal"),
                ("account.account", "accounts"),
            ):
                env[model].browse(self.ids.get(key, [])).unlink()

    def _requests(self, count, cost):
        """Create and submit requests; return their ids."""
        with self._environment() as env:
            requests = env["crm.mdf.request"].create(
                [
                    {
                        "title": f"Fair {number}",
                        "fund_id": self.ids["fund"][0],
                        "kind_id": self.ids["kind"][0],
                        "date_from": day("2026-05-01"),
                        "date_to": day("2026-05-04"),
                        "cost": cost,
                        "cofunding_rate": 50,
                    }
                    for number in range(count)
                ]
            )
            requests.action_submit()
            return requests.ids

    def _claims(self, request_id, count, amount):
        """Create and submit claims of one request; return their ids."""
        with self._environment() as env:
            claims = env["crm.mdf.claim"].create(
                [
                    {
                        "request_id": request_id,
                        "invoice_number": f"AT-ONCE-{number}",
                        "invoice_date": day("2026-06-10"),
                        "amount": amount,
                    }
                    for number in range(count)
                ]
            )
            env["ir.attachment"].create(
                [
                    {
                        "name": "proof.pdf",
                        "raw": b"%PDF-1.4 proof",
                        "res_model": claim._name,
                        "res_id": claim.id,
                    }
                    for claim in claims
                ]
            )
            claims.action_submit()
            return claims.ids

    def _approve(self, model, record_id):
        """Approve as a request of the server does, tried again like one."""
        with self._environment() as env:
            env["crm.mdf.fund"].browse(self.ids["fund"]).mapped("available")  # the snapshot
            env["crm.mdf.request"].search([]).mapped("claimed")
            self.barrier.wait(timeout=60)
            try:
                retrying(functools.partial(env[model].browse(record_id).action_approve), env)
            except UserError as error:
                env.cr.rollback()  # as a request does
                return str(error)
        return "approved"

    def _approve_at_once(self, model, ids):
        self.barrier, results = threading.Barrier(len(ids)), [None] * len(ids)

        def work(number, record_id):
            try:
                results[number] = self._approve(model, record_id)
            except Exception as error:  # a thread hands its failure to the test
                results[number] = repr(error)

        threads = [
            threading.Thread(target=work, args=(number, record_id))
            for number, record_id in enumerate(ids)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=180)
        for said in results:
            self.assertRegex(said, "approved|Try again|at most|reason of the reduction|left")
        return results

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_claims_never_exceed_their_request(self):
        """Two of 25,000 fit into no request of 40,000, whoever decides at the same moment."""
        [request_id] = self._requests(1, cost=80000)
        with self._environment() as env:
            env["crm.mdf.request"].browse(request_id).action_approve()
        claims = self._claims(request_id, AT_ONCE, 25000)
        results = self._approve_at_once("crm.mdf.claim", claims)
        self.assertEqual(results.count("approved"), 1, results)
        with self._environment() as env:
            request = env["crm.mdf.request"].browse(request_id)
            granted = request.claim_ids.filtered(lambda claim: claim.state == "approved")
            self.assertEqual(sum(granted.mapped("approved_amount")), 25000)
            self.assertEqual((request.claimed, request.remaining), (25000, 15000))

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_requests_never_exceed_their_fund(self):
        requests = self._requests(AT_ONCE, cost=50000)
        results = self._approve_at_once("crm.mdf.request", requests)
        self.assertEqual(results.count("approved"), 1, results)
        with self._environment() as env:
            fund = env["crm.mdf.fund"].browse(self.ids["fund"])
            granted = fund.request_ids.filtered(lambda request: request.state == "approved")
            self.assertEqual(sum(granted.mapped("approved_amount")), 25000)
            self.assertEqual((fund.reserved, fund.available), (25000, 15000))
