from odoo import fields, models


class CrmCommissionSettleLine(models.TransientModel):
    """One statement of a bulk action, with the reason why it is left out."""

    _name = "crm.commission.settle.line"
    _description = "Statement to Confirm or Pay"

    settle_id = fields.Many2one("crm.commission.settle", ondelete="cascade", index=True)
    statement_id = fields.Many2one("crm.commission.statement", required=True)
    partner_id = fields.Many2one(related="statement_id.partner_id")
    date_from = fields.Date(related="statement_id.date_from")
    currency_id = fields.Many2one(related="statement_id.currency_id")
    earned = fields.Monetary(related="statement_id.earned")
    to_pay = fields.Monetary(related="statement_id.to_pay")
    reason = fields.Char("Left out because")
