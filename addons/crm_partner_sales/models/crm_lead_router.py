from odoo import api, models


class CrmLeadRouter(models.AbstractModel):
    """Routes leads of direct sales only."""

    _inherit = "crm.lead.router"

    @api.model
    def _route(self, leads, *arguments, **options):
        """What a partner works on is not routed to direct sales."""
        return super()._route(self._of_direct_sales(leads), *arguments, **options)

    @api.model
    def _start_clock(self, leads):
        """The first response to a partner's customer is the partner's."""
        return super()._start_clock(self._of_direct_sales(leads))

    @api.model
    def _of_direct_sales(self, leads):
        # sudo: whether a partner works on it; the router knows every lead
        return leads.filtered(lambda lead: not lead.sudo().channel_partner_id)
