from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    """Where revenue over time is kept, and from which share of a budget on people are warned."""

    _inherit = "res.company"

    # --- project delivery ---
    contract_liability_ledger_id = fields.Many2one(
        "crm.subledger", domain="[('kind', '=', 'contract_liability')]"
    )
    contract_asset_ledger_id = fields.Many2one(
        "crm.subledger", domain="[('kind', '=', 'contract_asset')]"
    )
    budget_alarm_percents = fields.Char("Budget Alarms at (%)", default="80, 100")

    @api.constrains("budget_alarm_percents")
    def _check_budget_alarm_percents(self):
        for company in self:
            self._parse_alarm_percents(company.budget_alarm_percents, company.display_name)

    @api.model
    def _parse_alarm_percents(self, text, where):
        """Return the thresholds of a text such as ``80, 100`` in rising order.

        :raise ValidationError: one of them is no percentage above zero
        """
        try:
            percents = sorted(
                {float(part) for part in (text or "").replace("，", ",").split(",") if part.strip()}
            )
        except ValueError as error:
            percents, text = [0.0], f"{text}: {error}"
        if any(not 0 < percent < 10000 for percent in percents):
            raise ValidationError(
                self.env._(
                    "%(where)s: “%(text)s” are no percentages. Enter numbers above 0, separated by "
                    "commas, for example 80, 100.",
                    where=where,
                    text=text,
                )
            )
        return percents
