from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CrmTeam(models.Model):
    """Teams form a tree, over which quotas, forecasts and rights of leaders roll up."""

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

    # --- tree of teams: what quotas and forecasts roll up over ---

    parent_id = fields.Many2one(
        "crm.team",
        "Parent Team",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        tracking=True,
        help="Quotas, forecasts and results of this team also count in its parent.",
    )
    child_ids = fields.One2many("crm.team", "parent_id", "Sub-teams")
    leader_ids = fields.Many2many(
        "res.users",
        "crm_team_leader_rel",
        "team_id",
        "user_id",
        string="Leaders Up the Tree",
        compute="_compute_leader_ids",
        store=True,
        recursive=True,
        help="The leader of this team and those of every team above it: who may see and judge.",
    )

    # --- public pool ---

    def _get_lead_to_assign_domain(self):
        """Leads of a public pool are claimed, and not dealt out."""
        return [*super()._get_lead_to_assign_domain(), ("pool_id", "=", False)]

    def _pipeline_stages(self):
        """Return the stages of the pipelines of these teams, own and shared, in order."""
        domain = ["|", ("team_ids", "=", False), ("team_ids", "in", self.ids)]
        # sudo: the order of the stages, which every gate needs
        return self.env["crm.stage"].sudo().search(domain)

    @api.depends("user_id", "parent_id.leader_ids")
    def _compute_leader_ids(self):
        for team in self:
            team.leader_ids = team.user_id | team.parent_id.leader_ids

    @api.constrains("parent_id")
    def _check_parent_id(self):
        for team in self:
            if team._has_cycle():
                raise ValidationError(
                    self.env._(
                        "%(team)s cannot belong to %(parent)s, which belongs to it already: the "
                        "tree of sales teams would be a circle. Choose another parent.",
                        team=team.display_name,
                        parent=team.parent_id.display_name,
                    )
                )

    def _with_sub_teams(self):
        """Return these teams and every team below them, archived ones too."""
        if not self:
            return self
        return self.with_context(active_test=False).search([("id", "child_of", self.ids)])
