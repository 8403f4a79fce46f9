from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.dunning import Level


class CrmDunningLevel(models.Model):
    """A level of dunning letters: when it is reached, and its text."""

    _name = "crm.dunning.level"
    _description = "Dunning Level"
    _order = "company_id, number"

    name = fields.Char(required=True, translate=True)
    number = fields.Integer("Level", required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for all companies.")
    days = fields.Integer("Days Overdue", required=True, help="Of the oldest open invoice.")
    pause = fields.Integer("Days after the Last Letter", default=7)
    template_id = fields.Many2one(
        "mail.template",
        required=True,
        domain="[('model', '=', 'crm.dunning.letter')]",
        ondelete="restrict",
    )
    automatic = fields.Boolean(
        "Sent Automatically", help="Otherwise somebody sends it from the list of receivables."
    )

    _number_uniq = models.Constraint(
        "UNIQUE NULLS NOT DISTINCT (company_id, number)", "A level exists once."
    )

    @api.constrains("number", "days", "pause")
    def _check_numbers(self):
        for level in self:
            if level.number < 1 or level.days < 0 or level.pause < 0:
                raise ValidationError(
                    self.env._(
                        "%s: levels count from 1, days cannot be negative.", level.display_name
                    )
                )

    @api.model
    def _levels_of(self, company):
        """Return the levels of a company: its own, else those of all companies."""
        own = self.search([("company_id", "=", company.id)])
        return own or self.search([("company_id", "=", False)])

    def _for_engine(self):
        return [Level(level.number, level.days, level.pause) for level in self]
