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

    # --- contracts and collections ---
    deal_chain = fields.Json(compute="_compute_deal_chain", compute_sudo=False)
    crm_contract_ids = fields.One2many("crm.contract", "opportunity_id", "Contracts")
    crm_contract_count = fields.Integer(compute="_compute_crm_contract_count")

    @api.depends("crm_contract_ids")
    def _compute_crm_contract_count(self):
        for lead in self:
            lead.crm_contract_count = len(lead.crm_contract_ids)

    def _compute_deal_chain(self):
        chain = self.env["crm.deal.chain"]
        for lead in self:
            orders = lead.order_ids.filtered(lambda order: order.state == "sale")
            # a user sees only the orders he may read
            orders = orders._filtered_access("read")
            currency = lead.company_id.currency_id or self.env.company.currency_id
            lead.deal_chain = chain._deal_chain_of(orders, currency) if orders else False

    def action_open_contracts(self):
        """Open the contracts of this opportunity; a new one starts with its customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_contract_action")
        return action | {
            "domain": [("opportunity_id", "=", self.id)],
            "context": {
                "default_opportunity_id": self.id,
                "default_partner_id": self.partner_id.id,
                "default_user_id": self.user_id.id,
                "default_title": self.name,
            },
        }

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
