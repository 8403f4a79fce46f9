from contextlib import contextmanager
from decimal import Decimal
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests.common import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


def day(text):
    return fields.Date.to_date(text)


class SubledgerCase(AccountTestInvoicingCommon):
    """A company with one sub-ledger, and the assertions that every programme's test needs.

    ================  =====================================================
    accountant        billing: sees every entry, keeps manual items
    adviser           configures sub-ledgers
    salesman          sells, has no accounting right
    stranger          adviser of another company
    ================  =====================================================
    """

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("sales_team.group_sale_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.journal = cls.company_data["default_journal_misc"]
        cls.payable = cls._create_account("221190", "Items payable", "liability_current")
        cls.asset = cls._create_account("148190", "Items carried", "asset_current")
        cls.expense = cls._create_account("660190", "Item expense", "expense")
        cls.ledger = cls._create_ledger("TST", cls.payable, cls.expense)
        cls.holder = cls.env["res.partner"].create({"name": "Holder Li"})
        cls.holder_b = cls.env["res.partner"].create({"name": "Holder Wang"})

    @classmethod
    def _create_users(cls):
        """Create the users of the table above; only classes that test rights need them."""
        cls.accountant = cls._create_user("accountant", "account.group_account_invoice")
        cls.adviser = cls._create_user("adviser", "account.group_account_manager")
        cls.salesman = cls._create_user("salesman", "sales_team.group_sale_salesman")
        cls.other_company = cls.setup_other_company(name="Other Company")["company"]
        cls.stranger = cls._create_user(
            "stranger", "account.group_account_manager", company=cls.other_company
        )

    @classmethod
    def _create_user(cls, login, groups, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env,
            login=f"subledger_{login}",
            groups=f"base.group_user,{groups}",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    @classmethod
    def _create_account(cls, code, name, account_type, company=None):
        return cls.env["account.account"].create(
            {
                "code": code,
                "name": name,
                "account_type": account_type,
                "company_ids": [Command.set((company or cls.company).ids)],
            }
        )

    @classmethod
    def _account(cls, code):
        """Return the account of the chart with this code, trailing zeros left out."""
        account = (
            cls.env["account.account"]
            .with_company(cls.company)
            .search(
                [("code", "=", code.ljust(6, "0")), ("company_ids", "in", cls.company.ids)], limit=1
            )
        )
        assert account, f"the chart has no account {code}"
        return account

    @classmethod
    def _create_ledger(cls, code, account, counterpart, **values):
        return cls.env["crm.subledger"].create(
            {
                "name": f"Ledger {code}",
                "code": code,
                "company_id": cls.company.id,
                "journal_id": cls.journal.id,
                "account_id": account.id,
                "counterpart_account_id": counterpart.id,
                **values,
            }
        )

    @classmethod
    def _create_item(cls, amount, **values):
        item = cls.env["crm.subledger.item"].create(
            {
                "name": "Bonus",
                "ledger_id": cls.ledger.id,
                "company_id": cls.company.id,
                "partner_id": cls.holder.id,
                "date": day("2026-03-10"),
                "amount": amount,
                **values,
            }
        )
        return item

    # ------------------------------------------------------------------

    @classmethod
    def commit_documents(cls):
        """Do what happens right before a commit, and nothing after it."""
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.env.flush_all()

    @classmethod
    def run_subledger(cls):
        """Let the loop run for what became dirty, as a commit does."""
        cls.commit_documents()

    def _run_cron(self, name):
        """Run a scheduled action as the server does.

        :param str name: XML id; without a dot one of the addon that the test belongs to
        """
        self.env.flush_all()
        with self.enter_registry_test_mode():
            xml_id = name if "." in name else f"{self.test_module}.{name}"
            self.env.ref(xml_id).method_direct_trigger()
        self.env.invalidate_all()

    @contextmanager
    def poisoned(self, programme, names, error=ZeroDivisionError):
        """Make the targets of keys with these names fail while the context lasts."""
        model = self.env.registry[programme]
        original = model._subledger_targets

        def targets(keys):
            if set(keys.mapped("name")) & set(names):
                raise error("poisoned")
            return original(keys)

        with patch.object(model, "_subledger_targets", targets):
            yield

    def balance(self, account, partner=None):
        """Return the posted balance of an account, optionally of one partner."""
        domain = [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        if partner:
            domain.append(("partner_id", "=", partner.id))
        [[total]] = self.env["account.move.line"]._read_group(domain, [], ["balance:sum"])
        return total

    def assertBalance(self, account, amount, partner=None):
        """Assert the posted balance of an account to the cent."""
        self.assertEqual(
            Decimal(str(round(self.balance(account, partner), 2))), Decimal(str(amount))
        )

    def assertLedgerEqualsGL(self, ledgers=None):
        """Invariant I1: every sub-ledger equals its account, per partner and day."""
        ledgers = ledgers or self.env["crm.subledger"].search([])
        self.assertEqual(ledgers._differences(), [])
