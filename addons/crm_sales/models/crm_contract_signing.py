import base64
import hashlib

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..tools import unlocked

SIDES = ("customer", "company")
UNSIGNED = {
    "customer_signature": False,
    "customer_signed_by": False,
    "customer_signed_on": False,
    "company_signature": False,
    "company_signed_by_id": False,
    "company_signed_on": False,
    "pdf_attachment_id": False,
    "pdf_sha256": False,
}


class CrmContractSigning(models.AbstractModel):
    """The signature of a contract by both sides, with a log that its readers read.

    The signatures themselves stand on the contract, for its print; the log has their SHA-256.
    """

    _name = "crm.contract.signing"
    _description = "Signature of a Contract"
    _inherit = ["crm.signature.mixin"]
    _evidence_model = "crm.contract.evidence"
    _signature_report = "crm_sales.action_report_contract"

    signed_attachment_id = fields.Many2one(
        "ir.attachment", "Signed Copy", readonly=True, copy=False, ondelete="restrict"
    )
    customer_signature = fields.Binary(readonly=True, copy=False, attachment=True)
    customer_signed_by = fields.Char("Signed by (Customer)", readonly=True, copy=False)
    customer_signed_on = fields.Datetime("Signed on (Customer)", readonly=True, copy=False)
    company_signature = fields.Binary("Our Signature", readonly=True, copy=False, attachment=True)
    company_signed_by_id = fields.Many2one(
        "res.users", "Signed by (Us)", readonly=True, copy=False, ondelete="restrict"
    )
    company_signed_on = fields.Datetime("Signed on (Us)", readonly=True, copy=False)
    evidence_ids = fields.One2many(
        "crm.contract.evidence", "contract_id", readonly=True, copy=False
    )
    can_sign = fields.Boolean(compute="_compute_can_sign", compute_sudo=False)

    @api.depends("state", "company_signatory_id", "company_signed_on")
    @api.depends_context("uid")
    def _compute_can_sign(self):
        for contract in self:
            open_ = contract.state == "signing" and not contract.company_signed_on
            contract.can_sign = open_ and contract.company_signatory_id == self.env.user

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_send_to_sign(self):
        """Freeze the PDF and ask both sides for their signature.

        :raise UserError: when something is missing, or an approval is
        """
        self.check_access("write")
        for contract in self:
            contract._expect("draft")
        self._check_complete()
        self._approval_gate("send")
        for contract in self:
            contract.lock_for_update()
            contract._freeze()
            contract._ask_for_signatures()
        return True

    def action_sign(self):
        """Open the dialog in which our side signs."""
        self.ensure_one()
        self._check_our_signatory()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sign %s", self.name),
            "res_model": "crm.contract.sign",
            "view_mode": "form",
            "target": "new",
            "context": {"default_contract_id": self.id, "default_name": self.env.user.name},
        }

    def action_draft(self):
        """Take the contract back for changes: what was signed so far is void."""
        self.check_access("write")
        for contract in self:
            contract._expect("signing", "cancelled")
            if contract.state == "signing":
                contract._invalidate(self.env._("Reset to draft by %s.", self.env.user.name))
            else:
                unlocked(contract).state = "draft"
        return True

    def action_cancel(self):
        """Cancel a contract that is not in force; its planned instalments are cancelled too."""
        self.check_access("write")
        for contract in self:
            contract._expect("draft", "signing")
            if contract.state == "signing":
                contract._invalidate(self.env._("Cancelled by %s.", self.env.user.name))
            unlocked(contract).state = "cancelled"
        return True

    def action_download_evidence(self):
        """Download the evidence file: PDF, signatures, log, and how to check them."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/crm_sales/contract/{self.id}/evidence"}

    # ------------------------------------------------------------------
    # Signing
    # ------------------------------------------------------------------

    def _signature_sides(self):
        return SIDES

    def _signature_name(self):
        return self.name.replace("/", "-")

    def _write_signature_values(self, values):
        unlocked(self).write(values)

    def _freeze(self):
        unlocked(self).write(UNSIGNED | {"state": "signing"})
        return super()._freeze()

    def _check_signable(self):
        self._expect("signing")

    def _keep_signature(self, side, name, image):
        values = {
            f"{side}_signature": base64.b64encode(image),
            f"{side}_signed_on": fields.Datetime.now(),
        }
        if side == "customer":
            values["customer_signed_by"] = name
        else:
            values["company_signed_by_id"] = self.env.uid
        unlocked(self).write(values)
        self._log(
            f"signed_{side}",
            name=name,
            sha256=self.pdf_sha256,
            signature_sha256=hashlib.sha256(image).hexdigest(),
        )
        self._tell_signed(side, name)

    def _tell_signed(self, side, name):
        # sudo: the note about the signature, written for a portal customer too
        contract = self.sudo()
        contract.message_post(
            body=self.env._("Signed by %s", name),
            author_id=self.signatory_id.id if side == "customer" else self.env.user.partner_id.id,
        )
        if side == "customer" and self.company_signatory_id and not contract.company_signed_on:
            contract.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("%s has signed; sign for us", name),
                user_id=self.company_signatory_id.id,
            )

    def _signature_complete(self):
        """Both sides have signed: make the signed copy and put the contract into force."""
        # sudo: what follows from the second signature, whoever gave it
        contract = self.sudo()
        copy = contract._attach(
            self.env._("%s signed.pdf", self._signature_name()), contract._render_signature_pdf()
        )
        unlocked(self).signed_attachment_id = copy
        contract.activity_feedback(["mail.mail_activity_data_todo"])
        contract._activate()

    def _decline(self, reason):
        """The customer does not sign: back to draft, and the salesperson is told why."""
        self.lock_for_update()
        self._expect("signing")
        self._check_not_signed("customer")
        self._log("declined", name=self.signatory_id.name, detail=reason)
        self._invalidate(self.env._("Declined by the customer: %s", reason))
        # sudo: the activity is for the salesperson, whoever declined
        self.sudo().activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Declined: %s", reason),
            user_id=(self.user_id or self.company_signatory_id).id,
        )

    def _invalidate(self, reason):
        """Make signatures void and go back to draft."""
        self._invalidate_signatures(reason)
        unlocked(self).write(UNSIGNED | {"state": "draft"})
        # sudo: a note on the contract, also when a portal customer declined
        self.sudo().message_post(body=reason)

    # ------------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------------

    def _check_our_signatory(self):
        self.check_access("read")
        if self.company_signatory_id != self.env.user:
            raise AccessError(
                self.env._(
                    "%(contract)s is signed by %(person)s for us, not by you.",
                    contract=self.name,
                    person=self.company_signatory_id.name or self.env._("nobody yet"),
                )
            )
        self._expect("signing")

    def _can_sign_as_customer(self, user, by_token):
        """Whether that user may sign for the customer: the signatory, or whoever got the link.

        A person who is signed in is known, so a colleague's link does not help them.
        """
        if self.state != "signing" or self.customer_signed_on:
            return False
        if user._is_public():
            return by_token
        return user.partner_id == self.signatory_id

    # ------------------------------------------------------------------
    # Evidence
    # ------------------------------------------------------------------

    def _is_signature(self, row, side):
        return row.kind == f"signed_{side}"

    def _signature_images(self):
        contract = self.sudo()  # sudo: checked on a contract that the user may read
        return {
            self._signed_row(side): base64.b64decode(contract[f"{side}_signature"] or b"")
            for side in SIDES
            if contract[f"{side}_signed_on"]
        }

    def _evidence_document(self):
        return {"contract": self.name, "title": self.title, **super()._evidence_document()}

    def _evidence_files(self):
        contract = self.sudo()  # sudo: files of a contract that the user may read
        return {
            "contract.pdf": contract.pdf_attachment_id.raw,
            "signed-copy.pdf": contract.signed_attachment_id.raw,
        }

    def _ask_for_signatures(self):
        """Mail the link to whoever signs for the customer, and tell our signatory."""
        template = self.env.ref("crm_sales.mail_template_contract_sign", raise_if_not_found=False)
        if template and self.signatory_id.email:
            template.send_mail(self.id)
        if self.company_signatory_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Sign %s for us", self.name),
                user_id=self.company_signatory_id.id,
            )
