from odoo import models


class SaleOrder(models.Model):
    """Orders move their customers between segments."""

    _name = "sale.order"
    _inherit = ["sale.order", "crm.segment.source"]

    _segment_watched = frozenset({"state", "partner_id", "date_order", "order_line"})
