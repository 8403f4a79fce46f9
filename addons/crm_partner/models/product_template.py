from odoo import fields, models


class ProductTemplate(models.Model):
    """A product may be in the catalogue of partners."""

    _inherit = "product.template"

    # --- portal ordering ---
    channel_ok = fields.Boolean(
        "Ordered by Partners",
        index=True,
        help="Partners of the programme find this product in the catalogue of their portal and may"
        " order it at their own price list.",
    )
