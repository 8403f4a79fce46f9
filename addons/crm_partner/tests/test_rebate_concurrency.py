import threading
from contextlib import contextmanager

from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

REFUSED = (UserError, LockNotAvailable, SerializationFailure)


@tagged("-at_install", "post_install")
class TestRebateConcurrency(BaseCase):
    """Real transactions that commit, side by side; what they leave is removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.ids = {}
        self.addCleanup(self._clean)
        with self._cursor() as env:
            self._create_books(env)
            self._create_agreement(env)
        with self._cursor() as env:
            period = env["crm.rebate.period"].browse(self.ids["period"])
            self.assertEqual(period.payable, 100)

    @contextmanager
    def _cursor(self):
        """Give an environment whose transaction commits on leaving, unless something is raised."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def _create_books(self, env):
        rows = (
            ("998811", "Rebates at once", "liability_current"),
            ("998812", "Revenue at once", "income"),
            ("998813", "Receivable at once", "asset_receivable"),
        )
        accounts = env["account.account"].create(
            [
                {"code": code, "name": name, "account_type": kind, "reconcile": "rec" in kind}
                for code, name, kind in rows
            ]
        )
        journals = env["account.journal"].create(
            [
                {"name": "Rebates at once", "code": "RAOM", "type": "general"},
                {
                    "name": "Sales at once",
                    "code": "RAOS",
                    "type": "sale",
                    "default_account_id": accounts[1].id,
                },
            ]
        )
        ledger = env["crm.subledger"].create(
            {
                "name": "Rebates at once",
                "code": "RAO",
                "kind": "rebate",
                "journal_id": journals[0].id,
                "account_id": accounts[0].id,
                "counterpart_account_id": accounts[1].id,
            }
        )
        partner = env["res.partner"].create(
            {
                "name": "Partner at once",
                "is_company": True,
                "property_account_receivable_id": accounts[2].id,
            }
        )
        self.ids |= {
            "accounts": accounts.ids,
            "journals": journals.ids,
            "ledger": ledger.id,
            "partner": partner.id,
        }

    def _create_agreement(self, env):
        agreement = env["crm.rebate.agreement"].create(
            {
                "name": "At once",
                "ledger_id": self.ids["ledger"],
                "date_from": "2025-10-01",
                "date_to": "2025-12-31",
                "accrual_method": "reached",
                "tier_ids": [Command.create({"lower_bound": 0, "rate": 10})],
                "participant_ids": [Command.create({"partner_id": self.ids["partner"]})],
            }
        )
        self.ids["agreement"] = agreement.id
        agreement.action_activate()
        self.ids["period"] = agreement.period_ids.id
        env["account.move"].create(
            {
                "move_type": "out_invoice",
                "journal_id": self.ids["journals"][1],
                "partner_id": self.ids["partner"],
                "invoice_date": "2025-10-10",
                "invoice_line_ids": [
                    Command.create({"name": "Pump", "price_unit": 1000, "tax_ids": []})
                ],
            }
        ).action_post()

    def _clean(self):
        # What was posted cannot be removed through the ORM, and that is tested elsewhere.
        with self._cursor() as env:
            for table, column, name in (
                ("crm_rebate_settlement", "agreement_id", "agreement"),
                ("crm_subledger_entry", "ledger_id", "ledger"),
                ("crm_rebate_period", "agreement_id", "agreement"),
                ("crm_rebate_participant", "agreement_id", "agreement"),
                ("crm_rebate_agreement", "id", "agreement"),
                ("crm_subledger", "id", "ledger"),
            ):
                env.cr.execute(
                    f"DELETE FROM {table} WHERE {column} = %s", [self.ids.get(name) or 0]
                )
            env.cr.execute("DELETE FROM crm_subledger_queue WHERE res_model LIKE 'crm.rebate%%'")
            for table in ("account_move_line", "account_move"):
                env.cr.execute(
                    f"DELETE FROM {table} WHERE journal_id = ANY(%s)",
                    [self.ids.get("journals", [])],
                )
            env["res.partner"].browse(self.ids.get("partner", [])).unlink()
            env["account.journal"].browse(self.ids.get("journals", [])).unlink()
            env["account.account"].browse(self.ids.get("accounts", [])).unlink()

    @mute_logger("odoo.sql_db")
    def test_two_settlements_pay_once(self):
        """Six people settle the same period at the same moment: one of them does."""
        barrier, results = threading.Barrier(6), []

        def settle():
            try:
                with self._cursor() as env:
                    env.cr.execute("SELECT 1")
                    barrier.wait(timeout=30)
                    period = env["crm.rebate.period"].browse(self.ids["period"])
                    env["crm.rebate.settlement"]._settle(period, "write_off")
                results.append("settled")
            except REFUSED:
                results.append("refused")
            except Exception as error:  # a thread must hand its failure to the test
                results.append(error)

        threads = [threading.Thread(target=settle) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        self.assertEqual(sorted(map(str, results)), ["refused"] * 5 + ["settled"])
        with self._cursor() as env:
            period = env["crm.rebate.period"].browse(self.ids["period"])
            env["crm.subledger.queue"].search([])._process()
            self.assertEqual((period.released, period.payable), (100, 0))
            self.assertEqual(len(period.settlement_ids), 1)
            self.assertEqual(period.agreement_id.ledger_id._differences(), [])
