from odoo import fields, models

from .crm_stage import FORECAST_CATEGORIES


class CrmForecastSnapshotLine(models.Model):
    """One open opportunity as it stood in the week of a snapshot."""

    _name = "crm.forecast.snapshot.line"
    _description = "Forecast Snapshot Line"
    _order = "date_deadline, id"
    _rec_name = "lead_id"
    _log_access = False

    snapshot_id = fields.Many2one(
        "crm.forecast.snapshot", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    lead_id = fields.Many2one(
        "crm.lead", "Opportunity", index=True, ondelete="set null", readonly=True
    )
    lead_ref = fields.Integer(
        "Opportunity ID", required=True, readonly=True, aggregator=None, help="Stays when deleted."
    )
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    stage_id = fields.Many2one("crm.stage", ondelete="set null", readonly=True)
    category = fields.Selection(FORECAST_CATEGORIES, "Forecast", readonly=True)
    amount = fields.Monetary("Expected Revenue", readonly=True)
    date_deadline = fields.Date("Expected Closing", readonly=True)

    _one_lead = models.UniqueIndex("(snapshot_id, lead_ref)")
    _day_idx = models.Index("(snapshot_id, date_deadline)")
    _amount_is_number = models.Constraint(
        "CHECK(ABS(amount) < 1e30)", "The expected revenue is not a number."
    )
