from odoo import api, fields, models

from .crm_commission_participant import NESTED


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "crm.pool.mixin"]

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

    # --- public pool ---

    _pool_link = "lead_id"

    ownership_ids = fields.One2many("crm.pool.ownership", "lead_id", readonly=True)

    @api.model
    def _pool_domain(self):
        """Leads and opportunities that are neither won nor lost."""
        return [("active", "=", True), ("won_status", "=", "pending")]
