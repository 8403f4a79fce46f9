from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    channel_grade_id = fields.Many2one(
        "res.partner.grade",
        "Programme Level",
        compute="_compute_channel_grade",
        help="Level of the company this contact belongs to.",
    )

    @api.depends("commercial_partner_id.grade_id")
    def _compute_channel_grade(self):
        for partner in self:
            partner.channel_grade_id = partner.commercial_partner_id.grade_id

    # --- people in the portal ---

    def _partner_people(self, *roles):
        """Return the contacts of these partner companies whose portal users have one of ``roles``.

        :return: ``res.partner`` (superuser), the company itself where nobody has a role
        """
        # sudo: who of a partner's team is told something
        users = (
            self.sudo()
            .env["res.users"]
            .search(
                [("partner_id", "child_of", self.commercial_partner_id.ids), ("share", "=", True)]
            )
        )
        found = users.filtered(
            lambda user: any(user.has_group(f"crm_partner.group_portal_{role}") for role in roles)
        ).partner_id
        without = self.sudo().commercial_partner_id - found.commercial_partner_id
        return found | without
