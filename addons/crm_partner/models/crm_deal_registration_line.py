from odoo import api, fields, models


class CrmDealRegistrationLine(models.Model):
    """A product of a registered deal, and how much of it may be bought at its price."""

    _name = "crm.deal.registration.line"
    _description = "Product of a Registered Deal"
    _order = "sequence, id"

    registration_id = fields.Many2one(
        "crm.deal.registration", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    product_id = fields.Many2one(
        "product.product",
        required=True,
        ondelete="restrict",
        domain="[('sale_ok', '=', True), ('company_id', 'in', (False, parent.company_id))]",
    )
    quantity = fields.Float(default=1.0, digits="Product Unit", required=True)
    list_price = fields.Monetary(compute="_compute_list_price")
    currency_id = fields.Many2one(related="registration_id.currency_id")

    quantity_taken = fields.Float(
        "Ordered",
        compute="_compute_quantity_taken",
        compute_sudo=True,
        digits="Product Unit",
        help="What confirmed orders took at the registered price, in the unit of the product.",
    )
    quantity_left = fields.Float(
        "Left",
        compute="_compute_quantity_taken",
        compute_sudo=True,
        digits="Product Unit",
        help="What can still be ordered at the registered price, in the unit of the product.",
    )

    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0)", "The quantity of a registered product has to be greater than zero."
    )

    @api.depends("product_id", "registration_id.currency_id")
    def _compute_list_price(self):
        for line in self:
            # sudo: the list price is the same for everybody
            product, registration = line.product_id.sudo(), line.registration_id
            currency = product.currency_id or line.currency_id
            line.list_price = (
                currency._convert(
                    product.lst_price,
                    line.currency_id,
                    registration.company_id,
                    fields.Date.today(),
                )
                if product and line.currency_id
                else 0.0
            )

    @api.depends("quantity", "product_id", "registration_id.order_ids.state")
    def _compute_quantity_taken(self):
        for line in self:
            line.quantity_taken, line.quantity_left = 0.0, line.quantity
        for registration in self.registration_id.filtered("id"):
            taken = registration._origin._quantities_taken()
            for line in registration.line_ids & self:
                # of several lines with the same product the first one is used up first
                template = line.product_id.product_tmpl_id
                line.quantity_taken = min(line.quantity, taken[template])
                line.quantity_left = line.quantity - line.quantity_taken
                taken[template] -= line.quantity_taken

    @api.model_create_multi
    def create(self, vals_list):
        """Add products, while the registration has not been decided.

        :raise UserError: it has
        """
        lines = super().create(vals_list)
        lines.registration_id._refuse_lines()
        return lines

    def write(self, vals):
        """Change products, while the registration has not been decided.

        :raise UserError: it has, or the one they would move to has
        """
        self.registration_id._refuse_lines()
        result = super().write(vals)
        if "registration_id" in vals:
            self.registration_id._refuse_lines()
        return result

    def unlink(self):
        """Take products out, while the registration has not been decided.

        :raise UserError: it has
        """
        self.registration_id._refuse_lines()
        return super().unlink()
