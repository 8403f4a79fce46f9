from functools import partial

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import day
from .common_parallel import ParallelLedgerCase

QUEUE_LOGGER = "odoo.addons.crm_subledger.models.crm_subledger_queue"
THREADS = 4


@tagged("post_install", "-at_install")
class TestConcurrency(ParallelLedgerCase):
    """A posting is made once, whoever else is at it and wherever it breaks off."""

    def _build(self, env):
        account, counterpart = self._create_accounts(
            env,
            ("998801", "Parallel payable", "liability_current"),
            ("998802", "Parallel expense", "expense"),
        )
        ledger = self._create_ledger(env, "PARA", account, counterpart, "crm.subledger.item")
        self.delete_at_end("crm.subledger.item", [("ledger_id", "=", ledger.id)])
        self.ledger = ledger.id

    def _create_items(self, env, count, **values):
        return env["crm.subledger.item"].create(
            [
                {
                    "name": f"Item {n}",
                    "ledger_id": self.ledger,
                    "partner_id": env.ref("base.main_partner").id,
                    "date": day("2026-03-10"),
                    "amount": 100,
                    **values,
                }
                for n in range(count)
            ]
        )

    def _held(self):
        with self.transaction() as env:
            ledger = env["crm.subledger"].browse(self.ledger)
            self.assertEqual(ledger._differences(), [])
            return ledger.balance

    def _work_off_queue(self):
        with self.transaction() as env:
            env["crm.subledger.queue"].search([])._process()
        with self.transaction() as env:
            self.assertFalse(
                env["crm.subledger.queue"].search([("res_model", "=", "crm.subledger.item")])
            )

    @staticmethod
    def _post(items, env):
        env["crm.subledger.queue"]._run(items.with_env(env))

    @mute_logger("odoo.sql_db", QUEUE_LOGGER)
    def test_two_at_once_post_once(self):
        """A transaction that began before another one committed must not post from what it saw."""
        with self.transaction() as env:
            item = self._create_items(env, 1, state="posted")
        first, second = self.begin(), self.begin()
        for env in (first, second):
            self.snapshot(env)
        for env in (first, second):
            self._post(item, env)
            env.cr.commit()
        self.assertEqual(self._held(), -100)
        self._work_off_queue()
        self.assertEqual(self._held(), -100)

    @mute_logger(QUEUE_LOGGER)
    def test_many_threads_end_at_the_target(self):
        with self.transaction() as env:
            items = self._create_items(env, 5, state="posted")
        outcomes = self.together([partial(self._post, items)] * THREADS)
        self.assertEqual(outcomes, [None] * THREADS)
        self._work_off_queue()
        self.assertEqual(self._held(), -500)

    def test_killed_in_the_middle(self):
        """A bulk run that is killed after posting, before its commit, loses and doubles nothing."""
        with self.transaction() as env:
            items = self._create_items(env, 30, state="posted")
            env["crm.subledger.queue"]._enqueue(items)
        self.run_until_killed(
            """
            rows = env["crm.subledger.queue"].search([], order="id")
            rows[:10]._process()
            cr.commit()
            rows[10:]._process()
            env.flush_all()
            die()
            """
        )
        self.assertEqual(self._held(), -1000, "the committed batch stays, the other is undone")
        self._work_off_queue()
        self.assertEqual(self._held(), -3000)
