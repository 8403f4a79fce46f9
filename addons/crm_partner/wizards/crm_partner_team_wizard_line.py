from odoo import fields, models

from ..models.crm_partner_team import ALL_ROLES


class CrmPartnerTeamWizardLine(models.TransientModel):
    """A colleague of a partner, seen by the channel manager: state and roles."""

    _name = "crm.partner.team.wizard.line"
    _description = "Colleague in the Portal Team of a Partner"

    wizard_id = fields.Many2one("crm.partner.team.wizard", required=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="cascade")
    name = fields.Char(readonly=True)
    login = fields.Char("E-mail", readonly=True)
    state = fields.Selection(
        [("active", "Active"), ("invited", "Invited"), ("removed", "Removed")], readonly=True
    )
    last_login = fields.Datetime(readonly=True)
    role_admin = fields.Boolean("Administrator")
    role_sales = fields.Boolean("Sales")
    role_marketing = fields.Boolean("Marketing")
    role_finance = fields.Boolean("Finance")
    role_technical = fields.Boolean("Technical")

    def _save(self):
        """Give the roles that are ticked; whoever was removed keeps what they had."""
        self.ensure_one()
        if self.state != "removed":
            roles = [role for role in ALL_ROLES if self[f"role_{role}"]]
            self._team()._set_roles(self.wizard_id.partner_id, self.user_id, roles)

    def _team(self):
        return self.env["crm.partner.team"]

    def action_resend(self):
        """Send the invitation once more."""
        self.ensure_one()
        self._team()._resend(self.wizard_id.partner_id, self.user_id)
        return self.wizard_id._load()

    def action_remove(self):
        """Take the portal away."""
        self.ensure_one()
        self._team()._remove(self.wizard_id.partner_id, self.user_id)
        return self.wizard_id._load()

    def action_restore(self):
        """Let in again, with the roles they had."""
        self.ensure_one()
        self._team()._restore(self.wizard_id.partner_id, self.user_id)
        return self.wizard_id._load()
