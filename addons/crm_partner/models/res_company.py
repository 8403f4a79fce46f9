from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    # --- portal: ordering and team ---
    partner_order_confirm = fields.Selection(
        [
            ("quotation", "Are quotations that we confirm"),
            ("confirm", "Are confirmed at once"),
        ],
        "Orders from the Partner Portal",
        default="quotation",
        required=True,
        help="Orders above the credit limit and orders that need an approval always wait for us.",
    )
    partner_stock_few = fields.Float(
        "Few in Stock up to",
        default=10,
        help="The partner portal shows 'few' up to this free quantity and 'available' above it,"
        " never the number.",
    )
    partner_invite_limit = fields.Integer(
        "Invitations a Day",
        default=20,
        help="As many invitations may the people of one partner company send within 24 hours.",
    )
    _partner_stock_few_positive = models.Constraint(
        "CHECK (partner_stock_few >= 0)", "The quantity that counts as few must not be negative."
    )
    _partner_invite_limit_positive = models.Constraint(
        "CHECK (partner_invite_limit >= 0)", "The number of invitations must not be negative."
    )
