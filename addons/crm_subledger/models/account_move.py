from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """Documents mark the keys that depend on them, and mirror what their lines settle."""

    _inherit = "account.move"

    subledger_entry_ids = fields.One2many("crm.subledger.entry", "move_id", readonly=True)
    subledger_entry_count = fields.Integer(compute="_compute_subledger_entry_count")

    @api.depends("subledger_entry_ids")
    def _compute_subledger_entry_count(self):
        Entry = self.env["crm.subledger.entry"]
        readable = Entry.has_access("read")
        for move in self:
            move.subledger_entry_count = (
                Entry.search_count(move._subledger_entry_domain()) if readable and move.id else 0
            )

    def _subledger_entry_domain(self):
        """Return the entries that this journal entry posted, settled, or stands behind."""
        ids = [*self.ids, *self._subledger_origin_moves().ids]
        return ["|", ("move_id", "in", ids), ("source_move_ids", "in", ids)]

    def _subledger_origin_moves(self):
        """Hook: further moves whose entries belong to this document."""
        return self.browse()

    def action_open_subledger_entries(self):
        """Open the sub-ledger entries of this document."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_subledger.crm_subledger_entry_action"
        )
        action["domain"] = self._subledger_entry_domain()
        action["context"] = {"create": False}
        return action

    # ------------------------------------------------------------------
    # Triggers: documents only mark keys dirty, the loop runs before commit
    # ------------------------------------------------------------------

    def write(self, vals):
        """Have settlements and keys brought up to date when the state of their document changes."""
        before = {move.id: move.state for move in self} if "state" in vals else {}
        result = super().write(vals)
        changed = self.filtered(lambda move: before.get(move.id, move.state) != move.state)
        if changed:
            changed._subledger_state_changed()
        return result

    def _subledger_state_changed(self):
        # sudo: the ledger follows the document, whoever may change it
        self.env["crm.subledger.entry"].sudo()._sync_settlements(self.sudo())
        documents = self.filtered(lambda move: move.is_invoice(include_receipts=True))
        self.env["crm.subledger.mixin"]._subledger_documents_dirty(documents)

    # ------------------------------------------------------------------
    # Entries of a sub-ledger are corrected through their documents only
    # ------------------------------------------------------------------

    def _check_draftable(self):
        result = super()._check_draftable()
        self.env["crm.subledger.entry"]._accrued_moves(self)._raise_posted_by_subledger()
        return result

    def _reverse_moves(self, default_values_list=None, cancel=False):
        self.env["crm.subledger.entry"]._accrued_moves(self)._raise_posted_by_subledger()
        return super()._reverse_moves(default_values_list=default_values_list, cancel=cancel)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_subledger(self):
        self.env["crm.subledger.entry"]._accrued_moves(self)._raise_posted_by_subledger()

    def _raise_posted_by_subledger(self):
        for move in self:
            raise UserError(
                self.env._(
                    "%s was posted by a sub-ledger and can only be corrected through the document "
                    "behind it (invoice, payment, order): change that, and the difference is "
                    "posted by itself.",
                    move.display_name,
                )
            )
