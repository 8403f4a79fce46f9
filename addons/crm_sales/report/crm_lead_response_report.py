from odoo import api, fields, models
from odoo.tools import SQL


class CrmLeadResponseReport(models.Model):
    """First responses to leads: one row for each person who had to respond."""

    _name = "crm.lead.response.report"
    _description = "First Responses to Leads"
    _auto = False
    _order = "start desc, id desc"
    _rec_name = "lead_id"
    _depends = {
        "crm.lead": ["source_id", "country_id", "state_id", "territory_id", "active", "type"],
        "crm.lead.sla": ["lead_id", "policy_id", "state", "response_hours", "responded_at"],
    }

    lead_id = fields.Many2one("crm.lead", readonly=True)
    lead_type = fields.Selection(
        [("lead", "Lead"), ("opportunity", "Opportunity")], "Type", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    policy_id = fields.Many2one("crm.lead.sla.policy", readonly=True)
    rule_id = fields.Many2one("crm.lead.route.rule", "Routing Rule", readonly=True)
    territory_id = fields.Many2one("crm.territory", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    source_id = fields.Many2one("utm.source", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    state_id = fields.Many2one("res.country.state", "Province", readonly=True)
    start = fields.Datetime("Assigned on", readonly=True)
    deadline = fields.Datetime("Response Due", readonly=True)
    responded_at = fields.Datetime("First Response", readonly=True)
    state = fields.Selection(selection="_states", readonly=True)
    response_kind = fields.Selection(selection="_kinds", string="Responded by", readonly=True)
    response_hours = fields.Float("Working Hours to Response", readonly=True, aggregator="avg")
    met_rate = fields.Float(
        "In Time (%)",
        readonly=True,
        aggregator="avg",
        help="Of those decided, met or breached.",
    )
    breached = fields.Integer(readonly=True)

    @api.model
    def _states(self):
        return self.env["crm.lead.sla"]._fields["state"]._description_selection(self.env)

    @api.model
    def _kinds(self):
        return self.env["crm.lead.sla"]._fields["response_kind"]._description_selection(self.env)

    @property
    def _table_query(self):
        return SQL(
            """SELECT s.id, s.lead_id, l.type AS lead_type, s.company_id, s.policy_id, s.rule_id,
                      l.territory_id, s.user_id, s.team_id, l.source_id, l.country_id, l.state_id,
                      s.start, s.deadline, s.responded_at, s.state, s.response_kind,
                      CASE WHEN s.responded_at IS NOT NULL THEN s.response_hours
                      END AS response_hours,
                      CASE s.state WHEN 'met' THEN 100.0 WHEN 'breached' THEN 0.0
                      END AS met_rate,
                      CASE s.state WHEN 'breached' THEN 1 ELSE 0 END AS breached
                 FROM crm_lead_sla s JOIN crm_lead l ON l.id = s.lead_id"""
        )

    def action_open_lead(self):
        """Open the lead of the row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "view_mode": "form",
        }
