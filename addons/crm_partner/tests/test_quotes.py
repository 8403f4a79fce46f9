import io

from odoo import Command, http
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from .common import PartnerCase


def report_html(env, name, ids):
    """Return what is printed, before it becomes a PDF."""
    return env["ir.actions.report"]._render_qweb_html(name, ids)[0].decode()


class QuoteFixtures:
    @classmethod
    def _quote(cls, user, **vals):
        quotes = cls.env["crm.partner.quote"].with_user(user)
        quote = quotes._start({"customer_name": "Riverside Brewery", **vals})
        quote._add(cls.pump, 2)
        return quote


@tagged("-at_install", "post_install")
class TestQuotes(QuoteFixtures, PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_portal_users()

    def test_list_price(self):
        quote = self._quote(self.alpha_sales, tax_percent=13)
        line = quote.line_ids
        self.assertEqual((line.list_price, line.purchase_price, line.price_unit), (1000, 800, 1000))
        self.assertEqual(
            (quote.amount_untaxed, quote.amount_tax, quote.amount_total, quote.profit),
            (2000, 260, 2260, 400),
        )

    def test_own_price_with_markup(self):
        quote = self._quote(self.alpha_sales, basis="own", markup=12.5)
        self.assertEqual(quote.line_ids.price_unit, 900)
        quote._change({"markup": 20})
        self.assertEqual(quote.line_ids.price_unit, 960)
        gamma = self._quote(self.gamma_admin, basis="own")
        self.assertEqual(gamma.line_ids.price_unit, 900)

    def test_lines(self):
        quote = self._quote(self.alpha_sales)
        line = quote.line_ids
        quote._change_line(line.id, 3, 950)
        self.assertEqual((line.quantity, line.price_unit, quote.amount_untaxed), (3, 950, 2850))
        for quantity, price in ((-1, None), (2e6, None), (1, -5)):
            with self.subTest(quantity), self.assertRaises(UserError):
                quote._change_line(line.id, quantity, price)
        quote._change_line(line.id, 0)
        self.assertFalse(quote.line_ids)
        with self.assertRaisesRegex(UserError, "Add a product"):
            quote._issue()
        hidden = self._create_product(name="Internal", sale_ok=False)
        with self.assertRaisesRegex(UserError, "cannot be quoted"):
            quote._add(hidden, 1)

    def test_issued_is_fixed(self):
        quote = self._quote(self.alpha_sales)
        quote._issue()
        for change in (
            lambda: quote._add(self.pump, 1),
            lambda: quote._change({"markup": 5}),
            lambda: quote._change_line(quote.line_ids.id, 5),
        ):
            with self.assertRaisesRegex(UserError, "fixed already"):
                change()
        quote._decide("won")
        quote._reopen()
        self.assertEqual(quote.state, "draft")

    def test_bad_numbers(self):
        quote = self._quote(self.alpha_sales)
        for vals in ({"markup": -100}, {"markup": 5000}, {"tax_percent": 101}):
            with self.subTest(vals), self.assertRaises(ValidationError):
                quote._change(vals)
        with self.assertRaises(UserError):
            quote._change({"customer_name": ""})
        with self.assertRaises(ValidationError):
            quote._change({"validity_date": "2001-01-01"})

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_own_and_other_partner(self):
        quote = self._quote(self.alpha_sales)
        self.assertTrue(quote.with_user(self.alpha_admin).has_access("read"))
        self.assertTrue(quote.with_user(self.channel).has_access("read"))
        for user in (self.beta_admin, self.alpha_finance, self.outsider_user, self.stranger):
            with self.subTest(user.name):
                self.assertFalse(quote.with_user(user).has_access("read"))
                self.assertFalse(quote.line_ids.with_user(user).has_access("read"))
        with self.assertRaises(AccessError):
            quote.with_user(self.beta_admin)._change({"markup": 5})
        with self.assertRaises(AccessError):
            quote.with_user(self.beta_admin)._pdf()
        for user in (self.alpha_finance, self.alpha_none, self.outsider_user):
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.env["crm.partner.quote"].with_user(user)._start({"customer_name": "x"})

    def test_nobody_writes_by_hand(self):
        quote = self._quote(self.alpha_sales)
        for user in (self.alpha_sales, self.programme):
            with self.subTest(user.name), self.assertRaises(AccessError):
                quote.with_user(user).write({"amount_total": 1})
            with self.subTest(user.name), self.assertRaises(AccessError):
                quote.line_ids.with_user(user).write({"price_unit": 1})

    def test_the_document_hides_what_the_partner_pays(self):
        quote = self._quote(self.alpha_sales, basis="own", markup=12.5, note="<b>Terms</b>")
        self.alpha.vat = False
        page = report_html(self.env, "crm_partner.report_partner_quote", quote.ids)
        self.assertIn("Alpha Reseller", page)
        self.assertIn("Riverside Brewery", page)
        self.assertIn("1,800.00", page)
        self.assertNotIn("1,600.00", page)
        self.assertNotIn("800.00</", page.replace("1,800.00", ""))
        self.assertNotIn(self.company.name, page)
        self.assertNotIn("<b>Terms</b>", page)

    def test_pdf(self):
        quote = self._quote(self.alpha_sales)
        content = quote.with_context(force_report_rendering=True)._pdf()
        self.assertTrue(content.startswith(b"%PDF"))
        self.assertEqual(len(PdfFileReader(io.BytesIO(content)).pages), 1)

    def test_cobranded_quotation(self):
        lead = self.env["crm.lead"].create({"name": "Deal", "channel_partner_id": self.alpha.id})
        self.alpha.write({"phone": "+86 21 6666 0000", "city": "Shanghai"})
        order = self.env["sale.order"].create(
            {
                "partner_id": self.outsider.id,
                "opportunity_id": lead.id,
                "company_id": self.company.id,
                "order_line": [Command.create({"product_id": self.pump.id})],
            }
        )
        self.assertEqual(order.cobrand_partner_id, self.alpha)
        page = report_html(self.env, "crm_partner.report_saleorder_cobranded", order.ids)
        for text in ("Alpha Reseller", "+86 21 6666 0000", "Ordinary Customer", order.name):
            self.assertIn(text, page)
        plain = report_html(self.env, "sale.report_saleorder", order.ids)
        self.assertNotIn("Alpha Reseller", plain)
        order.cobrand_partner_id = False
        page = report_html(self.env, "crm_partner.report_saleorder_cobranded", order.ids)
        self.assertNotIn("Alpha Reseller", page)

    def test_the_partner_that_buys_itself_is_not_named_twice(self):
        lead = self.env["crm.lead"].create({"name": "Deal", "channel_partner_id": self.alpha.id})
        order = self.env["sale.order"].create(
            {"partner_id": self.alpha.id, "opportunity_id": lead.id}
        )
        self.assertFalse(order.cobrand_partner_id)


@tagged("-at_install", "post_install")
class TestPortalQuotes(QuoteFixtures, HttpCase, PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls.quote = cls._quote(cls.alpha_sales)

    def _get(self, user, url):
        self.authenticate(user.login if user else None, user.login if user else None)
        return self.url_open(url, allow_redirects=False)

    def _post(self, user, url, **data):
        self.authenticate(user.login, user.login)
        return self.url_open(
            url, data={**data, "csrf_token": http.Request.csrf_token(self)}, allow_redirects=False
        )

    def _url(self, action=""):
        return f"/my/partner/quotes/{self.quote.id}{action}"

    def test_pages_by_visitor(self):
        for url in ("/my/partner/quotes", self._url(), self._url("/pdf")):
            with self.subTest(url):
                self.assertEqual(self._get(None, url).status_code, 303)
                for user in (self.outsider_user, self.alpha_none, self.alpha_finance):
                    self.assertEqual(self._get(user, url).status_code, 404)
                self.assertEqual(self._get(self.alpha_sales, url).status_code, 200)
        for url in (self._url(), self._url("/pdf")):
            self.assertEqual(self._get(self.beta_admin, url).status_code, 404)
        self.assertNotIn("Riverside", self._get(self.beta_admin, "/my/partner/quotes").text)

    def test_each_change_by_visitor(self):
        line = self.quote.line_ids
        for action in ("/save", "/add", f"/line/{line.id}", "/issue"):
            url = self._url(action)
            with self.subTest(action):
                self.assertEqual(self._get(self.alpha_sales, url).status_code, 405)
                with mute_logger("odoo.http"):
                    self.assertEqual(self.url_open(url, data={"x": "1"}).status_code, 400)
                for user in (self.beta_admin, self.alpha_finance, self.outsider_user):
                    self.assertEqual(self._post(user, url).status_code, 404)
        self.assertEqual(self.quote.state, "draft")
        other = self._quote(self.beta_admin)
        # a line of another partner's quotation under the own one
        answer = self._post(
            self.alpha_sales, self._url(f"/line/{other.line_ids.id}"), quantity="9", price="1"
        )
        self.assertIn("does not exist any more", answer.text)
        self.assertEqual(other.line_ids.quantity, 2)

    def test_long_quantities_stay_whole(self):
        line = self.quote.line_ids
        self.quote._change_line(line.id, 123456.75)
        self.assertIn('value="123456.75"', self._get(self.alpha_sales, self._url()).text)
        printed = report_html(self.env, "crm_partner.report_partner_quote", self.quote.ids)
        self.assertIn("123456.75", printed)

    def test_make_one(self):
        page = self._get(self.alpha_sales, self._url() + "?product=pump").text
        self.assertIn(f'value="{self.pump.id}"', page)
        self._post(self.alpha_sales, self._url("/add"), product_id=str(self.pump.id))
        self.assertEqual(len(self.quote.line_ids), 2)
        self._post(
            self.alpha_sales,
            self._url("/save"),
            customer_name="Hill Dairy",
            basis="own",
            markup="25",
            tax_percent="13",
            partner_id=str(self.beta.id),
            state="won",
        )
        self.assertEqual(
            (self.quote.customer_name, self.quote.partner_id), ("Hill Dairy", self.alpha)
        )
        self.assertEqual(self.quote.state, "draft")
        self.assertEqual(self.quote.line_ids[0].price_unit, 1000)
        for name, value in (("markup", "nan"), ("markup", "x"), ("validity_date", "soon")):
            answer = self._post(
                self.alpha_sales, self._url("/save"), customer_name="x", **{name: value}
            )
            self.assertRegex(answer.text, "is no (amount|date)")
        self.assertEqual(self.quote.customer_name, "Hill Dairy")
        self._post(self.alpha_sales, self._url("/issue"))
        self.assertEqual(self.quote.state, "issued")

    def test_numbers_are_read_strictly(self):
        save, line = self._url("/save"), self._url(f"/line/{self.quote.line_ids.id}")
        self._post(self.alpha_sales, save, customer_name="x", basis="list", markup="－１０")
        self.assertEqual(self.quote.markup, -10)
        self.assertEqual(self.quote.line_ids.price_unit, 900, "a markup may be a discount")
        for url, values in (
            (save, {"markup": "1,5"}),
            (save, {"markup": "1e2"}),
            (save, {"tax_percent": "-13"}),
            (line, {"quantity": "1,5"}),
            (line, {"quantity": "2", "price": "9,5"}),
            (line, {"quantity": "inf"}),
        ):
            with self.subTest(values):
                self.assertIn("is no amount", self._post(self.alpha_sales, url, **values).text)
        self.assertEqual((self.quote.markup, self.quote.tax_percent), (-10, 0))
        self.assertEqual(self.quote.line_ids.quantity, 2)
        self._post(self.alpha_sales, line, quantity="1,200", price="1,050.50")
        self.assertEqual(self.quote.amount_untaxed, 1260600)

    def test_logo_by_administrators_only(self):
        url = "/my/partner/quotes/logo"
        self.assertEqual(self._post(self.alpha_sales, url).status_code, 404)
        self.authenticate(self.alpha_admin.login, self.alpha_admin.login)
        bad = self.url_open(
            url,
            data={"csrf_token": http.Request.csrf_token(self)},
            files={"logo": ("logo.png", b"<svg onload='x'/>", "image/png")},
        )
        self.assertIn("not accepted", bad.text)
        self.assertFalse(self.alpha.image_1920)
        png = bytes.fromhex(
            "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de00"
            "00000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
        )
        self.url_open(
            url,
            data={"csrf_token": http.Request.csrf_token(self)},
            files={"logo": ("logo.png", png, "image/png")},
        )
        self.alpha.invalidate_recordset()
        self.assertTrue(self.alpha.image_1920)
