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

    # --- deal registration ---

    def _deal_match_values(self):
        """Return this company as values for ``crm.deal.matcher._subject``."""
        self.ensure_one()
        names = (
            "name", "phone", "email", "vat", "company_registry", "website", "street", "street2",
            "city", "zip", "country_id",
        )  # fmt: skip
        return {name: self[name] for name in names}
