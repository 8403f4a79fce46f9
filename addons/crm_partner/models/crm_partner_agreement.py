import logging
from datetime import timedelta

from dateutil.relativedelta import relativedelta
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import agreement
from ..tools import is_unlocked, unlocked

_logger = logging.getLogger(__name__)

OPEN = ("draft", "sent", "signed")
FROZEN = {
    "state",
    "body",
    "pdf_attachment_id",
    "pdf_sha256",
    "signed_on",
    "signed_by",
    "signed_user_id",
    "version",
    "name",
}


class CrmPartnerAgreement(models.Model):
    """The agreement with one partner: frozen when sent, signed by its administrator."""

    _name = "crm.partner.agreement"
    _description = "Partner Agreement"
    _inherit = ["crm.signature.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_from desc, id desc"
    _signature_report = "crm_partner.action_report_agreement"

    name = fields.Char("Number", readonly=True, copy=False, default="/")
    partner_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('is_company', '=', True), ('grade_id', '!=', False)]",
        tracking=True,
    )
    template_id = fields.Many2one(
        "crm.partner.agreement.template",
        "Text",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    version = fields.Integer(readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    user_id = fields.Many2one(
        "res.users", "Responsible", default=lambda self: self.env.user, tracking=True
    )
    date_from = fields.Date("Valid from", required=True, default=fields.Date.context_today)
    date_to = fields.Date(
        "Valid until",
        compute="_compute_date_to",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    body = fields.Html("Agreement", readonly=True, copy=False, sanitize=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("sent", "To Sign"),
            ("signed", "In Force"),
            ("expired", "Expired"),
            ("declined", "Declined"),
            ("terminated", "Terminated"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    signed_by = fields.Char(readonly=True, copy=False)
    signed_user_id = fields.Many2one(
        "res.users", "Signed in as", readonly=True, copy=False, ondelete="restrict"
    )
    signed_on = fields.Datetime(readonly=True, copy=False)
    reminded_on = fields.Date(readonly=True, copy=False)
    recipient_ids = fields.Many2many("res.partner", compute="_compute_recipients")

    _one_open = models.UniqueIndex(
        "(partner_id, template_id) WHERE state IN ('draft', 'sent')",
        "This partner has an agreement with this text that is not signed yet.",
    )

    @api.depends("template_id", "date_from")
    def _compute_date_to(self):
        for document in self:
            months = document.template_id.months
            document.date_to = (
                document.date_from + relativedelta(months=months, days=-1)
                if months and document.date_from
                else False
            )

    @api.depends("partner_id")
    def _compute_recipients(self):
        for document in self:
            document.recipient_ids = document.partner_id._channel_recipients()

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for document in self:
            if document.date_to and document.date_to < document.date_from:
                raise UserError(self.env._("An agreement cannot end before it begins."))

    @api.model_create_multi
    def create(self, vals_list):
        """Number agreements; what only methods write is dropped."""
        for vals in vals_list:
            if not is_unlocked(self.env):
                for name in FROZEN:
                    vals.pop(name, None)
            if vals.get("name", "/") == "/":
                company = self.env["res.company"].browse(vals.get("company_id"))
                sequence = self.env["ir.sequence"].with_company(company or self.env.company)
                # sudo: the number of a document the user may create
                vals["name"] = sequence.sudo().next_by_code("crm.partner.agreement") or "/"
        return super().create(vals_list)

    def write(self, vals):
        """Keep what was sent.

        :raises UserError: a field that only methods write, or that was sent, would change
        """
        if not is_unlocked(self.env):
            if vals.keys() & FROZEN:
                raise UserError(self.env._("Use the buttons of the agreement."))
            if vals.keys() & {"partner_id", "template_id", "company_id", "date_from", "date_to"}:
                self._expect("draft")
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        for document in self:
            if document.state != "draft" or document._evidence():
                raise UserError(
                    self.env._("%s has been sent; terminate it instead.", document.name)
                )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_send(self):
        """Freeze text and PDF, and ask the partner's administrator to sign in the portal."""
        self.check_access("write")
        for document in self:
            document._expect("draft")
            document.lock_for_update()
            document._fill()
            document._freeze()
            unlocked(document).state = "sent"
            document._mail("crm_partner.mail_template_agreement")
        return True

    def action_draft(self):
        """Take it back for changes: what was frozen is void, and stays in the log."""
        self.check_access("write")
        for document in self:
            document._expect("sent", "declined")
            document._invalidate_signatures(
                self.env._("Taken back to draft by %s.", self.env.user.name)
            )
            unlocked(document).state = "draft"
        return True

    def action_terminate(self):
        """End an agreement that is in force, or one that is not going to be signed."""
        self.check_access("write")
        for document in self:
            document._expect("sent", "signed")
            unlocked(document).state = "terminated"
        return True

    def action_renew(self):
        """Prepare the next agreement, from the day after this one, with the newest text."""
        self.ensure_one()
        self.check_access("write")
        self._expect("signed", "expired", "terminated")
        text = self.template_id
        newest = text.search(
            [("name", "=", text.name), ("company_id", "=", text.company_id.id)],
            order="version desc",
            limit=1,
        )
        today = fields.Date.context_today(self)
        start = max(today, self.date_to + timedelta(days=1)) if self.date_to else today
        renewed = self.create(
            {
                "partner_id": self.partner_id.id,
                "template_id": (newest or text).id,
                "company_id": self.company_id.id,
                "date_from": start,
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": renewed.id,
            "view_mode": "form",
        }

    def action_download_evidence(self):
        """Download the evidence file: PDF, signature, log, and how to check them."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/crm_partner/agreement/{self.id}/evidence"}

    # ------------------------------------------------------------------
    # Text and signature
    # ------------------------------------------------------------------

    def _fill(self):
        """Fill the placeholders once; from now on the text no longer follows its template."""
        text = agreement.fill(str(self.template_id.body or ""), self._placeholders())
        unlocked(self).write({"body": Markup(text), "version": self.template_id.version})

    def _placeholders(self):
        """Return the values of ``engine.agreement.NAMES``, plain text in the text's language."""
        lang = self._language()
        partner = self.with_context(lang=lang).partner_id

        def day(value):
            return format_date(self.env, value, lang_code=lang) if value else ""

        return {
            "partner": partner.name,
            "uscc": partner.vat or partner.company_registry or "",
            "address": partner._display_address(without_company=True).replace("\n", " ").strip(),
            "company": self.company_id.name,
            "level": partner.grade_id.name,
            "date": day(self.date_from),
            "valid_until": day(self.date_to),
            "number": self.name,
        }

    def _language(self):
        return self.template_id.lang or self.partner_id.lang or self.env.lang

    def _signature_sides(self):
        return ("partner",)

    def _signature_name(self):
        return f"{self.name}-{self.partner_id.name}".replace("/", "-")

    def _write_signature_values(self, values):
        unlocked(self).write(values)

    def _sign_as_partner(self, name, signature):
        """Take the signature of the user, whom the caller knows as administrator of the partner."""
        self._sign("partner", name, signature)

    def _check_signable(self):
        self._expect("sent")

    def _signature_complete(self):
        row = self._signed_row("partner")
        unlocked(self).write(
            {
                "state": "signed",
                "signed_by": row.name,
                "signed_user_id": self.env.uid,
                "signed_on": row.date,
            }
        )
        # sudo: a note for our people, written for a portal user
        self.sudo().message_post(
            body=self.env._("Signed by %s", row.name), author_id=self.env.user.partner_id.id
        )
        self.partner_id._onboarding_reached("agreement")

    def _decline(self, reason):
        """The partner does not sign, and says why."""
        self.ensure_one()
        self.lock_for_update()
        self._expect("sent")
        self._log("declined", name=self.env.user.name, detail=reason, sha256=self.pdf_sha256)
        unlocked(self).state = "declined"
        document = self.sudo()  # sudo: a task for the person who looks after the partner
        if document.user_id:
            document.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Declined: %s", reason),
                user_id=document.user_id.id,
            )

    def _mail(self, xml_id):
        template = self.env.ref(xml_id, raise_if_not_found=False)
        for document in self.filtered("recipient_ids") if template else ():
            template.sudo().send_mail(document.id)  # sudo: a letter of the programme

    # ------------------------------------------------------------------
    # Daily
    # ------------------------------------------------------------------

    @api.model
    def _cron_expire(self):
        """Close agreements whose time is over, and remind partners of those that end soon."""
        today = fields.Date.context_today(self)
        over = self.search([("state", "=", "signed"), ("date_to", "<", today)], limit=500)
        due = self._due_reminders(today)
        for document in over + due:
            try:
                with self.env.cr.savepoint():
                    if document in over:
                        unlocked(document).state = "expired"
                    else:
                        document._remind(today)
            except Exception:
                # one poisoned agreement must not stop the others; the log names it
                _logger.exception("Agreement %s: reminder failed", document.id)
            if not self.env["ir.cron"]._commit_progress(1):
                return

    def _due_reminders(self, today):
        documents = self.search(
            [
                ("state", "=", "signed"),
                ("date_to", ">=", today),
                ("date_to", "<=", today + timedelta(days=400)),
                ("reminded_on", "=", False),
            ],
            limit=500,
        )
        return documents.filtered(
            lambda row: row.date_to <= today + timedelta(days=row.template_id.remind_days)
        )

    def _remind(self, today):
        self._mail("crm_partner.mail_template_agreement_end")
        unlocked(self).reminded_on = today
        if self.user_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Renew the agreement"),
                user_id=self.user_id.id,
                date_deadline=self.date_to,
            )
