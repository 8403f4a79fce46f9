from odoo import fields, models


class CrmLeadWithdraw(models.TransientModel):
    """Take leads back from partners, with a reason."""

    _name = "crm.lead.withdraw"
    _description = "Withdraw Leads from Partners"

    assignment_ids = fields.Many2many("crm.lead.assignment", required=True)
    reason = fields.Char(required=True, help="Kept with the lead; the partner does not see it.")
    redistribute = fields.Boolean(
        "Offer to the Next Partner", default=True, help="Never to one that has had the lead."
    )

    def action_confirm(self):
        """Withdraw, and offer the leads to the next partners if asked to."""
        self.ensure_one()
        distributor = self.env["crm.lead.distributor"]
        distributor._check_manager()
        assignments = self.assignment_ids
        assignments.check_access("write")
        assignments._withdraw(self.reason)
        if self.redistribute:
            distributor._distribute(assignments.lead_id)
        return {"type": "ir.actions.act_window_close"}
