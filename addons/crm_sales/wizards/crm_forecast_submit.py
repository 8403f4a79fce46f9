from odoo import api, fields, models


class CrmForecastSubmit(models.TransientModel):
    """The salesperson says what the period will bring; the amounts of the moment are frozen."""

    _name = "crm.forecast.submit"
    _description = "Submit a Forecast"
    _inherit = ["crm.forecast.step"]

    pipeline = fields.Monetary(related="forecast_id.pipeline", related_sudo=False)
    amount = fields.Monetary(
        "My Forecast",
        compute="_compute_amount",
        compute_sudo=False,
        store=True,
        readonly=False,
        help="What you stand for. Proposed is what is closed and committed.",
    )
    comment = fields.Text()

    @api.depends("forecast_id")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.closed + wizard.commit

    def action_submit(self):
        """Submit the forecast."""
        self.ensure_one()
        self.forecast_id._submit(self.amount, self.comment)
        return self._done()

    def action_open_leads(self):
        """Look at the opportunities behind the amounts first."""
        self.ensure_one()
        return self.forecast_id.action_open_leads()
