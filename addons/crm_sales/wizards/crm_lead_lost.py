from odoo import fields, models


class CrmLeadLost(models.TransientModel):
    """Asks for the detail that the reason wants, and whether the customer shall be asked."""

    _inherit = "crm.lead.lost"

    detail_required = fields.Boolean(related="lost_reason_id.detail_required")
    lost_detail = fields.Text("What Decided the Deal")
    send_survey = fields.Boolean("Ask the Customer Why")

    def action_lost_reason_apply(self):
        """Keep the detail before the deals become lost; ask their customers when wanted."""
        if self.lost_detail:
            self.lead_ids.write({"lost_detail": self.lost_detail})
        result = super().action_lost_reason_apply()
        if self.send_survey:
            self.lead_ids.action_send_loss_survey()
        return result
