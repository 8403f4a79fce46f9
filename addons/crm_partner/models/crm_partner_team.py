from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize

from ..tools import unlocked
from .res_users import ROLES

ALL_ROLES = ("admin", *ROLES)


class CrmPartnerTeam(models.AbstractModel):
    """The people of a partner in the portal: invited, given roles, removed.

    Done by the administrator of the partner's team in the portal, or by a channel manager. Only
    portal users of that very company can be touched, and only the roles of the portal given.
    """

    _name = "crm.partner.team"
    _description = "Portal Team of a Partner"

    @api.model
    def _check_team_access(self, partner):
        """Return ``partner`` as superuser.

        :raise AccessError: unless the user may change the team of this partner company
        """
        user = self.env.user
        if user._is_internal():
            # the partner as the user sees it: channel managers see partners of their companies
            partner = partner.sudo(False).with_user(user)
            allowed = user.has_group("crm_partner.group_partner_user")
            allowed = allowed and partner.has_access("read")
        else:
            allowed = user._has_channel_role("admin") and user._channel_partner() == partner
        # sudo: whether it is in the programme; handed out only after both checks
        partner = partner.sudo()
        if not allowed or not partner.grade_id:
            raise AccessError(self.env._("You may not change the team of this partner."))
        return partner

    @api.model
    def _members(self, partner):
        """Return the portal users (superuser) of a partner company, removed ones too."""
        # sudo: the callers check; internal users and other companies are never in it
        users = self.env["res.users"].sudo().with_context(active_test=False)
        return users.search(
            [("partner_id.commercial_partner_id", "=", partner.id), ("share", "=", True)],
            order="active desc, name, id",
        ).filtered(lambda user: not user._is_superuser() and user.partner_id.active)

    @api.model
    def _own(self, partner, user):
        """Return ``user`` as superuser.

        :raise AccessError: if it is no portal user of this very company
        """
        member = self._member(partner, user.id)
        if not member:
            raise AccessError(self.env._("You may not change the team of this partner."))
        return member

    @api.model
    def _member(self, partner, user_id):
        """Return one portal user of a partner company; empty for everybody else's."""
        return self._members(partner).filtered(lambda user: user.id == user_id)

    @api.model
    def _roles(self, user):
        """Return the roles that were given to ``user``, in the order of ALL_ROLES."""
        # sudo: the groups of a member of a team, which the callers were checked for
        groups = user.sudo().group_ids
        return [role for role in ALL_ROLES if self._role_group(role) in groups]

    @api.model
    def _role_group(self, role):
        return self.env.ref(f"crm_partner.group_portal_{role}")

    @api.model
    def _state(self, user):
        """Return ``removed``, ``invited`` (never logged in yet) or ``active``."""
        if not user.active or not user._is_portal():
            return "removed"
        return "active" if user.login_date else "invited"

    # ------------------------------------------------------------------
    # Changes
    # ------------------------------------------------------------------

    @api.model
    def _invite(self, partner, name, email, roles):
        """Create the contact and the portal user of a colleague, and send the invitation.

        :return: the user (superuser)
        :raise UserError: for an address that cannot be invited, or too many invitations
        """
        partner = self._check_team_access(partner)
        partner._channel_serialize()
        roles = self._check_roles(roles)
        email = self._check_email(email)
        self._check_limit(partner)
        contact = self._contact(partner, name, email)
        again = bool(contact.with_context(active_test=False).user_ids)
        self._portal_access(partner, contact).action_grant_access()
        user = contact.user_ids
        self._write_roles(user, roles)
        self._log(partner, user, "restore" if again else "invite", roles)
        partner._onboarding_reached("team")
        return user

    @api.model
    def _resend(self, partner, user):
        """Send the invitation of a colleague who never logged in once more."""
        partner = self._check_team_access(partner)
        partner._channel_serialize()
        user = self._own(partner, user)
        if self._state(user) != "invited":
            raise UserError(self.env._("%s does not wait for an invitation.", user.name))
        self._check_limit(partner)
        self._portal_access(partner, user.partner_id).action_invite_again()
        self._log(partner, user, "resend", self._roles(user))

    @api.model
    def _set_roles(self, partner, user, roles):
        """Give ``user`` these roles, and take away those not named."""
        partner = self._check_team_access(partner)
        partner._channel_serialize()
        user = self._own(partner, user)
        roles = self._check_roles(roles)
        before = self._roles(user)
        if self._state(user) == "removed":
            raise UserError(self.env._("%s was removed. Let them in again first.", user.name))
        if "admin" in before and "admin" not in roles:
            self._check_other_admin(partner, user)
        if roles != before:
            self._write_roles(user, roles)
            self._log(partner, user, "roles", roles)

    @api.model
    def _remove(self, partner, user):
        """Take the portal away from ``user``; the contact and all documents stay."""
        partner = self._check_team_access(partner)
        partner._channel_serialize()
        user = self._own(partner, user)
        roles = self._roles(user)
        if self._state(user) == "removed":
            return
        if "admin" in roles:
            self._check_other_admin(partner, user)
        self._portal_access(partner, user.partner_id).action_revoke_access()
        self._log(partner, user, "remove", roles)

    @api.model
    def _restore(self, partner, user):
        """Let a removed colleague in again, with the roles they had."""
        partner = self._check_team_access(partner)
        user = self._own(partner, user)
        if self._state(user) != "removed":
            return user
        return self._invite(partner, user.name, user.login, self._roles(user))

    # ------------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------------

    @api.model
    def _check_roles(self, roles):
        unknown = set(roles) - set(ALL_ROLES)
        if unknown:
            raise UserError(self.env._("Choose among the roles that are offered."))
        return [role for role in ALL_ROLES if role in roles]

    @api.model
    def _check_email(self, email):
        normalized = email_normalize(email or "", strict=True)
        if not normalized or len(normalized) > 120:
            shown = str(email or "")[:60]
            raise UserError(self.env._("'%s' is not an e-mail address. Enter one.", shown))
        return normalized

    @api.model
    def _check_limit(self, partner):
        """Refuse more invitations by the partner's people than the company allows within a day."""
        if self.env.user._is_internal():
            return
        limit = (partner.company_id or self.env.company).partner_invite_limit
        # sudo: the log of the own team is counted
        sent = (
            self.env["crm.partner.team.log"]
            .sudo()
            .search_count(
                [
                    ("partner_id", "=", partner.id),
                    ("action", "in", ("invite", "resend", "restore")),
                    ("date", ">", fields.Datetime.now() - timedelta(days=1)),
                ],
                limit=limit + 1,
            )
        )
        if sent >= limit:
            raise UserError(
                self.env._(
                    "Your company sent %s invitations within 24 hours, which is the limit. Go on"
                    " tomorrow, or ask your contact.",
                    limit,
                )
            )

    @api.model
    def _check_other_admin(self, partner, user):
        admins = self._members(partner).filtered(
            lambda one: self._state(one) != "removed" and "admin" in self._roles(one)
        )
        if not admins - user:
            raise UserError(
                self.env._(
                    "%s is the only administrator of the team. Make somebody else one first.",
                    user.name,
                )
            )

    # ------------------------------------------------------------------

    @api.model
    def _contact(self, partner, name, email):
        """Return the contact of ``partner`` with this address, a new one if there is none.

        :raise UserError: if the address belongs to somebody who cannot be invited; whether they
            work for us, for a competitor or nobody knows is not said
        """
        # sudo: whether a login is taken; the callers checked, and nothing of the user is handed out
        users = self.env["res.users"].sudo().with_context(active_test=False)
        user = users.search([("login", "=ilike", email.replace("_", r"\_"))], limit=1)
        if user and self._member(partner, user.id):
            if self._state(user) != "removed":
                raise UserError(self.env._("%s is in your team already.", email))
            return user.partner_id
        contacts = partner.search(
            [
                ("commercial_partner_id", "=", partner.id),
                ("id", "!=", partner.id),
                ("email_normalized", "=", email),
            ]
        )
        contact = contacts.filtered(lambda one: not one.with_context(active_test=False).user_ids)[
            :1
        ]
        if user or (contacts and not contact):
            raise UserError(
                self.env._("%s cannot be invited. Ask your contact at our company.", email)
            )
        return contact or self._create_contact(partner, name, email)

    @api.model
    def _create_contact(self, partner, name, email):
        name = " ".join((name or "").split())[:100]
        if not name:
            raise UserError(self.env._("Enter the name of your colleague."))
        return partner.create(
            {
                "name": name,
                "email": email,
                "parent_id": partner.id,
                "type": "contact",
                "company_id": partner.company_id.id,
                "lang": self.env.user.lang or partner.lang,
            }
        )

    @api.model
    def _portal_access(self, partner, contact):
        """Return Odoo's own line for the portal access of ``contact``."""
        company = partner.company_id or self.env.company
        # sudo: the callers checked; portal users have no right on the assistant
        wizard = (
            self.env["portal.wizard"]
            .sudo()
            .with_company(company)
            .create(
                {
                    "partner_ids": [Command.set(contact.ids)],
                    "welcome_message": self.env._(
                        "%(user)s invites you to the partner portal of %(company)s.",
                        user=self.env.user.name,
                        company=company.name,
                    ),
                }
            )
        )
        return wizard.user_ids

    @api.model
    def _write_roles(self, user, roles):
        # sudo: the callers checked; only groups of the portal are linked
        user.sudo().group_ids = [
            (Command.link if role in roles else Command.unlink)(self._role_group(role).id)
            for role in ALL_ROLES
        ]

    @api.model
    def _log(self, partner, user, action, roles):
        labels = dict(self._role_labels())
        unlocked(self.env["crm.partner.team.log"]).create(
            {
                "partner_id": partner.id,
                "user_id": self.env.user.id,
                "contact_id": user.partner_id.id,
                "name": f"{user.name} <{user.login}>",
                "action": action,
                "detail": ", ".join(labels[role] for role in roles),
            }
        )

    @api.model
    def _role_labels(self):
        """Return (role, name) pairs in the order of ALL_ROLES."""
        return [
            ("admin", self.env._("Administrator")),
            ("sales", self.env._("Sales")),
            ("marketing", self.env._("Marketing")),
            ("finance", self.env._("Finance")),
            ("technical", self.env._("Technical")),
        ]
