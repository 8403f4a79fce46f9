from odoo import fields, models

from ..tools import unlocked


class CrmDealDecision(models.TransientModel):
    """Why a registration is refused or taken back; the partner reads it."""

    _name = "crm.deal.decision"
    _description = "Decision on a Registered Deal"

    registration_ids = fields.Many2many("crm.deal.registration", required=True)
    action = fields.Selection(
        [("refuse", "Refuse"), ("revoke", "Take Back")], required=True, default="refuse"
    )
    reason = fields.Text(required=True, help="The partner reads it.")

    def action_confirm(self):
        """Decide, after the rights and the state were checked."""
        self.ensure_one()
        self.registration_ids._require_manager()
        states = {"refuse": ("review", "conflict"), "revoke": ("approved",)}
        self.registration_ids._require_state(*states[self.action])
        for registration in unlocked(self.registration_ids):
            if self.action == "refuse":
                registration._withdraw_approvals()
                registration._refuse(self.reason)
            else:
                registration._revoke(self.reason)
