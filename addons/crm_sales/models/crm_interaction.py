from odoo import models

from odoo.addons.crm_customer.engine.interaction import Source


class CrmInteraction(models.AbstractModel):
    """Visits belong to the time line of a customer and count as a contact."""

    _inherit = "crm.interaction"

    # --- visits ---

    def _sources_contact(self):
        """Add the visits that took place."""
        return {
            **super()._sources_contact(),
            "visit": Source(
                self.env._("Visits"),
                "fa-map-marker",
                one=self.env._("Visit"),
                model="crm.visit",
                date="check_in",
                search=("name", "report"),
                domain=[("check_in", "!=", False)],
                state="state",
                colours={"ongoing": "warning", "done": "success"},
                is_contact=True,
                sequence=14,
            ),
        }
