from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .res_users import ROLES


class CrmPartnerAudienceMixin(models.AbstractModel):
    """What is published to some of the people of partners: by level, role, language and dates."""

    _name = "crm.partner.audience.mixin"
    _description = "Published to Partners"

    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index=True,
        help="Empty: for the partners of all companies.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("published", "Published"), ("withdrawn", "Withdrawn")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    grade_ids = fields.Many2many(
        "res.partner.grade", string="Levels", help="Empty: partners of every level."
    )
    role = fields.Selection(
        [
            ("sales", "Sales"),
            ("marketing", "Marketing"),
            ("finance", "Finance"),
            ("technical", "Technical"),
        ],
        help="Who of the partner's people may see it. Empty: all of them.",
    )
    lang = fields.Selection(
        selection="_languages",
        string="Language",
        help="Only people with this language see it. Empty: everybody.",
    )
    date_from = fields.Date("Valid from", default=fields.Date.context_today)
    date_to = fields.Date("Valid until", help="The last day on which it is shown.")
    is_current = fields.Boolean(
        "Shown Today", compute="_compute_is_current", search="_search_is_current"
    )
    for_visitor = fields.Boolean(
        compute="_compute_for_visitor", search="_search_for_visitor", compute_sudo=True
    )

    @api.model
    def _languages(self):
        return self.env["res.lang"].get_installed()

    @api.depends("state", "date_from", "date_to")
    def _compute_is_current(self):
        today = fields.Date.context_today(self)
        for record in self:
            record.is_current = (
                record.state == "published"
                and (not record.date_from or record.date_from <= today)
                and (not record.date_to or record.date_to >= today)
            )

    @api.model
    def _search_is_current(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return self._domain_current()

    @api.model
    def _domain_current(self):
        today = fields.Date.context_today(self)
        return (
            Domain("state", "=", "published")
            & (Domain("date_from", "=", False) | Domain("date_from", "<=", today))
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", today))
        )

    @api.depends("state", "grade_ids", "role", "lang", "date_from", "date_to", "company_id")
    @api.depends_context("uid")
    def _compute_for_visitor(self):
        visible = self.search(Domain("id", "in", self.ids) & self._domain_for_visitor())
        for record in self:
            record.for_visitor = record in visible

    @api.model
    def _search_for_visitor(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return self._domain_for_visitor()

    @api.model
    def _domain_for_visitor(self):
        """Return what the user may see in the portal; levels and days count at every search."""
        user = self.env.user
        partner = user._channel_partner()
        if not partner:
            return Domain.FALSE
        roles = [role for role in ROLES if user._has_channel_role(role)]
        return (
            self._domain_current()
            & Domain("company_id", "in", [False, *user.company_ids.ids])
            & (Domain("grade_ids", "=", False) | Domain("grade_ids", "in", partner.grade_id.ids))
            & Domain("role", "in", [False, *roles])
            & Domain("lang", "in", [False, user.lang])
        )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for record in self:
            if record.date_from and record.date_to and record.date_to < record.date_from:
                raise ValidationError(
                    self.env._(
                        '"%s" is valid until a day before it becomes valid.', record.display_name
                    )
                )

    def action_publish(self):
        """Show it to its audience, from its first day on."""
        self.check_access("write")
        for record in self:
            record._check_publish()
        self.write({"state": "published"})

    def action_withdraw(self):
        """Hide it from partners; what was logged stays."""
        self.check_access("write")
        if self.filtered(lambda record: record.state != "published"):
            raise UserError(self.env._("Only what is published can be withdrawn."))
        self.write({"state": "withdrawn"})

    def _check_publish(self):
        """Hook: raise a UserError if something is missing."""

    def _audience(self):
        """Return the portal users (superuser) who see this today or will when it is valid."""
        self.ensure_one()
        level = Domain("partner_id.commercial_partner_id.grade_id", "!=", False)
        if self.grade_ids:
            level = Domain("partner_id.commercial_partner_id.grade_id", "in", self.grade_ids.ids)
        domain = level & Domain("share", "=", True)
        if self.lang:
            domain &= Domain("lang", "=", self.lang)
        if self.role:
            group = self.env.ref(f"crm_partner.group_portal_{self.role}")
            domain &= Domain("all_group_ids", "in", group.ids)
        if self.company_id:
            domain &= Domain("company_ids", "in", self.company_id.ids)
        # sudo: which people of partners see it, counted for those who publish it
        return self.env["res.users"].sudo().search(domain)
