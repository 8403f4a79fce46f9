from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import SubledgerCase

MODELS = [
    "crm.subledger",
    "crm.subledger.entry",
    "crm.subledger.item",
    "crm.subledger.queue",
    "crm.subledger.report",
    "crm.subledger.rollforward",
    "crm.deal.contribution",
]


@tagged("post_install", "-at_install")
class TestAccess(SubledgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_users()
        cls.item = cls._create_item(500)
        cls.item.write({"state": "posted"})
        cls.entry = cls.item._subledger_run()
        cls.env.flush_all()

    def _visible(self, name, user):
        """Return what a user sees of a model; programmes may open it for own documents."""
        records = self.env[name].with_user(user)
        return records.search([]) if records.has_access("read") else records

    def test_accountant_reads_all_and_changes_none(self):
        entry = self.entry.with_user(self.accountant)
        self.assertEqual(entry.amount, -500)
        self.assertTrue(entry.explanation_html)
        for name in MODELS:
            self.env[name].with_user(self.accountant).search([])
        Entry = self.env["crm.subledger.entry"].with_user(self.accountant)
        with self.assertRaises(AccessError):
            Entry.create({"ledger_id": self.ledger.id, "kind": "accrual", "amount": 5})
        with self.assertRaises(AccessError):
            self.ledger.with_user(self.accountant).name = "Mine"

    def test_adviser_configures_but_cannot_forge_entries(self):
        self.ledger.with_user(self.adviser).name = "Renamed"
        with self.assertRaises(AccessError):
            self.env["crm.subledger.entry"].with_user(self.adviser).create({})
        with self.assertRaises(AccessError):
            self.entry.with_user(self.adviser).unlink()

    def test_administrator_cannot_forge_entries(self):
        admin = self.env.ref("base.user_admin")
        admin.write({"company_ids": [(4, self.company.id)]})
        with self.assertRaises(AccessError):
            self.env["crm.subledger.entry"].with_user(admin).create({})

    def test_salesman_sees_no_ledger(self):
        # A programme may show people the name of the ledger that their own entries are in.
        for name in MODELS[1:]:
            with self.subTest(model=name):
                self.assertFalse(self._visible(name, self.salesman))
        order = self.env["sale.order"].create(
            {"partner_id": self.holder.id, "user_id": self.salesman.id}
        )
        own = order.with_user(self.salesman)
        self.assertEqual((own.subledger_entry_count, own.contribution), (0, 0))

    def test_another_company_sees_nothing(self):
        for name in MODELS:
            with self.subTest(model=name):
                records = self.env[name].with_user(self.stranger).search([])
                self.assertFalse(
                    records.filtered(lambda record: record.sudo().company_id == self.company)
                )
        with self.assertRaises(AccessError):
            self.entry.with_user(self.stranger).read(["amount"])
        with self.assertRaises(AccessError):
            self.item.with_user(self.stranger).action_cancel()

    def test_posting_needs_no_accounting_right(self):
        """The ledger follows a document whoever changes it, and shows it only to accountants."""
        self.item.sudo().amount = 600
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertEqual(sum(self.item._subledger_entries().mapped("amount")), -600)

    def test_retry_needs_write_access(self):
        row = (
            self.env["crm.subledger.queue"]
            .sudo()
            .create({"res_model": "crm.subledger.item", "res_id": self.item.id})
        )
        with self.assertRaises(AccessError):
            row.with_user(self.salesman).action_retry()
        row.with_user(self.accountant).action_retry()
        self.assertFalse(row.exists())
