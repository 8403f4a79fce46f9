from odoo import fields, models


class ProductPricelist(models.Model):
    """A price list may belong to a level, whose partners alone buy at it."""

    _inherit = "product.pricelist"

    grade_ids = fields.One2many(
        "res.partner.grade", "default_pricelist_id", "Partner Levels", bypass_search_access=True
    )

    def _get_partner_pricelist_multi_search_domain_hook(self, company_id):
        """The price list of a level is for its partners, not for whoever has none of their own."""
        domain = super()._get_partner_pricelist_multi_search_domain_hook(company_id)
        return [*domain, ("grade_ids", "=", False)]
