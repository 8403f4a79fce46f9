import threading

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import LockError, UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from .common_contract import SIGNATURE

TIMES = 4


@tagged("post_install", "-at_install")
class TestContractConcurrency(BaseCase):
    """Signing and invoicing at the same moment, in real transactions that commit."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self._clean)
        self._run(self._prepare)

    def _run(self, work):
        with self.registry.cursor() as cr:
            return work(api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True}))

    def _prepare(self, env):
        partner = env["res.partner"].create({"name": "Parallel customer"})
        product = env["product.product"].create(
            {"name": "Parallel", "type": "service", "list_price": 100, "taxes_id": False}
        )
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
        contract.action_send_to_sign()
        self.contract, self.partner, self.product = contract.id, partner.id, product.id

    def _clean(self):
        self._run(self._delete)

    def _delete(self, env):
        contract = env["crm.contract"].browse(self.contract)
        contract.instalment_ids.invoice_ids.filtered(lambda move: move.state == "draft").unlink()
        files = contract.pdf_attachment_id | contract.signed_attachment_id
        # what was signed cannot be removed through the ORM, and that is tested elsewhere
        env.cr.execute("DELETE FROM crm_contract_evidence WHERE contract_id = %s", [contract.id])
        env.cr.execute(
            "UPDATE crm_contract SET state = 'draft', pdf_attachment_id = NULL, "
            "signed_attachment_id = NULL WHERE id = %s",
            [contract.id],
        )
        env.invalidate_all()
        files.unlink()
        contract.unlink()
        env["product.product"].browse(self.product).product_tmpl_id.unlink()
        env["res.partner"].browse(self.partner).unlink()

    def _together(self, work):
        """Run ``work(env)`` in parallel transactions that all have their snapshot.

        :return: how often it went through, and the refusals
        """
        barrier = threading.Barrier(TIMES)
        done, refused = [], []

        def attempt(first):
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                cr.execute("SELECT 1")
                if first:
                    barrier.wait(30)
                work(env)

        def run():
            for number in range(6):
                try:
                    attempt(number == 0)
                    done.append(True)
                    return
                except (SerializationFailure, LockError):
                    continue
                except UserError as error:
                    refused.append(str(error))
                    return

        threads = [threading.Thread(target=run) for _number in range(TIMES)]
        with mute_logger("odoo.sql_db"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(120)
        return len(done), refused

    def test_one_signature(self):
        done, refused = self._together(
            lambda env: (
                env["crm.contract"].browse(self.contract)._sign("customer", "Buyer", SIGNATURE)
            )
        )
        self.assertEqual(done, 1, refused)

        def check(env):
            contract = env["crm.contract"].browse(self.contract)
            signed = contract.evidence_ids.filtered(lambda row: row.kind == "signed_customer")
            self.assertEqual(len(signed), 1)
            self.assertFalse(contract._evidence_faults())

        self._run(check)

    def test_one_invoice(self):
        def sign(env):
            contract = env["crm.contract"].browse(self.contract)
            contract._sign("customer", "Buyer", SIGNATURE)
            contract._sign("company", "Director", SIGNATURE)
            return contract.instalment_ids.id

        row = self._run(sign)
        done, refused = self._together(
            lambda env: env["crm.contract.instalment"].browse(row)._make_invoice()
        )
        self.assertEqual(done, 1, refused)
        self._run(
            lambda env: self.assertEqual(
                len(env["crm.contract.instalment"].browse(row).invoice_ids), 1
            )
        )
