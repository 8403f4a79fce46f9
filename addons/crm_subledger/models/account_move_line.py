from odoo import api, fields, models
from odoo.exceptions import UserError

SETTLED_FIELDS = frozenset({"subledger_key_model", "subledger_key_id"})


class AccountMoveLine(models.Model):
    """A journal item may say which item of a sub-ledger it settles."""

    _inherit = "account.move.line"

    subledger_key_model = fields.Char(copy=False, readonly=True)
    subledger_key_id = fields.Many2oneReference(
        "Settles",
        model_field="subledger_key_model",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="The item of a sub-ledger that this journal item pays.",
    )

    @api.model
    def _subledger_settlement_fields(self):
        """Return the fields that say what a line settles; its reversal takes them over.

        A programme adds the links of its own documents.
        """
        return ["subledger_key_model", "subledger_key_id"]

    def _copy_data_extend_business_fields(self, values):
        # Asked for reversals, and for the draft that replaces what was reversed; a duplicate
        # settles nothing.
        result = super()._copy_data_extend_business_fields(values)
        if self.subledger_key_id:
            row = {name: self[name] for name in self._subledger_settlement_fields()}
            values.update(self._convert_to_write(row))
        return result

    def write(self, vals):
        """Keep what a posted item settles.

        :raise UserError: it would change
        """
        if SETTLED_FIELDS & vals.keys():
            self._check_settlement_open()
        return super().write(vals)

    def _check_settlement_open(self):
        for line in self:
            if line.parent_state == "posted":
                raise UserError(
                    self.env._(
                        "%s is posted: what it settles cannot be changed any more. "
                        "Reset it to draft first.",
                        line.move_id.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_subledger(self):
        posted = self.env["crm.subledger.entry"]._accrued_moves(self.move_id)
        if posted:
            posted._raise_posted_by_subledger()
