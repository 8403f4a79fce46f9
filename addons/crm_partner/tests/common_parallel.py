from functools import partial

from odoo.addons.crm_subledger.tests.common_parallel import ParallelLedgerCase


class ParallelFundCase(ParallelLedgerCase):
    """A committed market development fund, and approvals of what is asked from it at once."""

    context = {"tracking_disable": True}

    def _create_fund(self, env, allocation):
        """Open a fund of so much, granted at discretion."""
        grade = env["res.partner.grade"].create({"name": "Parallel"})
        self.remove_at_end(grade)
        partner = env["res.partner"].create({"name": "Parallel Reseller", "is_company": True})
        partner.grade_id = grade
        self.remove_at_end(partner)
        payable, revenue, service = self._create_accounts(
            env,
            ("998821", "Parallel fund", "liability_current"),
            ("998822", "Parallel revenue", "income"),
            ("998823", "Parallel service", "expense"),
        )
        ledger = self._create_ledger(
            env,
            "PMDF",
            payable,
            revenue,
            "crm.mdf.fund",
            kind="mdf",
            mdf_service_account_id=service.id,
        )
        fund = env["crm.mdf.fund"].create(
            {
                "partner_id": partner.id,
                "ledger_id": ledger.id,
                "kind": "discretionary",
                "allocation": allocation,
                "date_from": "2026-01-01",
                "date_to": "2026-12-31",
                "expiry_date": "2099-12-31",
            }
        )
        self.fund = fund.id
        self.delete_at_end("crm.mdf.fund", [("id", "=", fund.id)])
        self.delete_at_end("crm.mdf.request", [("fund_id", "=", fund.id)])
        self.delete_at_end("crm.mdf.claim", [("request_id.fund_id", "=", fund.id)])
        self.at_end(self._remove_proofs)
        fund.action_open()

    def _fund(self, env):
        return env["crm.mdf.fund"].browse(self.fund)

    def _remove_proofs(self, env):
        env["crm.mdf.claim"].search([("request_id.fund_id", "=", self.fund)])._proofs().unlink()

    def _create_requests(self, env, count, cost):
        """Create and submit requests, half of whose cost the fund is to bear."""
        requests = env["crm.mdf.request"].create(
            [
                {
                    "title": f"Parallel {number}",
                    "fund_id": self.fund,
                    "kind_id": env.ref("crm_partner.mdf_activity_exhibition").id,
                    "date_from": "2026-05-01",
                    "date_to": "2026-05-04",
                    "cost": cost,
                    "cofunding_rate": 50,
                }
                for number in range(count)
            ]
        )
        requests.action_submit()
        return requests

    @staticmethod
    def _approve(model, record_id, env):
        env[model].browse(record_id).action_approve()

    def _look(self, env):
        self._fund(env).mapped("available")
        env["crm.mdf.request"].search([]).mapped("claimed")

    def _approve_at_once(self, model, ids):
        """Approve documents at once; return "done" or what was said for each."""
        outcomes = self.together(
            [partial(self._approve, model, record_id) for record_id in ids],
            prepare=self._look,
            retry=True,
        )
        return [self.said(outcome) for outcome in outcomes]
