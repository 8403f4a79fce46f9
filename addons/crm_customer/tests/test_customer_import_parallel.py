from functools import partial

from psycopg2.errors import SerializationFailure

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

from .common_import import encode

MAIL = "@parallel-import.example"


@tagged("post_install", "-at_install")
class TestCustomerImportParallel(ParallelCase):
    """Imports side by side and killed."""

    def _build(self, env):
        self.at_end(self._remove_customers)
        self.delete_at_end("crm.customer.import", [("name", "=", "Parallel")])

    @staticmethod
    def _remove_customers(env):
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

    @mute_logger("odoo.models.unlink")
    def test_two_imports_at_once(self):
        ids, restarted = [self._create(25), self._create(25)], []

        def work(document_id, env):
            document = env["crm.customer.import"].browse(document_id)
            more = True
            while more:
                try:
                    more = document._next_batch()
                    env.cr.commit()
                except SerializationFailure:
                    env.cr.rollback()
                    restarted.append(document_id)

        outcomes = self.together([partial(work, document_id) for document_id in ids])
        self.assertEqual(outcomes, [None, None])
        self.assertEqual(self._count(), 25)
        self.assertTrue(restarted, "the one that came later was told to start anew")
        with self.transaction() as env:
            documents = env["crm.customer.import"].browse(ids)
            self.assertEqual(documents.mapped("state"), ["done", "done"])
            self.assertEqual(sorted(documents.mapped("created_count")), [0, 25])
            self.assertEqual(sorted(documents.mapped("matched_count")), [0, 25])

    @mute_logger("odoo.models.unlink")
    def test_killed_in_the_middle(self):
        """The batches that were committed stay, the one that was not is done again."""
        document_id = self._create(450)
        self.run_until_killed(
            """
            document = env["crm.customer.import"].browse(int(arguments[0]))
            document._next_batch()
            cr.commit()
            document._next_batch()
            env.flush_all()
            die()
            """,
            document_id,
        )
        self.assertEqual(self._count(), 200)
        with self.transaction() as env:
            document = env["crm.customer.import"].browse(document_id)
            self.assertEqual(document.done_count, 200)
            while document._next_batch():
                pass
            document.invalidate_recordset()
            self.assertEqual((document.created_count, document.state), (450, "done"))
        self.assertEqual(self._count(), 450)
