from odoo import fields, models




class CrmTeam(models.Model):
    _inherit = "crm.team"

    # --- routing ---

    lead_sla_policy_id = fields.Many2one(
        "crm.lead.sla.policy",
        "First Response to Leads",
        check_company=True,
        ondelete="restrict",
        help="How soon a lead of this team must be responded to, unless its routing rule says "
        "otherwise.",
    )

    # --- public pool ---

    def _get_lead_to_assign_domain(self):
        """Leads of a public pool are claimed, and not dealt out."""
        return [*super()._get_lead_to_assign_domain(), ("pool_id", "=", False)]

    def _pipeline_stages(self):
        """Return the stages of the pipelines of these teams, in order: their own, and shared ones."""
        domain = ["|", ("team_ids", "=", False), ("team_ids", "in", self.ids)]
        # sudo: the order of the stages, which every gate needs
        return self.env["crm.stage"].sudo().search(domain)
