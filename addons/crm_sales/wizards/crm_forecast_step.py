from odoo import fields, models


class CrmForecastStep(models.AbstractModel):
    """What both see who submit a forecast and who judge one.

    Figures are read with the rights of the user: the dialog takes any id for its forecast.
    """

    _name = "crm.forecast.step"
    _description = "Step of a Forecast"

    forecast_id = fields.Many2one("crm.forecast", required=True, readonly=True)
    currency_id = fields.Many2one(related="forecast_id.currency_id")
    quota = fields.Monetary(related="forecast_id.quota", related_sudo=False)
    closed = fields.Monetary(related="forecast_id.closed", related_sudo=False)
    commit = fields.Monetary(related="forecast_id.commit", related_sudo=False)
    best_case = fields.Monetary(related="forecast_id.best_case", related_sudo=False)
    statistical = fields.Monetary(related="forecast_id.statistical", related_sudo=False)

    def _done(self):
        return {"type": "ir.actions.act_window_close", "infos": {"done": True}}
