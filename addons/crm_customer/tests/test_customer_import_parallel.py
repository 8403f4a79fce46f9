import os
import signal
import subprocess
import sys
import textwrap
import threading

import psycopg2

from odoo.tests import get_db_name, tagged
from odoo.tools import config, mute_logger

from .common_import import encode
from .common_parallel import ParallelCase

MAIL = "@parallel-import.example"


@tagged("post_install", "-at_install")
class TestCustomerImportParallel(ParallelCase):
    """Imports in real transactions, side by side and killed."""

    def _clean(self):
        with self.transaction() as env:
            env.cr.execute("DELETE FROM crm_customer_import WHERE name = 'Parallel'")
            env["res.partner"].search([("email_normalized", "=like", f"%{MAIL}")]).unlink()

    def _create(self, rows):
        text = "name,email\n" + "".join(f"P{n},p{n}{MAIL}\n" for n in range(rows))
        with self.transaction() as env:
            document = env["crm.customer.import"].create(
                {"name": "Parallel", "file": encode(text), "file_name": "p.csv"}
            )
            document.action_check()
            document.state = "running"
            return document.id

    def _count(self):
        with self.transaction() as env:
            return env["res.partner"].search_count([("email_normalized", "=like", f"%{MAIL}")])

    @mute_logger("odoo.sql_db", "odoo.models.unlink")
    def test_two_imports_at_once(self):
        ids = [self._create(25), self._create(25)]
        barrier, failures = threading.Barrier(2), []

        def work(document_id):
            waited = False
            while True:
                try:
                    with self.transaction() as env:
                        env.cr.execute("SELECT count(*) FROM res_partner")  # takes the snapshot
                        if not waited:
                            barrier.wait(timeout=30)
                            waited = True
                        if not env["crm.customer.import"].browse(document_id)._next_batch():
                            return
                except psycopg2.errors.SerializationFailure:
                    failures.append(document_id)

        threads = [threading.Thread(target=work, args=[id_]) for id_ in ids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        self.assertEqual(self._count(), 25)
        self.assertTrue(failures, "the one that came later was told to start anew")
        with self.transaction() as env:
            documents = env["crm.customer.import"].browse(ids)
            self.assertEqual(documents.mapped("state"), ["done", "done"])
            self.assertEqual(sorted(documents.mapped("created_count")), [0, 25])
            self.assertEqual(sorted(documents.mapped("matched_count")), [0, 25])

    @mute_logger("odoo.models.unlink")
    def test_killed_in_the_middle(self):
        """The batches that were committed stay, the one that was not is done again."""
        document_id = self._create(450)
        script = textwrap.dedent(
            """
            import os, signal, sys
            from odoo import SUPERUSER_ID, api
            from odoo.modules.registry import Registry
            from odoo.tools import config

            config.parse_config(["-c", sys.argv[3]])
            with Registry(sys.argv[1]).cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                document = env["crm.customer.import"].browse(int(sys.argv[2]))
                document._next_batch()
                cr.commit()
                document._next_batch()
                env.flush_all()
                os.kill(os.getpid(), signal.SIGKILL)
            """
        )
        run = subprocess.run(
            [sys.executable, "-c", script, get_db_name(), str(document_id), config["config"]],
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(run.returncode, -signal.SIGKILL, run.stderr)
        self.assertEqual(self._count(), 200)
        with self.transaction() as env:
            document = env["crm.customer.import"].browse(document_id)
            self.assertEqual(document.done_count, 200)
            while document._next_batch():
                pass
            document.invalidate_recordset()
            self.assertEqual((document.created_count, document.state), (450, "done"))
        self.assertEqual(self._count(), 450)
