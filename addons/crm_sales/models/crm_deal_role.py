from odoo import fields, models


class CrmDealRole(models.Model):
    """What somebody does in a deal, and what that means for its commission."""

    _name = "crm.deal.role"
    _description = "Role in a Deal Team"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    commission = fields.Selection(
        [("owner", "Shares the revenue"), ("overlay", "Overlay"), ("none", "None")],
        required=True,
        default="none",
        help="Overlays earn their own rate on the whole deal and take nothing from its owners.",
    )
    access = fields.Selection(
        [("none", "None"), ("read", "Read"), ("write", "Edit")], required=True, default="read"
    )
