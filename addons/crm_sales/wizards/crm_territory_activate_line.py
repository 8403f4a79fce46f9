from odoo import fields, models


class CrmTerritoryActivateLine(models.TransientModel):
    """Leads that would go from one territory to another."""

    _name = "crm.territory.activate.line"
    _description = "Move between Territories"
    _order = "lead_count desc, id"

    wizard_id = fields.Many2one("crm.territory.activate", required=True, ondelete="cascade")
    from_id = fields.Many2one("crm.territory", readonly=True, ondelete="cascade")
    to_id = fields.Many2one("crm.territory", readonly=True, ondelete="cascade")
    lead_count = fields.Integer("Leads", readonly=True)
    expected_revenue = fields.Float(readonly=True)
