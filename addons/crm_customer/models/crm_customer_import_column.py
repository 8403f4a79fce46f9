from odoo import api, fields, models
from odoo.exceptions import ValidationError

TARGETS = [
    ("name", "Name"),
    ("is_company", "Is a Company"),
    ("parent", "Company (by its name)"),
    ("uscc", "Unified Social Credit Code"),
    ("vat", "Tax ID"),
    ("company_registry", "Company ID"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("external_id", "External ID"),
    ("ref", "Reference"),
    ("street", "Street"),
    ("street2", "Street 2"),
    ("city", "City"),
    ("zip", "Zip"),
    ("state", "State"),
    ("country", "Country"),
    ("website", "Website"),
    ("function", "Job Position"),
    ("tags", "Tags"),
    ("comment", "Notes"),
    ("salesperson", "Salesperson"),
]


class CrmCustomerImportColumn(models.Model):
    """What a column of the file is."""

    _name = "crm.customer.import.column"
    _description = "Customer Import Column"
    _order = "sequence, id"
    _rec_name = "header"

    import_id = fields.Many2one(
        "crm.customer.import", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(readonly=True)
    header = fields.Char(string="Column", readonly=True)
    sample = fields.Char(string="Examples", readonly=True)
    target = fields.Selection(TARGETS, string="Goes to", help="Empty: the column is left out.")

    @api.constrains("target", "import_id")
    def _check_target_once(self):
        for document in self.import_id:
            targets = document.column_ids.filtered("target").mapped("target")
            double = {target for target in targets if targets.count(target) > 1}
            if double:
                labels = dict(self._fields["target"]._description_selection(self.env))
                raise ValidationError(
                    self.env._(
                        "Two columns go to %s. Leave one of them out.",
                        ", ".join(labels[target] for target in sorted(double)),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Add columns until the import begins, then refuse (``UserError``)."""
        records = super().create(vals_list)
        records.import_id._refuse_when_started(["column_ids"])
        return records

    def write(self, vals):
        """Change columns until the import begins, then refuse (``UserError``)."""
        self.import_id._refuse_when_started(["column_ids"])
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        self.import_id._refuse_when_started(["column_ids"])
