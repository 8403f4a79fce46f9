import base64
import hashlib
import io
import json
import zipfile

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from odoo.addons.crm_approval.tools import signature_image

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
    """The signature of a contract: a frozen PDF, two signatures, and a log that proves them."""

    _name = "crm.contract.signing"
    _description = "Signature of a Contract"

    pdf_attachment_id = fields.Many2one(
        "ir.attachment", "PDF to Sign", readonly=True, copy=False, ondelete="restrict"
    )
    pdf_sha256 = fields.Char("SHA-256 of the PDF", readonly=True, copy=False)
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

    def action_verify(self):
        """Check log, PDF and signatures, and say what does not fit."""
        self.check_access("read")
        faults = [fault for contract in self for fault in contract._evidence_faults()]
        intact = self.env._("Log, PDF and signatures are intact.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Evidence"),
                "message": "\n".join(faults) or intact,
                "type": "danger" if faults else "success",
                "sticky": bool(faults),
            },
        }

    def action_download_evidence(self):
        """Download the evidence file: PDF, signatures, log, and how to check them."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/crm_sales/contract/{self.id}/evidence"}

    # ------------------------------------------------------------------
    # The PDF
    # ------------------------------------------------------------------

    def _freeze(self):
        """Make the PDF that is going to be signed, and remember its SHA-256."""
        content = self._render_pdf()
        attachment = self._attach(f"{self.name}.pdf".replace("/", "-"), content)
        digest = hashlib.sha256(content).hexdigest()
        unlocked(self).write(
            UNSIGNED
            | {"state": "signing", "pdf_attachment_id": attachment.id, "pdf_sha256": digest}
        )
        self._log("frozen", name=self.env.user.name, sha256=digest)

    def _render_pdf(self):
        # flush: the report reads in SQL what was written a moment ago
        self.env.flush_all()
        # sudo: reports read company and partner data that whoever signs may not
        report = self.env["ir.actions.report"].sudo().with_context(lang=self._language())
        return report._render_qweb_pdf("crm_sales.action_report_contract", self.ids)[0]

    def _attach(self, name, content):
        # sudo: a file of the contract that its readers get, whatever the user may attach
        return (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": name,
                    "raw": content,
                    "mimetype": "application/pdf",
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        )

    def _pdf(self):
        """Return the bytes of the frozen PDF.

        :raise UserError: when it no longer is what was frozen
        """
        # sudo: whoever may read the contract may read its file
        content = self.sudo().pdf_attachment_id.raw or b""
        if hashlib.sha256(content).hexdigest() != self.pdf_sha256:
            raise UserError(
                self.env._(
                    "The PDF of %s is not the one that was frozen for signature. Reset the "
                    "contract to draft and send it again.",
                    self.name,
                )
            )
        return content

    def _log_shown(self):
        """Note that the PDF was shown, once per visitor and PDF."""
        visitor = self._visitor()
        seen = self.sudo().evidence_ids.filtered(
            lambda row: (
                row.kind == "shown"
                and row.sha256 == self.pdf_sha256
                and row.ip == visitor["ip"]
                and row.user_id.id == self.env.uid
            )
        )
        if not seen:
            self._log("shown", name=self.env.user.name, sha256=self.pdf_sha256)

    # ------------------------------------------------------------------
    # Signing
    # ------------------------------------------------------------------

    def _sign(self, side, name, signature):
        """Take the signature of one side; the second one puts the contract into force.

        The callers check who may sign for that side.

        :param str side: "customer" or "company"
        :param str name: the name as entered
        :param signature: base64 of an image
        :raise UserError: when this side cannot sign now, or the image is none
        """
        self.ensure_one()
        self.lock_for_update()
        self.invalidate_recordset()
        self._expect("signing")
        self._check_not_signed(side)
        image = signature_image(self.env, signature)
        if not (name or "").strip():
            raise UserError(self.env._("Enter the name of the person who signs."))
        self._pdf()
        now = fields.Datetime.now()
        values = {f"{side}_signature": base64.b64encode(image), f"{side}_signed_on": now}
        if side == "customer":
            values["customer_signed_by"] = name.strip()
        else:
            values["company_signed_by_id"] = self.env.uid
        unlocked(self).write(values)
        self._log(
            f"signed_{side}",
            name=name.strip(),
            sha256=self.pdf_sha256,
            signature_sha256=hashlib.sha256(image).hexdigest(),
        )
        self._signed(side, name.strip())

    def _signed(self, side, name):
        # sudo: the note about the signature, written for a portal customer too
        contract = self.sudo()
        contract.message_post(
            body=self.env._("Signed by %s", name),
            author_id=self.signatory_id.id if side == "customer" else self.env.user.partner_id.id,
        )
        if contract.customer_signed_on and contract.company_signed_on:
            contract._complete()
        elif side == "customer" and self.company_signatory_id:
            contract.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("%s has signed; sign for us", name),
                user_id=self.company_signatory_id.id,
            )

    def _complete(self):
        """Both sides have signed: make the signed copy and put the contract into force."""
        self._log("completed", sha256=self.pdf_sha256)
        copy = self._attach(
            self.env._("%s signed.pdf", self.name.replace("/", "-")), self._render_pdf()
        )
        unlocked(self).signed_attachment_id = copy
        self.activity_feedback(["mail.mail_activity_data_todo"])
        self._activate()

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
        self.lock_for_update()
        self._log("invalidated", name=self.env.user.name, detail=reason, sha256=self.pdf_sha256)
        unlocked(self).write(UNSIGNED | {"state": "draft"})
        # sudo: a note on the contract, also when a portal customer declined
        self.sudo().message_post(body=reason)

    # ------------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------------

    def _expect(self, *states):
        self.ensure_one()
        if self.state not in states:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(contract)s is %(state)s; this is only possible while it is %(wanted)s.",
                    contract=self.name,
                    state=labels[self.state],
                    wanted=", ".join(labels[state] for state in states),
                )
            )

    def _check_not_signed(self, side):
        if self[f"{side}_signed_on"]:
            raise UserError(self.env._("%s has been signed for this side already.", self.name))

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

    def _log(self, kind, **values):
        return self.env["crm.contract.evidence"]._log(self, kind, **(self._visitor() | values))

    @api.model
    def _visitor(self):
        """Return IP address and browser of the request that runs, if any."""
        if not request:
            return {"ip": "", "user_agent": ""}
        http = request.httprequest
        return {"ip": http.remote_addr or "", "user_agent": (http.user_agent.string or "")[:500]}

    def _evidence_faults(self):
        """Return what does not fit in log, PDF and signatures, as sentences."""
        self.ensure_one()
        # sudo: checked on a contract that the user may read
        contract = self.sudo()
        faults = []
        broken = contract.evidence_ids._first_broken()
        if broken:
            faults.append(
                self.env._(
                    "%(name)s: row %(row)s of the log was changed.", name=self.name, row=broken.seq
                )
            )
        content = contract.pdf_attachment_id.raw or b""
        if self.pdf_sha256 and hashlib.sha256(content).hexdigest() != self.pdf_sha256:
            faults.append(self.env._("%s: the PDF is not the one that was signed.", self.name))
        for side in SIDES:
            faults += contract._signature_faults(side)
        return faults

    def _signature_faults(self, side):
        if not self[f"{side}_signed_on"]:
            return []
        rows = self.evidence_ids.filtered(lambda row: row.kind == f"signed_{side}").sorted("seq")
        image = base64.b64decode(self[f"{side}_signature"] or b"")
        if rows[-1:].signature_sha256 == hashlib.sha256(image).hexdigest():
            return []
        return [self.env._("%s: a signature is not the one in the log.", self.name)]

    def _evidence_document(self):
        """Return the log as plain data, as it goes into the evidence file."""
        rows = self.evidence_ids.sorted("seq")
        return {
            "contract": self.name,
            "title": self.title,
            "pdf_sha256": self.pdf_sha256,
            "how_to_check": "hash = SHA-256 of: previous_hash, a line feed, payload as JSON with "
            "sorted keys, separators ',' and ':', UTF-8. The first previous_hash is empty.",
            "log": [
                {
                    "payload": row._payload(),
                    "event": row.kind,
                    "login": row.user_id.login,
                    "previous_hash": row.previous_hash or "",
                    "hash": row.hash,
                }
                for row in rows
            ],
        }

    def _evidence_zip(self):
        """Return the evidence file (ZIP): the PDF, the signed copy, the signatures, the log."""
        self.ensure_one()
        self.check_access("read")
        # sudo: files and log of a contract that the user may read
        contract = self.sudo()
        files = {
            "contract.pdf": contract.pdf_attachment_id.raw,
            "signed-copy.pdf": contract.signed_attachment_id.raw,
            "evidence.json": json.dumps(
                contract._evidence_document(), ensure_ascii=False, indent=2
            ).encode(),
        }
        for side in SIDES:
            image = contract[f"{side}_signature"]
            files[f"signature-{side}.png"] = base64.b64decode(image) if image else None
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                if content:
                    archive.writestr(name, content)
        return buffer.getvalue()

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
