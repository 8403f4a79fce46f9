from odoo import SUPERUSER_ID, Command, api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.fields import Domain
from odoo.tools import float_repr

from ..engine.portal_quantity import MAX_QUANTITY, parse_quantity

MAX_LINES = 200
PREFIX = "quantity-"


class CrmPartnerCart(models.AbstractModel):
    """What a partner orders in the portal: catalogue, cart, submission, repetition.

    Every method works as superuser and is called directly below the check that the visitor has
    the role sales at ``partner``. No price, discount, tax or state is ever taken from a request.
    """

    _name = "crm.partner.cart"
    _description = "Cart of a Partner"

    # ------------------------------------------------------------------
    # Catalogue
    # ------------------------------------------------------------------

    @api.model
    def _company(self, partner):
        """Return our company that sells to ``partner``."""
        return partner.company_id or self.env.company

    @api.model
    def _product_domain(self, partner):
        """Return which variants the partner may order; topics may narrow it by level."""
        return (
            Domain("active", "=", True)
            & Domain("channel_ok", "=", True)
            & Domain("sale_ok", "=", True)
            & Domain("type", "!=", "combo")
            & Domain("company_id", "in", [False, self._company(partner).id])
        )

    @api.model
    def _search_domain(self, partner, search="", category=None):
        domain = self._product_domain(partner)
        if search:
            domain &= Domain.OR(
                Domain(name, "ilike", search) for name in ("name", "default_code", "barcode")
            )
        if category:
            domain &= Domain("categ_id", "child_of", category.id)
        return domain

    @api.model
    def _catalogue_categories(self, partner):
        """Return the categories in which the partner finds products."""
        groups = self.env["product.product"]._read_group(
            self._product_domain(partner), ["categ_id"]
        )
        return (
            self.env["product.category"]
            .union(*(categ for [categ] in groups))
            .sorted("complete_name")
        )

    @api.model
    def _prices(self, partner, products):
        """Return (currency, price of one unit by product id) of the partner's own price list."""
        company = self._company(partner)
        pricelist = partner.with_company(company).property_product_pricelist
        currency = pricelist.currency_id or company.currency_id
        prices = pricelist.with_company(company)._get_products_price(
            products.with_company(company), 1.0, currency=currency
        )
        return currency, prices

    @api.model
    def _availability(self, partner, products):
        """Return ``available``, ``few`` or ``none`` by product id; what is not stocked is there.

        Asked for all warehouses of the company; the number never leaves the server.
        """
        company = self._company(partner)
        few = company.partner_stock_few
        stocked = products.filtered("is_storable").with_company(company)
        free = {
            product.id: product.free_qty
            for product in stocked.with_context(allowed_company_ids=company.ids)
        }
        return {
            product.id: (
                "available"
                if product.id not in free or free[product.id] > few
                else "few"
                if free[product.id] > 0
                else "none"
            )
            for product in products
        }

    @api.model
    def _addresses(self, partner):
        """Return where the partner may have goods delivered to."""
        return self.env["res.partner"].search(partner._get_delivery_address_domain(), limit=100)

    # ------------------------------------------------------------------
    # Cart
    # ------------------------------------------------------------------

    @api.model
    def _find(self, partner, user):
        """Return the open cart of ``user``; empty if there is none."""
        return self.env["sale.order"].search(
            [
                ("channel_cart_user_id", "=", user.id),
                ("company_id", "=", self._company(partner).id),
                ("partner_id", "=", partner.id),
                ("state", "=", "draft"),
            ],
            limit=1,
        )

    @api.model
    def _find_or_create(self, partner, user):
        """Return the open cart of ``user``, a new one if there is none.

        Two requests at once end in one cart: the second one is retried and finds the first's.
        """
        cart = self._find(partner, user)
        if cart:
            return cart.try_lock_for_update() or self._again()
        partner._channel_serialize()
        return (
            self.env["sale.order"]
            .with_company(self._company(partner))
            .create({"partner_id": partner.id, "channel_cart_user_id": user.id})
        )

    @api.model
    def _again(self):
        raise ConcurrencyError(self.env._("Somebody changes the same order at this moment."))

    @api.model
    def _read_quantities(self, partner, post):
        """Return quantity by product from the fields ``quantity-<id of a product>`` of a form.

        :raise UserError: for a quantity that is none, and for a product the partner may not order
        """
        typed = {
            int(name.removeprefix(PREFIX)): text
            for name, text in post.items()
            if name.startswith(PREFIX) and name.removeprefix(PREFIX).isdecimal()
        }
        # searched, not browsed: a product that is not in the catalogue is as if it did not exist
        products = self.env["product.product"].search(
            self._product_domain(partner)
            & Domain("id", "in", [product_id for product_id in typed if product_id < 2**31])
        )
        quantities = {
            product: self._read_quantity(product, typed[product.id]) for product in products
        }
        unknown = set(typed) - set(products.ids)
        if any(typed[product_id].strip() not in ("", "0") for product_id in unknown):
            raise UserError(
                self.env._("One of the products is no longer in your catalogue. Remove it.")
            )
        return quantities

    @api.model
    def _read_quantity(self, product, text):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        digits = 0 if product.tracking == "serial" else digits
        try:
            return float(parse_quantity(text, digits))
        except ValueError as error:
            raise UserError(
                self.env._(
                    "'%(text)s' is not a quantity of %(product)s that can be ordered.",
                    text=text[:20],
                    product=product.display_name,
                )
            ) from error

    @api.model
    def _add(self, partner, user, quantities):
        """Put quantities (by product) on top of what the cart of ``user`` has; return the cart."""
        quantities = {product: number for product, number in quantities.items() if number}
        if not quantities:
            raise UserError(self.env._("Enter the quantity of at least one product."))
        cart = self._find_or_create(partner, user)
        there = {line.product_id: line.product_uom_qty for line in self._lines(cart)}
        self._set(
            cart,
            {product: number + there.get(product, 0) for product, number in quantities.items()},
        )
        return cart

    @api.model
    def _lines(self, cart):
        """Return the lines of a cart that the partner may change."""
        return cart.order_line.filtered(
            lambda line: line.product_id and not line.display_type and line.product_uom_qty > 0
        )

    @api.model
    def _set(self, cart, quantities):
        """Set the quantities (by product) of a cart; 0 removes the line.

        The price of each line is what the partner's price list says for its quantity.
        """
        lines = {line.product_id: line for line in self._lines(cart)}
        commands = []
        for product, number in quantities.items():
            self._check_maximum(product, number)
            line = lines.get(product)
            if line and number:
                commands.append(Command.update(line.id, {"product_uom_qty": number}))
            elif line:
                commands.append(Command.delete(line.id))
            elif number:
                commands.append(
                    Command.create({"product_id": product.id, "product_uom_qty": number})
                )
        if commands:
            cart.write({"order_line": commands})
        if len(cart.order_line) > MAX_LINES:
            raise UserError(
                self.env._(
                    "An order has at most %s lines. Send this one and start another.", MAX_LINES
                )
            )

    @api.model
    def _check_maximum(self, product, number):
        if number > MAX_QUANTITY:
            raise UserError(
                self.env._(
                    "At most %(maximum)s of %(product)s can be ordered at once.",
                    maximum=MAX_QUANTITY,
                    product=product.display_name,
                )
            )

    @api.model
    def _update(self, partner, user, post):
        """Take over quantities and header from a form of the cart; return the cart."""
        cart = self._find(partner, user)
        if not cart:
            raise UserError(self.env._("Your cart is empty. Choose products first."))
        cart = cart.try_lock_for_update() or self._again()
        quantities = self._read_quantities(partner, post)
        header = cart._partner_cart_vals(partner, post)
        self._set(cart, quantities)
        cart.write(header)
        return cart

    @api.model
    def _empty(self, partner, user):
        """Throw the open cart of ``user`` away."""
        self._find(partner, user).unlink()

    # ------------------------------------------------------------------
    # Submission
    # ------------------------------------------------------------------

    @api.model
    def _submit(self, partner, user, seen):
        """Order what is in the cart of ``user``.

        The order is confirmed if the company says so, nothing needs an approval and the credit
        limit allows it; otherwise it waits as a quotation and says why.

        :param str seen: the total that the visitor saw, as the form of the cart sends it
        :return: (order, whether it was submitted); it was not if the total is another one now
        :raise UserError: if there is nothing to order or a product was discontinued
        """
        cart = self._find(partner, user)
        if not cart or not self._lines(cart):
            raise UserError(self.env._("Your cart is empty. Choose products first."))
        # One after the other: two orders must not both fit below the same credit limit.
        partner._channel_serialize()
        self._check_products(partner, cart)
        cart._recompute_prices()
        if seen != self._total(cart):
            return cart, False
        cart.write(
            {
                "channel_cart_user_id": False,
                "channel_ordered_by_id": user.id,
                "channel_ordered_on": fields.Datetime.now(),
                "date_order": fields.Datetime.now(),
            }
        )
        cart.message_subscribe(user.partner_id.ids)
        self._confirm_or_wait(partner, cart)
        return cart, True

    @api.model
    def _total(self, cart):
        """Return the total of a cart as a form sends it."""
        return float_repr(cart.amount_total, cart.currency_id.decimal_places)

    @api.model
    def _check_products(self, partner, cart):
        products = self._lines(cart).product_id
        gone = products - products.filtered_domain(self._product_domain(partner))
        if gone:
            raise UserError(
                self.env._(
                    "No longer available: %s. Remove it from your cart.",
                    ", ".join(gone.mapped("display_name")),
                )
            )

    @api.model
    def _confirm_or_wait(self, partner, order):
        reason = self._waiting_reason(partner, order) or self._confirm(order)
        if not reason:
            return
        order.channel_waiting_reason = reason
        body = self.env._("Ordered in the partner portal. %s", reason)
        order.message_post(body=body, author_id=order.channel_ordered_by_id.partner_id.id)
        responsible = order.user_id or partner.user_id
        if responsible:
            order.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=responsible.id,
                summary=self.env._("Order of %s from the partner portal", partner.name),
                note=reason,
            )

    @api.model
    def _waiting_reason(self, partner, order):
        """Return why an order is not confirmed at once; topics may add reasons of their own."""
        company = order.company_id
        if company.partner_order_confirm != "confirm":
            return self.env._("Orders from the portal are confirmed by us.")
        credit = self._credit(partner)
        amount = order.amount_total / (order.currency_rate or 1)
        if credit["limit"] and (
            company.currency_id.compare_amounts(credit["used"] + amount, credit["limit"]) > 0
        ):
            return self.env._("The credit limit does not cover this order.")
        return False

    @api.model
    def _credit(self, partner):
        """Return ``used`` and ``limit`` (company currency; 0: no limit) of a partner company."""
        company = self._company(partner)
        partner = partner.with_company(company)
        limited = company.account_use_credit_limit
        return {
            "used": partner.credit + partner.credit_to_invoice,
            "limit": partner.credit_limit if limited else 0.0,
        }

    @api.model
    def _confirm(self, order):
        """Confirm in the name of the salesperson; return why it could not be, or False."""
        # sudo: the partner's colleague has no right on orders; who acts is our side
        order = order.with_user(order.user_id or SUPERUSER_ID).sudo()
        try:
            with self.env.cr.savepoint():
                order.action_confirm()
                if order.state != "sale":
                    raise UserError(self.env._("It needs an approval first."))
        except UserError as error:
            order.invalidate_recordset()
            return str(error)
        order.message_post(
            body=self.env._("Your order %s is confirmed.", order.name),
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        return False

    @api.model
    def _take_back(self, partner, user, order):
        """Make a submitted order, that we have not touched yet, the cart of ``user`` again.

        :raise UserError: if it is too late, or the user has another cart
        """
        order = order.try_lock_for_update() or self._again()
        if order.state != "draft" or not order.channel_ordered_by_id or order.locked:
            raise UserError(
                self.env._("%s is already being processed. Ask your contact.", order.name)
            )
        if self._find(partner, user):
            raise UserError(self.env._("Send or empty your cart first."))
        order.activity_unlink(["mail.mail_activity_data_todo"])
        order.write(
            {
                "channel_cart_user_id": user.id,
                "channel_ordered_by_id": False,
                "channel_ordered_on": False,
                "channel_waiting_reason": False,
            }
        )
        order.message_post(body=self.env._("Taken back to the cart by %s.", user.name))

    @api.model
    def _repeat(self, partner, user, order):
        """Put what was ordered before into the cart; prices are those of today.

        :return: names of the products that cannot be ordered any more
        :raise UserError: if there is none left to order
        """
        lines = self._lines(order)
        products = lines.product_id
        orderable = products.filtered_domain(self._product_domain(partner))
        gone = products - orderable
        quantities = {}
        for line in lines.filtered(lambda line: line.product_id in orderable):
            number = line.product_uom_id._compute_quantity(
                line.product_uom_qty, line.product_id.uom_id
            )
            quantities[line.product_id] = quantities.get(line.product_id, 0) + number
        names = gone.mapped("display_name")
        if not quantities:
            raise UserError(
                self.env._(
                    "Nothing of %(order)s can be ordered any more: %(products)s",
                    order=order.name,
                    products=", ".join(names),
                )
            )
        self._add(partner, user, quantities)
        return names
