import base64
import hashlib
import io
import json
import zipfile

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.http import request

from ..tools import signature_image


class CrmSignatureMixin(models.AbstractModel):
    """A document that is signed: a frozen PDF, signatures, and a log that proves both.

    The heir has a selection ``state``, names the report to print (``_signature_report``), decides
    when to freeze and who may sign (its callers check), and overrides ``_signature_sides``,
    ``_write_signature_values``, ``_signature_complete`` and, where it is not that of the user,
    ``_language``. Every step is a row of ``_evidence_model``.
    """

    _name = "crm.signature.mixin"
    _description = "Document with Signatures"

    # a model that inherits crm.evidence.mixin; one of its own may be readable with the document
    _evidence_model = "crm.signature.evidence"
    # XML id of the report whose print is signed
    _signature_report = None

    pdf_attachment_id = fields.Many2one(
        "ir.attachment", "PDF to Sign", readonly=True, copy=False, ondelete="restrict"
    )
    pdf_sha256 = fields.Char("SHA-256 of the PDF", readonly=True, copy=False)
    evidence_html = fields.Html(
        "Log", compute="_compute_evidence_html", sanitize=False, groups="base.group_user"
    )

    def _compute_evidence_html(self):
        for document in self:
            rows = document._evidence()
            document.evidence_html = (
                self.env["ir.qweb"]._render("crm_approval.signature_log", {"rows": rows})
                if rows
                else False
            )

    # ------------------------------------------------------------------
    # Hooks
    # ------------------------------------------------------------------

    def _signature_sides(self):
        """Return the keys of those who have to sign, in any order."""
        return ("customer",)

    def _language(self):
        """Return the code of the language that the document is written in."""
        return self.env.lang or "en_US"

    def _render_signature_pdf(self):
        """Return the bytes of the PDF that is going to be signed: ``_signature_report``."""
        # flush: the report reads in SQL what was written a moment ago
        self.env.flush_all()
        # sudo: reports read company and partner data that whoever sends or signs may not
        report = self.env["ir.actions.report"].sudo().with_context(lang=self._language())
        return report._render_qweb_pdf(self._signature_report, self.ids)[0]

    def _write_signature_values(self, values):
        """Write fields of this mixin; the heir lets its own lock pass."""
        self.sudo().write(values)  # sudo: written by signing, after the callers' checks

    def _check_signable(self):
        """Raise when nobody can sign this document now; it is locked and read again.

        :raise UserError: why
        """

    def _keep_signature(self, side, name, image):
        """Add a signature, which was checked, to the log.

        :param str side: one of ``_signature_sides()``
        :param str name: the name as entered
        :param bytes image: the drawn signature
        """
        self._log(
            "signed",
            side=side,
            name=name,
            sha256=self.pdf_sha256,
            signature=base64.b64encode(image),
            signature_sha256=hashlib.sha256(image).hexdigest(),
        )

    def _is_signature(self, row, side):
        """Whether that row of the log is a signature of that side."""
        return row.kind == "signed" and row.side == side

    def _signature_images(self):
        """Return ``{row of the log: image (bytes)}`` of the signatures that are kept."""
        rows = self._evidence().filtered(lambda row: row.kind == "signed")
        return {row: base64.b64decode(row.signature or b"") for row in rows}

    def _evidence_files(self):
        """Return ``{name: bytes}`` of the documents in the evidence file; callers check access."""
        return {"document.pdf": self.sudo().pdf_attachment_id.raw}  # sudo: see the docstring

    def _signature_complete(self):
        """Everybody has signed."""

    def _signature_name(self):
        """Return the name of the document as file names and messages use it."""
        return (self.display_name or "").replace("/", "-")

    # ------------------------------------------------------------------
    # The PDF
    # ------------------------------------------------------------------

    def _freeze(self):
        """Make the PDF that is going to be signed, and remember its SHA-256."""
        self.ensure_one()
        content = self._render_signature_pdf()
        digest = hashlib.sha256(content).hexdigest()
        self._write_signature_values(
            {
                "pdf_attachment_id": self._attach(f"{self._signature_name()}.pdf", content).id,
                "pdf_sha256": digest,
            }
        )
        self._log("frozen", name=self.env.user.name, sha256=digest)

    def _attach(self, name, content):
        # sudo: a file of the document that its readers get, whatever the user may attach
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
        # sudo: whoever may read the document may read its file
        content = self.sudo().pdf_attachment_id.raw or b""
        if not self.pdf_sha256 or hashlib.sha256(content).hexdigest() != self.pdf_sha256:
            raise UserError(
                self.env._(
                    "The PDF of %s is not the one that was frozen for signature. Take it back to"
                    " draft and send it again.",
                    self.display_name,
                )
            )
        return content

    def _log_shown(self):
        """Note that the PDF was shown, once per visitor and PDF."""
        visitor = self._visitor()
        seen = self._evidence().filtered(
            lambda row: (
                row.kind == "shown"
                and row.sha256 == self.pdf_sha256
                and (row.ip or "") == visitor["ip"]
                and row.user_id.id == self.env.uid
            )
        )
        if not seen:
            self.lock_for_update()
            self._log("shown", name=self.env.user.name, sha256=self.pdf_sha256)

    # ------------------------------------------------------------------
    # Signing
    # ------------------------------------------------------------------

    def _expect(self, *states):
        """Let only documents in one of these states through.

        :param str states: keys of the heir's selection ``state``
        :raise UserError: says which document is in which state, and in which it had to be
        """
        for document in self:
            if document.state not in states:
                labels = dict(document._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(document)s is %(state)s; this is only possible while it is %(wanted)s.",
                        document=document.display_name,
                        state=labels[document.state],
                        wanted=", ".join(labels[state] for state in states),
                    )
                )

    def _sign(self, side, name, signature):
        """Take the signature of one side; the last one completes the document.

        The callers check who may sign for that side.

        :param str side: one of ``_signature_sides()``
        :param str name: the name as entered
        :param signature: base64 of an image
        :raise UserError: when this side cannot sign now, the name is missing or the image is none
        """
        self.ensure_one()
        self.lock_for_update()
        self.invalidate_recordset()
        self._check_signable()
        if side not in self._signature_sides():
            raise UserError(self.env._("Nobody signs %s for that side.", self.display_name))
        self._check_not_signed(side)
        name = (name or "").strip()[:200]
        if not name:
            raise UserError(self.env._("Enter the name of the person who signs."))
        image = signature_image(self.env, signature)
        self._pdf()
        self._keep_signature(side, name, image)
        if all(map(self._signed_row, self._signature_sides())):
            self._log("completed", sha256=self.pdf_sha256)
            self._signature_complete()

    def _check_not_signed(self, side):
        if self._signed_row(side):
            raise UserError(
                self.env._("%s has been signed for this side already.", self.display_name)
            )

    def _invalidate_signatures(self, reason, kind="invalidated"):
        """Make PDF and signatures void; they stay in the log."""
        self.lock_for_update()
        self._log(kind, name=self.env.user.name, detail=reason, sha256=self.pdf_sha256)
        self._write_signature_values({"pdf_attachment_id": False, "pdf_sha256": False})

    def _signed_row(self, side):
        """Return the row of the signature of that side under the PDF that is frozen now, if any."""
        rows = self._evidence()
        frozen = rows.filtered(lambda row: row.kind == "frozen")[-1:].seq or 0
        return rows.filtered(lambda row: row.seq > frozen and self._is_signature(row, side))[-1:]

    # ------------------------------------------------------------------
    # Evidence
    # ------------------------------------------------------------------

    def _evidence(self):
        return self.env[self._evidence_model]._of(self)

    def _log(self, kind, **values):
        """Add a row to the evidence, with address and browser of the visitor who acts."""
        return self.env[self._evidence_model]._log(self, kind, **(self._visitor() | values))

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
        rows = self._evidence()
        broken = rows._first_broken()
        faults = []
        if broken:
            faults.append(
                self.env._(
                    "%(name)s: row %(row)s of the log was changed.",
                    name=self.display_name,
                    row=broken.seq,
                )
            )
        # sudo: checked on a document that the user may read
        content = self.sudo().pdf_attachment_id.raw or b""
        if self.pdf_sha256 and hashlib.sha256(content).hexdigest() != self.pdf_sha256:
            faults.append(
                self.env._("%s: the PDF is not the one that was signed.", self.display_name)
            )
        return faults + self._signature_faults(rows)

    def _signature_faults(self, rows):
        frozen = rows.filtered(lambda row: row.kind == "frozen")[-1:]
        faults = []
        if self.pdf_sha256 and frozen.sha256 != self.pdf_sha256:
            faults.append(self.env._("%s: the PDF is not the one in the log.", self.display_name))
        for row, image in self._signature_images().items():
            if hashlib.sha256(image).hexdigest() != row.signature_sha256:
                faults.append(
                    self.env._("%s: a signature is not the one in the log.", self.display_name)
                )
        return faults

    def action_verify(self):
        """Check log, PDF and signatures, and say what does not fit."""
        self.check_access("read")
        faults = [fault for document in self for fault in document._evidence_faults()]
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

    def _evidence_document(self):
        """Return the log as plain data, as it goes into the evidence file."""
        return {
            "document": self.display_name,
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
                for row in self._evidence()
            ],
        }

    def _evidence_zip(self):
        """Return the evidence file (ZIP): the PDF, the signatures, the log."""
        self.ensure_one()
        self.check_access("read")
        text = json.dumps(self._evidence_document(), ensure_ascii=False, indent=2)
        files = {**self._evidence_files(), "evidence.json": text.encode()}
        images = self._signature_images()
        for side in self._signature_sides():
            files[f"signature-{side}.png"] = images.get(self._signed_row(side))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                if content:
                    archive.writestr(name, content)
        return buffer.getvalue()
