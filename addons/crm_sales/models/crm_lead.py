from odoo import api, fields, models
from odoo.tools import SQL, sql

from .crm_commission_participant import NESTED
from .crm_stage import FORECAST_CATEGORIES


class CrmLead(models.Model):
    _inherit = "crm.lead"

    participant_ids = fields.One2many(
        "crm.commission.participant",
        "lead_id",
        string="Participants",
        copy=True,
        help="Who shares the commission of this deal; its orders take them over.",
    )

    @api.constrains("participant_ids")
    def _check_participant_shares(self):
        for lead in self:
            lead.participant_ids._check_sum()

    @api.model_create_multi
    def create(self, vals_list):
        nested = self.with_context(**{NESTED: True})
        return super(CrmLead, nested).create(vals_list).with_env(self.env)

    def write(self, vals):
        if "participant_ids" not in vals:
            return super().write(vals)
        return super(CrmLead, self.with_context(**{NESTED: True})).write(vals)

    def _merge_dependences(self, opportunities):
        """The surviving opportunity keeps its own participants, or takes over the first ones."""
        if not self.participant_ids:
            donor = opportunities.filtered("participant_ids")[:1]
            donor.participant_ids.with_context(**{NESTED: True}).lead_id = self
        return super()._merge_dependences(opportunities)

    # --- forecast: the category of an opportunity, and who said so ---

    forecast_category = fields.Selection(
        FORECAST_CATEGORIES,
        "Forecast",
        compute="_compute_forecast_category",
        inverse="_inverse_forecast_category",
        store=True,
        tracking=True,
        help="Follows from the stage. Choose another one where you know better: who did and when "
        "is kept. Won opportunities are closed, lost ones omitted.",
    )
    forecast_override = fields.Selection(FORECAST_CATEGORIES, copy=False, readonly=True)
    forecast_override_uid = fields.Many2one(
        "res.users", "Forecast Overridden by", copy=False, readonly=True
    )
    forecast_override_date = fields.Datetime("Forecast Overridden on", copy=False, readonly=True)

    _forecast_idx = models.Index(
        "(date_deadline, user_id) WHERE active IS TRUE AND type = 'opportunity' "
        "AND won_status = 'pending'"
    )

    def _auto_init(self):
        """Fill the category of existing opportunities in one statement, not one by one."""
        missing = not sql.column_exists(self.env.cr, self._table, "forecast_category")
        if missing:
            sql.create_column(self.env.cr, self._table, "forecast_category", "varchar")
        result = super()._auto_init()
        if missing:
            self.env.cr.execute(
                SQL(
                    """UPDATE crm_lead SET forecast_category = CASE won_status
                             WHEN 'won' THEN 'closed' WHEN 'lost' THEN 'omitted'
                             ELSE 'pipeline'
                             END"""
                )
            )
        return result

    @api.depends("stage_id.forecast_category", "forecast_override", "won_status")
    def _compute_forecast_category(self):
        decided = {"won": "closed", "lost": "omitted"}
        for lead in self:
            lead.forecast_category = decided.get(lead.won_status) or (
                lead.forecast_override or lead._forecast_category_of_stage()
            )

    def _forecast_category_of_stage(self):
        """Return what the stage says; an open opportunity is never closed."""
        category = self.stage_id.forecast_category or "pipeline"
        return "commit" if category == "closed" else category

    def _inverse_forecast_category(self):
        """Keep who chose another category than that of the stage, and when."""
        for lead in self.filtered(lambda lead: lead.won_status == "pending"):
            category = lead.forecast_category
            category = "commit" if category == "closed" else category
            override = category if category != lead._forecast_category_of_stage() else False
            if override != lead.forecast_override:
                lead.write(
                    {
                        "forecast_override": override,
                        "forecast_override_uid": override and self.env.uid,
                        "forecast_override_date": override and fields.Datetime.now(),
                    }
                )
        self.env.add_to_compute(self._fields["forecast_category"], self)
