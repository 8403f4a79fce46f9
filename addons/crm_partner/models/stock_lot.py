from odoo import api, models
from odoo.fields import Domain


class StockLot(models.Model):
    _inherit = "stock.lot"

    # --- deliveries to partners ---

    @api.model
    def _channel_delivery_domain(self, partner):
        """Return the done stock move lines by which ``partner`` got serial or lot numbers."""
        partners = Domain("picking_id.partner_id", "child_of", partner.ids) | Domain(
            "move_id.sale_line_id.order_id.partner_id", "child_of", partner.ids
        )
        return (
            Domain("state", "=", "done")
            & Domain("lot_id", "!=", False)
            & Domain("location_dest_id.usage", "=", "customer")
            & partners
        )

    @api.model
    def _channel_orders(self, partner, text):
        """Return the orders of ``partner`` of which a serial number contains ``text``."""
        lines = self.env["stock.move.line"].search(
            self._channel_delivery_domain(partner) & Domain("lot_id.name", "ilike", text),
            order="id desc",
            limit=1000,
        )
        return lines.move_id.sale_line_id.order_id
