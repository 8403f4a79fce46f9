from odoo import api, fields, models
from odoo.fields import Domain


class StockLot(models.Model):
    """Where a serial number was delivered in the channel, and where it was seen."""

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

    @api.model
    def _channel_line_partner(self, line):
        """Return the company (superuser) a delivery or return was about.

        Who ordered counts before where it was delivered: goods may go straight to the site.
        """
        order = line.move_id.sale_line_id.order_id
        returned = line.move_id.origin_returned_move_id
        order = order or returned.sale_line_id.order_id
        partner = order.partner_id or line.picking_id.partner_id or line.move_id.partner_id
        return partner.commercial_partner_id

    # --- anti-diversion ---
    sighting_ids = fields.One2many("crm.lot.sighting", "lot_id", "Sightings")
