from odoo import models


class AccountPartialReconcile(models.Model):
    """A payment, or its removal, moves customers between segments."""

    _name = "account.partial.reconcile"
    _inherit = ["account.partial.reconcile", "crm.segment.source"]

    def _segment_partners(self):
        """Return the customers who paid, or did not after all."""
        return self.debit_move_id.partner_id
