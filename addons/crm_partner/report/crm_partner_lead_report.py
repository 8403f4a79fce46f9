from odoo import api, fields, models
from odoo.tools import SQL


class CrmPartnerLeadReport(models.Model):
    """Leads of channel partners: one row for each lead a partner was offered or claimed."""

    _name = "crm.partner.lead.report"
    _description = "Conversion of Partner Leads"
    _auto = False
    _order = "offered_at desc, id desc"
    _rec_name = "partner_id"
    _depends = {
        "crm.lead.assignment": [
            "partner_id",
            "company_id",
            "grade_id",
            "kind",
            "state",
            "offered_at",
            "responded_at",
            "response_hours",
            "amount",
            "country_id",
            "state_id",
            "decline_reason",
        ],
        "crm.lead": ["expected_revenue", "user_id"],
    }

    assignment_id = fields.Many2one("crm.lead.assignment", "Lead", readonly=True)
    partner_id = fields.Many2one("res.partner", "Channel Partner", readonly=True)
    grade_id = fields.Many2one("res.partner.grade", "Level", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    state_id = fields.Many2one("res.country.state", "Province", readonly=True)
    kind = fields.Selection(selection="_kinds", readonly=True)
    state = fields.Selection(selection="_states", readonly=True)
    decline_reason = fields.Selection(selection="_decline_reasons", readonly=True)
    offered_at = fields.Datetime("Offered on", readonly=True)
    offered = fields.Integer(readonly=True)
    accepted = fields.Integer(readonly=True, help="Whatever became of them afterwards.")
    declined = fields.Integer(readonly=True)
    expired = fields.Integer("Not Accepted in Time", readonly=True)
    won = fields.Integer(readonly=True)
    lost = fields.Integer(readonly=True)
    acceptance_rate = fields.Float(
        "Accepted (%)", readonly=True, aggregator="avg", help="Of those that were decided."
    )
    win_rate = fields.Float(
        "Won (%)", readonly=True, aggregator="avg", help="Of those accepted that were closed."
    )
    response_hours = fields.Float("Hours to the Answer", readonly=True, aggregator="avg")
    expected_revenue = fields.Monetary("Expected when Open", readonly=True)
    revenue = fields.Monetary("Revenue Won", readonly=True)

    @api.model
    def _kinds(self):
        return self._selection("kind")

    @api.model
    def _states(self):
        return self._selection("state")

    @api.model
    def _decline_reasons(self):
        return self._selection("decline_reason")

    def _selection(self, name):
        field = self.env["crm.lead.assignment"]._fields[name]
        return field._description_selection(self.env)

    @property
    def _table_query(self):
        # What was withdrawn before the partner answered was no chance: it counts nowhere.
        return SQL(
            """SELECT a.id, a.id AS assignment_id, a.partner_id, a.grade_id, a.company_id,
                      l.user_id, a.country_id, a.state_id, a.kind, a.state, a.decline_reason,
                      a.offered_at, 1 AS offered,
                      (a.responded_at IS NOT NULL AND a.state != 'declined')::int AS accepted,
                      (a.state = 'declined')::int AS declined,
                      (a.state = 'expired')::int AS expired,
                      (a.state = 'converted')::int AS won,
                      (a.state = 'lost')::int AS lost,
                      CASE WHEN a.state IN ('declined', 'expired') THEN 0.0
                           WHEN a.responded_at IS NOT NULL THEN 100.0 END AS acceptance_rate,
                      CASE a.state WHEN 'converted' THEN 100.0 WHEN 'lost' THEN 0.0
                      END AS win_rate,
                      CASE WHEN a.responded_at IS NOT NULL THEN a.response_hours
                      END AS response_hours,
                      CASE WHEN a.state IN ('offered', 'accepted') THEN l.expected_revenue
                      END AS expected_revenue,
                      CASE a.state WHEN 'converted' THEN a.amount END AS revenue
                 FROM crm_lead_assignment a JOIN crm_lead l ON l.id = a.lead_id
                WHERE a.partner_id IS NOT NULL
                  AND NOT (a.state = 'withdrawn' AND a.responded_at IS NULL)"""
        )

    def action_open_assignment(self):
        """Open the lead of the row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead.assignment",
            "res_id": self.assignment_id.id,
            "view_mode": "form",
        }
