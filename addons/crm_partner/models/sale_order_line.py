from odoo import api, fields, models

from odoo.addons.crm_approval.tools import empty_columns

from ..engine.deal_price import Priced, covered, exact, registered_price
from ..tools import KEY


class SaleOrderLine(models.Model):
    """A line may be sold at the discount of a registered deal, as far as its quantity goes."""

    _inherit = "sale.order.line"

    # --- deal registration ---

    deal_discount = fields.Float(
        "Registration Discount (%)",
        digits=(5, 2),
        compute="_compute_deal_discount",
        store=True,
        precompute=True,
        copy=False,
        help="Discount of the registered deal that is in the unit price.",
    )

    deal_currency_id = fields.Many2one(
        related="order_id.deal_registration_id.currency_id",
        string="Currency of the Registered Deal",
    )
    deal_list_amount = fields.Monetary(
        "Taken of the Registered Amount",
        compute="_compute_deal_list_amount",
        store=True,
        copy=False,
        currency_field="deal_currency_id",
        help="At list prices and excluding taxes, in the currency of the registered deal.",
    )

    def _auto_init(self):
        missing = empty_columns(self, "deal_discount", "deal_list_amount")
        if missing == ["deal_list_amount"]:
            self.pool.post_init(self._deal_fill_list_amounts)
        return super()._auto_init()

    def _deal_fill_list_amounts(self):
        """Compute what lines at a registered price took, where only that was not stored yet."""
        lines = self.search([("deal_discount", ">", 0)])
        self.env.add_to_compute(self._fields["deal_list_amount"], lines)

    @api.depends("order_id.deal_registration_id", "product_id", "product_uom_qty", "product_uom_id")
    def _compute_deal_discount(self):
        for line in self:
            if line.qty_invoiced > 0:
                # as the unit price, which stays when a part is invoiced
                line.deal_discount = line.deal_discount
            else:
                line.deal_discount = line._deal_rate() if line.order_id else 0.0

    @api.depends("deal_discount", "product_id", "product_uom_qty", "product_uom_id", "tax_ids")
    def _compute_deal_list_amount(self):
        # Stored: what an order took does not change with the list price later.
        for line in self:
            deal = line.order_id.deal_registration_id
            line.deal_list_amount = line._deal_listed(deal) if line.deal_discount else 0.0

    @api.constrains("product_uom_qty", "product_uom_id", "deal_discount")
    def _check_deal_quantity(self):
        """A confirmed order takes no more at the registered price than was left."""
        self.filtered(lambda line: line.state == "sale").order_id._deal_check_quantities()

    # The price does not depend on ``order_id.deal_registration_id``: Odoo takes a price that came
    # with the creation of a line for its own, and would compute it anew with every further line.
    def _deal_price_again(self, rates):
        """Have prices computed anew that are still those of the price list.

        :param dict rates: the registration discount that is in the price of each line, in percent
        """
        own = self.filtered(lambda line: line._deal_is_listed(rates.get(line, 0.0)))
        for lines, name in ((own, "price_unit"), (self, "deal_discount")):
            lines.env.add_to_compute(lines._fields[name], lines)
            lines.modified([name])

    def _deal_is_listed(self, rate):
        """Whether the unit price is that of the price list less ``rate`` percent."""
        self.ensure_one()
        if not self.product_id or self.is_downpayment or self._is_global_discount():
            return False
        line = self.with_company(self.company_id)
        price = line._deal_taxed_price(
            line.with_context(deal_rate=(KEY, rate))._get_display_price()
        )
        currency = line.currency_id or line.company_id.currency_id
        return not currency.compare_amounts(price, line.price_unit)

    def _deal_taxed_price(self, price):
        """Return a price of the product as a unit price of this line, by its fiscal position."""
        return self.product_id._get_tax_included_unit_price_from_price(
            price,
            product_taxes=self.product_id.taxes_id._filter_taxes_by_company(self.company_id),
            fiscal_position=self.order_id.fiscal_position_id,
        )

    def _reset_price_unit(self):
        result = super()._reset_price_unit()
        self.deal_discount = self._deal_rate()
        return result

    def _get_display_price(self):
        """Take the registration discount off the unit price; the tier's stays in ``discount``.

        Both multiply, and ``discount`` has two digits: in the price it is exact.
        """
        given = self.env.context.get("deal_rate")
        # a context sent by a client never holds the key
        asked = isinstance(given, tuple) and given[0] is KEY
        rate = given[1] if asked else self._deal_rate()
        return registered_price(super()._get_display_price(), rate)

    def _deal_rate(self):
        """Return the registration discount of this line in percent.

        0 without a live deal, and for what goes beyond the registered quantity or amount.
        """
        self.ensure_one()
        order = self.order_id
        # sudo: whoever quotes may not read the registration
        registration = order.sudo().deal_registration_id
        if not registration or not order.partner_id.commercial_partner_id.grade_id:
            return 0.0
        products = registration.line_ids.product_id.product_tmpl_id
        if products and self.product_id.product_tmpl_id not in products:
            return 0.0
        if not order._deal_fits() or not self._deal_is_covered(registration):
            return 0.0
        return registration.registration_discount

    def _deal_is_covered(self, registration):
        """Whether what is left of the registration is enough for the whole line.

        Lines further up in the order come first: those of the same product, or all of them where
        the amount of the deal is the limit.
        """
        order, template = self.order_id, self.product_id.product_tmpl_id
        others, without = order.order_line, order._origin
        left = registration._amount_left(without)
        if left is not None:
            lines = others | self
            asked = [line._deal_listed(registration) for line in lines]
        else:
            left = registration._quantity_left(template, without)
            if left is None:
                return True
            lines = others.filtered(lambda line: line.product_id.product_tmpl_id == template) | self
            asked = [line._deal_quantity() for line in lines]
        return covered(left, asked)[list(lines).index(self)]

    def _deal_listed(self, registration):
        """Return what the line takes of the amount of ``registration``, in its currency.

        At list prices and excluding taxes, whatever the line costs in the end; 0 for what is given
        back, for notes, down payments and reductions of the whole order.
        """
        self.ensure_one()
        line = self.with_company(self.company_id)
        if not line.product_id or line.is_downpayment or line._is_global_discount():
            return 0.0
        currency = line.currency_id or line.company_id.currency_id
        untaxed = line.tax_ids.compute_all(
            line._deal_taxed_price(line._get_pricelist_price_before_discount()),
            currency=currency,
            quantity=max(line.product_uom_qty, 0.0),
            product=line.product_id,
            partner=line.order_id.partner_shipping_id,
        )["total_excluded"]
        return currency._convert(
            untaxed,
            registration.currency_id,
            line.company_id,
            line.order_id.date_order or fields.Date.today(),
        )

    def _deal_quantity(self):
        """Return the ordered quantity in the unit of the product; 0 for what is given back."""
        self.ensure_one()
        unit = self.product_uom_id or self.product_id.uom_id
        ordered = unit._compute_quantity(self.product_uom_qty, self.product_id.uom_id, round=False)
        return max(ordered, 0.0)

    def _deal_priced(self):
        """Return what the line costs at each stage, for the waterfall of the order."""
        self.ensure_one()
        net = exact(self.price_subtotal)
        if not self.product_id or not self.pricelist_item_id or self._is_global_discount():
            # a reduction of the whole order has no list price of its own
            listed = exact(0) if self._is_global_discount() else net
            return Priced(listed, listed, exact(0), net)
        untaxed = exact(self._deal_untaxed_share() * self.product_uom_qty)
        line = self.with_company(self.company_id)
        tiered = exact(line._get_pricelist_price()) * untaxed
        listed = exact(line._get_pricelist_price_before_discount()) * untaxed
        return Priced(listed, tiered, exact(self.deal_discount), net)

    def _deal_untaxed_share(self):
        """Return the part of a unit price that is no tax included in it."""
        gross = self.price_unit * (1 - self.discount / 100) * self.product_uom_qty
        return self.price_subtotal / gross if gross else 1.0
