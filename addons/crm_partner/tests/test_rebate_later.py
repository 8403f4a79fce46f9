from odoo.tests import tagged

from .common import day
from .common_rebate import RebateCase


@tagged("post_install", "-at_install")
class TestRebateLater(RebateCase):
    """Invoices do not wait for their accrual: the scheduled action posts it right after them."""

    def setUp(self):
        super().setUp()
        self.period = self._agreement([(0, 5)], accrual_method="reached").period_ids
        self.run_subledger()
        self.queue = self.env["crm.subledger.queue"].sudo()

    def test_an_invoice_leaves_its_accrual_to_the_action(self):
        cron = self.env.ref("crm_subledger.ir_cron_process")
        triggers = self.env["ir.cron.trigger"].sudo()
        triggers.search([]).unlink()
        self._invoice(self.alpha, day("2025-10-15"), 1000)
        self.commit_documents()
        self.assertEqual(triggers.search([("cron_id", "=", cron.id)]).mapped("cron_id"), cron)
        self.assertEqual(self.queue.search([]).mapped("res_id"), self.period.ids)
        self.assertEqual(self.period.accrued, 0)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self.period.accrued, 50)
        self.assertEqual(self.period._subledger_entries().mapped("date"), [day("2025-10-15")])
        self.assertFalse(self.queue.search([]))

    def test_what_comes_together_gets_one_entry(self):
        for amount in (1000, 2000):
            self._invoice(self.alpha, day("2025-10-15"), amount)
            self.commit_documents()
        self.run_subledger()
        self.assertEqual(self.period.accrued, 150)
        self.assertEqual(len(self.period._subledger_entries().move_id), 1)

    def test_who_changes_the_agreement_sees_it_at_once(self):
        self._invoice(self.alpha, day("2025-10-15"), 1000)
        self.run_subledger()
        self.period.agreement_id.tier_ids.rate = 6
        self.commit_documents()
        self.assertEqual(self.period.accrued, 60)
