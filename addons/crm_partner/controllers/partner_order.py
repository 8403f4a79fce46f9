from werkzeug.exceptions import NotFound

from odoo import http
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.portal.controllers.portal import pager

from .partner_portal import PartnerPortal

CATALOGUE = "/my/partner/order"
CART = "/my/partner/order/cart"
ORDERS = "/my/partner/orders"
PAGE = 24
VISIBLE = ("sent", "sale", "cancel")


class PartnerOrder(PartnerPortal):
    """Catalogue, cart and orders of a partner; every page needs the role sales."""

    def _partner_cart(self):
        """Return (partner company, cart service), both superuser, for a visitor with the role."""
        partner = self._partner_access("sales")
        # sudo: checked above; the service takes no price, state or foreign record of a request
        return partner, request.env["crm.partner.cart"].sudo()

    # ------------------------------------------------------------------
    # Catalogue
    # ------------------------------------------------------------------

    @http.route(
        [CATALOGUE, f"{CATALOGUE}/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def partner_catalogue(self, page=1, search="", category="", **_parameters):
        """Show what the partner may order, at its own prices and with what is in stock; role sales.

        :param str page: from 1; a page beyond the last one shows the last
        :param str search: part of a name, a reference or a barcode; 100 characters count
        :param str category: id of a category of the catalogue; any other text means all
        """
        partner, service = self._partner_cart()
        search = (search or "").strip()[:100]
        categories = service._catalogue_categories(partner)
        chosen = categories.filtered(lambda one: str(one.id) == category)
        domain = service._search_domain(partner, search, chosen)
        products = service.env["product.product"]
        arguments = {"search": search, "category": chosen.id or ""}
        paging = pager(
            url=CATALOGUE,
            total=products.search_count(domain),
            page=page,
            step=PAGE,
            url_args={name: value for name, value in arguments.items() if value},
        )
        found = products.search(domain, limit=PAGE, offset=paging["offset"])
        values = self._partner_values(
            "partner_catalogue",
            page_title=request.env._("Catalogue"),
            categories=categories,
            pager=paging,
            page=paging["page"]["num"],
            **arguments,
            **self._catalogue_values(partner, service, found),
        )
        return request.render("crm_partner.portal_catalogue", values)

    def _catalogue_values(self, partner, service, products):
        """Return products with price, stock and what the visitor's cart has of them."""
        currency, prices = service._prices(partner, products)
        cart = service._find(partner, request.env.user)
        return {
            "products": products,
            "prices": prices,
            "currency": currency,
            "availability": service._availability(partner, products),
            "in_cart": {line.product_id.id: line.product_uom_qty for line in service._lines(cart)},
            "cart": cart,
        }

    @http.route(
        f"{CATALOGUE}/add", type="http", auth="user", website=True, methods=["POST"], csrf=True
    )
    def partner_cart_add(self, **post):
        """Put the quantities of a page of the catalogue on top of what is in the cart; role sales.

        All of them or, when one is refused, none; the visitor is back on the same page either way.
        """
        partner, service = self._partner_cart()
        _cart, error = self._partner_attempt(
            lambda: service._add(partner, request.env.user, service._read_quantities(partner, post))
        )
        back = {name: post[name] for name in ("search", "category") if post.get(name)}
        page = post.get("page", "")
        url = f"{CATALOGUE}/page/{page}" if page.isdecimal() and page != "1" else CATALOGUE
        if error:
            return self._partner_redirect(url, error=error, **back)
        return self._partner_redirect(url, notice=request.env._("Added to your cart."), **back)

    # ------------------------------------------------------------------
    # Cart
    # ------------------------------------------------------------------

    @http.route(CART, type="http", auth="user", website=True, readonly=True)
    def partner_cart(self, **_parameters):
        """Show the visitor's own cart with today's prices, addresses and deals; role sales."""
        partner, service = self._partner_cart()
        cart = service._find(partner, request.env.user)
        lines = service._lines(cart)
        values = self._partner_values(
            "partner_cart",
            page_title=request.env._("Cart"),
            cart=cart,
            lines=lines,
            other_lines=cart.order_line - lines,
            total=service._total(cart) if cart else "",
            addresses=service._addresses(partner),
            deals=cart._partner_cart_deals(partner),
            availability=service._availability(partner, lines.product_id),
        )
        return request.render("crm_partner.portal_cart", values)

    @http.route(
        f"{CART}/update", type="http", auth="user", website=True, methods=["POST"], csrf=True
    )
    def partner_cart_update(self, action="update", total="", **post):
        """Save the cart, and order it when ``action`` is "submit"; role sales.

        :param str action: "update", "submit" or "empty"
        :param str total: the total with its currency as the visitor saw it; when it has become
            another one, nothing is ordered and the visitor is asked to look again
        :param post: quantities and heading of the form, untrusted
        """
        partner, service = self._partner_cart()
        user = request.env.user
        if action == "empty":
            service._empty(partner, user)
            return self._partner_redirect(
                CATALOGUE, notice=request.env._("Your cart is empty now.")
            )

        def change():
            cart = service._update(partner, user, post)
            if action != "submit":
                return cart, False
            return service._submit(partner, user, total)

        result, error = self._partner_attempt(change)
        if error:
            return self._partner_redirect(CART, error=error)
        order, submitted = result
        if submitted:
            return self._partner_redirect(
                f"{ORDERS}/{order.id}", notice=self._submitted_message(order)
            )
        if action == "submit":
            return self._partner_redirect(
                CART,
                error=request.env._("The total has changed. Look at it and order again."),
            )
        return self._partner_redirect(CART, notice=request.env._("Your cart is up to date."))

    def _submitted_message(self, order):
        if order.state == "sale":
            return request.env._("Thank you. Your order %s is confirmed.", order.name)
        return request.env._(
            "Thank you. We received your order %s and will confirm it.", order.name
        )

    # ------------------------------------------------------------------
    # Orders
    # ------------------------------------------------------------------

    def _orders_domain(self, partner):
        return (
            Domain("partner_id", "child_of", partner.ids)
            & Domain("channel_cart_user_id", "=", False)
            & (Domain("state", "in", VISIBLE) | Domain("channel_ordered_on", "!=", False))
        )

    def _orders_options(self, partner):
        # sudo: the caller checked the role; only serial numbers of this partner are searched
        lots = request.env["stock.lot"].sudo()
        return {
            "searchbar_inputs": {
                "order": {
                    "input": "order",
                    "label": request.env._("Search in Orders"),
                    "fields": ["name", "client_order_ref"],
                },
                "product": {
                    "input": "product",
                    "label": request.env._("Search in Products"),
                    "fields": ["order_line.name"],
                },
                "serial": {
                    "input": "serial",
                    "label": request.env._("Search in Serial Numbers"),
                    "domain": lambda text: [("id", "in", lots._channel_orders(partner, text).ids)],
                },
            },
            "searchbar_filters": {
                "all": {"label": request.env._("All"), "domain": []},
                "waiting": {
                    "label": request.env._("Waiting"),
                    "domain": [("state", "in", ("draft", "sent"))],
                },
                "confirmed": {
                    "label": request.env._("Confirmed"),
                    "domain": [("state", "=", "sale")],
                },
                "cancelled": {
                    "label": request.env._("Cancelled"),
                    "domain": [("state", "=", "cancel")],
                },
            },
            "searchbar_sortings": {
                "date": {"label": request.env._("Newest"), "order": "date_order desc, id desc"},
                "name": {"label": request.env._("Number"), "order": "name desc, id desc"},
            },
        }

    @http.route(
        [ORDERS, f"{ORDERS}/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def partner_orders(self, page=1, **chosen):
        """List what the partner has ordered, and what we quoted; role sales. No carts."""
        partner = self._partner_access("sales")
        values = self._partner_list(
            "sale.order",
            ORDERS,
            domain=self._orders_domain(partner),
            options=self._orders_options(partner),
            page=page,
            **chosen,
        )
        values = self._partner_values(
            "partner_orders", page_title=request.env._("Orders"), **values
        )
        return request.render("crm_partner.portal_orders", values)

    def _partner_order_record(self, order_id):
        """Return an order of the list (superuser), or raise ``NotFound``."""
        partner = self._partner_access("sales")
        order = self._partner_record("sale.order", order_id, "sales")
        if not order.filtered_domain(self._orders_domain(partner)):
            raise NotFound
        # sudo: found with the rights of the visitor; deliveries and lines are shown with it
        return partner, order.sudo()

    @http.route(f"{ORDERS}/<int:order_id>", type="http", auth="user", website=True, readonly=True)
    def partner_order(self, order_id, **_parameters):
        """Show an order with its deliveries and invoices; role sales.

        :raise NotFound: for the order of another company, as for one that does not exist
        """
        partner, order = self._partner_order_record(order_id)
        values = self._partner_values(
            "partner_orders",
            page_title=request.env._("Orders"),
            page_url=ORDERS,
            page_record=order.name,
            **self._partner_order_values(partner, order),
        )
        return request.render("crm_partner.portal_order", values)

    def _partner_order_values(self, partner, order):
        """Values of the page of one order (superuser, the visitor may read it)."""
        done = order.picking_ids.move_line_ids.filtered(
            lambda line: (
                line.state == "done" and line.lot_id and line.location_dest_id.usage == "customer"
            )
        )
        invoices = order.invoice_ids.filtered(lambda move: move.state == "posted")
        return {
            "order": order,
            "lines": order.order_line.filtered(lambda line: not line.display_type),
            "pickings": order.picking_ids.filtered(
                lambda picking: (
                    picking.picking_type_code == "outgoing" and picking.state != "cancel"
                )
            ),
            "serials": done.grouped("product_id"),
            "invoices": (
                invoices if request.env.user._has_channel_role("finance") else invoices.browse()
            ),
            "may_take_back": order.state == "draft" and bool(order.channel_ordered_by_id),
        }

    @http.route(
        f"{ORDERS}/<int:order_id>/repeat",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        csrf=True,
    )
    def partner_order_repeat(self, order_id, **_post):
        """Put the products of an order into the cart at today's prices; role sales.

        What is no longer in the catalogue is left out, and named.

        :raise NotFound: for the order of another company, as for one that does not exist
        """
        partner, order = self._partner_order_record(order_id)
        # sudo: checked above
        service = request.env["crm.partner.cart"].sudo()
        gone, error = self._partner_attempt(
            lambda: service._repeat(partner, request.env.user, order)
        )
        if error:
            return self._partner_redirect(f"{ORDERS}/{order.id}", error=error)
        return self._partner_redirect(
            CART,
            notice=request.env._("The products of %s are in your cart.", order.name),
            error=gone and request.env._("No longer available, left out: %s", ", ".join(gone)),
        )

    @http.route(
        f"{ORDERS}/<int:order_id>/take_back",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        csrf=True,
    )
    def partner_order_take_back(self, order_id, **_post):
        """Turn an order that nobody has confirmed yet into the visitor's cart again; role sales.

        :raise NotFound: for the order of another company, as for one that does not exist
        """
        partner, order = self._partner_order_record(order_id)
        # sudo: checked above
        service = request.env["crm.partner.cart"].sudo()
        _nothing, error = self._partner_attempt(
            lambda: service._take_back(partner, request.env.user, order)
        )
        if error:
            return self._partner_redirect(f"{ORDERS}/{order.id}", error=error)
        return self._partner_redirect(
            CART, notice=request.env._("%s is in your cart again.", order.name)
        )
