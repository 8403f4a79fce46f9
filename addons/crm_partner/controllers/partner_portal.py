from urllib.parse import urlencode

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal, pager

HOME = "/my/partner"
FLASH = "crm_partner_flash"


class PartnerPortal(CustomerPortal):
    """The portal of a partner company: home, and what the pages of every topic share.

    A topic adds a controller that inherits this class, its tab by inheriting
    ``crm_partner.portal_tabs`` and its card on the home page by inheriting
    ``crm_partner.portal_home``. Rights are enforced by the groups ``group_portal_<role>`` in access
    rights and record rules; a controller asks again so that a wrong visitor gets a clean answer.
    """

    def _partner_access(self, *roles):
        """Return the partner company (superuser) of the visitor, who needs one of ``roles``.

        :raise NotFound: for whoever is not in a programme or has none of the roles
        """
        user = request.env.user
        partner = user._channel_partner()
        if not partner or (roles and not any(map(user._has_channel_role, roles))):
            raise NotFound
        return partner

    def _partner_record(self, model, record_id, *roles):
        """Return the record the visitor may read, as the visitor.

        :raise NotFound: for what they may not read, as for what does not exist
        """
        self._partner_access(*roles)
        records = request.env[model]
        record = records.has_access("read") and records.search([("id", "=", record_id)])
        if not record:
            raise NotFound
        return record

    def _partner_list(self, model, url, *, domain=(), options=None, page=1, **chosen):
        """Return the values of a searchable, sortable, paged list of what the visitor may read.

        :param dict options: ``searchbar_inputs``, ``searchbar_filters`` and ``searchbar_sortings``
            as Odoo's search bar knows them; an input has ``fields``, names that are searched, or
            ``domain``, a function of the text; a filter has ``domain`` and a sorting has ``order``
        :param dict chosen: ``search``, ``search_in``, ``filterby``, ``sortby`` of the request;
            unknown values fall back to the first option
        """
        options = options or {}
        picked = self._picked(options, chosen)
        search = (chosen.get("search") or "").strip()[:100]
        domain = Domain(domain)
        if "filterby" in picked:
            domain &= Domain(options["searchbar_filters"][picked["filterby"]]["domain"])
        if search and "search_in" in picked:
            domain &= self._search_domain(options["searchbar_inputs"][picked["search_in"]], search)
        order = (
            options["searchbar_sortings"][picked["sortby"]]["order"]
            if "sortby" in picked
            else "id desc"
        )
        records = request.env[model]
        paging = pager(
            url=url,
            total=records.search_count(domain),
            page=page,
            step=self._items_per_page,
            url_args={**picked, "search": search},
        )
        found = records.search(
            domain, order=order, limit=self._items_per_page, offset=paging["offset"]
        )
        return {
            **options,
            **picked,
            "search": search,
            "records": found,
            "pager": paging,
            "default_url": url,
        }

    def _search_domain(self, option, search):
        if "domain" in option:
            return Domain(option["domain"](search))
        return Domain.OR(Domain(name, "ilike", search) for name in option["fields"])

    def _picked(self, options, chosen):
        """Return which of the options were chosen, the first one instead of an unknown one."""
        names = {
            "searchbar_inputs": "search_in",
            "searchbar_filters": "filterby",
            "searchbar_sortings": "sortby",
        }
        return {
            name: chosen.get(name)
            if chosen.get(name) in options[group]
            else next(iter(options[group]))
            for group, name in names.items()
            if options.get(group)
        }

    def _partner_values(self, page_name, **values):
        """Values of every page: who the partner is, which tabs the visitor sees, what happened.

        ``notice`` and ``error`` are what :meth:`_partner_redirect` left for the next page.
        """
        user = request.env.user
        for name, text in request.session.pop(FLASH, {}).items():
            values[name] = values.get(name) or text
        return {
            **self._prepare_portal_layout_values(),
            "page_name": page_name,
            "partner": user._channel_partner(),
            "has_role": user._has_channel_role,
            **values,
        }

    def _partner_redirect(self, url, *, notice=None, error=None, **message):
        """Answer a POST: go to ``url`` (a path of ours).

        :param notice: what was done, shown once on the next page
        :param error: what could not be done, shown once on the next page
        :param message: parameters of the address
        """
        flash = {"notice": notice, "error": error}
        if flash := {name: str(text) for name, text in flash.items() if text}:
            request.session[FLASH] = flash
        return request.redirect(f"{url}?{urlencode(message)}" if message else url)

    def _partner_attempt(self, action):
        """Do what a POST asks for, as a whole or not at all.

        :param action: a function without arguments
        :return: (its result, None), or (None, what the visitor has to correct)
        """
        try:
            with request.env.cr.savepoint():
                return action(), None
        except UserError as error:
            return None, str(error)

    def _prepare_partner_home_values(self, partner):
        """Values of the cards of the home page; topics extend it and ask for roles themselves.

        :param partner: the partner company (superuser)
        """
        return {}

    @http.route(HOME, type="http", auth="user", website=True, readonly=True)
    def partner_home(self, **_parameters):
        """Show what waits for the visitor, by role, on one page; everybody of a partner company."""
        partner = self._partner_access()
        values = self._partner_values("partner_home", **self._prepare_partner_home_values(partner))
        return request.render("crm_partner.portal_home", values)

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "channel_partner_count" in counters:
            values["channel_partner_count"] = int(bool(request.env.user._channel_partner()))
        return values
