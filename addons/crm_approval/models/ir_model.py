from odoo import models


class IrModelFields(models.Model):
    """Fields that validation rules look at may go; the rules are told."""

    _inherit = "ir.model.fields"

    def unlink(self):
        """Deactivate, with the reason, the rules that need a field which goes."""
        # A rule that needs a field which goes is deactivated with the reason, not left to fail.
        ours = "crm.validation.rule"
        if self and ours in self.env and ours not in self.mapped("model"):
            # sudo: whoever may remove a field of the database may leave a note on its rules
            self.env["crm.validation.rule"].sudo()._flag_removed_fields(self)
        return super().unlink()
