from odoo import api, fields, models


class CrmCompetitor(models.Model):
    """Who else is asked for offers: strengths, weaknesses, and what wins against them."""

    _name = "crm.competitor"
    _description = "Competitor"
    _inherit = ["mail.thread"]
    _order = "name"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    partner_id = fields.Many2one("res.partner", "Contact", domain=[("is_company", "=", True)])
    website = fields.Char()
    strengths = fields.Html(translate=True)
    weaknesses = fields.Html(translate=True)
    answer = fields.Html("How to Win", translate=True, help="What to say and show against them.")
    deal_ids = fields.One2many("crm.lead.competitor", "competitor_id")
    open_count = fields.Integer("Open Deals", compute="_compute_counts")
    won_count = fields.Integer("Won Against", compute="_compute_counts")
    lost_count = fields.Integer("Lost Against", compute="_compute_counts")
    win_rate = fields.Float("Win Rate (%)", compute="_compute_counts", aggregator="avg")

    _name_uniq = models.Constraint("UNIQUE(name)", "There is a competitor of this name already.")

    @api.depends_context("uid", "allowed_company_ids")
    @api.depends("deal_ids.won_status")
    def _compute_counts(self):
        """Count what the user may see of the deals against each competitor."""
        groups = self.env["crm.lead.competitor"]._read_group(
            [("competitor_id", "in", self.ids)],
            ["competitor_id", "won_status"],
            ["lead_id:count_distinct"],
        )
        counts = {(competitor.id, status): count for competitor, status, count in groups}
        for competitor in self:
            won, lost, pending = (
                counts.get((competitor.id, status), 0) for status in ("won", "lost", "pending")
            )
            competitor.won_count, competitor.lost_count = won, lost
            competitor.open_count = pending
            competitor.win_rate = 100.0 * won / (won + lost) if won + lost else 0.0

    def action_open_deals(self):
        """Open the opportunities in which these competitors take part."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Deals"),
            "res_model": "crm.lead",
            "view_mode": "list,kanban,form",
            "domain": [("competitor_ids.competitor_id", "in", self.ids)],
            "context": {"active_test": False, "create": False},
        }
