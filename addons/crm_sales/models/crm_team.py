from odoo import models


class CrmTeam(models.Model):
    _inherit = "crm.team"

    # --- public pool ---

    def _get_lead_to_assign_domain(self):
        """Leads of a public pool are claimed, and not dealt out."""
        return [*super()._get_lead_to_assign_domain(), ("pool_id", "=", False)]
