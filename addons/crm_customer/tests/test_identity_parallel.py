from functools import partial

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

MAIL = "same@parallel-identity.example"
USCC = "91350100M000100Y43"
PEOPLE = 20


@tagged("post_install", "-at_install")
class TestIdentityParallel(ParallelCase):
    """The same e-mail and credit code come from many sides at once: one customer has them."""

    def _build(self, env):
        self.at_end(self._remove_customers)

    @staticmethod
    def _remove_customers(env):
        env["res.partner"].with_context(active_test=False, show_merged=True).search(
            [("name", "=like", "Parallel identity%")]
        ).unlink()

    def _at_once(self, work, count=PEOPLE):
        """Run ``work(number, env)`` so many times at once, retried like requests; return errors."""
        calls = [partial(work, number) for number in range(count)]
        outcomes = self.together(calls, retry=True)
        return [outcome for outcome in outcomes if outcome is not None]

    def _create(self, env, number, **values):
        return env["res.partner"].create(
            {"name": f"Parallel identity {number}", "email": MAIL, **values}
        )

    def _rows(self, env, kind="email"):
        norm = {"email": MAIL, "uscc": USCC}[kind]
        return env["crm.identity"].search([("kind", "=", kind), ("value_norm", "=", norm)])

    def _assert_one_owner(self, kind, count):
        with self.transaction() as env:
            rows = self._rows(env, kind)
            self.assertEqual(len(rows), count)
            self.assertEqual(len(rows.partner_id), count, "one row for each customer")
            self.assertEqual(len(rows.filtered(lambda row: not row.shared)), 1)

    @mute_logger("odoo.models.unlink")
    def test_twenty_new_customers(self):
        def work(number, env):
            self._create(env, number, is_company=True, company_registry=USCC, vat=USCC)

        self.assertEqual(self._at_once(work), [])
        with self.transaction() as env:
            customers = env["res.partner"].search([("name", "=like", "Parallel identity%")])
            self.assertEqual(len(customers), PEOPLE, "no customer is lost")
        self._assert_one_owner("email", PEOPLE)
        self._assert_one_owner("uscc", PEOPLE)

    @mute_logger("odoo.models.unlink")
    def test_twenty_mails_of_a_new_sender(self):
        """Core's finder, from as many mails at once: everyone gets a customer, one is known."""

        def work(number, env):
            partner = env["res.partner"].find_or_create(f"Parallel identity {number} <{MAIL}>")
            self.assertTrue(partner)

        self.assertEqual(self._at_once(work), [])
        with self.transaction() as env:
            found = env["crm.identity"]._identify("email", MAIL)
            self.assertEqual(env["res.partner"].find_or_create(MAIL), found)
            self.assertEqual(len(self._rows(env).filtered(lambda row: not row.shared)), 1)

    @mute_logger("odoo.models.unlink")
    def test_twenty_change_to_the_same(self):
        with self.transaction() as env:
            ids = [self._create(env, n, email=f"{n}{MAIL}").id for n in range(PEOPLE)]

        def work(number, env):
            env["res.partner"].browse(ids[number]).email = MAIL

        self.assertEqual(self._at_once(work), [])
        self._assert_one_owner("email", PEOPLE)

    @mute_logger("odoo.models.unlink")
    def test_added_by_hand_twice(self):
        """People who add the same value by hand: one has it, the others are told who."""
        with self.transaction() as env:
            ids = [self._create(env, n, email=False).id for n in range(4)]

        def work(number, env):
            vals = {"partner_id": ids[number], "kind": "email", "value": MAIL}
            env["crm.identity"].create(vals)

        failures = self._at_once(work, 4)
        self.assertEqual([type(error) for error in failures], [ValidationError] * 3)
        self._assert_one_owner("email", 1)

    @mute_logger("odoo.sql_db", "odoo.models.unlink")
    def test_the_owner_goes_while_another_one_comes(self):
        """Neither transaction sees the other: the value must not be left without an owner."""
        with self.transaction() as env:
            owner = self._create(env, 0).id
        going = self.begin()
        self.snapshot(going)
        with self.transaction() as coming:
            other = self._create(coming, 1).id
        going["res.partner"].browse(owner).unlink()
        going.cr.commit()
        with self.transaction() as env:
            env["crm.identity"]._gc_claims_without_holder()
            self.assertEqual(env["crm.identity"]._identify("email", MAIL).id, other)
        self._assert_one_owner("email", 1)
