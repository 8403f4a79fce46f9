from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools import is_unlocked


class CrmPartnerContentLog(models.Model):
    """Who of a partner took or acknowledged which version, when. Rows are only added."""

    _name = "crm.partner.content.log"
    _description = "Log of Content for Partners"
    _order = "id desc"
    _rec_name = "content_id"

    content_id = fields.Many2one(
        "crm.partner.content", required=True, readonly=True, index=True, ondelete="restrict"
    )
    version_id = fields.Many2one(
        "crm.partner.content.version", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="content_id.company_id", store=True)
    kind = fields.Selection(related="content_id.kind", store=True)
    user_id = fields.Many2one(
        "res.users", "Person", required=True, readonly=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    action = fields.Selection(
        [("download", "Opened"), ("acknowledge", "Acknowledged")], required=True, readonly=True
    )
    create_date = fields.Datetime("On", readonly=True)

    _ack_uniq = models.UniqueIndex(
        "(version_id, user_id) WHERE action = 'acknowledge'",
        "This version is acknowledged already.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Note who took or acknowledged what.

        :raise AccessError: not by the methods that hand it out
        """
        self._check_method()
        return super().create(vals_list)

    def write(self, vals):
        """Keep what was noted.

        :raise AccessError: whoever asks, but code of this addon
        """
        self._check_method()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if not is_unlocked(self.env):
            raise UserError(self.env._("What was logged is kept. Archive the content instead."))

    def _check_method(self):
        if not is_unlocked(self.env):
            raise AccessError(self.env._("The log is written by downloads only."))
