from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    # --- pipeline discipline ---
    deal_contact_days = fields.Integer("Days without Contact", default=14)
    win_reason_required = fields.Boolean()
    lost_reason_required = fields.Boolean()
    stuck_digest = fields.Boolean("Digest of Stuck Deals", default=True)
