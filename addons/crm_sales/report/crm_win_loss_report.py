from odoo import fields, models
from odoo.tools import SQL


class CrmWinLossReport(models.Model):
    """Decided opportunities, one row per opportunity and competitor in it.

    An opportunity with several competitors has several rows, each with a part of its count and
    amount, so that totals are right in every grouping; grouped by competitor, *Against* counts the
    whole opportunity.
    """

    _name = "crm.win.loss.report"
    _description = "Win/Loss Analysis"
    _auto = False
    _order = "date_closed desc"
    _rec_name = "lead_id"

    lead_id = fields.Many2one("crm.lead", "Opportunity", readonly=True)
    competitor_id = fields.Many2one("crm.competitor", readonly=True)
    competitor_status = fields.Selection(
        [
            ("identified", "Identified"),
            ("ahead", "Ahead of Us"),
            ("behind", "Behind Us"),
            ("out", "Out of the Race"),
            ("winner", "Won the Deal"),
        ],
        readonly=True,
    )
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    won_status = fields.Selection([("won", "Won"), ("lost", "Lost")], "Outcome", readonly=True)
    lost_reason_id = fields.Many2one("crm.lost.reason", readonly=True)
    win_reason_id = fields.Many2one("crm.win.reason", readonly=True)
    date_closed = fields.Datetime("Decided on", readonly=True)
    deals = fields.Float(readonly=True, digits=(16, 1))
    won = fields.Float(readonly=True, digits=(16, 1))
    lost = fields.Float(readonly=True, digits=(16, 1))
    against = fields.Integer(readonly=True)
    amount = fields.Float("Expected Revenue", readonly=True, digits=(16, 2))
    won_amount = fields.Float(readonly=True, digits=(16, 2))
    lost_amount = fields.Float(readonly=True, digits=(16, 2))
    win_rate = fields.Float("Win Rate (%)", readonly=True, aggregator="avg", digits=(5, 1))
    their_price = fields.Float(readonly=True, aggregator="avg", digits=(16, 2))
    survey_score = fields.Float(readonly=True, aggregator="avg", digits=(3, 2))
    survey_reason = fields.Selection(
        selection=lambda self: self.env["crm.loss.survey"]._fields["main_reason"].selection,
        string="Reason of the Customer",
        readonly=True,
    )

    @property
    def _table_query(self):
        self.env["crm.lead"].flush_model()
        self.env["crm.lead.competitor"].flush_model()
        self.env["crm.loss.survey"].flush_model()
        return SQL(
            """SELECT COALESCE(rival.id, -lead.id) AS id,
                      lead.id AS lead_id, rival.competitor_id, rival.status AS competitor_status,
                      rival.price AS their_price,
                      lead.user_id, lead.team_id, lead.company_id, lead.partner_id,
                      lead.won_status, lead.lost_reason_id, lead.win_reason_id, lead.date_closed,
                      part.share AS deals,
                      CASE WHEN lead.won_status = 'won' THEN part.share ELSE 0 END AS won,
                      CASE WHEN lead.won_status = 'lost' THEN part.share ELSE 0 END AS lost,
                      CASE WHEN rival.id IS NULL THEN 0 ELSE 1 END AS against,
                      lead.expected_revenue * part.share AS amount,
                      CASE WHEN lead.won_status = 'won'
                           THEN lead.expected_revenue * part.share ELSE 0 END AS won_amount,
                      CASE WHEN lead.won_status = 'lost'
                           THEN lead.expected_revenue * part.share ELSE 0 END AS lost_amount,
                      CASE WHEN lead.won_status = 'won' THEN 100.0 ELSE 0.0 END AS win_rate,
                      NULLIF(survey.score, 0) AS survey_score,
                      survey.main_reason AS survey_reason
                 FROM crm_lead lead
            LEFT JOIN crm_lead_competitor rival ON rival.lead_id = lead.id
         CROSS JOIN LATERAL (
                      SELECT 1.0 / GREATEST(COUNT(*), 1) AS share
                        FROM crm_lead_competitor other WHERE other.lead_id = lead.id) part
            LEFT JOIN LATERAL (
                      SELECT answered.score, answered.main_reason
                        FROM crm_loss_survey answered
                       WHERE answered.lead_id = lead.id AND answered.date_answered IS NOT NULL
                    ORDER BY answered.id DESC LIMIT 1) survey ON TRUE
                WHERE lead.type = 'opportunity' AND lead.won_status IN ('won', 'lost')"""
        )
