from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    # --- visits ---

    visit_start_partner_id = fields.Many2one(
        "res.partner",
        string="Start of Visits",
        help="The address from which the route of the day begins; empty: that of the company.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["visit_start_partner_id"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return super().SELF_WRITEABLE_FIELDS + ["visit_start_partner_id"]
