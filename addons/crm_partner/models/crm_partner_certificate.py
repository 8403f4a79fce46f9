import logging
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import is_unlocked, unlocked

_logger = logging.getLogger(__name__)


class CrmPartnerCertificate(models.Model):
    """A certificate that one person of a partner holds; it counts once somebody confirmed it."""

    _name = "crm.partner.certificate"
    _description = "Certificate of a Partner's Person"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date_to desc, id desc"

    certification_id = fields.Many2one(
        "crm.partner.certification", required=True, index=True, ondelete="restrict", tracking=True
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company", store=True, precompute=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('is_company', '=', True), ('grade_id', '!=', False)]",
    )
    person_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('commercial_partner_id', '=', partner_id), ('is_company', '=', False)]",
        tracking=True,
    )
    number = fields.Char("Certificate No.", tracking=True)
    date_from = fields.Date("Issued on", required=True, default=fields.Date.context_today)
    date_to = fields.Date(
        "Valid until",
        compute="_compute_date_to",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    state = fields.Selection(
        [
            ("proposed", "To Confirm"),
            ("confirmed", "Confirmed"),
            ("refused", "Refused"),
            ("revoked", "Revoked"),
        ],
        default="proposed",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    is_valid = fields.Boolean("Counts", compute="_compute_is_valid", search="_search_is_valid")
    is_expired = fields.Boolean("Expired", compute="_compute_is_valid")
    attachment_ids = fields.Many2many("ir.attachment", string="Proof", copy=False)
    attachment_count = fields.Integer("Files", compute="_compute_attachment_count")
    reason = fields.Char(copy=False, help="Why it was refused or revoked.")
    reminded_on = fields.Date("Reminded on", readonly=True, copy=False)
    remind_error = fields.Char("Reminder Failed", readonly=True, copy=False)
    confirmed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    recipient_ids = fields.Many2many("res.partner", compute="_compute_recipients")

    _number_unique = models.UniqueIndex(
        "(certification_id, number)"
        " WHERE number IS NOT NULL AND state IN ('proposed', 'confirmed')",
        "This certificate has been handed in already.",
    )

    @api.depends("certification_id.name", "person_id.name")
    def _compute_display_name(self):
        for certificate in self:
            # sudo: names of a certification and of a colleague, on what the visitor may read
            known = certificate.sudo()
            person, kind = known.person_id.name or "", known.certification_id.name or ""
            certificate.display_name = f"{kind}, {person}"

    @api.depends("certification_id.company_id", "partner_id")
    def _compute_company(self):
        for certificate in self:
            certificate.company_id = (
                certificate.certification_id.company_id
                or certificate.partner_id.grade_id.company_id
                or self.env.company
            )

    @api.depends("certification_id", "date_from")
    def _compute_date_to(self):
        for certificate in self:
            months = certificate.certification_id.validity_months
            certificate.date_to = (
                certificate.date_from + relativedelta(months=months, days=-1)
                if months and certificate.date_from
                else False
            )

    @api.depends("state", "date_from", "date_to")
    def _compute_is_valid(self):
        today = fields.Date.context_today(self)
        for certificate in self:
            expired = bool(certificate.date_to and certificate.date_to < today)
            certificate.is_expired = expired
            certificate.is_valid = bool(
                certificate.state == "confirmed"
                and not expired
                and certificate.date_from
                and certificate.date_from <= today
            )

    def _search_is_valid(self, operator, value):
        if operator != "in":
            return NotImplemented
        valid = fields.Domain(self._valid_domain(fields.Date.context_today(self)))
        return valid if True in value else ~valid

    @api.depends("attachment_ids")
    def _compute_attachment_count(self):
        for certificate in self:
            certificate.attachment_count = len(certificate.attachment_ids)

    @api.depends("partner_id", "person_id")
    def _compute_recipients(self):
        for certificate in self:
            # sudo: the addresses of the partner the certificate belongs to
            person = certificate.sudo().person_id.filtered("email")
            certificate.recipient_ids = certificate.partner_id._channel_recipients() | person

    @api.constrains("partner_id", "person_id")
    def _check_person(self):
        for certificate in self:
            if certificate.person_id.commercial_partner_id != certificate.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(person)s does not belong to %(partner)s.",
                        person=certificate.person_id.name,
                        partner=certificate.partner_id.name,
                    )
                )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for certificate in self:
            if certificate.date_to and certificate.date_to < certificate.date_from:
                raise ValidationError(
                    self.env._("A certificate cannot expire before it was issued.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Enter certificates as proposed, whatever state is given by hand."""
        if not is_unlocked(self.env):
            for vals in vals_list:
                vals.pop("state", None)
        return super().create(vals_list)

    def write(self, vals):
        """Remind again when the time of validity changes.

        :raise UserError: the state would change by hand
        """
        if not is_unlocked(self.env) and "state" in vals:
            raise UserError(self.env._("Use the buttons of the certificate."))
        if "date_to" in vals or "date_from" in vals:
            vals = {**vals, "reminded_on": False}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_confirmed(self):
        if any(certificate.state == "confirmed" for certificate in self):
            raise UserError(self.env._("Revoke a confirmed certificate instead of deleting it."))

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_confirm(self):
        """Confirm what a partner handed in: from now on it counts."""
        self.check_access("write")
        self._expect("proposed", "refused")
        unlocked(self).write(
            {"state": "confirmed", "confirmed_by_id": self.env.uid, "reason": False}
        )
        self.activity_feedback(["mail.mail_activity_data_todo"])
        for certificate in self:
            certificate.partner_id._onboarding_reached("certificate")
        return True

    def action_refuse(self):
        """Refuse it; the reason, which the partner reads, has to be there."""
        self.check_access("write")
        self._expect("proposed")
        self._check_reason()
        unlocked(self).state = "refused"
        self.activity_feedback(["mail.mail_activity_data_todo"])
        return True

    def action_revoke(self):
        """Take back a confirmed certificate; it no longer counts."""
        self.check_access("write")
        self._expect("confirmed")
        self._check_reason()
        unlocked(self).state = "revoked"
        return True

    def action_reset(self):
        """Back to what has to be confirmed."""
        self.check_access("write")
        self._expect("confirmed", "refused", "revoked")
        unlocked(self).write({"state": "proposed", "confirmed_by_id": False})
        return True

    def _expect(self, *states):
        labels = dict(self._fields["state"]._description_selection(self.env))
        for certificate in self:
            if certificate.state not in states:
                raise UserError(
                    self.env._(
                        "The certificate %(name)s is %(state)s already.",
                        name=certificate.display_name,
                        state=labels[certificate.state],
                    )
                )

    def _check_reason(self):
        for certificate in self:
            if not (certificate.reason or "").strip():
                raise UserError(self.env._("Enter the reason; the partner reads it in the portal."))

    # ------------------------------------------------------------------

    @api.model
    def _valid_domain(self, on):
        """Return the domain of certificates that count on that day: confirmed, not expired."""
        return [
            ("state", "=", "confirmed"),
            ("date_from", "<=", on),
            "|",
            ("date_to", "=", False),
            ("date_to", ">=", on),
        ]

    @api.model
    def _handed_in(self, certification, number):
        """Whether a certificate with that number waits or counts already."""
        return bool(
            self.search_count(
                [
                    ("certification_id", "=", certification.id),
                    ("number", "=", number),
                    ("state", "in", ("proposed", "confirmed")),
                ],
                limit=1,
            )
        )

    def _ask_to_confirm(self):
        """Give whoever looks after the partner the task to check it."""
        for certificate in self:
            manager = certificate.partner_id._channel_manager()
            if manager:
                certificate.activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=self.env._("Check the certificate"),
                    user_id=manager.id,
                )

    @api.model
    def _cron_remind(self):
        """Remind partners once of certificates that expire soon; a failure stays on its record."""
        template = self.env.ref("crm_partner.mail_template_certificate")
        due = self._due_reminders()
        for certificate in due:
            try:
                with self.env.cr.savepoint():
                    certificate._remind(template)
            except Exception as error:
                _logger.info("Reminder of certificate %s failed: %s", certificate.id, error)
                unlocked(certificate).write(
                    {
                        "remind_error": str(error)[:500],
                        "reminded_on": fields.Date.context_today(self),
                    }
                )
            if not self.env["ir.cron"]._commit_progress(1, remaining=len(due)):
                return

    def _due_reminders(self, limit=200):
        today = fields.Date.context_today(self)
        horizons = self.env["crm.partner.certification"].search([("remind_days", ">", 0)])
        domains = [
            [
                ("certification_id.remind_days", "=", days),
                ("date_to", "<=", today + timedelta(days=days)),
            ]
            for days in sorted(set(horizons.mapped("remind_days")))
        ]
        if not domains:
            return self.browse()
        return self.search(
            fields.Domain.OR(domains)
            & fields.Domain(
                [
                    ("state", "=", "confirmed"),
                    ("date_to", ">=", today),
                    ("reminded_on", "=", False),
                    ("partner_id.grade_id", "!=", False),
                ]
            ),
            limit=limit,
            order="date_to, id",
        )

    def _remind(self, template):
        if self.recipient_ids:
            template.send_mail(self.id)
        unlocked(self).write(
            {"reminded_on": fields.Date.context_today(self), "remind_error": False}
        )
