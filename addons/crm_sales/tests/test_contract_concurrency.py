from odoo import Command
from odoo.exceptions import ConcurrencyError, LockError, UserError
from odoo.tests import tagged

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

from .common_contract import SIGNATURE

TIMES = 4


@tagged("post_install", "-at_install")
class TestContractConcurrency(ParallelCase):
    """Signing and invoicing at the same moment."""

    def _build(self, env):
        partner = env["res.partner"].create({"name": "Parallel customer"})
        self.remove_at_end(partner)
        product = env["product.product"].create(
            {"name": "Parallel", "type": "service", "list_price": 100, "taxes_id": False}
        )
        self.remove_at_end(product.product_tmpl_id)
        contract = env["crm.contract"].create(
            {
                "title": "Parallel",
                "partner_id": partner.id,
                "date_start": "2026-01-01",
                "text_ids": [Command.create({"name": "Text", "body": "<p>Text</p>"})],
                "line_ids": [
                    Command.create({"product_id": product.id, "tax_ids": [Command.clear()]})
                ],
                "instalment_ids": [
                    Command.create({"name": "All", "percent": 100, "date_planned": "2026-01-01"})
                ],
            }
        )
        self.contract, self.instalment = contract.id, contract.instalment_ids.id
        self.at_end(self._remove_contract)
        contract.action_send_to_sign()

    def _remove_contract(self, env):
        contract = self._contract(env).exists()
        contract.instalment_ids.invoice_ids.filtered(lambda move: move.state == "draft").unlink()
        files = contract.pdf_attachment_id | contract.signed_attachment_id
        # what was signed cannot be removed through the ORM, and that is tested elsewhere
        self._delete(env, "crm.contract.evidence", [("contract_id", "=", contract.id)])
        env.cr.execute(
            "UPDATE crm_contract SET state = 'draft', pdf_attachment_id = NULL, "
            "signed_attachment_id = NULL WHERE id = ANY(%s)",
            [contract.ids],
        )
        env.invalidate_all()
        files.unlink()
        contract.unlink()

    def _contract(self, env):
        return env["crm.contract"].browse(self.contract)

    def _instalment(self, env):
        return env["crm.contract.instalment"].browse(self.instalment)

    def _assert_once(self, call):
        """Make the same call at once; who finds the contract locked tries again."""
        outcomes = self.together([call] * TIMES, retry=True, again=(LockError,))
        said = [self.said(outcome) for outcome in outcomes]
        self.assertEqual(said.count("done"), 1, said)
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        for error in refused:
            self.assertIsInstance(error, UserError | ConcurrencyError)

    def test_one_signature(self):
        self._assert_once(lambda env: self._contract(env)._sign("customer", "Buyer", SIGNATURE))
        with self.transaction() as env:
            contract = self._contract(env)
            signed = contract.evidence_ids.filtered(lambda row: row.kind == "signed_customer")
            self.assertEqual(len(signed), 1)
            self.assertFalse(contract._evidence_faults())

    def test_one_invoice(self):
        with self.transaction() as env:
            contract = self._contract(env)
            contract._sign("customer", "Buyer", SIGNATURE)
            contract._sign("company", "Director", SIGNATURE)
        self._assert_once(lambda env: self._instalment(env)._make_invoice())
        with self.transaction() as env:
            self.assertEqual(len(self._instalment(env).invoice_ids), 1)
