from odoo import fields, models


class CrmForecastStep(models.AbstractModel):
    """What both see who submit a forecast and who judge one."""

    _name = "crm.forecast.step"
    _description = "Step of a Forecast"

    forecast_id = fields.Many2one("crm.forecast", required=True, readonly=True)
    currency_id = fields.Many2one(related="forecast_id.currency_id")
    quota = fields.Monetary(related="forecast_id.quota")
    closed = fields.Monetary(related="forecast_id.closed")
    commit = fields.Monetary(related="forecast_id.commit")
    best_case = fields.Monetary(related="forecast_id.best_case")
    statistical = fields.Monetary(related="forecast_id.statistical")

    def _done(self):
        return {"type": "ir.actions.act_window_close", "infos": {"done": True}}
