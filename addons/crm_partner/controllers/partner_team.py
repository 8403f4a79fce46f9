from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request

from .partner_portal import PartnerPortal

TEAM = "/my/partner/team"


class PartnerTeam(PartnerPortal):
    """The administrator of a partner's team sees, invites, resends, removes, gives roles."""

    def _partner_team(self):
        return self._partner_access("admin"), request.env["crm.partner.team"]

    def _partner_member(self, user_id):
        """Return (partner, service, user) for a colleague of the visitor.

        :raise NotFound: for every other user, as for one that does not exist
        """
        partner, service = self._partner_team()
        user = service._member(partner, user_id)
        if not user:
            raise NotFound
        return partner, service, user

    def _posted_roles(self):
        return request.httprequest.form.getlist("role")

    @http.route(TEAM, type="http", auth="user", website=True, readonly=True)
    def partner_team(self, **_parameters):
        """Show colleagues with their roles and the last 20 changes; administrators only."""
        partner, service = self._partner_team()
        members = [
            {"user": user, "state": service._state(user), "roles": service._roles(user)}
            for user in service._members(partner)
        ]
        log = request.env["crm.partner.team.log"].search(
            [("partner_id", "=", partner.id)], limit=20
        )
        values = self._partner_values(
            "partner_team",
            page_title=request.env._("Team"),
            members=members,
            role_labels=service._role_labels(),
            me=request.env.user,
            log=log.sudo(),  # sudo: names of those who acted; the log was found by the visitor
        )
        return request.render("crm_partner.portal_team", values)

    def _team_change(self, action, notice):
        _result, error = self._partner_attempt(action)
        return self._partner_redirect(TEAM, notice=not error and notice, error=error)

    @http.route(
        f"{TEAM}/invite", type="http", auth="user", website=True, methods=["POST"], csrf=True
    )
    def partner_team_invite(self, name="", email="", **_post):
        """Give a colleague access to the portal and mail the invitation; administrators only.

        Nothing is stored when the address or a role is refused, or too many were invited lately.
        """
        partner, service = self._partner_team()
        roles = self._posted_roles()
        return self._team_change(
            lambda: service._invite(partner, name, email, roles),
            request.env._("The invitation is on its way to %s.", email[:120]),
        )

    @http.route(
        f"{TEAM}/<int:user_id>/roles",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        csrf=True,
    )
    def partner_team_roles(self, user_id, **_post):
        """Replace the roles of a colleague by the ticked ones; administrators only.

        :raise NotFound: for a user of another company, as for one that does not exist
        """
        partner, service, user = self._partner_member(user_id)
        roles = self._posted_roles()
        return self._team_change(
            lambda: service._set_roles(partner, user, roles),
            request.env._("The roles of %s are saved.", user.name),
        )

    @http.route(
        f"{TEAM}/<int:user_id>/resend",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        csrf=True,
    )
    def partner_team_resend(self, user_id, **_post):
        """Mail the invitation to a colleague who has not come in yet; administrators only.

        :raise NotFound: for a user of another company, as for one that does not exist
        """
        partner, service, user = self._partner_member(user_id)
        return self._team_change(
            lambda: service._resend(partner, user),
            request.env._("The invitation is on its way to %s.", user.login),
        )

    @http.route(
        f"{TEAM}/<int:user_id>/remove",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        csrf=True,
    )
    def partner_team_remove(self, user_id, **_post):
        """Close the portal for a colleague, whose records stay; administrators only.

        :raise NotFound: for a user of another company, as for one that does not exist
        """
        partner, service, user = self._partner_member(user_id)
        return self._team_change(
            lambda: service._remove(partner, user),
            request.env._("%s can no longer log in.", user.name),
        )

    @http.route(
        f"{TEAM}/<int:user_id>/restore",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        csrf=True,
    )
    def partner_team_restore(self, user_id, **_post):
        """Let a removed colleague in again, with the roles of before; administrators only.

        :raise NotFound: for a user of another company, as for one that does not exist
        """
        partner, service, user = self._partner_member(user_id)
        return self._team_change(
            lambda: service._restore(partner, user),
            request.env._("%s can log in again.", user.name),
        )
