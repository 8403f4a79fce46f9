from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.crm_approval.engine import chain

from ..tools import is_unlocked, unlocked

KINDS = [
    ("created", "Created"),
    ("sent", "Sent"),
    ("confirmed", "Confirmed"),
    ("disputed", "Disputed"),
    ("reopened", "Withdrawn"),
    ("cancelled", "Cancelled"),
    ("changed", "Documents changed"),
    ("unchanged", "Documents as they were again"),
]
PAYLOAD = ("kind", "name", "detail", "ip", "user_agent", "content_hash")


class CrmPartnerStatementLog(models.Model):
    """Who did what with a statement: rows are only added, and chained by SHA-256."""

    _name = "crm.partner.statement.log"
    _description = "Log of a Statement of Account"
    _order = "statement_id desc, seq"
    _rec_name = "kind"

    statement_id = fields.Many2one(
        "crm.partner.statement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="statement_id.company_id", store=True, index=True)
    seq = fields.Integer("No.", required=True, readonly=True)
    kind = fields.Selection(KINDS, "Event", required=True, readonly=True)
    date = fields.Datetime("When (UTC)", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "Signed in as", readonly=True, ondelete="restrict")
    name = fields.Char("Who", readonly=True)
    detail = fields.Char(readonly=True)
    ip = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char("Browser", readonly=True)
    content_hash = fields.Char("SHA-256 of the Contents", readonly=True)
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)

    _seq_unique = models.Constraint(
        "UNIQUE(statement_id, seq)", "Somebody else answered at the same time. Try again."
    )

    @api.model_create_multi
    def create(self, vals_list):
        if not is_unlocked(self.env):
            raise AccessError(self.env._("The log writes itself."))
        return super().create(vals_list)

    # Never allowed, so nothing is left for super() to do.
    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The log of a statement cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if not is_unlocked(self.env):
            raise UserError(self.env._("The log of a statement cannot be deleted."))

    @api.model
    def _add(self, statement, kind, **values):
        """Add a row to the log of ``statement``."""
        rows = self.sudo().search([("statement_id", "=", statement.id)], order="seq")
        row = dict.fromkeys(PAYLOAD, "") | {
            "statement_id": statement.id,
            "seq": len(rows) + 1,
            "kind": kind,
            "date": fields.Datetime.now(),
            "user_id": self.env.uid,
            "name": self.env.user.name,
            "content_hash": statement.content_hash or "",
            **{name: value for name, value in values.items() if value},
        }
        row["previous_hash"] = rows[-1:].hash or ""
        row["hash"] = chain.digest(self._prepare_payload(row), row["previous_hash"])
        return unlocked(self).create(row)

    @api.model
    def _prepare_payload(self, row):
        """Return what the hash of a row with these values covers."""
        return {
            "statement": row["statement_id"],
            "seq": row["seq"],
            "date": fields.Datetime.to_string(row["date"]),
            "user": row["user_id"],
            **{name: row[name] or "" for name in PAYLOAD},
        }

    def _payload(self):
        self.ensure_one()
        row = {name: self[name] for name in (*PAYLOAD, "seq", "date")}
        links = {name: self[name].id for name in ("statement_id", "user_id")}
        return self._prepare_payload(row | links)

    def _first_broken(self):
        """Return the first row of one statement's log that was tampered with, or none."""
        ordered = self.sorted("seq")
        rows = [(row._payload(), row.previous_hash, row.hash) for row in ordered]
        position = chain.first_broken(rows)
        return self.browse() if position is None else ordered[position]
