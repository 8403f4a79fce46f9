from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_portal import PortalCase

CATALOGUE = "/my/partner/order"
CART = "/my/partner/order/cart"


@tagged("post_install", "-at_install")
class TestPortalOrder(PortalCase):
    def setUp(self):
        super().setUp()
        self.login(self.alpha_sales)

    def _field(self, product):
        return f"quantity-{product.id}"

    def _add(self, **quantities):
        return self.post(f"{CATALOGUE}/add", **quantities)

    def _cart(self, user=None):
        return self.env["crm.partner.cart"]._find(self.alpha, user or self.alpha_sales)

    def _fill(self, quantity="2"):
        self._add(**{self._field(self.pump): quantity})
        return self._cart()

    def _submit(self, cart, **values):
        lines = {self._field(line.product_id): line.product_uom_qty for line in cart.order_line}
        lines["total"] = self.get(CART).xpath("//input[@name='total']/@value")
        return self.follow(self.post(f"{CART}/update", action="submit", **{**lines, **values}))

    # --- catalogue ---

    def test_catalogue_shows_own_prices_of_products_for_partners(self):
        page = self.get(CATALOGUE)
        cards = dict(
            zip(
                self.texts(page, ".o_partner_product .fw-bold.text-break"),
                self.texts(page, ".o_partner_price"),
                strict=True,
            )
        )
        # gold: 20 % off 1,000 and 200
        self.assertIn("800.00", cards["Pump P1"])
        self.assertIn("160.00", cards["Valve V2"])
        self.assertNotIn("Prototype", cards)
        self.login(self.gamma_admin)
        self.assertIn("900.00", self.texts(self.get(CATALOGUE), ".o_partner_price")[0])

    def test_price_lists_are_switched_on(self):
        """Without the feature Odoo gives every partner the list price."""
        self.assertTrue(
            self.env["res.groups"]._is_feature_enabled("product.group_product_pricelist")
        )

    def test_catalogue_search_and_category(self):
        other = self.env["product.category"].create({"name": "Fittings"})
        self.valve.categ_id = other
        names = ".o_partner_product .fw-bold.text-break"
        self.assertEqual(self.texts(self.get(f"{CATALOGUE}?search=valve"), names), ["Valve V2"])
        found = self.get(f"{CATALOGUE}?category={other.id}")
        self.assertEqual(self.texts(found, names), ["Valve V2"])
        for hostile in ("category=abc", "category=999999999999", "search=%25%27--", "page=x"):
            self.get(f"{CATALOGUE}?{hostile}")
        self.assertFalse(self.texts(self.get(f"{CATALOGUE}?search=nowhere"), names))

    def test_catalogue_has_pages(self):
        self._create_product(name="Valve V2 spare", channel_ok=True)
        with patch("odoo.addons.crm_partner.controllers.partner_order.PAGE", 2):
            first = self.texts(self.get(CATALOGUE), ".o_partner_product")
            second = self.texts(self.get(f"{CATALOGUE}/page/2"), ".o_partner_product")
        self.assertEqual((len(first), len(second)), (2, 1))
        self.assertFalse(set(first) & set(second))

    def test_availability_is_a_word_never_a_number(self):
        self.company.partner_stock_few = 10
        for stock, word in ((0, "None in stock"), (7, "Few"), (3, "Few"), (4321, "Available")):
            if stock:
                self._stock(self.valve, stock)
            page = self.get(f"{CATALOGUE}?search=valve")
            self.assertEqual(self.texts(page, ".o_partner_product .badge"), [word])
            self.assertNotIn("4331", page.text_content())
        self.assertEqual(
            self.texts(self.get(f"{CATALOGUE}?search=pump"), ".o_partner_product .badge"),
            ["Available"],
        )

    def test_availability_counts_only_our_warehouses(self):
        other = self.setup_other_company(name="Third Company")["company"]
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        self.env["stock.quant"]._update_available_quantity(self.valve, warehouse.lot_stock_id, 1000)
        stock = self.env["crm.partner.cart"]._availability(self.alpha, self.valve)
        self.assertEqual(stock, {self.valve.id: "none"})

    # --- cart ---

    def test_cart_takes_the_partners_prices(self):
        self._add(**{self._field(self.pump): "2", self._field(self.valve): ""})
        cart = self._cart()
        self.assertEqual(cart.partner_id, self.alpha)
        self.assertEqual(cart.state, "draft")
        self.assertRecordValues(
            cart.order_line,
            [{"product_id": self.pump.id, "product_uom_qty": 2, "price_subtotal": 1600}],
        )
        self._add(**{self._field(self.pump): "3", self._field(self.valve): "1"})
        self.assertEqual(self._cart(), cart)
        self.assertEqual(cart.order_line.mapped("product_uom_qty"), [5, 1])
        self.post(f"{CART}/update", **{self._field(self.pump): "0", self._field(self.valve): "4"})
        self.assertRecordValues(
            cart.order_line, [{"product_id": self.valve.id, "product_uom_qty": 4}]
        )
        self.post(f"{CART}/update", action="empty")
        self.assertFalse(self._cart())

    def test_quantity_prices_apply(self):
        self.gold.default_pricelist_id.item_ids = [
            (
                0,
                0,
                {
                    "applied_on": "1_product",
                    "product_tmpl_id": self.pump.product_tmpl_id.id,
                    "min_quantity": 10,
                    "compute_price": "fixed",
                    "fixed_price": 700,
                },
            )
        ]
        self.assertEqual(self._fill("2").amount_untaxed, 1600)
        self._add(**{self._field(self.pump): "8"})
        self.assertEqual(self._cart().amount_untaxed, 7000)

    def test_wrong_quantities_change_nothing(self):
        for text in ("-1", "nan", "inf", "1e5", "100001", "two", "0.001", "<b>"):
            answer = self._add(**{self._field(self.valve): "1", self._field(self.pump): text})
            self.assertProblem(self.follow(answer), "is not a quantity of Pump P1")
            self.assertFalse(self._cart(), text)
        self.assertProblem(self.follow(self._add()), "at least one product")
        self._fill("60000")
        page = self.follow(self._add(**{self._field(self.pump): "60000"}))
        self.assertProblem(page, "At most 100000")
        self.assertEqual(self._cart().order_line.product_uom_qty, 60000)

    def test_forged_fields_are_ignored(self):
        self._add(
            **{
                self._field(self.pump): "1",
                "price_unit": "1",
                f"price-{self.pump.id}": "1",
                "discount": "99",
                "state": "sale",
                "partner_id": self.beta.id,
                "pricelist_id": self.gold.default_pricelist_id.id,
            }
        )
        self.post(
            f"{CART}/update",
            price_unit="1",
            discount="99",
            order_line="[]",
            amount_total="1",
            user_id=str(self.alpha_sales.id),
            client_order_ref="PO-1",
        )
        cart = self._cart()
        self.assertRecordValues(
            cart,
            [
                {
                    "partner_id": self.alpha.id,
                    "state": "draft",
                    "amount_untaxed": 800,
                    "client_order_ref": "PO-1",
                }
            ],
        )
        self.assertNotEqual(cart.user_id, self.alpha_sales)

    def test_products_outside_the_catalogue_cannot_be_ordered(self):
        closed = self._create_product(name="Closed", channel_ok=True, sale_ok=False)
        for product_id in (self.secret.id, closed.id, 2**40, 999999):
            page = self.follow(self._add(**{f"quantity-{product_id}": "1"}))
            self.assertProblem(page, "no longer in your catalogue")
            self.assertFalse(self._cart())

    def test_header_belongs_to_the_partner(self):
        cart = self._fill()
        door = self.env["res.partner"].create(
            {"name": "Back door", "parent_id": self.alpha.id, "type": "delivery"}
        )
        tomorrow = fields.Date.today() + timedelta(days=1)
        self.post(
            f"{CART}/update",
            partner_shipping_id=door.id,
            commitment_date=str(tomorrow),
            channel_remark=" Ring twice ",
        )
        self.assertEqual(cart.partner_shipping_id, door)
        self.assertEqual(cart.commitment_date.date(), tomorrow)
        self.assertEqual(cart.channel_remark, "Ring twice")
        for values, words in (
            ({"partner_shipping_id": self.beta.id}, "own delivery addresses"),
            ({"partner_shipping_id": "x"}, "own delivery addresses"),
            ({"commitment_date": "2001-01-01"}, "not in the past"),
            ({"commitment_date": "tomorrow"}, "not in the past"),
        ):
            page = self.follow(self.post(f"{CART}/update", channel_remark="new", **values))
            self.assertProblem(page, words)
            self.assertEqual(cart.channel_remark, "Ring twice")

    def test_each_colleague_has_a_cart(self):
        mine = self._fill()
        self.login(self.alpha_admin)
        self.assertIn("cart is empty", self.get(CART).text_content())
        self._add(**{self._field(self.valve): "1"})
        self.assertNotEqual(self._cart(self.alpha_admin), mine)
        self.assertEqual(mine.order_line.product_id, self.pump)

    # --- submission ---

    def test_order_waits_as_a_quotation(self):
        seller = self._create_user("order_seller", "sales_team.group_sale_salesman")
        self.alpha.user_id = seller
        cart = self._fill()
        page = self._submit(cart, client_order_ref="PO-7")
        self.assertNotice(page, "received your order")
        self.assertRecordValues(
            cart,
            [
                {
                    "state": "draft",
                    "channel_cart_user_id": False,
                    "channel_ordered_by_id": self.alpha_sales.id,
                    "client_order_ref": "PO-7",
                    "user_id": seller.id,
                }
            ],
        )
        self.assertEqual(cart.activity_ids.user_id, seller)
        self.assertFalse(self._cart())
        self.assertIn(cart.name, self.get("/my/partner/orders").text_content())

    def test_order_is_confirmed_at_once(self):
        self.company.partner_order_confirm = "confirm"
        cart = self._fill()
        self.assertNotice(self._submit(cart), "is confirmed")
        self.assertEqual(cart.state, "sale")
        self.assertFalse(cart.channel_waiting_reason)

    def test_credit_limit_makes_an_order_wait(self):
        self.company.write({"partner_order_confirm": "confirm", "account_use_credit_limit": True})
        # 1,600 + 13 % = 1,808 exactly fits; the next one does not
        self.alpha.with_company(self.company).credit_limit = 1808
        first = self._fill()
        self._submit(first)
        self.assertEqual(first.state, "sale")
        second = self._fill()
        self.assertNotice(self._submit(second), "received your order")
        self.assertEqual(second.state, "draft")
        self.assertIn("credit limit", second.channel_waiting_reason)

    def test_order_that_cannot_be_confirmed_waits_and_says_why(self):
        self.company.partner_order_confirm = "confirm"
        cart = self._fill()
        with patch.object(
            self.env.registry["sale.order"],
            "_confirmation_error_message",
            lambda order: "Ask the boss first.",
        ):
            self.assertNotice(self._submit(cart), "received your order")
        self.assertEqual(cart.state, "draft")
        self.assertEqual(cart.channel_waiting_reason, "Ask the boss first.")

    def test_changed_prices_are_shown_before_they_are_ordered(self):
        cart = self._fill()
        [seen] = self.get(CART).xpath("//input[@name='total']/@value")
        self.assertEqual(seen, "1808.00")
        self.pump.lst_price = 2000
        for total in (seen, "", "1", "nan"):
            self.assertProblem(self._submit(cart, total=total), "The total has changed")
        self.assertEqual(cart.channel_cart_user_id, self.alpha_sales)
        self.assertEqual(cart.amount_untaxed, 3200)
        self.assertNotice(self._submit(cart), "received your order")

    def test_discontinued_products_are_named(self):
        cart = self._fill()
        self.pump.channel_ok = False
        page = self.follow(self.post(f"{CART}/update", action="submit"))
        self.assertProblem(page, "No longer available: Pump P1")
        self.assertEqual(cart.channel_cart_user_id, self.alpha_sales)

    def test_empty_cart_cannot_be_ordered(self):
        self.assertProblem(
            self.follow(self.post(f"{CART}/update", action="submit")), "cart is empty"
        )

    def test_take_back(self):
        cart = self._fill()
        self._submit(cart)
        url = f"/my/partner/orders/{cart.id}/take_back"
        self.assertNotice(self.follow(self.post(url)), "in your cart again")
        self.assertEqual(self._cart(), cart)
        self.assertFalse(cart.channel_ordered_on)
        self._submit(cart)
        cart.action_confirm()
        self.assertProblem(self.follow(self.post(url)), "already being processed")

    # --- repetition ---

    def test_repeat_at_the_prices_of_today(self):
        order = self._order(self.alpha, quantity=3)
        self.pump.lst_price = 500
        self.follow(self.post(f"/my/partner/orders/{order.id}/repeat"))
        self.assertRecordValues(
            self._cart().order_line, [{"product_uom_qty": 3, "price_subtotal": 1200}]
        )

    def test_repeat_names_what_is_gone(self):
        order = self._order(self.alpha, quantity=3, confirm=False)
        order.order_line = [(0, 0, {"product_id": self.valve.id, "product_uom_qty": 1})]
        order.action_confirm()
        self.valve.product_tmpl_id.active = False
        page = self.follow(self.post(f"/my/partner/orders/{order.id}/repeat"))
        self.assertProblem(page, "left out: Valve V2")
        self.assertEqual(self._cart().order_line.product_id, self.pump)
        self._cart().unlink()
        self.pump.channel_ok = False
        page = self.follow(self.post(f"/my/partner/orders/{order.id}/repeat"))
        self.assertProblem(page, "Nothing of")
        self.assertFalse(self._cart())

    # --- orders ---

    def test_orders_are_searched_and_filtered(self):
        mine = self._order(self.alpha, client_order_ref="PO-ALPHA")
        draft = self._order(self.alpha, confirm=False)
        self._order(self.beta, client_order_ref="PO-BETA")
        links = ".o_portal_my_doc_table a"
        self.assertEqual(self.texts(self.get("/my/partner/orders"), links), [mine.name])
        for query, expected in (
            ("search_in=order&search=alpha", [mine.name]),
            ("search_in=order&search=beta", []),
            ("search_in=product&search=pump", [mine.name]),
            ("filterby=waiting", []),
            ("filterby=evil&sortby=evil&search_in=evil", [mine.name]),
        ):
            page = self.get(f"/my/partner/orders?{query}")
            self.assertEqual(self.texts(page, links), expected, query)
        self.get(f"/my/partner/orders/{draft.id}", 404)

    def test_orders_without_a_reference_keep_their_columns(self):
        order = self._order(self.alpha)
        rows = self.get("/my/partner/orders").xpath("//tbody/tr")
        [row] = [row for row in rows if order.name in row.text_content()]
        self.assertEqual(len(row.xpath("td")), 5)

    def test_order_shows_deliveries_invoices_by_role(self):
        order = self._order(self.alpha)
        invoice = order._create_invoices()
        invoice.action_post()
        page = self.get(f"/my/partner/orders/{order.id}")
        self.assertEqual(self.texts(page, ".o_partner_invoices"), [])
        self.login(self.alpha_admin)
        page = self.get(f"/my/partner/orders/{order.id}")
        self.assertIn(invoice.name, self.texts(page, ".o_partner_invoices")[0])
        self.assertIn(order.picking_ids.name, " ".join(self.texts(page, ".o_partner_deliveries")))

    def test_cart_hook_is_called(self):
        cart = self._fill()
        seen, words = [], "No such deal."

        def vals(order, partner, post):
            seen.append((partner, post["deal"]))
            raise UserError(words)

        with patch.object(self.env.registry["sale.order"], "_partner_cart_vals", vals):
            page = self.follow(self.post(f"{CART}/update", deal="7", **{self._field(self.pump): 9}))
        self.assertProblem(page, words)
        self.assertEqual([(partner.id, deal) for partner, deal in seen], [(self.alpha.id, "7")])
        self.assertEqual(cart.order_line.product_uom_qty, 2)
