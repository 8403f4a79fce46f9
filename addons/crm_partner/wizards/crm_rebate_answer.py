from odoo import fields, models


class CrmRebateAnswer(models.TransientModel):
    """The answer to a partner's dispute."""

    _name = "crm.rebate.answer"
    _description = "Answer to a Rebate Dispute"

    dispute_id = fields.Many2one("crm.rebate.dispute", required=True, readonly=True)
    # related_sudo: whoever opens the dialog chooses the dispute, by its id
    reason = fields.Text(related="dispute_id.reason", related_sudo=False)
    amount = fields.Monetary(related="dispute_id.amount", related_sudo=False)
    currency_id = fields.Many2one(related="dispute_id.currency_id", related_sudo=False)
    answer = fields.Text()

    def action_accept(self):
        """Accept: the partner is right, and the documents or the agreement are corrected."""
        self.dispute_id._answer(True, self.answer)
        return True

    def action_reject(self):
        """Reject, with the reason."""
        self.dispute_id._answer(False, self.answer)
        return True
