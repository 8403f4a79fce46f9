from odoo import models
from odoo.fields import Domain

from odoo.addons.crm_partner.models.crm_deal_matcher import Match


class CrmDealMatcher(models.AbstractModel):
    """A registered customer may be a named account of direct sales."""

    _inherit = "crm.deal.matcher"

    def _named_accounts(self, known, subject):
        """Named accounts of a territory model in effect are looked after by direct sales."""
        found = super()._named_accounts(known, subject)
        by_partner = {match.res_id: match for match in known}
        if not by_partner:
            return found
        # sudo: whether a customer is named, not in which territory
        territories = (
            self.env["crm.territory"]
            .sudo()
            .search(
                Domain("model_state", "=", "active")
                & Domain("company_id", "in", [subject.company_id, False])
                & Domain("partner_ids.commercial_partner_id", "in", list(by_partner))
            )
        )
        today = self.env["res.company"].browse(subject.company_id)._deal_today()
        current = territories.filtered(lambda row: row.model_id._covers(today))
        named = set(current.partner_ids.commercial_partner_id.ids) & by_partner.keys()
        matches = [by_partner[partner_id] for partner_id in sorted(named)]
        return found + [
            Match("account", match.res_id, match.probability, match.certain, match.res_id)
            for match in matches
        ]
