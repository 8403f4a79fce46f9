from odoo import api, fields, models

from ..engine import instalments


class CrmContractTemplateInstalment(models.Model):
    """A row of the payment plan of a template; together they are 100 % of the contract."""

    _name = "crm.contract.template.instalment"
    _description = "Instalment of a Contract Template"
    _order = "template_id, sequence, id"

    template_id = fields.Many2one(
        "crm.contract.template", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    name = fields.Char("What For", required=True, translate=True)
    kind = fields.Selection(
        [("date", "On a date"), ("milestone", "At a milestone")], required=True, default="date"
    )
    months = fields.Integer("Months after Start", help="For instalments on a date.")
    percent = fields.Float("Percentage", required=True, digits=(16, 4))

    @api.constrains("percent")
    def _check_sum(self):
        self.template_id._check_instalments()

    def _prepare_instalment_vals(self, start):
        """Return the values of the instalment of a contract that starts on that day."""
        self.ensure_one()
        by_date = self.kind == "date"
        return {
            "sequence": self.sequence,
            "name": self.name,
            "kind": self.kind,
            "percent": self.percent,
            "date_planned": instalments.add_months(start, self.months) if by_date else False,
        }
