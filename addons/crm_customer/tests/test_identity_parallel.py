from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_parallel import ParallelCase

MAIL = "same@parallel-identity.example"
USCC = "91350100M000100Y43"
PEOPLE = 20


@tagged("post_install", "-at_install")
class TestIdentityParallel(ParallelCase):
    """The same e-mail and credit code come from many sides at once: one customer has them."""

    def _clean(self):
        with self.transaction() as env:
            env["res.partner"].with_context(active_test=False, show_merged=True).search(
                [("name", "=like", "Parallel identity%")]
            ).unlink()

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

    @mute_logger("odoo.sql_db", "odoo.models.unlink")
    def test_twenty_new_customers(self):
        def work(env, number):
            self._create(env, number, is_company=True, company_registry=USCC, vat=USCC)

        self.assertEqual(self.together(work, PEOPLE), [])
        with self.transaction() as env:
            customers = env["res.partner"].search([("name", "=like", "Parallel identity%")])
            self.assertEqual(len(customers), PEOPLE, "no customer is lost")
        self._assert_one_owner("email", PEOPLE)
        self._assert_one_owner("uscc", PEOPLE)

    @mute_logger("odoo.sql_db", "odoo.models.unlink")
    def test_twenty_mails_of_a_new_sender(self):
        """Core's finder, from as many mails at once: everyone gets a customer, one is known."""

        def work(env, number):
            partner = env["res.partner"].find_or_create(f"Parallel identity {number} <{MAIL}>")
            self.assertTrue(partner)

        self.assertEqual(self.together(work, PEOPLE), [])
        with self.transaction() as env:
            found = env["crm.identity"]._identify("email", MAIL)
            self.assertEqual(env["res.partner"].find_or_create(MAIL), found)
            self.assertEqual(len(self._rows(env).filtered(lambda row: not row.shared)), 1)

    @mute_logger("odoo.sql_db", "odoo.models.unlink")
    def test_twenty_change_to_the_same(self):
        with self.transaction() as env:
            ids = [self._create(env, n, email=f"{n}{MAIL}").id for n in range(PEOPLE)]

        def work(env, number):
            env["res.partner"].browse(ids[number]).email = MAIL

        self.assertEqual(self.together(work, PEOPLE), [])
        self._assert_one_owner("email", PEOPLE)

    @mute_logger("odoo.sql_db", "odoo.models.unlink")
    def test_added_by_hand_twice(self):
        """People who add the same value by hand: one has it, the others are told who."""
        with self.transaction() as env:
            ids = [self._create(env, n, email=False).id for n in range(4)]

        def work(env, number):
            vals = {"partner_id": ids[number], "kind": "email", "value": MAIL}
            env["crm.identity"].create(vals)

        failures = self.together(work, 4)
        self.assertEqual(len(failures), 3)
        self.assertEqual({type(error).__name__ for error in failures}, {"ValidationError"})
        self._assert_one_owner("email", 1)

    @mute_logger("odoo.sql_db", "odoo.models.unlink")
    def test_the_owner_goes_while_another_one_comes(self):
        """Neither transaction sees the other: the value must not be left without an owner."""
        with self.transaction() as env:
            owner = self._create(env, 0).id
        with self.registry.cursor() as going, self.transaction() as coming:
            going.execute("SELECT count(*) FROM res_partner")  # takes the snapshot
            other = self._create(coming, 1).id
            coming.cr.commit()
            coming(cr=going)["res.partner"].browse(owner).unlink()
            going.commit()
        with self.transaction() as env:
            env["crm.identity"]._gc_claims_without_holder()
            self.assertEqual(env["crm.identity"]._identify("email", MAIL).id, other)
        self._assert_one_owner("email", 1)
