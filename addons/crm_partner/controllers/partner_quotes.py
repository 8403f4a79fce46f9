import base64

from odoo import fields, http
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.crm_print.tools import download

from ..models.crm_partner_quote import HEADER
from ..tools.number import posted_amount
from ..tools.upload import read_uploads
from .partner_portal import HOME, PartnerPortal

QUOTES = f"{HOME}/quotes"
MODEL = "crm.partner.quote"
LOGO_TYPES = ("image/png", "image/jpeg", "image/webp")


class PartnerQuotes(PartnerPortal):
    """Quotations of a partner to its own customers, with the partner's brand."""

    def _quote_options(self):
        filters = {"all": {"label": request.env._("All"), "domain": []}}
        states = request.env[MODEL]._fields["state"]._description_selection(request.env)
        for key, label in states:
            filters[key] = {"label": label, "domain": [("state", "=", key)]}
        return {
            "searchbar_filters": filters,
            "searchbar_inputs": {
                "text": {
                    "input": "text",
                    "label": request.env._("Search in customer and number"),
                    "fields": ["customer_name", "reference"],
                }
            },
            "searchbar_sortings": {
                "date": {"label": request.env._("Newest"), "order": "id desc"},
                "amount": {"label": request.env._("Amount"), "order": "amount_total desc, id"},
                "customer": {"label": request.env._("Customer"), "order": "customer_name, id"},
            },
        }

    @http.route(
        [QUOTES, f"{QUOTES}/page/<int:page>"], type="http", auth="user", website=True, readonly=True
    )
    def partner_quotes(self, page=1, **chosen):
        """List the quotations of the partner to its own customers; role sales."""
        self._partner_access("sales")
        return self._render_quotes(page=page, **chosen)

    def _render_quotes(self, error=None, **chosen):
        found = self._partner_list(MODEL, QUOTES, options=self._quote_options(), **chosen)
        values = self._partner_values(
            "partner_quotes", page_title=request.env._("My Quotations"), error=error, **found
        )
        return request.render("crm_partner.portal_quotes", values)

    @http.route(f"{QUOTES}/<int:quote_id>", type="http", auth="user", website=True, readonly=True)
    def partner_quote(self, quote_id, product=None, **_parameters):
        """Show a quotation, which can be changed while it is a draft; role sales.

        :param str product: what to look for among products that can be added
        :raise NotFound: for the quotation of another company, as for one that does not exist
        """
        return self._render_quote(self._partner_record(MODEL, quote_id, "sales"), product)

    def _render_quote(self, quote, product=None, error=None):
        selection = quote._fields["basis"]._description_selection(request.env)
        values = self._partner_values(
            "partner_quotes",
            page_title=request.env._("My Quotations"),
            page_url=QUOTES,
            page_record=quote.reference,
            quote=quote,
            bases=selection,
            products=self._found_products(quote, product),
            product_search=(product or "")[:100],
            error=error,
        )
        return request.render("crm_partner.portal_quote", values)

    def _found_products(self, quote, text):
        """Return (id, name) of products that can be added, for a draft that is searched for."""
        text = (text or "").strip()[:100]
        if not text or quote.state != "draft":
            return []
        # sudo: names of products that a partner may quote, at the company of its quotation
        quote = quote.sudo()
        products = quote.env["product.product"]
        domain = quote._domain_products(quote.company_id) & (
            Domain("name", "ilike", text) | Domain("default_code", "ilike", text)
        )
        return [(one.id, one.display_name) for one in products.search(domain, limit=20)]

    @http.route(f"{QUOTES}/new", type="http", auth="user", website=True, methods=["POST"])
    def partner_quote_new(self, customer_name=None, **_forged):
        """Start a quotation for a customer and open it; role sales."""
        self._partner_access("sales")
        try:
            quote = request.env[MODEL]._start(
                {"customer_name": (customer_name or "").strip()[:200]}
            )
        except UserError as error:
            return self._render_quotes(error=str(error))
        return self._partner_redirect(f"{QUOTES}/{quote.id}")

    def _change_quote(self, quote_id, change):
        """Carry out a change of a quotation; on an error show what was said, nothing written."""
        quote = self._partner_record(MODEL, quote_id, "sales")
        try:
            with request.env.cr.savepoint():
                change(quote)
        except (UserError, AccessError, ValidationError) as error:
            request.env.invalidate_all(flush=False)
            return self._render_quote(quote, error=str(error))
        return self._partner_redirect(f"{QUOTES}/{quote_id}")

    @http.route(
        f"{QUOTES}/<int:quote_id>/save", type="http", auth="user", website=True, methods=["POST"]
    )
    def partner_quote_save(self, quote_id, **posted):
        """Save the heading: customer, terms, markup and tax (percent), validity; role sales."""
        return self._change_quote(quote_id, lambda quote: quote._change(self._posted_head(posted)))

    def _posted_head(self, posted):
        """Return the values of the heading; texts are cut, numbers and dates checked."""
        vals = {
            name: (posted[name] or "").strip()[
                : 2000 if name in ("note", "customer_address") else 200
            ]
            for name in HEADER
            if name in posted
        }
        for name in ("markup", "tax_percent"):
            if name in vals:
                vals[name] = self._posted_number(vals[name], signed=name == "markup")
        if "validity_date" in vals:
            vals["validity_date"] = self._posted_date(vals["validity_date"])
        if vals.get("basis", "list") not in ("list", "own"):
            raise UserError(request.env._("Choose what the prices start from."))
        return vals

    def _posted_number(self, text, signed=False):
        """Return a posted number, 0 for an empty field.

        :raise UserError: if it is none, or is negative where that is not asked for
        """
        return posted_amount(request.env, text, required=False, signed=signed)

    def _posted_date(self, text):
        try:
            return fields.Date.to_date(text) if text else False
        except ValueError as error:
            raise UserError(request.env._("%s is no date.", text)) from error

    @http.route(
        f"{QUOTES}/<int:quote_id>/add", type="http", auth="user", website=True, methods=["POST"]
    )
    def partner_quote_add(self, quote_id, product_id=None, quantity="1", **_forged):
        """Add a product at the prices of today; role sales.

        :param str product_id: of a product the partner may quote; anything else is refused
        :param str quantity: in the unit of the product
        """

        def add(quote):
            # sudo: only an id here; whether it may be quoted is asked by the method
            products = request.env["product.product"].sudo()
            key = int(product_id) if (product_id or "").isdecimal() else 0
            quote._add(products.browse(key), self._posted_number(quantity))

        return self._change_quote(quote_id, add)

    @http.route(
        f"{QUOTES}/<int:quote_id>/line/<int:line_id>",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_quote_line(self, quote_id, line_id, quantity="0", price=None, **_forged):
        """Change a line; a quantity of 0 takes it out. Role sales.

        :param str quantity: in the unit of the product
        :param str price: per unit in the currency of the quotation; empty: the price stays as it is
        """
        return self._change_quote(
            quote_id,
            lambda quote: quote._change_line(
                line_id,
                self._posted_number(quantity),
                None if price in (None, "") else self._posted_number(price),
            ),
        )

    @http.route(
        f"{QUOTES}/<int:quote_id>/<any(issue,reopen,won,lost):step>",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_quote_step(self, quote_id, step, **_forged):
        """Issue, reopen, or note how the customer decided; role sales."""
        steps = {
            "issue": lambda quote: quote._issue(),
            "reopen": lambda quote: quote._reopen(),
            "won": lambda quote: quote._decide("won"),
            "lost": lambda quote: quote._decide("lost"),
        }
        return self._change_quote(quote_id, steps[step])

    @http.route(f"{QUOTES}/<int:quote_id>/pdf", type="http", auth="user", website=True)
    def partner_quote_pdf(self, quote_id, **_parameters):
        """Download the quotation as PDF with the partner's logo; role sales.

        :raise NotFound: for the quotation of another company, as for one that does not exist
        """
        quote = self._partner_record(MODEL, quote_id, "sales")
        return download(quote._pdf(), f"{quote.reference}.pdf", "application/pdf")

    @http.route(f"{QUOTES}/logo", type="http", auth="user", website=True, methods=["POST"])
    def partner_quote_logo(self, logo=None, **_forged):
        """Replace the logo of the partner company: its administrators only."""
        partner = self._partner_access("admin")
        try:
            uploads = read_uploads(request.env, [logo] if hasattr(logo, "stream") else [], limit=1)
            if not uploads or uploads[0][2] not in LOGO_TYPES:
                raise UserError(request.env._("Send the logo as PNG, JPEG or WebP."))
            with request.env.cr.savepoint():
                # the access check above gave the company as superuser
                partner.image_1920 = base64.b64encode(uploads[0][1])
        except UserError as error:
            return self._render_quotes(error=str(error))
        return self._partner_redirect(QUOTES)
