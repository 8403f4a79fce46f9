from odoo import api, models


class CrmLead(models.Model):
    """Leads of partners stay out of routing and pools of direct sales."""

    _inherit = "crm.lead"

    @api.model
    def _routing_keep_default(self, leads):
        """Nor does it get whoever happened to bring it: the partner's registration, say."""
        return super()._routing_keep_default(self.env["crm.lead.router"]._of_direct_sales(leads))

    @api.model
    def _pool_domain(self):
        """What a partner works on does not fall into a public pool."""
        return [*super()._pool_domain(), ("channel_partner_id", "=", False)]
