from odoo import fields, models

from .crm_quotation_version import LINE


class CrmQuotationVersionLine(models.Model):
    """A line of a version of a quotation."""

    _name = "crm.quotation.version.line"
    _description = "Quotation Version Line"
    _order = "version_id, sequence, id"

    version_id = fields.Many2one(
        "crm.quotation.version", required=True, readonly=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="version_id.currency_id")
    origin_line = fields.Integer("Line of the Quotation", readonly=True)
    sequence = fields.Integer(readonly=True)
    display_type = fields.Selection(
        [("line_section", "Section"), ("line_subsection", "Subsection"), ("line_note", "Note")],
        readonly=True,
    )
    product_id = fields.Many2one("product.product", readonly=True, index="btree_not_null")
    name = fields.Text("Description", readonly=True)
    product_uom_qty = fields.Float("Quantity", digits="Product Unit", readonly=True)
    product_uom_id = fields.Many2one("uom.uom", "Unit", readonly=True)
    price_unit = fields.Float("Unit Price", min_display_digits="Product Price", readonly=True)
    discount = fields.Float("Disc.%", digits="Discount", readonly=True)
    tax_ids = fields.Many2many("account.tax", string="Taxes", readonly=True)
    price_subtotal = fields.Monetary("Amount", readonly=True)
    margin = fields.Monetary(readonly=True, groups="base.group_user")

    def _prepare_line_vals(self):
        """Return the values with which a line of the quotation becomes this again."""
        self.ensure_one()
        return self._convert_to_write({name: self[name] for name in LINE})
