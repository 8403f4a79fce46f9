from odoo import fields, models
from odoo.tools import SQL

from ..models.crm_stage import FORECAST_CATEGORIES


class CrmOpportunityReport(models.Model):
    """Every opportunity, won, lost or open: pipeline, win rate and cycle time.

    A row is an opportunity and a product template that was quoted for it; amounts and the number
    of opportunities are shared between its rows, so that sums over any dimension are right.
    """

    _name = "crm.opportunity.report"
    _description = "Opportunity Analysis"
    _auto = False
    _order = "create_date desc, id"
    _rec_name = "lead_id"
    _depends = {
        "crm.lead": ["active", "won_status", "stage_id", "expected_revenue", "forecast_category"],
        "sale.order": ["opportunity_id", "state"],
        "sale.order.line": ["product_id", "price_subtotal"],
    }

    lead_id = fields.Many2one("crm.lead", "Opportunity", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    source_id = fields.Many2one("utm.source", readonly=True)
    medium_id = fields.Many2one("utm.medium", readonly=True)
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    stage_id = fields.Many2one("crm.stage", readonly=True)
    lost_reason_id = fields.Many2one("crm.lost.reason", readonly=True)
    product_tmpl_id = fields.Many2one("product.template", "Product", readonly=True)
    categ_id = fields.Many2one("product.category", "Product Category", readonly=True)
    outcome = fields.Selection([("open", "Open"), ("won", "Won"), ("lost", "Lost")], readonly=True)
    forecast_category = fields.Selection(FORECAST_CATEGORIES, "Forecast", readonly=True)
    create_date = fields.Datetime("Created on", readonly=True)
    date_deadline = fields.Date("Expected Closing", readonly=True)
    date_closed = fields.Datetime("Closed on", readonly=True)
    opportunity_share = fields.Float("Opportunities", readonly=True, digits=(16, 1))
    won_share = fields.Float("Opportunities Won", readonly=True, digits=(16, 1))
    closed_share = fields.Float("Opportunities Decided", readonly=True, digits=(16, 1))
    expected_revenue = fields.Monetary(readonly=True)
    prorated_revenue = fields.Monetary("Weighted Revenue", readonly=True)
    won_revenue = fields.Monetary(readonly=True)
    win_rate = fields.Float(
        "Win Rate (%)",
        readonly=True,
        aggregator="avg",
        digits=(16, 1),
        help="Won of those decided, by number.",
    )
    cycle_days = fields.Float(
        "Days to Close",
        readonly=True,
        aggregator="avg",
        digits=(16, 1),
        help="From creation to the decision, of those decided.",
    )
    age_days = fields.Float(
        "Age (Days)",
        readonly=True,
        aggregator="avg",
        digits=(16, 1),
        help="Of those still open.",
    )

    @property
    def _table_query(self):
        return SQL(
            """WITH sold AS (
                SELECT o.opportunity_id AS lead_id, p.product_tmpl_id,
                       SUM(GREATEST(l.price_subtotal, 0)) AS amount
                  FROM sale_order o
                  JOIN sale_order_line l ON l.order_id = o.id AND l.display_type IS NULL
                  JOIN product_product p ON p.id = l.product_id
                 WHERE o.opportunity_id IS NOT NULL AND o.state <> 'cancel'
              GROUP BY o.opportunity_id, p.product_tmpl_id
            ), part AS (
                SELECT lead_id, product_tmpl_id,
                       ROW_NUMBER() OVER deal AS number,
                       CASE WHEN SUM(amount) OVER deal_all > 0
                            THEN amount / SUM(amount) OVER deal_all
                            ELSE 1.0 / COUNT(*) OVER deal_all END AS share
                  FROM sold
                WINDOW deal AS (PARTITION BY lead_id ORDER BY product_tmpl_id),
                       deal_all AS (PARTITION BY lead_id)
            )
            SELECT l.id * 1000::bigint + COALESCE(LEAST(part.number, 999), 0) AS id,
                   l.id AS lead_id, COALESCE(l.company_id, u.company_id) AS company_id, l.user_id,
                   l.team_id, l.partner_id, l.country_id, l.source_id, l.medium_id, l.campaign_id,
                   l.stage_id, l.lost_reason_id, part.product_tmpl_id, t.categ_id,
                   l.forecast_category, l.create_date, l.date_deadline,
                   CASE WHEN l.won_status IN ('won', 'lost') THEN l.date_closed END AS date_closed,
                   CASE l.won_status WHEN 'won' THEN 'won' WHEN 'lost' THEN 'lost'
                        ELSE 'open' END AS outcome,
                   COALESCE(part.share, 1) AS opportunity_share,
                   CASE WHEN l.won_status = 'won' THEN COALESCE(part.share, 1) ELSE 0
                        END AS won_share,
                   CASE WHEN l.won_status IN ('won', 'lost') THEN COALESCE(part.share, 1)
                        ELSE 0 END AS closed_share,
                   l.expected_revenue * COALESCE(part.share, 1) AS expected_revenue,
                   CASE WHEN l.won_status = 'pending'
                        THEN l.expected_revenue * l.probability / 100 * COALESCE(part.share, 1)
                        ELSE 0 END AS prorated_revenue,
                   CASE WHEN l.won_status = 'won'
                        THEN l.expected_revenue * COALESCE(part.share, 1) ELSE 0
                        END AS won_revenue,
                   CASE l.won_status WHEN 'won' THEN 100.0 WHEN 'lost' THEN 0.0 END AS win_rate,
                   CASE WHEN l.won_status IN ('won', 'lost') THEN
                        EXTRACT(EPOCH FROM l.date_closed - l.create_date) / 86400.0
                        END AS cycle_days,
                   CASE WHEN l.won_status = 'pending' THEN
                        EXTRACT(EPOCH FROM NOW() AT TIME ZONE 'UTC' - l.create_date) / 86400.0
                        END AS age_days
              FROM crm_lead l
         LEFT JOIN res_users u ON u.id = l.user_id
         LEFT JOIN part ON part.lead_id = l.id
         LEFT JOIN product_template t ON t.id = part.product_tmpl_id
             WHERE l.type = 'opportunity' AND (l.active OR l.won_status <> 'pending')"""
        )

    def _read_group_select(self, aggregate_spec, query):
        """Averages weigh an opportunity once, however many products were quoted for it."""
        weighted = {
            "win_rate:avg": ("closed_share", "win_rate"),
            "cycle_days:avg": ("closed_share", "cycle_days"),
            "age_days:avg": ("opportunity_share", "age_days"),
        }
        if aggregate_spec not in weighted:
            return super()._read_group_select(aggregate_spec, query)
        weight, value = (
            self._field_to_sql(self._table, name, query) for name in weighted[aggregate_spec]
        )
        return SQL(
            "SUM(%(value)s * %(weight)s) / NULLIF(SUM(%(weight)s) FILTER "
            "(WHERE %(value)s IS NOT NULL), 0)",
            value=value,
            weight=weight,
        )

    def action_open_lead(self):
        """Open the opportunity of a row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "views": [(False, "form")],
        }
