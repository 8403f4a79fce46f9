import unittest
from functools import partial
from threading import BrokenBarrierError

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_parallel import ParallelCase

NAME = "Parallel case"


class Refused(UserError):
    """What a person is told."""


class PartnerOfAll(ParallelCase):
    """A partner that everybody renames."""

    def _build(self, env):
        self._create_partner(env)

    def _create_partner(self, env):
        self.partner = env["res.partner"].create({"name": NAME})
        self.remove_at_end(self.partner)

    def _rename(self, name, env):
        self.partner.with_env(env).name = f"{NAME} {name}"


class Broken(PartnerOfAll):
    """What breaks off, leaves something behind that it cannot remove, and changed a company."""

    done = ()
    set_up_fails = False

    def _build(self, env):
        self._create_partner(env)
        self.change_until_end(env.company, street="Parallel street")
        self.at_end(self._note, "first")
        self.at_end(self._fail)
        self.at_end(self._note, "last")
        if self.set_up_fails:
            raise ValueError("A set-up that fails")

    def _note(self, _env, what):
        self.done += (what,)

    @staticmethod
    def _fail(_env):
        raise ValueError("A clean-up that fails")

    def break_off(self):
        with self.transaction() as env:
            env["res.partner"].create({"name": f"{NAME} of the test"})
        self.delete_at_end("res.partner", [("name", "=", f"{NAME} of the test")])
        self.fail("on purpose")


class BrokenAtOnce(Broken):
    set_up_fails = True


@tagged("post_install", "-at_install")
class TestParallelCase(PartnerOfAll):
    def _left(self):
        with self.transaction() as env:
            count = env["res.partner"].search_count([("name", "like", NAME)])
            return count, env.company.street

    def _run(self, case):
        """Run a test that fails; return how many failures and errors it had."""
        result = unittest.TestResult()
        case.run(result)
        return len(result.failures), len(result.errors)

    def test_nothing_is_left_of_a_failed_test(self):
        before = self._left()
        case = Broken("break_off")
        self.assertEqual(self._run(case), (1, 1))
        self.assertEqual(case.done, ("last", "first"))
        self.assertEqual(self._left(), before)

    def test_nothing_is_left_of_a_failed_set_up(self):
        before = self._left()
        case = BrokenAtOnce("break_off")
        self.assertEqual(self._run(case), (0, 2))
        self.assertEqual(case.done, ("last", "first"))
        self.assertEqual(self._left(), before)

    def test_collisions(self):
        """One of several that write to the same record is told so, or tries again if asked to."""
        calls = [partial(self._rename, number) for number in range(3)]
        outcomes = self.together(calls)
        self.assertEqual(outcomes.count(None), 1, outcomes)
        refused = [outcome for outcome in outcomes if outcome is not None]
        self.assertEqual({type(error) for error in refused}, {SerializationFailure})
        self.assertEqual(self.together(calls, retry=True), [None] * 3)

    def test_outcomes(self):
        def user(env):
            return env.uid, env.su

        def refuse(_env):
            raise Refused("No")

        def again(env):
            tries.append(1)
            if len(tries) < 2:
                refuse(env)

        tries = []
        with self.transaction() as env:
            admin = env.ref("base.user_admin").id
        first, second, third, fourth = self.together(
            [user, user, refuse, lambda _env: 1 / 0],
            users=[admin, SUPERUSER_ID, admin, admin],
        )
        self.assertEqual((first, second), ((admin, False), (SUPERUSER_ID, True)))
        self.assertEqual([self.said(first), self.said(third)], ["done", "No"])
        self.assertIn("ZeroDivisionError", self.said(fourth))
        self.assertEqual(self.together([again], retry=True, again=(UserError,)), [None])
        self.assertEqual(len(tries), 2)

    def test_all_begin_before_one_writes(self):
        names = []
        calls = [partial(self._rename, number) for number in range(3)]
        self.together(
            calls, prepare=lambda env: names.append(self.partner.with_env(env).name), retry=True
        )
        self.assertEqual(names, [NAME] * 3)

    def test_who_cannot_begin_stops_the_others(self):
        def look(env):
            if not env.su:
                raise ValueError("No")

        with self.transaction() as env:
            admin = env.ref("base.user_admin").id
        outcomes = self.together(
            [partial(self._rename, 1)] * 2, users=[admin, SUPERUSER_ID], prepare=look
        )
        self.assertEqual([type(error) for error in outcomes], [ValueError, BrokenBarrierError])
        with self.transaction() as env:
            self.assertEqual(self.partner.with_env(env).name, NAME)
