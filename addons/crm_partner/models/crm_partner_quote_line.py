from decimal import Decimal

from odoo import api, fields, models

from ..engine.quote import totals, unit_price
from .crm_partner_quote import decimal


class CrmPartnerQuoteLine(models.Model):
    """A product in a quotation of a partner."""

    _name = "crm.partner.quote.line"
    _description = "Line of a Partner's Quotation"
    _order = "quote_id, sequence, id"

    quote_id = fields.Many2one("crm.partner.quote", required=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one(related="quote_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(related="quote_id.company_id", store=True)
    currency_id = fields.Many2one(related="quote_id.currency_id")
    sequence = fields.Integer(default=10)
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict")
    name = fields.Char("Description", compute="_compute_name", store=True, compute_sudo=True)
    uom_name = fields.Char("Unit", compute="_compute_name", store=True, compute_sudo=True)
    quantity = fields.Float(default=1.0, digits="Product Unit")
    list_price = fields.Monetary()
    purchase_price = fields.Monetary("Own Price")
    price_unit = fields.Monetary("Price")
    price_subtotal = fields.Monetary("Amount", compute="_compute_subtotal")

    @api.depends("product_id")
    def _compute_name(self):
        for line in self:
            line.name = line.product_id.display_name
            line.uom_name = line.product_id.uom_id.name

    @api.depends("quantity", "price_unit")
    def _compute_subtotal(self):
        for line in self:
            unit = decimal(line.currency_id.rounding or 0.01)
            row = decimal(line.quantity), decimal(line.price_unit)
            line.price_subtotal = float(totals([row], Decimal(0), unit).untaxed)

    @api.model_create_multi
    def create(self, vals_list):
        """Add lines as the portal's methods do.

        :raise AccessError: by hand
        """
        self.quote_id._check_method()
        return super().create(vals_list)

    def write(self, vals):
        """Change lines as the portal's methods do.

        :raise AccessError: by hand
        """
        self.quote_id._check_method()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_by_method(self):
        self.quote_id._check_method()

    def _set_prices(self):
        """Take the list price, the partner's own price, and from them the price to the customer."""
        for line in self:
            quote = line.quote_id
            product = line.product_id.with_company(quote.company_id)
            pricelist = quote.partner_id.with_company(quote.company_id).property_product_pricelist
            line.write(
                {
                    "list_price": product.currency_id._convert(
                        product.lst_price, quote.currency_id, quote.company_id, quote.date
                    ),
                    "purchase_price": pricelist._get_product_price(
                        product, line.quantity, currency=quote.currency_id, date=quote.date
                    ),
                }
            )
            line.price_unit = line._price()

    def _price(self):
        self.ensure_one()
        quote = self.quote_id
        return float(
            unit_price(
                quote.basis,
                decimal(self.purchase_price),
                decimal(self.list_price),
                decimal(quote.markup),
                decimal(quote.currency_id.rounding or 0.01),
            )
        )
