from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    """What each company decides for quotations, contracts, visits, deals and forecasts."""

    _inherit = "res.company"

    # --- quotation discipline ---
    authority_gates_sending = fields.Boolean(
        "Approval Before Sending",
        help="A quotation beyond the discount authority may not even be sent without an approval.",
    )
    quotation_blocks_expired = fields.Boolean("Expired Quotations Cannot Be Confirmed")
    quotation_reminder_days = fields.Integer("Remind before Expiry (days)", default=3)
    quotation_cancel_days = fields.Integer("Cancel after Expiry (days)")

    # --- contracts ---
    crm_contract_invoice_mode = fields.Selection(
        [("draft", "Drafts, an accountant posts them"), ("posted", "Posted at once")],
        "Invoices of Instalments",
        default="draft",
        required=True,
    )
    crm_contract_legal_ids = fields.Many2many(
        "res.users",
        "res_company_contract_legal_rel",
        string="Legal Readers of Contracts",
        domain="[('share', '=', False)]",
        help="They read all contracts of the company, so that they can approve them.",
    )

    # --- visits ---

    visit_radius = fields.Integer(
        "Radius of a Check-In (m)",
        default=300,
        help="A check-in farther from the customer's address is marked. 0: none is.",
    )

    _visit_radius_positive = models.Constraint(
        "CHECK (visit_radius >= 0)", "The radius of a check-in is 0 or more."
    )

    # --- pipeline discipline ---
    deal_contact_days = fields.Integer("Days without Contact", default=14)
    win_reason_required = fields.Boolean()
    lost_reason_required = fields.Boolean()
    stuck_digest = fields.Boolean("Digest of Stuck Deals", default=True)

    # --- forecast ---

    forecast_period = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter")],
        default="quarter",
        required=True,
        help="What the salespeople of this company submit a forecast for.",
    )
    forecast_measure = fields.Selection(
        [("booked", "Booked"), ("invoiced", "Invoiced"), ("collected", "Collected")],
        default="invoiced",
        required=True,
        help="What counts as closed in the forecast, the leaderboard and the quotas it compares.",
    )

    @api.constrains("quotation_reminder_days", "quotation_cancel_days")
    def _check_quotation_days(self):
        for company in self:
            if company.quotation_reminder_days < 0 or company.quotation_cancel_days < 0:
                raise ValidationError(
                    self.env._(
                        "%s: days before or after the expiry of a quotation cannot be negative. "
                        "Enter 0 to switch it off.",
                        company.name,
                    )
                )

    def _quotation_cancel_day(self, today):
        """Return the day; quotations that were valid until a day before it are cancelled."""
        self.ensure_one()
        return today - timedelta(days=self.quotation_cancel_days)
