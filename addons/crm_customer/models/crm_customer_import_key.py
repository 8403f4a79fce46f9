from odoo import api, fields, models

KINDS = [
    ("uscc", "Unified Social Credit Code"),
    ("vat", "Tax ID"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("external_id", "External ID"),
]


class CrmCustomerImportKey(models.Model):
    """A business key by which an import recognises customers, at its place in the order."""

    _name = "crm.customer.import.key"
    _description = "Customer Import Key"
    _order = "sequence, id"
    _rec_name = "kind"

    import_id = fields.Many2one(
        "crm.customer.import", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    kind = fields.Selection(KINDS, string="Key", required=True)

    _kind_uniq = models.Constraint(
        "UNIQUE(import_id, kind)", "Each key stands in the order only once."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Add keys until the import begins, then refuse (``UserError``)."""
        records = super().create(vals_list)
        records.import_id._refuse_when_started(["key_ids"])
        return records

    def write(self, vals):
        """Change keys until the import begins, then refuse (``UserError``)."""
        self.import_id._refuse_when_started(["key_ids"])
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        self.import_id._refuse_when_started(["key_ids"])
