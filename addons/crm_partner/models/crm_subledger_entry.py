from odoo import api, models


class CrmSubledgerEntry(models.Model):
    """An entry shows on the statement of account of its partner."""

    _inherit = "crm.subledger.entry"

    # --- statements of account ---

    @api.model_create_multi
    def create(self, vals_list):
        """Have statements that hold the day of an entry looked at again."""
        entries = super().create(vals_list)
        entries._partner_statement_changed()
        return entries

    def _partner_statement_changed(self):
        """Have the statements that were sent looked at again, where they hold these entries."""
        shown = self.filtered("ledger_id.on_statement")
        if shown.partner_id:
            self.env["crm.partner.statement"]._documents_changed(
                shown.partner_id, shown.company_id, min(shown.mapped("date"))
            )
