from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResPartnerGrade(models.Model):
    """A tier of the partner programme; the benefits are what its partners get."""

    _inherit = "res.partner.grade"

    currency_id = fields.Many2one("res.currency", compute="_compute_currency")
    # --- benefits: deal registration ---
    registration_allowed = fields.Boolean(
        "May Register Deals", default=True, help="Partners of this level may register deals."
    )
    registration_auto_limit = fields.Monetary(
        "Approved at Once below",
        help="Registrations without a conflict below this amount (excluding taxes) are approved at"
        " once; 0: every registration is decided by somebody.",
    )
    registration_discount = fields.Float(
        "Registration Discount (%)",
        digits=(5, 2),
        help="Discount of orders of a registered deal, on top of the price list of the level.",
    )
    referral_rate = fields.Float(
        "Referral Fee (%)",
        digits=(5, 2),
        help="Share of the registered amount when the customer buys from us instead.",
    )
    protection_days = fields.Integer("Protection (days)", default=90)
    extension_days = fields.Integer("Extension (days)", default=30)
    # --- benefits: market development, leads, support ---
    mdf_rate = fields.Float(
        "MDF Rate (%)",
        digits=(5, 2),
        help="Share of the net purchases that accrues to the partner's market development fund.",
    )
    lead_weight = fields.Integer(
        "Lead Share", default=1, help="Weight in the distribution of leads; 0: receives none."
    )
    support_level = fields.Selection(
        [("standard", "Standard"), ("priority", "Priority"), ("dedicated", "Dedicated")],
        default="standard",
        required=True,
    )

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency(self):
        for grade in self:
            grade.currency_id = (grade.company_id or self.env.company).currency_id

    @api.constrains("registration_discount", "referral_rate", "mdf_rate")
    def _check_rates(self):
        for grade in self:
            rates = grade.registration_discount, grade.referral_rate, grade.mdf_rate
            if any(not 0 <= rate <= 100 for rate in rates):
                raise ValidationError(
                    self.env._(
                        "The percentages of the level %s have to lie between 0 and 100.",
                        grade.name,
                    )
                )

    @api.constrains("protection_days", "extension_days", "lead_weight", "registration_auto_limit")
    def _check_numbers(self):
        for grade in self:
            numbers = grade.protection_days, grade.extension_days, grade.lead_weight
            if min(numbers) < 0 or grade.registration_auto_limit < 0:
                raise ValidationError(
                    self.env._(
                        "Days, limit and lead share of the level %s must not be negative.",
                        grade.name,
                    )
                )

    # --- leads: the pool ---
    lead_pool_quota = fields.Integer(
        "Claims per Day",
        help="Leads a partner of this level may claim from the pool in a day; 0: none, and the"
        " pool is not shown.",
    )

    @api.constrains("lead_pool_quota")
    def _check_lead_pool_quota(self):
        for grade in self:
            if grade.lead_pool_quota < 0:
                raise ValidationError(
                    self.env._("Claims per day of the level %s must not be negative.", grade.name)
                )
