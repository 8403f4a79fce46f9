"""Claims and requests that are approved at the same moment, in real transactions."""

from odoo.tests import tagged

from odoo.addons.crm_subledger.tests.common import day

from .common_parallel import ParallelFundCase

ALLOCATION = 40000
AT_ONCE = 6


@tagged("-at_install", "post_install")
class TestMdfConcurrency(ParallelFundCase):
    def _build(self, env):
        self._create_fund(env, ALLOCATION)

    def _claims(self, request_id, count, amount):
        """Create and submit claims of one request; return their ids."""
        with self.transaction() as env:
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

    def _assert_one_approved(self, model, ids):
        results = self._approve_at_once(model, ids)
        for said in results:
            self.assertRegex(said, "done|Try again|at most|reason of the reduction|left")
        self.assertEqual(results.count("done"), 1, results)

    def test_claims_never_exceed_their_request(self):
        """Two of 25,000 fit into no request of 40,000, whoever decides at the same moment."""
        with self.transaction() as env:
            request = self._create_requests(env, 1, cost=80000)
            request.action_approve()
        self._assert_one_approved("crm.mdf.claim", self._claims(request.id, AT_ONCE, 25000))
        with self.transaction() as env:
            request = request.with_env(env)
            granted = request.claim_ids.filtered(lambda claim: claim.state == "approved")
            self.assertEqual(sum(granted.mapped("approved_amount")), 25000)
            self.assertEqual((request.claimed, request.remaining), (25000, 15000))

    def test_requests_never_exceed_their_fund(self):
        with self.transaction() as env:
            requests = self._create_requests(env, AT_ONCE, cost=50000)
        self._assert_one_approved("crm.mdf.request", requests.ids)
        with self.transaction() as env:
            fund = self._fund(env)
            granted = fund.request_ids.filtered(lambda request: request.state == "approved")
            self.assertEqual(sum(granted.mapped("approved_amount")), 25000)
            self.assertEqual((fund.reserved, fund.available), (25000, 15000))
