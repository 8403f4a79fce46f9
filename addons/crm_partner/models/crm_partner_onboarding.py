from odoo import fields, models

REACHED = [
    ("agreement", "The agreement is signed"),
    ("certificate", "A certificate is confirmed"),
    ("team", "A second person of the partner uses the portal"),
]


class CrmPartnerOnboarding(models.Model):
    """An item of the checklist that every new partner of a level gets."""

    _name = "crm.partner.onboarding"
    _description = "Onboarding Item"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company, index=True)
    grade_ids = fields.Many2many(
        "res.partner.grade",
        "crm_partner_onboarding_grade_rel",
        "onboarding_id",
        "grade_id",
        string="Levels",
        help="Partners of these levels get the task; empty: all partners.",
    )
    side = fields.Selection(
        [("partner", "The partner"), ("company", "We")],
        "Who",
        default="partner",
        required=True,
    )
    description = fields.Text(translate=True)
    days = fields.Integer("Due after (days)", default=30)
    reached_by = fields.Selection(
        REACHED, "Done by Itself when", help="Empty: somebody ticks it off."
    )
    url = fields.Char("Page in the Portal", help="Path that opens where the partner does it.")

    _days_positive = models.Constraint("CHECK(days >= 0)", "Days must not be negative.")
    _url_local = models.Constraint(
        "CHECK(url IS NULL OR url = '' OR url LIKE '/my/%')",
        "The page of a task is a path of the portal and starts with /my/.",
    )
