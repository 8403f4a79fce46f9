from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CrmMdfActivityType(models.Model):
    """What partners may ask money for: an exhibition, an advertisement …"""

    _name = "crm.mdf.activity.type"
    _description = "Kind of Marketing Activity"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    cofunding_max = fields.Float(
        "Co-funding up to (%)",
        default=50,
        digits=(5, 2),
        help="The highest share of the cost that we bear.",
    )
    distinct_service = fields.Boolean(
        help="The partner delivers a service we would otherwise buy elsewhere (IFRS 15.70). "
        "Claims then ask for its fair value: that part is an expense, the rest reduces revenue."
    )
    proof = fields.Text(
        "Proof Required",
        translate=True,
        help="What a claim has to bring, told to the partner: invoice, photographs, list of leads.",
    )

    @api.constrains("cofunding_max")
    def _check_cofunding(self):
        for kind in self:
            if not 0 < kind.cofunding_max <= 100:
                raise ValidationError(
                    self.env._(
                        "The co-funding of “%s” has to lie above 0 and up to 100 %%.", kind.name
                    )
                )
