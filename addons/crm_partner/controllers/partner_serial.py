from werkzeug.exceptions import NotFound

from odoo import http
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.portal.controllers.portal import pager

from .partner_portal import PartnerPortal

SERIALS = "/my/partner/serials"
PAGE = 40
#: the countries of the world
COUNTRIES = 400


class PartnerSerial(PartnerPortal):
    """Serial numbers a partner got, and to whom each was sold; roles sales or technical."""

    def _partner_serials(self):
        partner = self._partner_access("sales", "technical")
        # sudo: checked above; everything below is narrowed to this partner
        return partner, request.env["crm.lot.sighting"].sudo()

    @http.route(
        [SERIALS, f"{SERIALS}/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def partner_serials(self, page=1, search="", serials="", **_parameters):
        """List the serial numbers that the visitor's company got."""
        partner, sightings = self._partner_serials()
        search = (search or "").strip()[:100]
        domain = sightings.env["stock.lot"]._channel_delivery_domain(partner)
        if search:
            domain &= Domain("lot_id.name", "ilike", search) | Domain("product_id", "ilike", search)
        lines = sightings.env["stock.move.line"]
        paging = pager(
            url=SERIALS,
            total=lines.search_count(domain),
            page=page,
            step=PAGE,
            url_args={"search": search} if search else None,
        )
        found = lines.search(domain, order="id desc", limit=PAGE, offset=paging["offset"])
        values = self._partner_values(
            "partner_serials",
            page_title=request.env._("Serial Numbers"),
            lines=found,
            registered=sightings._registrations_of(partner, found.lot_id),
            search=search,
            pager=paging,
            serials=(serials or "")[:100],
            countries=request.env["res.country"].search([], limit=COUNTRIES),
            country=partner.country_id or request.env.company.country_id,
            states=(partner.country_id or request.env.company.country_id).state_ids,
        )
        return request.render("crm_partner.portal_serials", values)

    @http.route(
        f"{SERIALS}/register",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        csrf=True,
    )
    def partner_serials_register_sale(self, **post):
        """Register to whom serial numbers were sold."""
        partner, sightings = self._partner_serials()
        count, error = self._partner_attempt(
            lambda: sightings._register_sale(partner, request.env.user, post)
        )
        if error:
            return self._partner_redirect(SERIALS, error=error)
        return self._partner_redirect(
            SERIALS, notice=request.env._("Registered: %s. Thank you.", count)
        )

    @http.route(
        f"{SERIALS}/<int:sighting_id>/withdraw",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        csrf=True,
    )
    def partner_serials_withdraw(self, sighting_id, **_post):
        """Take the registration of a sale back."""
        partner, sightings = self._partner_serials()
        sighting = sightings.search(
            [("id", "=", sighting_id), ("reporter_partner_id", "=", partner.id)]
        )
        if not sighting:
            raise NotFound
        _nothing, error = self._partner_attempt(sighting._withdraw_registration)
        return self._partner_redirect(
            SERIALS,
            error=error,
            notice=not error and request.env._("The registration is taken back."),
        )
