# Only the class of that addon is used: approvals need not be installed.
from odoo.addons.crm_approval.tests.common_parallel import ParallelCase


class ParallelLedgerCase(ParallelCase):
    """Committed sub-ledgers and what they book in."""

    def _create_accounts(self, env, *rows):
        """Return new accounts.

        :param rows: code, name and type of each
        """
        accounts = env["account.account"].create(
            [
                {
                    "code": code,
                    "name": name,
                    "account_type": kind,
                    "reconcile": kind == "asset_receivable",
                }
                for code, name, kind in rows
            ]
        )
        self.remove_at_end(accounts)
        return accounts

    def _create_journal(self, env, code, **values):
        """Return a new journal; its entries, posted or not, go with it at the end."""
        journal = env["account.journal"].create(
            {"name": f"Journal {code}", "code": code, "type": "general", **values}
        )
        self.remove_at_end(journal)
        self.delete_at_end("account.move", [("journal_id", "=", journal.id)])
        self.delete_at_end("account.move.line", [("journal_id", "=", journal.id)])
        return journal

    def _create_ledger(self, env, code, account, counterpart, model, **values):
        """Return a new ledger with a journal of its own.

        :param str model: whose records book in it; their queue is emptied at the end
        """
        ledger = env["crm.subledger"].create(
            {
                "name": f"Ledger {code}",
                "code": code,
                "journal_id": self._create_journal(env, code).id,
                "account_id": account.id,
                "counterpart_account_id": counterpart.id,
                **values,
            }
        )
        self.delete_at_end("crm.subledger", [("id", "=", ledger.id)])
        self.delete_at_end("crm.subledger.queue", [("res_model", "=", model)])
        self.delete_at_end("crm.subledger.entry", [("ledger_id", "=", ledger.id)])
        return ledger
