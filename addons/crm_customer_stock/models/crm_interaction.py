from odoo import models

from odoo.addons.crm_customer.engine.interaction import Source


class CrmInteraction(models.AbstractModel):
    """Deliveries and returns belong to the time line of a customer."""

    _inherit = "crm.interaction"

    def _sources(self):
        """Add what was delivered to the customer and what came back."""
        transfer = {
            "model": "stock.picking",
            "date": "date_done",
            "search": ("name", "origin"),
            "state": "state",
            "colours": {"done": "success"},
        }
        return {
            **super()._sources(),
            "delivery": Source(
                self.env._("Deliveries"),
                "fa-truck",
                one=self.env._("Delivery"),
                domain=[("state", "=", "done"), ("location_dest_id.usage", "=", "customer")],
                sequence=30,
                **transfer,
            ),
            "return": Source(
                self.env._("Returns"),
                "fa-undo",
                one=self.env._("Return"),
                domain=[("state", "=", "done"), ("location_id.usage", "=", "customer")],
                sequence=31,
                **transfer,
            ),
        }
