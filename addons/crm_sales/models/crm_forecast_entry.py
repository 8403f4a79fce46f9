from odoo import fields, models


class CrmForecastEntry(models.Model):
    """What a forecast said at a moment: a submission, a judgement, or the standing of a week."""

    _name = "crm.forecast.entry"
    _description = "Forecast History"
    _order = "date desc, id desc"
    _rec_name = "forecast_id"

    forecast_id = fields.Many2one("crm.forecast", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="forecast_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(related="forecast_id.user_id", store=True, string="Salesperson")
    team_id = fields.Many2one(related="forecast_id.team_id", store=True, string="Sales Team")
    kind = fields.Selection(
        [
            ("submission", "Submission"),
            ("judgement", "Judgement"),
            ("withdrawal", "Judgement Withdrawn"),
            ("snapshot", "Weekly Snapshot"),
        ],
        required=True,
        readonly=True,
    )
    date = fields.Datetime(required=True, default=fields.Datetime.now, readonly=True)
    uid = fields.Many2one("res.users", "By", readonly=True)
    amount = fields.Monetary(readonly=True)
    note = fields.Text("Comment or Reason", readonly=True)
    closed = fields.Monetary(readonly=True)
    commit = fields.Monetary(readonly=True)
    best_case = fields.Monetary(readonly=True)
    pipeline = fields.Monetary(readonly=True)
    statistical = fields.Monetary(readonly=True)
    submitted_amount = fields.Monetary("Submitted", readonly=True)
    call = fields.Monetary("Standing Forecast", readonly=True)
    week = fields.Date(readonly=True, help="Monday of the week of a snapshot.")

    _one_week = models.UniqueIndex(
        "(forecast_id, week) WHERE week IS NOT NULL",
        "A forecast has one snapshot a week.",
    )
