from odoo import api, fields, models

TRACKED_FIELDS = frozenset({"product_uom_qty", "price_unit", "discount", "product_id", "tax_ids"})
#: whoever changes one of these answers for the prices of the quotation
PRICE_FIELDS = frozenset(
    {"price_unit", "discount", "product_id", "product_uom_qty", "product_uom_id", "tax_ids"}
)


class SaleOrderLine(models.Model):
    """A line knows the lowest price that who priced it may give."""

    _inherit = "sale.order.line"

    price_floor = fields.Float(
        "Floor Price",
        compute="_compute_price_floor",
        min_display_digits="Product Price",
        groups="base.group_user",
        help="The lowest price per unit, without taxes, that whoever priced this quotation may "
        "give without an approval.",
    )
    is_below_floor = fields.Boolean(compute="_compute_price_floor", groups="base.group_user")

    @api.depends(
        "order_id.price_user_id",
        "order_id.pricelist_id",
        "order_id.partner_id",
        "order_id.order_line.price_subtotal",
        "product_id",
        "product_uom_id",
        "product_uom_qty",
    )
    def _compute_price_floor(self):
        self.price_floor = 0.0
        self.is_below_floor = False
        for order in self.order_id:
            verdicts = {verdict.line_id: verdict for verdict in order._authority_verdicts()}
            for line in self.filtered(lambda line, order=order: line.order_id == order):
                verdict = verdicts.get(line.id)
                if verdict and verdict.floor.price is not None:
                    line.price_floor = float(verdict.floor.price)
                    line.is_below_floor = verdict.gap > 0

    @api.model_create_multi
    def create(self, vals_list):
        """Commissions follow the line, and the authority is that of who priced it last."""
        lines = super().create(vals_list)
        lines._commission_mark_dirty()
        lines.order_id._remember_pricer()
        return lines

    def write(self, vals):
        """See :meth:`create`; changes of neither price nor credited amount mark nothing."""
        result = super().write(vals)
        if TRACKED_FIELDS & vals.keys():
            self._commission_mark_dirty()
        if PRICE_FIELDS & vals.keys():
            self.order_id._remember_pricer()
        return result

    def unlink(self):
        """What is left is priced by who removed a line: discounts are judged as a whole."""
        orders = self.order_id
        result = super().unlink()
        orders.exists()._remember_pricer()
        return result

    def _commission_mark_dirty(self):
        """A change of a confirmed order changes what is booked."""
        confirmed = self.order_id.filtered(lambda order: order.state == "sale")
        if confirmed:
            self.env["crm.subledger.mixin"]._subledger_documents_dirty(confirmed)

    # --- discount authority ---

    def _is_promotion(self):
        """Whether the line is a reward of a loyalty programme, not a price somebody gave."""
        self.ensure_one()
        return "is_reward_line" in self._fields and self.is_reward_line

    def _is_priced_by_hand(self):
        """Whether a salesperson decides the price of this line.

        The parts of a combination are priced by the combination.
        """
        self.ensure_one()
        return bool(
            self.product_id
            and not self.display_type
            and not self.is_downpayment
            and not self._is_global_discount()
            and not self._is_promotion()
            and not self.combo_item_id
            and self.product_type != "combo"
            and self.product_uom_qty > 0
            and not (self.product_id.expense_policy == "cost" and self.is_expense)
            and self.price_unit >= 0
        )

    def _authority_cost(self, product):
        """Return the cost per unit of ``product``, in the currency of the quotation."""
        self.ensure_one()
        cost = product.uom_id._compute_price(product.standard_price, self.product_uom_id)
        return self._convert_to_sol_currency(cost, product.cost_currency_id)

    def _authority_untaxed(self, price):
        """Return a price of a price list without the taxes that it includes."""
        self.ensure_one()
        taxes = self.product_id.taxes_id | self.tax_ids
        if not any(tax.price_include for tax in taxes):
            return price
        price = self.product_id._get_tax_included_unit_price_from_price(
            price,
            product_taxes=self.product_id.taxes_id._filter_taxes_by_company(self.company_id),
            fiscal_position=self.order_id.fiscal_position_id,
        )
        found = self.tax_ids.compute_all(
            price,
            currency=self.currency_id,
            product=self.product_id,
            rounding_method="round_globally",
        )
        return found["total_excluded"]
