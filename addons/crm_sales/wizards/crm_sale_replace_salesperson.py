from odoo import fields, models
from odoo.exceptions import UserError


class CrmSaleReplaceSalesperson(models.TransientModel):
    """Hands an order over to another salesperson from a day on."""

    _name = "crm.sale.replace.salesperson"
    _description = "Replace Salesperson"

    order_id = fields.Many2one("sale.order", required=True, readonly=True)
    old_user_id = fields.Many2one(related="order_id.user_id", string="Until now")
    new_user_id = fields.Many2one(
        "res.users", "New Salesperson", required=True, domain=[("share", "=", False)]
    )
    date = fields.Date("From", required=True, default=fields.Date.context_today)

    def action_replace(self):
        """Hand the order over: what is credited from the day on goes to the new salesperson."""
        self.ensure_one()
        order = self.order_id
        if self.new_user_id == order.user_id:
            raise UserError(
                self.env._(
                    "%(order)s belongs to %(user)s already. Choose somebody else.",
                    order=order.display_name,
                    user=order.user_id.name,
                )
            )
        order._replace_participant(order.user_id, self.new_user_id.id, self.date)
        order.user_id = self.new_user_id
        return True
