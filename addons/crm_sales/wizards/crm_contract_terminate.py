from odoo import api, fields, models


class CrmContractTerminate(models.TransientModel):
    """Ends a contract before its term, with what that means for plan and commissions."""

    _name = "crm.contract.terminate"
    _description = "Terminate Contract"

    order_id = fields.Many2one("sale.order", readonly=True)
    contract_id = fields.Many2one(
        "crm.contract", compute="_compute_contract_id", store=True, readonly=False
    )
    date = fields.Date("Last Day", required=True, default=fields.Date.context_today)
    reason = fields.Char()
    cancelled_count = fields.Integer("Instalments Cancelled", compute="_compute_cancelled")

    @api.depends("order_id")
    def _compute_contract_id(self):
        for wizard in self:
            contract = wizard.order_id.crm_contract_id
            if not wizard.contract_id and contract.state == "active":
                wizard.contract_id = contract

    @api.depends("contract_id", "date")
    def _compute_cancelled(self):
        for wizard in self:
            wizard.cancelled_count = len(
                wizard.contract_id.instalment_ids.filtered(
                    lambda row, day=wizard.date: (
                        row.state == "planned"
                        and not row.has_draft
                        and (not row.date_planned or not day or row.date_planned > day)
                    )
                )
            )

    def action_terminate(self):
        """End the contract on the last day entered."""
        self.ensure_one()
        if self.contract_id:
            self.contract_id._terminate(self.date, self.reason)
        if self.order_id and self.order_id.contract_terminated_on != self.date:
            self.order_id.write({"contract_terminated_on": self.date})
        return True
