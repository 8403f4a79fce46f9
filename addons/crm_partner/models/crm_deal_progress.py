from odoo import fields, models


class CrmDealProgress(models.Model):
    """What the partner reports on a registered deal; a log that nobody changes."""

    _name = "crm.deal.progress"
    _description = "Progress of a Registered Deal"
    _order = "date desc, id desc"

    registration_id = fields.Many2one(
        "crm.deal.registration", required=True, index=True, ondelete="cascade"
    )
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", "Reported by", default=lambda self: self.env.uid)
    stage = fields.Selection(
        [
            ("contact", "First Contact"),
            ("demo", "Demonstration"),
            ("offer", "Offer Made"),
            ("negotiation", "Negotiation"),
            ("decision", "Waiting for the Decision"),
        ],
        required=True,
    )
    probability = fields.Integer("Chance (%)")
    expected_close = fields.Date()
    note = fields.Text(required=True)

    _probability_range = models.Constraint(
        "CHECK(probability >= 0 AND probability <= 100)", "A chance lies between 0 and 100 %."
    )
