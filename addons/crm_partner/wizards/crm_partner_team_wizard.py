from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..models.crm_partner_team import ALL_ROLES


class CrmPartnerTeamWizard(models.TransientModel):
    """A channel manager sees and sets who of a partner works in the portal, and as what."""

    _name = "crm.partner.team.wizard"
    _description = "Portal Team of a Partner"

    partner_id = fields.Many2one("res.partner", required=True, readonly=True)
    line_ids = fields.One2many("crm.partner.team.wizard.line", "wizard_id", "People")
    name = fields.Char("Name of the Colleague")
    email = fields.Char("E-mail of the Colleague")
    role_admin = fields.Boolean("Administrator")
    role_sales = fields.Boolean("Sales", default=True)
    role_marketing = fields.Boolean("Marketing")
    role_finance = fields.Boolean("Finance")
    role_technical = fields.Boolean("Technical")

    @api.depends("partner_id")
    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = wizard.partner_id.display_name

    def _load(self):
        """Read the people of the partner anew."""
        self.ensure_one()
        service = self.env["crm.partner.team"]
        partner = service._check_team_access(self.partner_id)
        self.line_ids = [
            Command.clear(),
            *(
                Command.create(
                    {
                        "user_id": user.id,
                        "name": user.name,
                        "login": user.login,
                        "state": service._state(user),
                        "last_login": user.login_date,
                        **{f"role_{role}": role in service._roles(user) for role in ALL_ROLES},
                    }
                )
                for user in service._members(partner)
            ),
        ]
        return self._reopen()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Portal Team"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_invite(self):
        """Invite the colleague whose name and address were entered."""
        self.ensure_one()
        if not self.email or not self.name:
            raise UserError(self.env._("Enter the name and the e-mail of the colleague."))
        roles = [role for role in ALL_ROLES if self[f"role_{role}"]]
        self.env["crm.partner.team"]._invite(self.partner_id, self.name, self.email, roles)
        self.write({"name": False, "email": False})
        return self._load()

    def action_save(self):
        """Give everybody the roles that are ticked."""
        self.ensure_one()
        # administrators first: who takes the only one away may give it to another at once
        for line in self.line_ids.sorted(lambda line: not line.role_admin):
            line._save()
        return {"type": "ir.actions.act_window_close"}
