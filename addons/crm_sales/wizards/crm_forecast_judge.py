from odoo import api, fields, models


class CrmForecastJudge(models.TransientModel):
    """A leader says what they expect of a forecast, and why."""

    _name = "crm.forecast.judge"
    _description = "Judge a Forecast"
    _inherit = ["crm.forecast.step"]

    submitted_amount = fields.Monetary(related="forecast_id.submitted_amount", related_sudo=False)
    comment = fields.Text(related="forecast_id.comment", related_sudo=False)
    amount = fields.Monetary(
        "My Judgement",
        compute="_compute_amount",
        compute_sudo=False,
        store=True,
        readonly=False,
    )
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
        return self._done()
