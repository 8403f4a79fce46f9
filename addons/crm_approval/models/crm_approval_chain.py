from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import chain
from ..tools import is_unlocked


class CrmApprovalChain(models.AbstractModel):
    """A log whose rows are only added by methods, and chained by SHA-256.

    The heir adds the link to its document, the events (``kind``) and a unique constraint on
    document and ``seq``: of two who write at the same time one fails.
    """

    _name = "crm.approval.chain"
    _description = "Log Whose Rows Are Chained"

    # names of the fields that link a row to its document
    _document_fields = ()
    # names of the fields that the hash covers beside document, number, time and user
    _covered_fields = ()

    seq = fields.Integer("No.", required=True, readonly=True)
    date = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one("res.users", "By", readonly=True, ondelete="restrict")
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse what no method of this addon writes.

        :raise AccessError: always, by hand
        """
        if not is_unlocked(self.env):
            raise AccessError(
                self.env._("This log is written by what happens to the document, and by nobody.")
            )
        return super().create(vals_list)

    # Never allowed, so nothing is left for super() to do.
    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse.

        :raise UserError: always
        """
        raise UserError(self.env._("A log that is evidence cannot be changed, only added to."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A log that is evidence cannot be deleted."))

    @api.model
    def _prepare_payload(self, row):
        """Return what the hash of a row with these values covers, ``seq`` among it."""
        raise NotImplementedError

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
