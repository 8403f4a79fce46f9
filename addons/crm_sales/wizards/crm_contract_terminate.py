from odoo import fields, models


class CrmContractTerminate(models.TransientModel):
    """Ends a contract before its term, with what that means for its commissions."""

    _name = "crm.contract.terminate"
    _description = "Terminate Contract"

    order_id = fields.Many2one("sale.order", required=True, readonly=True)
    date = fields.Date("Last Day", required=True, default=fields.Date.context_today)

    def action_terminate(self):
        """End the contract on the last day entered."""
        self.ensure_one()
        self.order_id.write({"contract_terminated_on": self.date})
        return True
