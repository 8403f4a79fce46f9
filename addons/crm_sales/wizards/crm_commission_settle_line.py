from odoo import fields, models


class CrmCommissionSettleLine(models.TransientModel):
    """One statement of a bulk action, with the reason why it is left out.

    What a colleague earns is read with the rights of the user: a line takes any statement's id.
    """

    _name = "crm.commission.settle.line"
    _description = "Statement to Confirm or Pay"

    settle_id = fields.Many2one("crm.commission.settle", ondelete="cascade", index=True)
    statement_id = fields.Many2one("crm.commission.statement", required=True)
    partner_id = fields.Many2one(related="statement_id.partner_id", related_sudo=False)
    date_from = fields.Date(related="statement_id.date_from", related_sudo=False)
    currency_id = fields.Many2one(related="statement_id.currency_id")
    earned = fields.Monetary(related="statement_id.earned", related_sudo=False)
    to_pay = fields.Monetary(related="statement_id.to_pay", related_sudo=False)
    reason = fields.Char("Left out because")
