from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from .partner_portal import HOME, PartnerPortal

CONTENT = f"{HOME}/content"
NEWS = f"{HOME}/news"
MODEL = "crm.partner.content"
#: products that the list can be narrowed to; others are found by the search
CATEGORIES = 100


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

    def _content_categories(self):
        """Return the ids of the products of everything that the visitor may see, in a query."""
        seen = request.env[MODEL]._search([("category_ids", "!=", False)])
        # sudo: which products these are about; the visitor's own rights chose them
        contents = request.env[MODEL].sudo()
        groups = contents._read_group([("id", "in", seen)], ["category_ids"])
        return [category.id for [category] in groups]

    def _content_options(self):
        contents = request.env[MODEL]
        kinds = contents._fields["kind"]._description_selection(request.env)
        # sudo: names of the products of what the visitor may see
        categories = (
            request.env["product.category"]
            .sudo()
            .search([("id", "in", self._content_categories())], order="name, id", limit=CATEGORIES)
        )
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
        """List the content that the visitor may see today."""
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
        """Show one content."""
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
        """Note that the visitor has read the current version."""
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
        """List the news that the visitor may see today."""
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
        values = self._partner_values(
            "partner_news",
            page_title=request.env._("News"),
            # sudo: what the visitor chose for themselves
            mails_off=request.env.user.partner_id.sudo().channel_mail_optout,
            **found,
        )
        return request.render("crm_partner.portal_news", values)

    @http.route(f"{NEWS}/mails", type="http", auth="user", website=True, methods=["POST"])
    def partner_news_mails(self, wanted="", **_forged):
        """Let the visitor choose whether they get mails about content and news."""
        self._partner_access()
        # sudo: the visitor's own choice, nothing else
        person = request.env.user.partner_id.sudo()
        person.channel_mail_optout = wanted != "1"
        notice = (
            request.env._("You get no more mails about content and news.")
            if person.channel_mail_optout
            else request.env._("You get a mail when there is something new.")
        )
        return self._partner_redirect(NEWS, notice=notice)
