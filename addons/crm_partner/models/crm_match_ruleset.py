from odoo import models


class CrmMatchRuleset(models.Model):
    """Registered deals are matched by the rules that find double companies."""

    _inherit = "crm.match.ruleset"

    # --- deal registration ---

    def _changed(self):
        """The keys of registered deals follow the same rules."""
        result = super()._changed()
        self.env["crm.deal.key"]._forget_all()
        self._trigger("crm_partner.ir_cron_deal_keys")
        return result
