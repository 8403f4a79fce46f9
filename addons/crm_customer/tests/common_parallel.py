import threading
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name


class ParallelCase(BaseCase):
    """Real transactions that commit, side by side; a test removes what it leaves in ``_clean``."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self._clean)

    def _clean(self):
        raise NotImplementedError

    @contextmanager
    def transaction(self):
        """Give an environment whose transaction commits on leaving, unless something is raised."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def together(self, work, count):
        """Run ``work(env, number)`` in so many transactions that begin before any of them writes.

        Each is repeated as a request of a client is. Return what was raised in the end.
        """
        barrier, failures = threading.Barrier(count), []

        def run(number):
            try:
                with self.registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    cr.execute("SELECT count(*) FROM res_partner")  # takes the snapshot
                    barrier.wait(timeout=60)
                    retrying(lambda: work(env, number), env)
            except Exception as error:  # a thread must hand its failure to the test
                failures.append(error)

        threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        return failures
