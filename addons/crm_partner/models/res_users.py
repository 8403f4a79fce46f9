from odoo import models

ROLES = ("sales", "marketing", "finance", "technical")


class ResUsers(models.Model):
    """A person of a partner company, with roles in the portal."""

    _inherit = "res.users"

    def _channel_partner(self):
        """Return the partner company this user works for in the portal, if it is in the programme.

        :return: ``res.partner`` (superuser), empty for everybody else
        """
        self.ensure_one()
        # sudo: which company a user belongs to, and its level
        company = self.sudo().partner_id.commercial_partner_id
        return company if company.grade_id else company.browse()

    def _has_channel_role(self, role):
        """Whether the user may see the pages of ``role``: one of ROLES, or ``admin``.

        The administrator of a partner's team has every role.
        """
        self.ensure_one()
        return bool(self._channel_partner()) and self.has_group(f"crm_partner.group_portal_{role}")
