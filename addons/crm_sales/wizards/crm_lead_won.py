from odoo import fields, models


class CrmLeadWon(models.TransientModel):
    """Asks why a deal was won, then marks it as won."""

    _name = "crm.lead.won"
    _description = "Mark Won"

    lead_id = fields.Many2one("crm.lead", required=True)
    win_reason_id = fields.Many2one("crm.win.reason", required=True)
    detail_required = fields.Boolean(related="win_reason_id.detail_required")
    win_detail = fields.Text("What Decided the Deal")

    def action_apply(self):
        """Keep the reason and mark the opportunity as won."""
        self.ensure_one()
        self.lead_id.write({"win_reason_id": self.win_reason_id.id, "win_detail": self.win_detail})
        return self.lead_id.action_set_won_rainbowman()
