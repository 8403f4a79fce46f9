from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from .partner_portal import HOME, PartnerPortal

CONTENT = f"{HOME}/content"
NEWS = f"{HOME}/news"
MODEL = "crm.partner.content"


class PartnerContent(PartnerPortal):
    """Content and news in the portal. Level, role, language and dates decide in record rules."""

    def _prepare_partner_home_values(self, partner):
        values = super()._prepare_partner_home_values(partner)
        contents = request.env[MODEL]
        return values | {
            "news": request.env["crm.partner.news"].search([], limit=3),
            "content_to_acknowledge": contents.search([("to_acknowledge", "=", True)], limit=5),
            "content_count": contents.search_count([]),
        }

    def _content_options(self):
        contents = request.env[MODEL]
        kinds = contents._fields["kind"]._description_selection(request.env)
        # sudo: names of the products of what the visitor may see
        categories = contents.search([]).sudo().category_ids.sorted("name")
        filters = {
            "all": {"label": request.env._("Everything"), "domain": []},
            "acknowledge": {
                "label": request.env._("To acknowledge"),
                "domain": [("to_acknowledge", "=", True)],
            },
            **{key: {"label": label, "domain": [("kind", "=", key)]} for key, label in kinds},
            **{
                f"product_{category.id}": {
                    "label": category.name,
                    "domain": [("category_ids", "in", category.ids)],
                }
                for category in categories
            },
        }
        return {
            "searchbar_filters": filters,
            "searchbar_inputs": {
                "text": {
                    "input": "text",
                    "label": request.env._("Search in title and text"),
                    "fields": ["name", "description"],
                },
                "product": {
                    "input": "product",
                    "label": request.env._("Search in products"),
                    "fields": ["product_text"],
                },
            },
            "searchbar_sortings": {
                "name": {"label": request.env._("Title"), "order": "sequence, name, id"},
                "date": {"label": request.env._("Newest"), "order": "date_from desc, id desc"},
            },
        }

    @http.route(
        [CONTENT, f"{CONTENT}/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def partner_contents(self, page=1, **chosen):
        self._partner_access()
        found = self._partner_list(
            MODEL, CONTENT, options=self._content_options(), page=page, **chosen
        )
        values = self._partner_values(
            "partner_content", page_title=request.env._("Content"), **found
        )
        return request.render("crm_partner.portal_contents", values)

    @http.route(
        f"{CONTENT}/<int:content_id>", type="http", auth="user", website=True, readonly=True
    )
    def partner_content(self, content_id, **_parameters):
        content = self._partner_record(MODEL, content_id)
        return request.render("crm_partner.portal_content", self._content_values(content))

    def _content_values(self, content, **message):
        return self._partner_values(
            "partner_content",
            page_title=request.env._("Content"),
            page_url=CONTENT,
            page_record=content.name,
            content=content,
            **message,
        )

    @http.route(f"{CONTENT}/<int:content_id>/file", type="http", auth="user", website=True)
    def partner_content_file(self, content_id, **_parameters):
        """Log that the visitor opens the current version, and send it."""
        content = self._partner_record(MODEL, content_id)
        content._log("download")
        # sudo: the file of what the visitor may see
        version = content.sudo().version_id
        if version.url:
            return request.redirect(version.url, local=False)
        stream = request.env["ir.binary"]._get_stream_from(
            version, "file", filename_field="filename"
        )
        return stream.get_response(as_attachment=True)

    @http.route(
        f"{CONTENT}/<int:content_id>/acknowledge",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_content_acknowledge(self, content_id, **_forged):
        content = self._partner_record(MODEL, content_id)
        try:
            content._acknowledge()
        except UserError as error:
            return request.render(
                "crm_partner.portal_content", self._content_values(content, error=str(error))
            )
        return self._partner_redirect(
            f"{CONTENT}/{content_id}", notice=request.env._("Thank you for confirming.")
        )

    @http.route(
        [NEWS, f"{NEWS}/page/<int:page>"], type="http", auth="user", website=True, readonly=True
    )
    def partner_news(self, page=1, **chosen):
        self._partner_access()
        options = {
            "searchbar_inputs": {
                "text": {
                    "input": "text",
                    "label": request.env._("Search in news"),
                    "fields": ["name", "body"],
                }
            },
            "searchbar_sortings": {
                "date": {
                    "label": request.env._("Newest"),
                    "order": "is_pinned desc, date_from desc, id desc",
                },
                "name": {"label": request.env._("Headline"), "order": "name, id"},
            },
        }
        found = self._partner_list("crm.partner.news", NEWS, options=options, page=page, **chosen)
        values = self._partner_values("partner_news", page_title=request.env._("News"), **found)
        return request.render("crm_partner.portal_news", values)
