from odoo import _, http
from odoo.exceptions import AccessError, UserError
from odoo.http import request

DECISIONS = {"approve", "refuse", "return"}


class ApprovalController(http.Controller):
    """The page behind the signed link of a mail: GET shows, only POST decides."""

    @http.route(
        "/approval/<int:request_id>/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
    )
    def show(self, request_id, token, **_kwargs):
        """Show what is to be approved; changes nothing, however often a mail scanner calls it."""
        found = self._find(request_id, token)
        return self._page(found) if found else self._refuse()

    @http.route(
        "/approval/<int:request_id>/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        sitemap=False,
    )
    def decide(self, request_id, token, decision="", reason="", **_kwargs):
        """Decide as the person whom the link was sent to."""
        found = self._find(request_id, token)
        if not found:
            return self._refuse()
        approval, step, user = found
        if decision not in DECISIONS or not approval._link_turn(step, user):
            return self._page(found)
        try:
            with request.env.cr.savepoint():
                approval._decide_by_link(user, decision, reason)
        except (AccessError, UserError) as error:
            return self._page(found, error=str(error))
        return self._page(found)

    def _find(self, request_id, token):
        """Return (request, step, user) if the token is good and nobody else is signed in."""
        found = request.env["crm.approval.request"]._from_token(request_id, token)
        if not found:
            return None
        visitor = request.env.user
        return found if visitor._is_public() or visitor == found[2] else None

    def _page(self, found, error=None):
        approval, step, user = found
        request.update_context(lang=user.lang)
        approval = approval.with_context(lang=user.lang)
        values = {
            "approval": approval,
            "user": user,
            "error": error,
            "turn": approval._link_turn(step, user),
        }
        response = request.render("crm_approval.link_page", values)
        return self._private(response)

    def _refuse(self):
        response = request.render(
            "crm_approval.link_invalid",
            {"message": _("This link is not valid, has expired, or is meant for somebody else.")},
        )
        response.status_code = 403
        return self._private(response)

    def _private(self, response):
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response
