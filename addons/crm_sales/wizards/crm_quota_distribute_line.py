from odoo import fields, models


class CrmQuotaDistributeLine(models.TransientModel):
    """One part of a quota that is distributed."""

    _name = "crm.quota.distribute.line"
    _description = "Part of a Distributed Quota"
    _order = "date_from, id"

    wizard_id = fields.Many2one("crm.quota.distribute", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    user_id = fields.Many2one("res.users", "Salesperson")
    team_id = fields.Many2one("crm.team", "Sales Team")
    date_from = fields.Date("From")
    amount = fields.Monetary("Quota")

    def _prepare_quota_vals(self):
        """Return the values of the quota of this part."""
        self.ensure_one()
        quota = self.wizard_id.quota_id
        return {
            "company_id": quota.company_id.id,
            "user_id": self.user_id.id,
            "team_id": self.team_id.id,
            "categ_id": quota.categ_id.id,
            "measure": quota.measure,
            "period": self.wizard_id._period(),
            "date_from": self.date_from,
            "amount": self.amount,
            "parent_id": quota.id,
        }
