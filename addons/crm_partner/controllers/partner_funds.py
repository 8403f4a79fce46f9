from datetime import date

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..tools import upload
from ..tools.number import posted_amount
from ..tools.rate import check_rate
from .partner_portal import HOME, PartnerPortal

FUNDS = f"{HOME}/funds"
REQUESTS = f"{HOME}/fund-requests"
CLAIMS = f"{HOME}/fund-claims"
ROLES = ("marketing", "finance")
#: funds and kinds of activity that a form offers
CHOICES = 200
MAX_LEADS = 1_000_000


class PartnerFunds(PartnerPortal):
    """Market development funds in the portal: what there is, requests and claims."""

    def _prepare_partner_home_values(self, partner):
        values = super()._prepare_partner_home_values(partner)
        if any(map(request.env.user._has_channel_role, ROLES)):
            funds = request.env["crm.mdf.fund"].search([("state", "=", "open")], limit=CHOICES)
            claims = request.env["crm.mdf.claim"].search_count([("state", "=", "submitted")])
            values["mdf_card"] = {
                "available": sum(funds.mapped("available")),
                "currency": funds[:1].currency_id,
                "expiry": min(funds.mapped("expiry_date"), default=None),
                "waiting": claims,
            }
        return values

    # ------------------------------------------------------------------
    # Lists
    # ------------------------------------------------------------------

    @http.route(
        [FUNDS, f"{FUNDS}/page/<int:page>"], type="http", auth="user", website=True, readonly=True
    )
    def partner_funds(self, page=1, **chosen):
        """List the funds of the visitor's company."""
        self._partner_access(*ROLES)
        options = {
            "searchbar_inputs": {
                "all": {"input": "all", "label": request.env._("Search"), "fields": ["name"]}
            },
            "searchbar_sortings": {
                "expiry": {"label": request.env._("Usable until"), "order": "expiry_date desc, id"},
                "name": {"label": request.env._("Number"), "order": "name desc, id"},
            },
            "searchbar_filters": {
                "all": {"label": request.env._("All"), "domain": []},
                "open": {"label": request.env._("Open"), "domain": [("state", "=", "open")]},
            },
        }
        values = self._partner_list("crm.mdf.fund", FUNDS, options=options, page=page, **chosen)
        return request.render(
            "crm_partner.portal_funds",
            self._fund_values("partner_funds", page_title=request.env._("Funds"), **values),
        )

    @http.route(
        [REQUESTS, f"{REQUESTS}/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def partner_fund_requests(self, page=1, **chosen):
        """List the requests of the visitor's company."""
        self._partner_access(*ROLES)
        values = self._partner_list(
            "crm.mdf.request",
            REQUESTS,
            options=self._options("crm.mdf.request", ["name", "title"], "date_from desc, id"),
            page=page,
            **chosen,
        )
        title = request.env._("Fund Requests")
        return request.render(
            "crm_partner.portal_fund_requests",
            self._fund_values("partner_funds", page_title=title, **values),
        )

    @http.route(
        [CLAIMS, f"{CLAIMS}/page/<int:page>"], type="http", auth="user", website=True, readonly=True
    )
    def partner_fund_claims(self, page=1, **chosen):
        """List the claims of the visitor's company."""
        self._partner_access(*ROLES)
        values = self._partner_list(
            "crm.mdf.claim",
            CLAIMS,
            options=self._options(
                "crm.mdf.claim", ["name", "invoice_number"], "invoice_date desc, id"
            ),
            page=page,
            **chosen,
        )
        return request.render(
            "crm_partner.portal_fund_claims",
            self._fund_values("partner_funds", page_title=request.env._("Claims"), **values),
        )

    def _options(self, model, names, by_date):
        states = request.env[model]._fields["state"]._description_selection(request.env)
        filters = {"all": {"label": request.env._("All"), "domain": []}}
        for state, label in states:
            filters[state] = {"label": label, "domain": [("state", "=", state)]}
        return {
            "searchbar_inputs": {
                "all": {"input": "all", "label": request.env._("Search"), "fields": names}
            },
            "searchbar_sortings": {
                "newest": {"label": request.env._("Newest"), "order": "id desc"},
                "date": {"label": request.env._("Date"), "order": by_date},
                "amount": {"label": request.env._("Amount"), "order": "amount desc, id"},
            },
            "searchbar_filters": filters,
        }

    def _fund_values(self, page_name, **values):
        user = request.env.user
        return self._partner_values(
            page_name,
            may_request=user._has_channel_role("marketing"),
            may_claim=any(map(user._has_channel_role, ROLES)),
            error=values.pop("error", None),
            **values,
        )

    # ------------------------------------------------------------------
    # One request
    # ------------------------------------------------------------------

    @http.route(f"{REQUESTS}/new", type="http", auth="user", website=True, readonly=True)
    def partner_fund_request_new(self, **_parameters):
        """Show the empty form of a request."""
        self._partner_access("marketing")
        return self._render_request_form({})

    def _render_request_form(self, form, error=None):
        funds = request.env["crm.mdf.fund"].search(
            [("state", "=", "open")], order="expiry_date desc, id desc", limit=CHOICES
        )
        return request.render(
            "crm_partner.portal_fund_request_new",
            self._fund_values(
                "partner_funds",
                page_title=request.env._("Fund Requests"),
                page_url=REQUESTS,
                page_record=request.env._("New Request"),
                funds=funds,
                kinds=request.env["crm.mdf.activity.type"].search([], limit=CHOICES),
                form=form,
                error=error,
            ),
        )

    @http.route(f"{REQUESTS}/new", type="http", auth="user", website=True, methods=["POST"])
    def partner_fund_request_create(self, **form):
        """Create and submit a request; amounts are in company currency."""
        partner = self._partner_access("marketing")
        try:
            fund = self._chosen_fund(form)
            self._check_fund_rate("crm.mdf.request", partner)
            with request.env.cr.savepoint():
                record = self._create_request(fund, form)
        except UserError as error:
            return self._render_request_form(form, error=str(error))
        return self._partner_redirect(f"{REQUESTS}/{record.id}")

    def _check_fund_rate(self, model, partner):
        """Refuse a person who sends in more a minute than the company accepts of registrations."""
        company = partner.company_id or request.env.company
        # sudo: how many are accepted is no secret of the company
        check_rate(request.env[model], company.sudo().deal_rate_limit)

    def _chosen_fund(self, form):
        """Return the chosen fund as the visitor may read it; another one does not exist."""
        fund_id = form.get("fund_id", "")
        number = int(fund_id) if fund_id.isdecimal() else 0
        fund = request.env["crm.mdf.fund"].search([("id", "=", number), ("state", "=", "open")])
        if not fund:
            raise UserError(request.env._("Choose one of your funds."))
        return fund

    def _create_request(self, fund, form):
        """Create and submit what the form says; fields that it does not have are ignored."""
        values = self._request_values(form)
        # sudo: portal users create nothing; role and fund were checked
        requests = request.env["crm.mdf.request"].sudo()
        record = requests.create({"fund_id": fund.id, **values})
        record._submit()
        return record

    def _request_values(self, form):
        """Return the values of a request; amounts are in company currency.

        :raise UserError: a field is missing, or is none of what it has to be
        """
        kind_id = form.get("kind_id", "")
        kind = request.env["crm.mdf.activity.type"].search(
            [("id", "=", int(kind_id) if kind_id.isdecimal() else 0)]
        )
        if not kind:
            raise UserError(request.env._("Choose the kind of activity."))
        start, end = self._day(form, "date_from"), self._day(form, "date_to")
        if end < start:
            raise UserError(request.env._("The activity cannot end before it begins."))
        title = (form.get("title") or "").strip()[:200]
        if not title:
            raise UserError(request.env._("Enter what you plan to do."))
        return {
            "title": title,
            "kind_id": kind.id,
            "date_from": start,
            "date_to": end,
            "cost": self._amount(form, "cost"),
            "plan": (form.get("plan") or "").strip()[:10000],
            "expected_leads": self._leads(form),
            "expected_revenue": self._amount(form, "expected_revenue", required=False),
            "requested_by_id": request.env.user.partner_id.id,
        }

    def _leads(self, form):
        """Return how many leads the partner expects; 0 where the field is empty.

        :raise UserError: more than anybody expects of an activity, or no number
        """
        leads = self._amount(form, "expected_leads", required=False)
        if leads > MAX_LEADS:
            raise UserError(request.env._("Enter at most %s expected leads.", f"{MAX_LEADS:,}"))
        return int(leads)

    def _day(self, form, name):
        try:
            return date.fromisoformat(form.get(name) or "")
        except ValueError:
            raise UserError(request.env._("Enter the dates as year, month and day.")) from None

    def _amount(self, form, name, required=True):
        return posted_amount(request.env, form.get(name), required=required)

    @http.route(
        f"{REQUESTS}/<int:request_id>", type="http", auth="user", website=True, readonly=True
    )
    def partner_fund_request(self, request_id, **form):
        """Show one request."""
        record = self._partner_record("crm.mdf.request", request_id, *ROLES)
        return self._render_request(record)

    def _render_request(self, record, error=None):
        return request.render(
            "crm_partner.portal_fund_request",
            self._fund_values(
                "partner_funds",
                page_title=request.env._("Fund Requests"),
                page_url=REQUESTS,
                page_record=record.name,
                record=record,
                error=error,
            ),
        )

    @http.route(
        f"{REQUESTS}/<int:request_id>/cancel",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_fund_request_cancel(self, request_id, **_form):
        """Withdraw a request that was not decided."""
        record = self._partner_record("crm.mdf.request", request_id, "marketing")
        try:
            record._cancel()
        except UserError as error:
            return self._render_request(record, error=str(error))
        return self._partner_redirect(f"{REQUESTS}/{record.id}")

    # ------------------------------------------------------------------
    # Claims
    # ------------------------------------------------------------------

    @http.route(
        f"{REQUESTS}/<int:request_id>/claim", type="http", auth="user", website=True, readonly=True
    )
    def partner_fund_claim_new(self, request_id, **_parameters):
        """Show the empty form of a claim."""
        record = self._partner_record("crm.mdf.request", request_id, *ROLES)
        return self._render_claim_form(record, {})

    def _render_claim_form(self, record, form, error=None):
        return request.render(
            "crm_partner.portal_fund_claim_new",
            self._fund_values(
                "partner_funds",
                page_title=request.env._("Fund Requests"),
                page_url=f"{REQUESTS}/{record.id}",
                page_record=request.env._("New Claim"),
                record=record,
                form=form,
                error=error,
            ),
        )

    @http.route(
        f"{REQUESTS}/<int:request_id>/claim",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_fund_claim_create(self, request_id, **form):
        """Create and submit a claim; amounts are in company currency."""
        record = self._partner_record("crm.mdf.request", request_id, *ROLES)
        try:
            self._check_fund_rate("crm.mdf.claim", self._partner_access(*ROLES))
            files = upload.read_uploads(
                request.env, request.httprequest.files.getlist("attachments")
            )
            with request.env.cr.savepoint():
                claim = self._create_claim(record, form, files)
        except UserError as error:
            return self._render_claim_form(record, form, error=str(error))
        return self._partner_redirect(f"{CLAIMS}/{claim.id}")

    def _create_claim(self, record, form, files):
        """Create and submit what the form says; fields that it does not have are ignored."""
        number = (form.get("invoice_number") or "").strip()[:64]
        if not number:
            raise UserError(request.env._("Enter the number of your invoice."))
        Claim = request.env["crm.mdf.claim"].sudo()  # sudo: role and request were checked
        if Claim._number_taken(record.sudo(), number):
            raise UserError(request.env._("The invoice %s was claimed already.", number))
        claim = Claim.create(
            {
                "request_id": record.id,
                "invoice_number": number,
                "invoice_date": self._day(form, "invoice_date"),
                "amount": self._amount(form, "amount"),
                "tax_amount": self._amount(form, "tax_amount", required=False),
                "cost": self._amount(form, "cost", required=False),
                "description": (form.get("description") or "").strip()[:10000],
                "claimed_by_id": request.env.user.partner_id.id,
            }
        )
        upload.attach(claim, files)
        claim._submit()
        return claim

    @http.route(f"{CLAIMS}/<int:claim_id>", type="http", auth="user", website=True, readonly=True)
    def partner_fund_claim(self, claim_id, **_parameters):
        """Show one claim."""
        return self._render_claim(self._partner_record("crm.mdf.claim", claim_id, *ROLES))

    def _render_claim(self, claim, error=None):
        return request.render(
            "crm_partner.portal_fund_claim",
            self._fund_values(
                "partner_funds",
                page_title=request.env._("Claims"),
                page_url=CLAIMS,
                page_record=claim.name,
                claim=claim,
                proofs=claim._proofs(),
                error=error,
            ),
        )

    @http.route(
        f"{CLAIMS}/<int:claim_id>/cancel", type="http", auth="user", website=True, methods=["POST"]
    )
    def partner_fund_claim_cancel(self, claim_id, **_form):
        """Withdraw a claim that was not decided."""
        claim = self._partner_record("crm.mdf.claim", claim_id, *ROLES)
        try:
            claim._cancel()
        except UserError as error:
            return self._render_claim(claim, error=str(error))
        return self._partner_redirect(f"{CLAIMS}/{claim.id}")

    @http.route(
        f"{CLAIMS}/<int:claim_id>/files/<int:file_id>", type="http", auth="user", readonly=True
    )
    def partner_fund_claim_file(self, claim_id, file_id, **_parameters):
        """Send a proof of a claim."""
        claim = self._partner_record("crm.mdf.claim", claim_id, *ROLES)
        proof = claim._proofs().filtered(lambda file: file.id == file_id)
        if not proof:
            raise NotFound
        # sudo: a file of a claim that the visitor may read, as just checked
        stream = request.env["ir.binary"].sudo()._get_stream_from(proof)
        return stream.get_response(as_attachment=True)
