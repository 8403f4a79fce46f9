from odoo import fields, models
from odoo.tools import SQL


class CrmStageDurationReport(models.Model):
    """How long opportunities stayed in each stage, from the tracked changes of their stage."""

    _name = "crm.stage.duration.report"
    _description = "Time in Stage"
    _auto = False
    _order = "date_in desc, id"
    _rec_name = "lead_id"

    lead_id = fields.Many2one("crm.lead", "Opportunity", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    source_id = fields.Many2one("utm.source", readonly=True)
    stage_id = fields.Many2one("crm.stage", readonly=True)
    outcome = fields.Selection([("open", "Open"), ("won", "Won"), ("lost", "Lost")], readonly=True)
    date_in = fields.Datetime("Entered on", readonly=True)
    date_out = fields.Datetime("Left on", readonly=True, help="Empty: still in the stage.")
    days = fields.Float("Days in Stage", readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        self.env["mail.tracking.value"].flush_model()
        # sudo: the id of a field
        field = self.env["ir.model.fields"].sudo()._get("crm.lead", "stage_id")
        return SQL(
            """WITH change AS (
                SELECT m.res_id AS lead_id, v.id, v.create_date AS date,
                       v.old_value_integer AS old_stage, v.new_value_integer AS new_stage
                  FROM mail_tracking_value v
                  JOIN mail_message m ON m.id = v.mail_message_id AND m.model = 'crm.lead'
                 WHERE v.field_id = %s
            ), entered AS (
                SELECT lead_id, new_stage AS stage_id, date, id FROM change
             UNION ALL
                SELECT l.id,
                       COALESCE((SELECT old_stage FROM change c WHERE c.lead_id = l.id
                              ORDER BY c.date, c.id LIMIT 1), l.stage_id), l.create_date, 0
                  FROM crm_lead l
                 WHERE l.type = 'opportunity' AND (l.active OR l.won_status <> 'pending')
            ), stay AS (
                SELECT lead_id, stage_id, date AS date_in, id,
                       LEAD(date) OVER (PARTITION BY lead_id ORDER BY date, id) AS date_out
                  FROM entered
            )
            SELECT s.lead_id * 1000::bigint
                       + ROW_NUMBER() OVER (PARTITION BY s.lead_id ORDER BY s.date_in, s.id) AS id,
                   s.lead_id, COALESCE(l.company_id, u.company_id) AS company_id, l.user_id,
                   l.team_id, l.source_id, s.stage_id,
                   CASE l.won_status WHEN 'won' THEN 'won' WHEN 'lost' THEN 'lost'
                        ELSE 'open' END AS outcome,
                   s.date_in, s.date_out,
                   GREATEST(0, EXTRACT(EPOCH FROM COALESCE(
                       s.date_out,
                       CASE WHEN l.won_status <> 'pending' THEN l.date_closed END,
                       NOW() AT TIME ZONE 'UTC') - s.date_in) / 86400.0) AS days
              FROM stay s
              JOIN crm_lead l ON l.id = s.lead_id
         LEFT JOIN crm_stage stage ON stage.id = s.stage_id
         LEFT JOIN res_users u ON u.id = l.user_id
             WHERE s.stage_id IS NOT NULL AND NOT COALESCE(stage.is_won, FALSE)""",
            field.id,
        )
