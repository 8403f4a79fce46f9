from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """The decisions of the company on one page."""

    _inherit = "res.config.settings"

    # --- quotation discipline ---
    authority_gates_sending = fields.Boolean(
        related="company_id.authority_gates_sending", readonly=False
    )
    quotation_blocks_expired = fields.Boolean(
        related="company_id.quotation_blocks_expired", readonly=False
    )
    quotation_reminder_days = fields.Integer(
        related="company_id.quotation_reminder_days", readonly=False
    )
    quotation_cancel_days = fields.Integer(
        related="company_id.quotation_cancel_days", readonly=False
    )
    # --- contracts ---
    crm_contract_invoice_mode = fields.Selection(
        related="company_id.crm_contract_invoice_mode", readonly=False, required=True
    )
    crm_contract_legal_ids = fields.Many2many(
        related="company_id.crm_contract_legal_ids", readonly=False
    )

    # --- visits ---

    visit_radius = fields.Integer(related="company_id.visit_radius", readonly=False)

    # --- pipeline discipline ---
    deal_contact_days = fields.Integer(related="company_id.deal_contact_days", readonly=False)
    win_reason_required = fields.Boolean(related="company_id.win_reason_required", readonly=False)
    lost_reason_required = fields.Boolean(related="company_id.lost_reason_required", readonly=False)
    stuck_digest = fields.Boolean(related="company_id.stuck_digest", readonly=False)

    # --- forecast ---

    forecast_period = fields.Selection(related="company_id.forecast_period", readonly=False)
    forecast_measure = fields.Selection(related="company_id.forecast_measure", readonly=False)
