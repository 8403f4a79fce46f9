from odoo import fields, models


class AccountPayment(models.Model):
    """A payment shows the sub-ledger entries of its journal entry."""

    _inherit = "account.payment"

    subledger_entry_count = fields.Integer(related="move_id.subledger_entry_count")

    def action_open_subledger_entries(self):
        """Open the sub-ledger entries that this payment stands behind."""
        self.ensure_one()
        return self.move_id.action_open_subledger_entries()
