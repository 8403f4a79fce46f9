from odoo import api, models

from odoo.addons.crm_partner.engine.deal_price import HUNDRED
from odoo.addons.crm_sales.models.crm_discount_authority import exact


class CrmDiscountAuthority(models.Model):
    """The discount of a registered deal is not charged to the salesperson's authority."""

    _inherit = "crm.discount.authority"

    @api.model
    def _entitled_prices(self, order, lines):
        """The partner is entitled to the discount of a registered deal: nobody gives it away."""
        prices = super()._entitled_prices(order, lines)
        return {
            line.id: prices[line.id] * (HUNDRED - exact(line._deal_rate())) / HUNDRED
            for line in lines
        }
