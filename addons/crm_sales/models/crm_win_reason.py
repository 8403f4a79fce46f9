from odoo import fields, models


class CrmWinReason(models.Model):
    """Why a deal was won; it may ask for more than itself."""

    _name = "crm.win.reason"
    _description = "Win Reason"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    detail_required = fields.Boolean(help="Whoever chooses this reason must say more.")
