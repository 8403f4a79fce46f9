from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import chain
from ..tools import is_unlocked, unlocked

KINDS = [
    ("frozen", "PDF frozen"),
    ("shown", "PDF shown"),
    ("signed", "Signed"),
    ("declined", "Declined"),
    ("invalidated", "Signatures invalidated"),
    ("completed", "Signed by everybody"),
]
PAYLOAD = (
    "kind",
    "side",
    "name",
    "detail",
    "ip",
    "user_agent",
    "sha256",
    "signature_sha256",
)


class CrmSignatureEvidence(models.Model):
    """The log of the signatures of a document: rows are only added, and chained by SHA-256.

    Nobody reads it directly: documents that inherit ``crm.signature.mixin`` show their own log.
    """

    _name = "crm.signature.evidence"
    _description = "Evidence of a Signature"
    _order = "res_model, res_id desc, seq"
    _rec_name = "kind"

    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Document", model_field="res_model", required=True, readonly=True
    )
    seq = fields.Integer("No.", required=True, readonly=True)
    kind = fields.Selection(KINDS, "Event", required=True, readonly=True)
    side = fields.Char(readonly=True, help="Who signed: a key of the sides of the document.")
    date = fields.Datetime("When (UTC)", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "Signed in as", readonly=True, ondelete="restrict")
    name = fields.Char("Who", readonly=True)
    detail = fields.Char(readonly=True)
    ip = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char("Browser", readonly=True)
    sha256 = fields.Char("SHA-256 of the PDF", readonly=True)
    signature = fields.Binary(readonly=True, attachment=False)
    signature_sha256 = fields.Char("SHA-256 of the Signature", readonly=True)
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)

    _seq_unique = models.Constraint(
        "UNIQUE(res_model, res_id, seq)", "Somebody else signed at the same time. Try again."
    )

    @api.model_create_multi
    def create(self, vals_list):
        if not is_unlocked(self.env):
            raise AccessError(self.env._("Evidence is written by signing, and nowhere else."))
        return super().create(vals_list)

    # Never allowed, so nothing is left for super() to do.
    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The evidence of a signature cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The evidence of a signature cannot be deleted."))

    @api.model
    def _of(self, document):
        """Return the log of ``document`` (superuser); callers check that it is readable."""
        # sudo: nobody has rights on the log itself, see the docstring
        return self.sudo().search(
            [("res_model", "=", document._name), ("res_id", "=", document.id)], order="seq"
        )

    @api.model
    def _log(self, document, kind, **values):
        """Add a row to the log of ``document``, which the caller has locked."""
        rows = self._of(document)
        row = dict.fromkeys(PAYLOAD, "") | {
            "res_model": document._name,
            "res_id": document.id,
            "seq": len(rows) + 1,
            "kind": kind,
            "date": fields.Datetime.now(),
            "user_id": self.env.uid,
            **{name: value or "" for name, value in values.items()},
        }
        row["previous_hash"] = rows[-1:].hash or ""
        row["hash"] = chain.digest(self._prepare_payload(row), row["previous_hash"])
        return unlocked(self).create(row)

    @api.model
    def _prepare_payload(self, row):
        """Return what the hash of a row with these values covers."""
        return {
            "document": f"{row['res_model']},{row['res_id']}",
            "seq": row["seq"],
            "date": fields.Datetime.to_string(row["date"]),
            "user": row["user_id"],
            **{name: row[name] or "" for name in PAYLOAD},
        }

    def _payload(self):
        self.ensure_one()
        row = {name: self[name] for name in (*PAYLOAD, "seq", "date", "res_model", "res_id")}
        return self._prepare_payload(row | {"user_id": self.user_id.id})

    def _first_broken(self):
        """Return the first row of one document's log that was tampered with, or none."""
        rows = self.sorted("seq")
        position = chain.first_broken([(r._payload(), r.previous_hash, r.hash) for r in rows])
        return self.browse() if position is None else rows[position]
