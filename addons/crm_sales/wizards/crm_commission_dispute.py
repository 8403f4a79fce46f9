from odoo import fields, models


class CrmCommissionDispute(models.TransientModel):
    """The payee gives the reason of a dispute; the manager answers it."""

    _name = "crm.commission.dispute"
    _description = "Dispute of a Commission Statement"

    statement_id = fields.Many2one("crm.commission.statement", required=True, readonly=True)
    state = fields.Selection(related="statement_id.state")
    reason = fields.Text()
    answer = fields.Text()

    def action_dispute(self):
        """Dispute the statement, as its payee."""
        self.ensure_one()
        self.statement_id._dispute(self.reason)
        return True

    def action_accept(self):
        """Accept the dispute: the statement is computed again."""
        self.ensure_one()
        self.statement_id._answer(True, self.answer)
        return True

    def action_reject(self):
        """Reject the dispute: the statement stays as it was confirmed."""
        self.ensure_one()
        self.statement_id._answer(False, self.answer)
        return True
