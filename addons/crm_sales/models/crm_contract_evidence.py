from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.crm_approval.engine import chain

from ..tools import is_unlocked, unlocked

KINDS = [
    ("frozen", "PDF frozen"),
    ("shown", "PDF shown"),
    ("signed_customer", "Signed by the customer"),
    ("signed_company", "Signed by us"),
    ("declined", "Declined by the customer"),
    ("invalidated", "Signatures invalidated"),
    ("completed", "Signed by both sides"),
]
PAYLOAD = ("kind", "name", "detail", "ip", "user_agent", "sha256", "signature_sha256")


class CrmContractEvidence(models.Model):
    """The log of a signature: rows are only added, and chained by SHA-256."""

    _name = "crm.contract.evidence"
    _description = "Evidence of a Signature"
    _order = "contract_id desc, seq"
    _rec_name = "kind"

    contract_id = fields.Many2one(
        "crm.contract", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    seq = fields.Integer("No.", required=True, readonly=True)
    kind = fields.Selection(KINDS, "Event", required=True, readonly=True)
    date = fields.Datetime("When (UTC)", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "Signed in as", readonly=True, ondelete="restrict")
    name = fields.Char("Who", readonly=True)
    detail = fields.Char(readonly=True)
    ip = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char("Browser", readonly=True)
    sha256 = fields.Char("SHA-256 of the PDF", readonly=True)
    signature_sha256 = fields.Char("SHA-256 of the Signature", readonly=True)
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)

    _seq_unique = models.Constraint(
        "UNIQUE(contract_id, seq)", "Somebody else signed at the same time. Try again."
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
    def _log(self, contract, kind, **values):
        """Add a row to the log of ``contract``, which the caller has locked."""
        rows = self.sudo().search([("contract_id", "=", contract.id)], order="seq")
        row = dict.fromkeys(PAYLOAD, "") | {
            "contract_id": contract.id,
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
            "contract": row["contract_id"],
            "seq": row["seq"],
            "date": fields.Datetime.to_string(row["date"]),
            "user": row["user_id"],
            **{name: row[name] or "" for name in PAYLOAD},
        }

    def _payload(self):
        self.ensure_one()
        row = {name: self[name] for name in (*PAYLOAD, "seq", "date")}
        links = {name: self[name].id for name in ("contract_id", "user_id")}
        return self._prepare_payload(row | links)

    def _first_broken(self):
        """Return the first row of one contract's log that was tampered with, or none."""
        rows = [(row._payload(), row.previous_hash, row.hash) for row in self.sorted("seq")]
        position = chain.first_broken(rows)
        return self.browse() if position is None else self.sorted("seq")[position]
