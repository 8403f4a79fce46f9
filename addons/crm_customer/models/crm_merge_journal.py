from odoo import api, fields, models
from odoo.exceptions import UserError

KINDS = [
    ("point", "Reference Moved"),
    ("link", "Link Moved"),
    ("row", "Values Changed"),
    ("delete", "Double Removed"),
]


class CrmMergeJournal(models.Model):
    """What a merge changed, so that it can be undone bit for bit.

    Rows are written by SQL together with the change itself, and never again:

    * ``point``: ``keys`` are ids of rows whose column went from ``old`` to ``new``
    * ``link``: the same of a table without ids; ``keys`` are the rows as they are now
    * ``row``: ``keys`` are ids of rows whose columns went from ``old`` to ``new``
    * ``delete``: ``keys`` are the rows that were removed
    """

    _name = "crm.merge.journal"
    _description = "Merge Journal"
    _order = "id"
    _log_access = False
    _rec_name = "table_name"

    merge_id = fields.Many2one(
        "crm.merge", required=True, index=True, ondelete="restrict", readonly=True
    )
    kind = fields.Selection(KINDS, "Change", required=True, readonly=True)
    table_name = fields.Char("Table", required=True, readonly=True)
    column_name = fields.Char("Column", readonly=True)
    keys = fields.Json("Rows", readonly=True)
    old = fields.Json("Before", readonly=True)
    new = fields.Json("After", readonly=True)
    row_count = fields.Integer("Number of Rows", compute="_compute_row_count")
    detail = fields.Char("Values", compute="_compute_row_count")

    @api.depends("keys", "old", "new")
    def _compute_row_count(self):
        for entry in self:
            entry.row_count = len(entry.keys or [])
            entry.detail = f"{entry.old} → {entry.new}"[:200] if entry.old else False

    # None of these is ever allowed, so nothing is left for super() to do: the engine writes in SQL.
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        """Refuse (``UserError``): only SQL of the merge writes the journal."""
        self._refuse()

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse, see :meth:`create`."""
        self._refuse()

    def unlink(self):  # pylint: disable=method-required-super
        """Refuse, see :meth:`create`."""
        self._refuse()

    def _refuse(self):
        raise UserError(
            self.env._("The journal of merges is never changed: undoing a merge depends on it.")
        )
