import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

RESULTS = [
    ("created", "Created"),
    ("updated", "Updated"),
    ("matched", "Unchanged"),
    ("refused", "Refused"),
]


class CrmCustomerImportRow(models.Model):
    """A row of the file: its cells as they came, what became of it, and how to take it back."""

    _name = "crm.customer.import.row"
    _description = "Customer Import Row"
    _order = "line, id"
    _rec_name = "line"

    import_id = fields.Many2one(
        "crm.customer.import", required=True, ondelete="cascade", index=True
    )
    line = fields.Integer(help="Number of the row in the file; the header is row 1.")
    cells = fields.Json()
    label = fields.Char(string="Row")
    plan = fields.Selection(RESULTS, string="Will Be", index=True)
    result = fields.Selection(RESULTS, index=True)
    reason = fields.Char()
    matched_by = fields.Char()
    links = fields.Json(
        help="Business keys and name that the row brings (gives) and looks up (needs)."
    )
    partner_id = fields.Many2one("res.partner", string="Customer", ondelete="set null", index=True)
    before = fields.Json(help="Values of the customer that the import has changed.")
    after = fields.Json(help="Values that the import has written.")
    undo_result = fields.Selection(
        [("removed", "Removed"), ("archived", "Archived"), ("restored", "Restored")]
        + [("kept", "Kept")],
        string="Undone",
    )
    undo_reason = fields.Char(string="Why Kept")

    _todo_idx = models.Index("(import_id, line) WHERE result IS NULL")

    def action_open_customer(self):
        """Open the customer of the row."""
        self.ensure_one()
        if not self.partner_id:
            raise UserError(self.env._("Row %s has no customer.", self.line))
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "view_mode": "form",
        }

    # --- undo ---

    def _undo(self, Partner):
        """Take the rows back, the last first, each for itself.

        :param Partner: ``res.partner`` as the user who undoes
        """
        referenced = self._referenced_partners()
        for row in self.sorted(lambda row: (-row.line, -row.id)):
            partner = Partner.browse(row.partner_id.id).exists()
            try:
                with self.env.cr.savepoint():
                    vals = row._undo_row(partner, partner.id in referenced)
            except psycopg2.OperationalError:
                raise
            except Exception as error:  # one row that resists must not keep the others
                _logger.info("import row %s is kept: %s", row.id, error)
                vals = {"undo_result": "kept", "undo_reason": str(error).strip()[:500]}
            row.write(vals)

    def _undo_row(self, partner, referenced):
        if not partner:
            return {"undo_result": "removed", "undo_reason": self.env._("It was gone already.")}
        changed = self._changed_since(partner)
        if self.result == "created":
            return self._undo_created(partner, changed, referenced)
        if changed:
            return self._kept(self._changed_text(partner, changed))
        partner.write(self.import_id._to_write(self.before))
        return {"undo_result": "restored"}

    def _undo_created(self, partner, changed, referenced):
        if changed:
            return self._kept(self._changed_text(partner, changed))
        if referenced:
            return self._kept(self.env._("Documents refer to this customer: archive it by hand."))
        try:
            with self.env.cr.savepoint():
                partner.unlink()
            return {"undo_result": "removed"}
        except (UserError, psycopg2.IntegrityError) as error:
            partner.action_archive()
            return {"undo_result": "archived", "undo_reason": str(error).strip()[:500]}

    def _kept(self, reason):
        return {"undo_result": "kept", "undo_reason": reason}

    def _changed_text(self, partner, names):
        labels = partner.fields_get(names, ["string"])
        return self.env._(
            "Changed since the import: %s",
            ", ".join(labels[name]["string"] for name in names if name in labels),
        )

    def _changed_since(self, partner):
        now = self.import_id._read_values(partner, list(self.after or {}))
        return sorted(name for name, value in now.items() if value != self.after[name])

    def _referenced_partners(self):
        """Return ids of the rows' created customers that a document refers to: a query a column."""
        ids = self.filtered(lambda row: row.result == "created").partner_id.ids
        found = set()
        if not ids:
            return found
        for table, column in self._referring_columns():
            self.env.cr.execute(
                SQL(
                    "SELECT DISTINCT %(column)s FROM %(table)s WHERE %(column)s = ANY(%(ids)s)",
                    table=SQL.identifier(table),
                    column=SQL.identifier(column),
                    ids=ids,
                )
            )
            found.update(id_ for (id_,) in self.env.cr.fetchall())
        return found

    @api.model
    def _referring_columns(self):
        """Return (table, column) of every reference to a customer that makes it undeletable."""
        columns = set()
        for model in self.env.registry.values():
            if model._abstract or not model._auto or self._is_own_reference(model._name):
                continue
            for field in model._fields.values():
                if field.comodel_name != "res.partner" or not field.store:
                    continue
                if field.type == "many2one":
                    columns.add((model._table, field.name))
                elif field.type == "many2many" and field.relation:
                    columns.add((field.relation, field.column2))
        return sorted(columns)

    @api.model
    def _is_own_reference(self, model):
        """Return whether references from this model are part of the customer itself.

        Override to add models that are derived from the customer and go with it.
        """
        prefixes = ("mail.", "bus.", "crm.customer.import", "crm.identity", "crm.match.")
        return model == "res.partner" or model.startswith(prefixes)
