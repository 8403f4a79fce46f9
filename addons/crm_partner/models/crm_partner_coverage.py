from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.distribution import Area


class CrmPartnerCoverage(models.Model):
    """A place a channel partner covers: a country, or parts of it. A partner has any number."""

    _name = "crm.partner.coverage"
    _description = "Coverage of a Channel Partner"
    _order = "partner_id, country_id, id"

    partner_id = fields.Many2one("res.partner", required=True, index=True, ondelete="cascade")
    country_id = fields.Many2one(
        "res.country", required=True, default=lambda self: self.env.company.country_id
    )
    state_ids = fields.Many2many(
        "res.country.state",
        string="Provinces",
        domain="[('country_id', '=', country_id)]",
        help="Empty: the whole country.",
    )
    postcodes = fields.Char(help="Beginnings of postcodes with commas between them, e.g. 20,215.")
    cities = fields.Char(help="Names of cities with commas between them.")

    @api.depends("country_id", "state_ids", "postcodes", "cities")
    def _compute_display_name(self):
        for area in self:
            parts = [
                area.country_id.name,
                ", ".join(area.state_ids.mapped("name")),
                area.postcodes,
                area.cities,
            ]
            area.display_name = " · ".join(filter(None, parts))

    @api.constrains("country_id", "state_ids")
    def _check_states(self):
        for area in self:
            foreign = area.state_ids.filtered_domain([("country_id", "!=", area.country_id.id)])
            if foreign:
                raise ValidationError(
                    self.env._(
                        "%(states)s does not belong to %(country)s. Enter one line per country.",
                        states=", ".join(foreign.mapped("name")),
                        country=area.country_id.name,
                    )
                )

    def _areas(self):
        """Return these as the engine knows them."""
        return tuple(
            Area(
                area.country_id.id,
                frozenset(area.state_ids.ids),
                split(area.postcodes),
                split(area.cities),
            )
            for area in self
        )


def split(text):
    """Return the words of a list typed by a person, with Chinese or English commas.

    >>> split("20, 215；310，"), split(False)
    (('20', '215', '310'), ())
    """
    for comma in "，、;；\n":
        text = (text or "").replace(comma, ",")
    return tuple(filter(None, (word.strip() for word in text.split(","))))
