from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_subledger.tests.common_parallel import ParallelLedgerCase

PEOPLE = 6
REFUSED = (UserError, LockNotAvailable, SerializationFailure)


@tagged("-at_install", "post_install")
class TestRebateConcurrency(ParallelLedgerCase):
    context = {"tracking_disable": True}

    def _build(self, env):
        rebates, revenue, receivable = self._create_accounts(
            env,
            ("998811", "Rebates at once", "liability_current"),
            ("998812", "Revenue at once", "income"),
            ("998813", "Receivable at once", "asset_receivable"),
        )
        partner = env["res.partner"].create(
            {
                "name": "Partner at once",
                "is_company": True,
                "property_account_receivable_id": receivable.id,
            }
        )
        self.remove_at_end(partner)
        sales = self._create_journal(env, "RAOS", type="sale", default_account_id=revenue.id)
        ledger = self._create_ledger(
            env, "RAO", rebates, revenue, "crm.rebate.period", kind="rebate"
        )
        self._create_agreement(env, ledger, partner)
        self._create_invoice(env, partner, sales)

    def _create_agreement(self, env, ledger, partner):
        agreement = env["crm.rebate.agreement"].create(
            {
                "name": "At once",
                "ledger_id": ledger.id,
                "date_from": "2025-10-01",
                "date_to": "2025-12-31",
                "accrual_method": "reached",
                "tier_ids": [Command.create({"lower_bound": 0, "rate": 10})],
                "participant_ids": [Command.create({"partner_id": partner.id})],
            }
        )
        self.delete_at_end("crm.rebate.agreement", [("id", "=", agreement.id)])
        for model in ("crm.rebate.participant", "crm.rebate.period", "crm.rebate.settlement"):
            self.delete_at_end(model, [("agreement_id", "=", agreement.id)])
        agreement.action_activate()
        self.period = agreement.period_ids.id

    @staticmethod
    def _create_invoice(env, partner, journal):
        env["account.move"].create(
            {
                "move_type": "out_invoice",
                "journal_id": journal.id,
                "partner_id": partner.id,
                "invoice_date": "2025-10-10",
                "invoice_line_ids": [
                    Command.create({"name": "Pump", "price_unit": 1000, "tax_ids": []})
                ],
            }
        ).action_post()

    def _period(self, env):
        return env["crm.rebate.period"].browse(self.period)

    def _settle(self, env):
        env["crm.rebate.settlement"]._settle(self._period(env), "write_off")

    def test_two_settlements_pay_once(self):
        """Six people settle the same period at the same moment: one of them does."""
        with self.transaction() as env:
            self.assertEqual(self._period(env).payable, 100)
        results = [
            "refused" if isinstance(outcome, REFUSED) else self.said(outcome)
            for outcome in self.together([self._settle] * PEOPLE)
        ]
        self.assertEqual(sorted(results), ["done"] + ["refused"] * (PEOPLE - 1))
        with self.transaction() as env:
            period = self._period(env)
            env["crm.subledger.queue"].search([])._process()
            self.assertEqual((period.released, period.payable), (100, 0))
            self.assertEqual(len(period.settlement_ids), 1)
            self.assertEqual(period.agreement_id.ledger_id._differences(), [])
