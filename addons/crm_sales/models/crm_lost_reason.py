from odoo import fields, models


class CrmLostReason(models.Model):
    """A reason may ask for more than itself."""

    _inherit = "crm.lost.reason"

    detail_required = fields.Boolean(
        help="Whoever chooses this reason must say more: who was chosen, at what price, and why."
    )
