from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    # --- visits ---

    visit_radius = fields.Integer(
        "Radius of a Check-In (m)",
        default=300,
        help="A check-in farther from the customer's address is marked. 0: none is.",
    )

    _visit_radius_positive = models.Constraint(
        "CHECK (visit_radius >= 0)", "The radius of a check-in is 0 or more."
    )
