from odoo import api, fields, models


class CrmCommissionSimulationLine(models.TransientModel):
    """One person of a simulation: what is posted, what the version would give."""

    _name = "crm.commission.simulation.line"
    _description = "Commission Simulation Line"

    simulation_id = fields.Many2one(
        "crm.commission.simulation", required=True, ondelete="cascade", index=True
    )
    currency_id = fields.Many2one(related="simulation_id.currency_id")
    partner_id = fields.Many2one("res.partner", "Payee", required=True, readonly=True)
    posted_basis = fields.Monetary("Basis Now", readonly=True)
    posted = fields.Monetary("Earned Now", readonly=True)
    basis = fields.Monetary("Simulated Basis", readonly=True)
    simulated = fields.Monetary(readonly=True)
    difference = fields.Monetary(compute="_compute_difference", store=True)
    change = fields.Float(compute="_compute_difference", store=True)

    @api.depends("posted", "simulated")
    def _compute_difference(self):
        for line in self:
            line.difference = line.simulated - line.posted
            line.change = line.difference / line.posted if line.posted else 0.0
