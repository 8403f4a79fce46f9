import os
import signal
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config, mute_logger

QUEUE_LOGGER = "odoo.addons.crm_subledger.models.crm_subledger_queue"


@tagged("post_install", "-at_install")
class TestConcurrency(BaseCase):
    """Real transactions that commit, side by side; what they leave is removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.cursor() as env:
            self.ids = self._create_ledger(env)
        self.addCleanup(self._clean)

    @contextmanager
    def cursor(self):
        """Give an environment whose transaction commits on leaving, unless something is raised."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    @staticmethod
    def _create_ledger(env):
        accounts = env["account.account"].create(
            [
                {"code": "998801", "name": "Parallel payable", "account_type": "liability_current"},
                {"code": "998802", "name": "Parallel expense", "account_type": "expense"},
            ]
        )
        journal = env["account.journal"].create(
            {"name": "Parallel", "code": "PARA", "type": "general"}
        )
        ledger = env["crm.subledger"].create(
            {
                "name": "Parallel",
                "code": "PARA",
                "journal_id": journal.id,
                "account_id": accounts[0].id,
                "counterpart_account_id": accounts[1].id,
            }
        )
        return {"ledger": ledger.id, "journal": journal.id, "accounts": accounts.ids}

    def _clean(self):
        # What was posted cannot be removed through the ORM, and that is tested elsewhere.
        with self.cursor() as env:
            cr = env.cr
            cr.execute("DELETE FROM crm_subledger_entry WHERE ledger_id = %s", [self.ids["ledger"]])
            cr.execute("DELETE FROM crm_subledger_queue WHERE res_model = 'crm.subledger.item'")
            cr.execute("DELETE FROM crm_subledger_item WHERE ledger_id = %s", [self.ids["ledger"]])
            cr.execute("DELETE FROM crm_subledger WHERE id = %s", [self.ids["ledger"]])
            cr.execute("DELETE FROM account_move_line WHERE journal_id = %s", [self.ids["journal"]])
            cr.execute("DELETE FROM account_move WHERE journal_id = %s", [self.ids["journal"]])
            env["account.journal"].browse(self.ids["journal"]).unlink()
            env["account.account"].browse(self.ids["accounts"]).unlink()

    def _create_items(self, env, count, **values):
        return env["crm.subledger.item"].create(
            [
                {
                    "name": f"Item {n}",
                    "ledger_id": self.ids["ledger"],
                    "partner_id": env.ref("base.main_partner").id,
                    "date": fields.Date.to_date("2026-03-10"),
                    "amount": 100,
                    **values,
                }
                for n in range(count)
            ]
        )

    def _held(self):
        with self.cursor() as env:
            ledger = env["crm.subledger"].browse(self.ids["ledger"])
            self.assertEqual(ledger._differences(), [])
            return ledger.balance

    def _work_off_queue(self):
        with self.cursor() as env:
            env["crm.subledger.queue"].search([])._process()
        with self.cursor() as env:
            self.assertFalse(
                env["crm.subledger.queue"].search([("res_model", "=", "crm.subledger.item")])
            )

    @mute_logger("odoo.sql_db", QUEUE_LOGGER)
    def test_two_at_once_post_once(self):
        """A transaction that began before another one committed must not post from what it saw."""
        with self.cursor() as env:
            item = self._create_items(env, 1, state="posted")
        early, late = self.cursor(), self.cursor()
        first, second = early.__enter__(), late.__enter__()
        # Both take their snapshot now.
        for env in (first, second):
            env.cr.execute("SELECT 1 FROM crm_subledger_entry LIMIT 1")
        first["crm.subledger.queue"]._run(item.with_env(first))
        early.__exit__(None, None, None)
        second["crm.subledger.queue"]._run(item.with_env(second))
        late.__exit__(None, None, None)
        self.assertEqual(self._held(), -100)
        self._work_off_queue()
        self.assertEqual(self._held(), -100)

    @mute_logger("odoo.sql_db", QUEUE_LOGGER)
    def test_many_threads_end_at_the_target(self):
        with self.cursor() as env:
            items = self._create_items(env, 5, state="posted")
        barrier = threading.Barrier(4)
        failures = []

        def work():
            try:
                with self.cursor() as env:
                    env.cr.execute("SELECT 1")
                    barrier.wait(timeout=30)
                    env["crm.subledger.queue"]._run(items.with_env(env))
            except Exception as error:  # a thread must hand its failure to the test
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        self.assertEqual(failures, [])
        self._work_off_queue()
        self.assertEqual(self._held(), -500)

    def test_killed_in_the_middle(self):
        """A bulk run that is killed after posting, before its commit, loses and doubles nothing."""
        with self.cursor() as env:
            items = self._create_items(env, 30, state="posted")
            env["crm.subledger.queue"]._enqueue(items)
        script = textwrap.dedent(
            """
            import os, signal, sys
            import odoo
            from odoo import SUPERUSER_ID, api
            from odoo.modules.registry import Registry
            from odoo.tools import config

            config.parse_config(["-c", sys.argv[2]])
            with Registry(sys.argv[1]).cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                rows = env["crm.subledger.queue"].search([], order="id")
                rows[:10]._process()
                cr.commit()
                rows[10:]._process()
                env.flush_all()
                os.kill(os.getpid(), signal.SIGKILL)
            """
        )
        run = subprocess.run(
            [sys.executable, "-c", script, get_db_name(), config["config"]],
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(run.returncode, -signal.SIGKILL, run.stderr)
        self.assertEqual(self._held(), -1000, "the committed batch stays, the other is undone")
        self._work_off_queue()
        self.assertEqual(self._held(), -3000)
