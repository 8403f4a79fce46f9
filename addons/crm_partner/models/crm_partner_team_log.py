from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..tools import is_unlocked


class CrmPartnerTeamLog(models.Model):
    """Who let whom into the portal of a partner, or changed what they see. Rows are only added."""

    _name = "crm.partner.team.log"
    _description = "Portal Team Log"
    _order = "date desc, id desc"
    _rec_name = "action"

    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="partner_id.company_id", store=True, index=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", "By", required=True, readonly=True)
    contact_id = fields.Many2one(
        "res.partner", "Colleague", readonly=True, index="btree_not_null", ondelete="set null"
    )
    name = fields.Char("Name and Address", required=True, readonly=True)
    action = fields.Selection(
        [
            ("invite", "Invited"),
            ("resend", "Invited again"),
            ("roles", "Roles changed"),
            ("remove", "Removed"),
            ("restore", "Let in again"),
        ],
        required=True,
        readonly=True,
    )
    detail = fields.Char("Roles", readonly=True)

    _sent_idx = models.Index("(partner_id, date) WHERE action IN ('invite', 'resend', 'restore')")

    @api.model_create_multi
    def create(self, vals_list):
        """Note who changed what in a team.

        :raise AccessError: not by the methods that change teams
        """
        self._check_unlocked()
        return super().create(vals_list)

    def write(self, vals):
        """Keep what was noted.

        :raise AccessError: whoever asks, but code of this addon
        """
        self._check_unlocked()
        return super().write(vals)

    def unlink(self):
        """Keep what was noted.

        :raise AccessError: whoever asks, but code of this addon
        """
        self._check_unlocked()
        return super().unlink()

    def _check_unlocked(self):
        if not is_unlocked(self.env):
            raise AccessError(self.env._("The log of a team is only written by what happens."))
