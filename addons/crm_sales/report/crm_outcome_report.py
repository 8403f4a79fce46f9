from odoo import fields, models
from odoo.tools import SQL


class CrmOutcomeReport(models.Model):
    """What salespeople did, and what came of it: activities beside opportunities, by day.

    Activities are those marked as done on opportunities; they are archived, not deleted.
    """

    _name = "crm.outcome.report"
    _description = "Activities and Outcomes"
    _auto = False
    _order = "date desc, id"
    _rec_name = "lead_id"

    kind = fields.Selection(
        [
            ("activity", "Activity done"),
            ("created", "Opportunity created"),
            ("won", "Opportunity won"),
            ("lost", "Opportunity lost"),
        ],
        readonly=True,
    )
    lead_id = fields.Many2one("crm.lead", "Opportunity", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    activity_type_id = fields.Many2one("mail.activity.type", readonly=True)
    date = fields.Date(readonly=True)
    activities = fields.Integer("Activities Done", readonly=True)
    created = fields.Integer("Opportunities Created", readonly=True)
    won = fields.Integer("Opportunities Won", readonly=True)
    lost = fields.Integer("Opportunities Lost", readonly=True)
    won_revenue = fields.Monetary(readonly=True)
    activities_per_win = fields.Float("Activities per Win", readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        for name in ("mail.activity", "crm.lead"):
            self.env[name].flush_model()
        return SQL(
            """SELECT event.id, event.kind, event.lead_id,
                      COALESCE(l.company_id, u.company_id) AS company_id, event.user_id, l.team_id,
                      event.activity_type_id, event.date,
                      (event.kind = 'activity')::int AS activities,
                      (event.kind = 'created')::int AS created,
                      (event.kind = 'won')::int AS won, (event.kind = 'lost')::int AS lost,
                      CASE WHEN event.kind = 'won' THEN l.expected_revenue ELSE 0
                           END AS won_revenue,
                      NULL::float AS activities_per_win
                 FROM (
                      SELECT a.id * 4::bigint AS id, 'activity' AS kind, a.res_id AS lead_id,
                             a.user_id, a.activity_type_id, a.date_done AS date
                        FROM mail_activity a
                       WHERE a.res_model = 'crm.lead' AND a.date_done IS NOT NULL
                         AND a.active IS NOT TRUE
                   UNION ALL
                      SELECT id * 4::bigint + 1, 'created', id, user_id, NULL, create_date::date
                        FROM crm_lead WHERE type = 'opportunity'
                   UNION ALL
                      SELECT id * 4::bigint + 2, won_status, id, user_id, NULL, date_closed::date
                        FROM crm_lead
                       WHERE type = 'opportunity' AND won_status IN ('won', 'lost')
                         AND date_closed IS NOT NULL) event
                 JOIN crm_lead l ON l.id = event.lead_id
            LEFT JOIN res_users u ON u.id = l.user_id"""
        )

    def _read_group_select(self, aggregate_spec, query):
        """Activities per win are those of the sums."""
        if aggregate_spec != "activities_per_win:avg":
            return super()._read_group_select(aggregate_spec, query)
        done = self._field_to_sql(self._table, "activities", query)
        won = self._field_to_sql(self._table, "won", query)
        return SQL("SUM(%s)::float / NULLIF(SUM(%s), 0)", done, won)

    def action_open_lead(self):
        """Open the opportunity of a row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "views": [(False, "form")],
        }
