from odoo import fields, models


class CrmRebateWhatIfLine(models.TransientModel):
    """What one participant would have earned in one period of last year."""

    _name = "crm.rebate.what.if.line"
    _description = "Result of a Rebate Trial"
    _order = "date_from, id"

    what_if_id = fields.Many2one("crm.rebate.what.if", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="what_if_id.currency_id")
    partner_id = fields.Many2one("res.partner", readonly=True)
    date_from = fields.Date("From", readonly=True)
    date_to = fields.Date("To", readonly=True)
    revenue = fields.Monetary("Purchases", readonly=True)
    quantity = fields.Float(readonly=True, digits=(16, 2))
    amount_now = fields.Monetary("Scale of the Agreement", readonly=True)
    amount_then = fields.Monetary("Other Scale", readonly=True)
    difference = fields.Monetary(readonly=True)
