from odoo import api, fields, models


class CrmLeadCompetitor(models.Model):
    """A competitor in one opportunity: where they stand and at what price."""

    _name = "crm.lead.competitor"
    _description = "Competitor in an Opportunity"
    _order = "lead_id, id"

    lead_id = fields.Many2one("crm.lead", required=True, ondelete="cascade", index=True)
    competitor_id = fields.Many2one(
        "crm.competitor", required=True, ondelete="restrict", index=True
    )
    status = fields.Selection(
        [
            ("identified", "Identified"),
            ("ahead", "Ahead of Us"),
            ("behind", "Behind Us"),
            ("out", "Out of the Race"),
            ("winner", "Won the Deal"),
        ],
        required=True,
        default="identified",
    )
    price = fields.Monetary(currency_field="company_currency", help="Their offer, as far as known.")
    company_currency = fields.Many2one(related="lead_id.company_currency")
    note = fields.Char()
    won_status = fields.Selection(related="lead_id.won_status", store=True, string="Outcome")

    _once = models.Constraint(
        "UNIQUE(lead_id, competitor_id)", "This competitor is named on the opportunity already."
    )

    @api.depends("competitor_id.name")
    def _compute_display_name(self):
        for row in self:
            row.display_name = row.competitor_id.name
