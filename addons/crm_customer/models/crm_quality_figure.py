from odoo import api, fields, models
from odoo.tools import SQL, format_date


class CrmQualityFigure(models.Model):
    """The quality of a company's customer data in a week, for the curve of the year.

    Records of no company belong to the figure of every company.
    """

    _name = "crm.quality.figure"
    _description = "Weekly Data Quality"
    _order = "week desc, company_id"
    _rec_name = "week"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    week = fields.Date("Week (Monday)", required=True, readonly=True)
    records = fields.Integer("Checked", readonly=True)
    score = fields.Float("Quality (%)", readonly=True, digits=(16, 1), aggregator="avg")
    with_issues = fields.Integer(readonly=True)
    issues = fields.Integer(readonly=True)

    _week_uniq = models.UniqueIndex("(company_id, week)")

    @api.depends("week", "company_id")
    def _compute_display_name(self):
        for figure in self:
            figure.display_name = f"{figure.company_id.name}, {format_date(self.env, figure.week)}"

    @api.model
    def _compute_week(self, today=None):
        """Write the figures of the week of ``today``; again within the week it replaces them."""
        today = today or fields.Date.context_today(self)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_quality_figure (
                    company_id, week, records, score, with_issues, issues,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT c.id, date_trunc('week', %(today)s::date)::date, COUNT(q.id),
                       ROUND(COALESCE(AVG(q.score), 0)::numeric, 1),
                       COUNT(*) FILTER (WHERE q.issue_count > 0),
                       COALESCE(SUM(q.issue_count), 0),
                       %(user)s, now() AT TIME ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC'
                  FROM res_company c
             LEFT JOIN crm_partner_quality q
                    ON q.company_id = c.id OR q.company_id IS NULL
                 WHERE c.active
              GROUP BY c.id
                ON CONFLICT (company_id, week) DO UPDATE
                   SET records = EXCLUDED.records, score = EXCLUDED.score,
                       with_issues = EXCLUDED.with_issues, issues = EXCLUDED.issues,
                       write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
                """,
                today=today,
                user=self.env.uid,
            )
        )
        self.invalidate_model()
