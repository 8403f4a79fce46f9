from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import chain
from ..tools import is_unlocked, unlocked


class CrmEvidenceMixin(models.AbstractModel):
    """A log of what happened to documents: rows are only added, and chained by SHA-256.

    The heir adds the link to its document, the events (``kind``) and a unique constraint on
    document and ``seq``: of two who write at the same time one fails.
    """

    _name = "crm.evidence.mixin"
    _description = "Log That Proves Itself"

    # names of the fields that link a row to its document
    _document_fields = ()
    # names of the fields that the hash covers beside document, number, time and user
    _covered_fields = ("kind", "name", "detail", "ip", "user_agent")

    seq = fields.Integer("No.", required=True, readonly=True)
    date = fields.Datetime("When (UTC)", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "Signed in as", readonly=True, ondelete="restrict")
    name = fields.Char("Who", readonly=True)
    detail = fields.Char(readonly=True)
    ip = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char("Browser", readonly=True)
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        if not is_unlocked(self.env):
            raise AccessError(self.env._("This log is written by what happens, and by nobody."))
        return super().create(vals_list)

    # Never allowed, so nothing is left for super() to do.
    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("A log that is evidence cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A log that is evidence cannot be deleted."))

    # ------------------------------------------------------------------
    # Hooks
    # ------------------------------------------------------------------

    @api.model
    def _document_values(self, document):
        """Return the values of ``_document_fields`` for the rows of ``document``."""
        (name,) = self._document_fields
        return {name: document.id}

    @api.model
    def _document_payload(self, row):
        """Return how the hash of a row with these values names its document."""
        (name,) = self._document_fields
        return {name.removesuffix("_id"): row[name]}

    # ------------------------------------------------------------------
    # The chain
    # ------------------------------------------------------------------

    @api.model
    def _of(self, document):
        """Return the log of ``document`` (superuser); callers check that it is readable."""
        link = self._document_values(document)
        # sudo: see the docstring
        return self.sudo().search([(name, "=", link[name]) for name in link], order="seq")

    @api.model
    def _log(self, document, kind, **values):
        """Add a row to the log of ``document``, which the caller has locked.

        :param values: of the fields of this model; what is missing stays empty
        """
        rows = self._of(document)
        row = (
            dict.fromkeys(self._covered_fields, "")
            | self._document_values(document)
            | {name: value or "" for name, value in values.items()}
            | {
                "seq": len(rows) + 1,
                "kind": kind,
                "date": fields.Datetime.now(),
                "user_id": self.env.uid,
                "previous_hash": rows[-1:].hash or "",
            }
        )
        row["hash"] = chain.digest(self._prepare_payload(row), row["previous_hash"])
        return unlocked(self).create(row)

    @api.model
    def _prepare_payload(self, row):
        """Return what the hash of a row with these values covers."""
        return {
            **self._document_payload(row),
            "seq": row["seq"],
            "date": fields.Datetime.to_string(row["date"]),
            "user": row["user_id"],
            **{name: row[name] or "" for name in self._covered_fields},
        }

    def _payload(self):
        self.ensure_one()
        names = (*self._document_fields, *self._covered_fields, "seq", "date", "user_id")
        return self._prepare_payload(
            {
                name: self._fields[name].convert_to_read(self[name], self, use_display_name=False)
                for name in names
            }
        )

    def _first_broken(self):
        """Return the first row of one document's log that was tampered with, or none."""
        rows = self.sorted("seq")
        position = chain.first_broken([(r._payload(), r.previous_hash, r.hash) for r in rows])
        return self.browse() if position is None else rows[position]
