from odoo import fields, models


class CrmRebateWhatIfTier(models.TransientModel):
    """A step of the other scale that is tried out."""

    _name = "crm.rebate.what.if.tier"
    _description = "Tier of a Rebate Trial"
    _order = "lower_bound"

    what_if_id = fields.Many2one("crm.rebate.what.if", required=True, ondelete="cascade")
    lower_bound = fields.Float("From", digits=(16, 2))
    rate = fields.Float(digits=(16, 4))

    _figures_positive = models.Constraint(
        "CHECK(lower_bound >= 0 AND rate >= 0)", "Bounds and rates must not be negative."
    )
