from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.crm_print.tools import XLSX, download, ids_of

from .partner_portal import HOME, PartnerPortal

STATEMENTS = f"{HOME}/statements"


class PartnerStatements(PartnerPortal):
    """Statements of account in the portal: read, download, confirm, dispute."""

    def _prepare_partner_home_values(self, partner):
        values = super()._prepare_partner_home_values(partner)
        if request.env.user._has_channel_role("finance"):
            statements = request.env["crm.partner.statement"]
            values["statement_card"] = {
                "waiting": statements.search_count([("state", "=", "sent")]),
                "last": statements.search([], order="date_to desc, id desc", limit=1),
            }
        return values

    @http.route(
        [STATEMENTS, f"{STATEMENTS}/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def partner_statements(self, page=1, **chosen):
        """List the statements of the visitor's company, in pages; for its finance people."""
        self._partner_access("finance")
        states = [("sent", request.env._("To Confirm")), ("confirmed", request.env._("Confirmed"))]
        states.append(("disputed", request.env._("Disputed")))
        options = {
            "searchbar_inputs": {
                "all": {"input": "all", "label": request.env._("Search"), "fields": ["name"]}
            },
            "searchbar_sortings": {
                "date": {"label": request.env._("Period"), "order": "date_to desc, id desc"},
                "amount": {"label": request.env._("Closing"), "order": "closing desc, id"},
            },
            "searchbar_filters": {
                "all": {"label": request.env._("All"), "domain": []},
                **{key: {"label": name, "domain": [("state", "=", key)]} for key, name in states},
            },
        }
        values = self._partner_list(
            "crm.partner.statement", STATEMENTS, options=options, page=page, **chosen
        )
        return request.render(
            "crm_partner.portal_statements",
            self._partner_values(
                "partner_statements", page_title=request.env._("Statements"), **values
            ),
        )

    @http.route(
        f"{STATEMENTS}/<int:statement_id>", type="http", auth="user", website=True, readonly=True
    )
    def partner_statement(self, statement_id, **_parameters):
        """Show a statement."""
        return self._render_statement(
            self._partner_record("crm.partner.statement", statement_id, "finance")
        )

    def _render_statement(self, record, **values):
        return request.render(
            "crm_partner.portal_statement",
            self._partner_values(
                "partner_statements",
                page_title=request.env._("Statements"),
                page_url=STATEMENTS,
                page_record=record.name,
                record=record,
                **values,
            ),
        )

    @http.route(
        f"{STATEMENTS}/<int:statement_id>/confirm",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_statement_confirm(self, statement_id, seen="", **_form):
        """Confirm the statement as it was on the screen (``seen``: hash of its contents)."""
        record = self._partner_record("crm.partner.statement", statement_id, "finance")
        try:
            record._confirm(request.env.user.name, seen=seen, **self._visitor())
        except UserError as error:
            return self._render_statement(record, error=str(error))
        return self._partner_redirect(f"{STATEMENTS}/{record.id}")

    @http.route(
        f"{STATEMENTS}/<int:statement_id>/dispute",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_statement_dispute(self, statement_id, reason="", seen="", **_form):
        """Dispute the statement as it was on the screen, with a reason."""
        record = self._partner_record("crm.partner.statement", statement_id, "finance")
        try:
            record._dispute(request.env.user.name, reason, seen=seen, **self._visitor())
        except UserError as error:
            return self._render_statement(record, error=str(error))
        return self._partner_redirect(f"{STATEMENTS}/{record.id}")

    def _visitor(self):
        asked = request.httprequest
        return {"ip": asked.remote_addr, "user_agent": (asked.user_agent.string or "")[:200]}

    # website: the files are in the language that the visitor chose for the pages
    @http.route(
        f"{STATEMENTS}/<int:statement_id>/pdf",
        type="http",
        auth="user",
        website=True,
        readonly=False,
    )
    def partner_statement_pdf(self, statement_id, **_parameters):
        """Download the statement as PDF in the visitor's language."""
        record = self._partner_record("crm.partner.statement", statement_id, "finance")
        # sudo: a statement that the visitor may read, as just checked
        printed = record.sudo().with_context(statement_lang=request.env.lang)
        name, content = printed._print()
        return download(content, name, "application/pdf")

    @http.route(
        f"{STATEMENTS}/<int:statement_id>/xlsx",
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def partner_statement_xlsx(self, statement_id, **_parameters):
        """Download the statement as a workbook."""
        record = self._partner_record("crm.partner.statement", statement_id, "finance")
        content = request.env["crm.partner.statement.document"]._xlsx(record)
        return download(content, f"{record.name}.xlsx", XLSX)

    @http.route("/crm_partner/statements.xlsx", type="http", auth="user", readonly=True)
    def statements_xlsx(self, ids="", **_parameters):
        """Download statements as a workbook, as far as the user may read them.

        :param str ids: ids of statements, separated by commas
        """
        numbers = ids_of(ids)
        # searched, not browsed: what the user may not read is as if it did not exist
        Statement = request.env["crm.partner.statement"]
        found = Statement.has_access("read") and Statement.search([("id", "in", numbers)])
        if not found or len(found) < len(numbers):
            raise NotFound
        content = request.env["crm.partner.statement.document"]._xlsx(found)
        name = request.env._("Statements of account") if len(found) > 1 else found.name
        return download(content, f"{name}.xlsx", XLSX)
