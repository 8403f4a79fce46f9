import re
from datetime import date

from werkzeug.exceptions import NotFound

from odoo import fields, http
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.http import request

from ..tools import unlocked
from ..tools.number import posted_amount
from ..tools.upload import read_uploads
from .partner_portal import PartnerPortal

URL = "/my/partner/deals"
MODEL = "crm.deal.registration"
#: rows for products on the form
ROWS = 5
#: products that the form suggests; others are typed by name or reference
SUGGESTED = 300
#: the countries of the world
COUNTRIES = 400
#: days before the end of a protection that the home page shows as expiring
EXPIRING = 30
TEXTS = (
    "customer_name", "customer_code", "customer_city", "customer_street", "customer_zip",
    "customer_phone", "customer_email", "customer_domain", "customer_contact", "competitor",
)  # fmt: skip


class PartnerDeals(PartnerPortal):
    """Registered deals in the portal: list, form, and what the partner does with them."""

    # --- home ---

    def _prepare_partner_home_values(self, partner):
        values = super()._prepare_partner_home_values(partner)
        if not request.env.user._has_channel_role("sales"):
            return values
        deals = request.env[MODEL]
        counts = dict(deals._read_group([], ["state"], ["__count"]))
        soon = fields.Date.add(deals.env.company._deal_today(), days=EXPIRING)
        expiring = Domain("state", "=", "approved") & Domain("protected_until", "<=", soon)
        return {
            **values,
            "deal_counts": {
                "review": counts.get("review", 0),
                "approved": counts.get("approved", 0),
                "expiring": deals.search_count(expiring),
            },
        }

    # --- list ---

    def _deal_options(self):
        labels = dict(request.env[MODEL]._fields["state"]._description_selection(request.env))
        filters = {"all": {"label": request.env._("All"), "domain": []}}
        for state in ("review", "approved", "conflict", "won", "lost", "expired"):
            filters[state] = {"label": labels[state], "domain": [("state", "=", state)]}
        return {
            "searchbar_inputs": {
                "customer": {
                    "input": "customer",
                    "label": request.env._("Search in Customer"),
                    "fields": ["customer_name", "customer_code"],
                },
                "name": {
                    "input": "name",
                    "label": request.env._("Search in Number"),
                    "fields": ["name"],
                },
            },
            "searchbar_filters": filters,
            "searchbar_sortings": {
                "date": {"label": request.env._("Newest"), "order": "submitted_at desc, id desc"},
                "customer": {"label": request.env._("Customer"), "order": "customer_name, id"},
                "amount": {
                    "label": request.env._("Amount"),
                    "order": "amount_company desc, id desc",
                },
                "until": {
                    "label": request.env._("Protected until"),
                    "order": "protected_until, id",
                },
            },
        }

    @http.route(
        [URL, f"{URL}/page/<int:page>"], type="http", auth="user", website=True, readonly=True
    )
    def partner_deals(self, page=1, **chosen):
        """List the deals of the visitor's company."""
        self._partner_access("sales")
        listed = self._partner_list(MODEL, URL, options=self._deal_options(), page=page, **chosen)
        return request.render(
            "crm_partner.portal_deals",
            self._partner_values("partner_deals", page_title=request.env._("Deals"), **listed),
        )

    # --- new ---

    @http.route(f"{URL}/new", type="http", auth="user", website=True, methods=["GET"])
    def partner_deal_form(self, **_parameters):
        """Show the empty form of a registration."""
        partner = self._partner_access("sales")
        return self._render_deal_form(partner, {})

    @http.route(f"{URL}/new", type="http", auth="user", website=True, methods=["POST"])
    def partner_deal_register(self, **form):
        """Register a deal; what is wrong is said above the form, nothing stored."""
        partner = self._partner_access("sales")
        try:
            with request.env.cr.savepoint():
                uploads = read_uploads(
                    request.env, request.httprequest.files.getlist("attachments")
                )
                values = self._deal_values(form, partner)
                lines = self._deal_lines(form, partner)
                # sudo: the visitor works for this partner in its sales; checked above
                deal = request.env[MODEL]._register_deal(partner, values, lines, uploads)
        except (UserError, ValidationError) as error:
            return self._render_deal_form(partner, form, str(error))
        return self._partner_redirect(f"{URL}/{deal.id}", notice=self._deal_notices()["sent"])

    def _render_deal_form(self, partner, form, error=None):
        company = partner.company_id or request.env.company
        # sudo: lists to choose from
        env = request.env(su=True)
        country = company.country_id
        return request.render(
            "crm_partner.portal_deal_form",
            self._partner_values(
                "partner_deals",
                page_title=request.env._("Deals"),
                page_url=URL,
                page_record=request.env._("Register a Deal"),
                form=form,
                error=error,
                rows=range(1, ROWS + 1),
                countries=env["res.country"].search([], limit=COUNTRIES),
                country_id=self._whole(form.get("customer_country_id")) or country.id,
                # sudo: the currency of the company, which everybody may know
                currency=company.sudo().currency_id,
                products=env["product.product"].search(self._products(company), limit=SUGGESTED),
            ),
        )

    def _products(self, company):
        """Return the domain of products that a deal may be about."""
        return Domain("sale_ok", "=", True) & Domain("company_id", "in", [False, company.id])

    def _deal_values(self, form, partner):
        """Return what was typed, cleaned; the model says what is missing or wrong."""
        values = {name: (form.get(name) or "").strip()[:200] for name in TEXTS}
        values["description"] = (form.get("description") or "").strip()[:5000]
        if not values["customer_name"]:
            raise UserError(request.env._("Enter the name of the end customer."))
        values["amount"] = self._number(form.get("amount"), request.env._("Amount"))
        values["expected_close"] = self._date(form.get("expected_close"))
        country = self._whole(form.get("customer_country_id"))
        # sudo: whether there is such a country
        values["customer_country_id"] = (
            request.env["res.country"].sudo().browse(country).exists().id if country else False
        )
        return values

    def _deal_lines(self, form, partner):
        """Return [(product, quantity)] of the rows that were filled in."""
        # sudo: the visitor names products by reference or name, as the price list does
        products = request.env["product.product"].sudo()
        company = partner.company_id or request.env.company
        lines = []
        for row in range(1, ROWS + 1):
            text = (form.get(f"product_{row}") or "").strip()
            if not text:
                continue
            named = Domain("default_code", "=", text) | Domain("name", "=", text)
            product = products.search(self._products(company) & named, limit=1)
            if not product:
                raise UserError(
                    request.env._("There is no product “%s”. Choose one of the list.", text[:80])
                )
            quantity = self._number(form.get(f"quantity_{row}") or "1", request.env._("Quantity"))
            lines.append((product, quantity))
        return lines

    def _number(self, text, label):
        """Return a positive number as people write it, with thousands separators."""
        try:
            return posted_amount(request.env, text, positive=True)
        except UserError as error:
            raise UserError(
                request.env._("%(label)s: %(problem)s", label=label, problem=error)
            ) from None

    def _whole(self, text):
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text or "") else 0

    def _date(self, text):
        if not (text or "").strip():
            return False
        try:
            return date.fromisoformat(text.strip())
        except ValueError as error:
            raise UserError(request.env._("“%s” is not a date.", text[:20])) from error

    # --- one deal ---

    def _deal_notices(self):
        return {
            "sent": request.env._("Thank you. What was decided is shown below."),
            "progress": request.env._("Your report was added."),
            "extension": request.env._("Your request was sent."),
            "released": request.env._("The deal was released."),
            "cancelled": request.env._("The registration was cancelled."),
            "result": request.env._("Thank you for telling us."),
        }

    @http.route(f"{URL}/<int:deal_id>", type="http", auth="user", website=True, readonly=True)
    def partner_deal(self, deal_id, **_parameters):
        """Show one deal."""
        return self._render_deal(self._partner_record(MODEL, deal_id, "sales"))

    def _render_deal(self, deal, **values):
        return request.render(
            "crm_partner.portal_deal",
            self._partner_values(
                "partner_deals",
                page_title=request.env._("Deals"),
                page_url=URL,
                page_record=deal.name,
                deal=deal,
                object=deal,
                live=deal._is_live() and deal.state == "approved",
                # sudo: names and files of a deal that the visitor may read
                deal_sudo=deal.sudo(),
                **values,
            ),
        )

    @http.route(f"{URL}/<int:deal_id>/file/<int:file_id>", type="http", auth="user", readonly=True)
    def partner_deal_file(self, deal_id, file_id, **_parameters):
        """Send a file that was registered with the deal."""
        deal = self._partner_record(MODEL, deal_id, "sales")
        # sudo: files of a deal that the visitor may read, not those of our chatter
        attachment = deal.sudo().file_ids.filtered(lambda file: file.id == file_id)
        if not attachment:
            raise NotFound
        stream = request.env["ir.binary"]._get_stream_from(attachment)
        return stream.get_response(as_attachment=True)

    def _deal_change(self, deal_id, notice, change):
        """Change a deal of the visitor's company, and show it again; errors above it.

        :param change: function of the deal, as methods of the addon write it
        """
        deal = self._partner_record(MODEL, deal_id, "sales")
        try:
            with request.env.cr.savepoint():
                # the visitor's right was checked: a record the partner's sales may read
                change(unlocked(deal))
        except (UserError, ValidationError) as error:
            deal.invalidate_recordset()
            return self._render_deal(deal, error=str(error))
        return self._partner_redirect(f"{URL}/{deal.id}", notice=self._deal_notices()[notice])

    @http.route(
        f"{URL}/<int:deal_id>/progress", type="http", auth="user", website=True, methods=["POST"]
    )
    def partner_deal_progress(self, deal_id, **form):
        """Add a report on how the deal goes on."""

        def change(deal):
            note = (form.get("note") or "").strip()[:5000]
            stages = dict(request.env["crm.deal.progress"]._fields["stage"].selection)
            if not note or form.get("stage") not in stages:
                raise UserError(request.env._("Choose a stage and say what happened."))
            deal._report_progress(
                {
                    "stage": form["stage"],
                    "note": note,
                    "probability": min(self._whole(form.get("probability")), 100),
                    "expected_close": self._date(form.get("expected_close")),
                }
            )

        return self._deal_change(deal_id, "progress", change)

    @http.route(
        f"{URL}/<int:deal_id>/extend", type="http", auth="user", website=True, methods=["POST"]
    )
    def partner_deal_extend(self, deal_id, reason="", **_form):
        """Ask for more time."""
        return self._deal_change(
            deal_id, "extension", lambda deal: deal._request_extension(reason[:2000])
        )

    @http.route(
        f"{URL}/<int:deal_id>/release", type="http", auth="user", website=True, methods=["POST"]
    )
    def partner_deal_release(self, deal_id, **_form):
        """Give the deal back."""
        return self._deal_change(deal_id, "released", lambda deal: deal._release())

    @http.route(
        f"{URL}/<int:deal_id>/cancel", type="http", auth="user", website=True, methods=["POST"]
    )
    def partner_deal_cancel(self, deal_id, **_form):
        """Cancel a registration that was not decided."""
        return self._deal_change(deal_id, "cancelled", lambda deal: deal._cancel())

    @http.route(
        f"{URL}/<int:deal_id>/result", type="http", auth="user", website=True, methods=["POST"]
    )
    def partner_deal_result(self, deal_id, result="", reason="", **_form):
        """Report that the deal was won or lost."""

        def change(deal):
            deal._require_state("approved")
            if result == "won":
                deal._win("partner")
            elif result == "lost":
                deal._lose(reason.strip()[:2000])
            else:
                raise UserError(request.env._("Choose whether the deal was won or lost."))

        return self._deal_change(deal_id, "result", change)
