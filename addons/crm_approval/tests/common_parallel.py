import os
import signal
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager
from functools import partial

from odoo import SUPERUSER_ID, api
from odoo.exceptions import ConcurrencyError, UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name
from odoo.tools import SQL, config, mute_logger

#: What a server writes to its log when two transactions collide
COLLISIONS = ("odoo.sql_db", "odoo.service.model")
#: Seconds until a transaction that never begins, or never ends, fails the test
BEGIN, END = 120, 240
#: Tables whose rows belong to records of any model, and the column with its name
CHATTER = {"mail_activity": "res_model", "mail_message": "model", "mail_followers": "res_model"}

PROCESS = """\
import os, signal, sys
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

config.parse_config(["-c", sys.argv[1], "--addons-path", sys.argv[2]])
database, *arguments = sys.argv[3:]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

with Registry(database).cursor() as cr:
    env = api.Environment(cr, SUPERUSER_ID, {})
"""


class ParallelCase(BaseCase):
    """Transactions that commit, side by side; what they leave is removed at the end.

    A subclass creates its data in :meth:`_build` and says right there how it goes away again, by
    :meth:`at_end`, :meth:`remove_at_end`, :meth:`delete_at_end` and :meth:`change_until_end`. That
    is done in reverse order, each in a transaction of its own: also when the test failed, when only
    a part was created, and when another clean-up failed.

    An *outcome* is what a call returned (plain values: the transaction is over), or the exception
    that it ended with.

    Nothing but Odoo is needed here, so tests of addons that do not depend on this one use it too.
    """

    #: Context of every environment that a test gets
    context = {}

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.transaction(tracking_disable=True) as env:
            self._build(env)

    def _build(self, env):
        """Create what the test needs; committed afterwards.

        :param env: environment of the superuser, without tracking of changes
        """

    # ------------------------------------------------------------------
    # Transactions
    # ------------------------------------------------------------------

    def _environment(self, cr, user=SUPERUSER_ID, **context):
        return api.Environment(cr, user, {**self.context, **context})

    @contextmanager
    def transaction(self, user=SUPERUSER_ID, **context):
        """Give an environment whose transaction commits on leaving, unless something is raised."""
        with self.registry.cursor() as cr:
            yield self._environment(cr, user, **context)

    def begin(self, user=SUPERUSER_ID):
        """Return an environment whose transaction the test ends itself; undone where it does not.

        It sees what is committed before its first statement, see :meth:`snapshot`.
        """
        cr = self.registry.cursor()
        self.addCleanup(cr.close)
        return self._environment(cr, user)

    @staticmethod
    def snapshot(env):
        """Fix what the transaction sees from now on: its first statement decides that."""
        env.cr.execute("SELECT 1")

    def request(self, call, user=SUPERUSER_ID, retry=True):
        """Return the outcome of ``call(env)`` in a transaction of its own.

        :param int user: id of the one who calls
        :param bool retry: try again after a collision, as the server does for every request
        """
        with mute_logger(*COLLISIONS):
            return self._attempt(call, user, retry)

    def together(self, calls, *, users=None, prepare=None, retry=False, again=()):
        """Run each ``call(env)`` in a transaction of its own, all begun before one of them writes.

        :param users: ids of those who call, in the order of the calls; the superuser if omitted
        :param prepare: ``prepare(env)`` is what each one reads before anyone writes
        :param bool retry: try again after a collision, as the server does for every request
        :param again: with ``retry``, classes of exceptions after which a person would try again
        :return: the outcomes, in the order of the calls
        """
        barrier = threading.Barrier(len(calls))
        users = users or [SUPERUSER_ID] * len(calls)
        outcomes = [None] * len(calls)

        def start(env):
            try:
                (prepare or self.snapshot)(env)
            except Exception:
                barrier.abort()  # or the others would wait for this one
                raise
            barrier.wait(BEGIN)

        def run(number, call, user):
            outcomes[number] = self._attempt(call, user, retry, again, start)

        threads = [
            threading.Thread(target=run, args=(number, call, user), daemon=True)
            for number, (call, user) in enumerate(zip(calls, users, strict=True))
        ]
        with mute_logger(*COLLISIONS):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(END)
        self.assertFalse([thread for thread in threads if thread.is_alive()], "still running")
        return outcomes

    def _attempt(self, call, user, retry, again=(), start=None):
        try:
            with self.transaction(user) as env:
                if start:
                    start(env)
                if retry:
                    return retrying(partial(self._call, call, env, again), env)
                return call(env)
        except Exception as error:  # a thread hands its failure to the test
            return error

    @staticmethod
    def _call(call, env, again):
        try:
            outcome = call(env)
            env.cr.flush()
            return outcome
        except again as error:
            raise ConcurrencyError(str(error)) from error

    @staticmethod
    def said(outcome):
        """Return "done", what the person was told, or the ``repr`` of another exception."""
        if isinstance(outcome, UserError):
            return str(outcome)
        return repr(outcome) if isinstance(outcome, Exception) else "done"

    def run_until_killed(self, code, *arguments):
        """Run code in a process of its own, in which nothing is committed or undone at the end.

        :param str code: has ``env``, ``cr`` and ``arguments`` (texts); calls ``die()``
        """
        code = PROCESS + textwrap.indent(textwrap.dedent(code), "    ")
        run = subprocess.run(
            [
                *(sys.executable, "-c", code, config["config"], ",".join(config["addons_path"])),
                *(get_db_name(), *map(str, arguments)),
            ],
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=END,
            check=False,
        )
        self.assertEqual(run.returncode, -signal.SIGKILL, run.stderr[-2000:])

    # ------------------------------------------------------------------
    # What is done at the end
    # ------------------------------------------------------------------

    def at_end(self, work, *arguments):
        """Run ``work(env, *arguments)`` at the end, before what was said earlier."""
        self.addCleanup(self._end, work, arguments)

    def _end(self, work, arguments):
        with self.transaction() as env:
            # a thread of the test that hangs must not hang the run
            env.cr.execute("SET LOCAL lock_timeout = '60s'")
            work(env, *arguments)

    def remove_at_end(self, records):
        """Remove the records through the ORM."""
        self.at_end(self._remove, records._name, records.ids)

    @staticmethod
    def _remove(env, model, ids):
        env[model].browse(ids).exists().unlink()

    def delete_at_end(self, model, domain):
        """Delete in SQL what a search finds at the end, with what hangs on it in its chatter.

        That is for what the ORM protects, which is tested elsewhere: posted, logged, signed.
        """
        self.at_end(self._delete, model, domain)

    @staticmethod
    def _delete(env, model, domain):
        ids = env[model].with_context(active_test=False).search(domain).ids
        for table, column in CHATTER.items():
            env.cr.execute(
                SQL(
                    "DELETE FROM %s WHERE %s = %s AND res_id = ANY(%s)",
                    *(SQL.identifier(table), SQL.identifier(column), model, ids),
                )
            )
        table = SQL.identifier(env[model]._table)
        env.cr.execute(SQL("DELETE FROM %s WHERE id = ANY(%s)", table, ids))
        env.invalidate_all()

    def change_until_end(self, record, **values):
        """Change fields of a record that was there before; they get their old values back."""
        old = {name: record[name] for name in values}
        self.at_end(self._restore, record._name, record.id, old)
        record.write(values)

    @staticmethod
    def _restore(env, model, record_id, values):
        env[model].browse(record_id).write(values)
