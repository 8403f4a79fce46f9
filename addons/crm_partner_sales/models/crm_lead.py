from odoo import api, models


class CrmLead(models.Model):
    _inherit = "crm.lead"

    @api.model
    def _pool_domain(self):
        """What a partner works on does not fall into a public pool."""
        return [*super()._pool_domain(), ("channel_partner_id", "=", False)]
