from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SubledgerCase


@tagged("post_install", "-at_install")
class TestBadInput(SubledgerCase):
    """Each refused on save, with a message that names the record and the remedy."""

    def test_account_used_by_another_ledger(self):
        with self.assertRaisesRegex(ValidationError, "Ledger TST.*already"):
            self._create_ledger("TWO", self.payable, self.expense)

    def test_archived_ledger_frees_its_account(self):
        self.ledger.active = False
        self._create_ledger("TWO", self.payable, self.expense)
        with self.assertRaises(ValidationError):
            self.ledger.active = True

    def test_receivable_account(self):
        with self.assertRaisesRegex(ValidationError, "customers or vendors"):
            self._create_ledger("TWO", self.company_data["default_account_receivable"], self.asset)

    def test_same_account_twice(self):
        with self.assertRaisesRegex(ValidationError, "counterpart"):
            self._create_ledger("TWO", self.asset, self.asset)

    def test_archived_journal(self):
        self.journal.active = False
        with self.assertRaisesRegex(ValidationError, "archived"):
            self._create_ledger("TWO", self.asset, self.expense)

    def test_journal_of_another_type(self):
        with self.assertRaisesRegex(ValidationError, "miscellaneous journal"):
            self._create_ledger(
                "TWO",
                self.asset,
                self.expense,
                journal_id=self.company_data["default_journal_bank"].id,
            )

    def test_account_of_another_company(self):
        other = self.setup_other_company(name="Other Company")["company"]
        account = self._create_account("221190", "Foreign", "liability_current", other)
        with self.assertRaises(UserError):
            self._create_ledger("TWO", account, self.expense)

    @mute_logger("odoo.sql_db")
    def test_code_is_unique_in_a_company(self):
        with self.assertRaises(IntegrityError):
            self._create_ledger("TST", self.asset, self.expense)

    def test_accounts_are_frozen_under_entries(self):
        self.ledger.counterpart_account_id = self._create_account("660191", "Other", "expense")
        item = self._create_item(10)
        item.action_post()
        self.run_subledger()
        with self.assertRaisesRegex(UserError, "open a new sub-ledger"):
            self.ledger.account_id = self.asset
        self.ledger.write({"account_id": self.payable.id, "name": "Renamed"})
        with self.assertRaisesRegex(UserError, "Archive it"):
            self.ledger.unlink()

    def test_negative_item(self):
        with self.assertRaisesRegex(ValidationError, "positive"):
            self._create_item(-1)

    def test_posted_item_stays(self):
        item = self._create_item(10)
        item.action_post()
        with self.assertRaisesRegex(UserError, "stays in its sub-ledger"):
            item.ledger_id = self._create_ledger("TWO", self.asset, self.expense)
        with self.assertRaisesRegex(UserError, "Cancel it"):
            item.unlink()
