from odoo import api, fields, models


class CrmRebateSettleGoods(models.TransientModel):
    """A product that a partner receives instead of money."""

    _name = "crm.rebate.settle.goods"
    _description = "Goods of a Rebate Settlement"

    settle_id = fields.Many2one("crm.rebate.settle", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="settle_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    product_id = fields.Many2one(
        "product.product", required=True, domain="[('type', '=', 'consu')]"
    )
    quantity = fields.Float(default=1.0, digits="Product Unit", required=True)
    cost = fields.Monetary(compute="_compute_cost")

    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0)", "The quantity of goods has to be above zero."
    )

    @api.depends("product_id", "quantity", "company_id")
    def _compute_cost(self):
        for line in self:
            product = line.product_id.with_company(line.company_id)
            line.cost = product.standard_price * line.quantity
