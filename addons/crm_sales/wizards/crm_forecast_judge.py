from odoo import api, fields, models


class CrmForecastJudge(models.TransientModel):
    """A leader says what they expect of a forecast, and why."""

    _name = "crm.forecast.judge"
    _description = "Judge a Forecast"

    forecast_id = fields.Many2one("crm.forecast", required=True, readonly=True)
    currency_id = fields.Many2one(related="forecast_id.currency_id")
    quota = fields.Monetary(related="forecast_id.quota")
    closed = fields.Monetary(related="forecast_id.closed")
    commit = fields.Monetary(related="forecast_id.commit")
    best_case = fields.Monetary(related="forecast_id.best_case")
    statistical = fields.Monetary(related="forecast_id.statistical")
    submitted_amount = fields.Monetary(related="forecast_id.submitted_amount")
    comment = fields.Text(related="forecast_id.comment")
    amount = fields.Monetary("My Judgement", compute="_compute_amount", store=True, readonly=False)
    reason = fields.Text(required=True)

    @api.depends("forecast_id")
    def _compute_amount(self):
        for wizard in self:
            forecast = wizard.forecast_id
            wizard.amount = (
                forecast.judged_amount
                or forecast.submitted_amount
                or (forecast.closed + forecast.commit)
            )

    def action_judge(self):
        """Judge the forecast."""
        self.ensure_one()
        self.forecast_id._judge(self.amount, self.reason)
        return {"type": "ir.actions.act_window_close", "infos": {"done": True}}
