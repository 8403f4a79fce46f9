from odoo import api, fields, models

from ..engine import chain
from ..tools import unlocked


class CrmEvidenceMixin(models.AbstractModel):
    """A chained log of what people, visitors of the portal too, did with a document."""

    _name = "crm.evidence.mixin"
    _description = "Log of What People Did with a Document"
    _inherit = ["crm.approval.chain"]
    _covered_fields = ("kind", "name", "detail", "ip", "user_agent")

    date = fields.Datetime("When (UTC)")
    user_id = fields.Many2one(string="Signed in as")
    name = fields.Char("Who", readonly=True)
    detail = fields.Char(readonly=True)
    ip = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char("Browser", readonly=True)

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
        """Return what the hash of a row covers; a key more would break the chains that exist."""
        return {
            **self._document_payload(row),
            "seq": row["seq"],
            "date": fields.Datetime.to_string(row["date"]),
            "user": row["user_id"],
            **{name: row[name] or "" for name in self._covered_fields},
        }
