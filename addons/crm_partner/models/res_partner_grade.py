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

    # --- leads: the pool ---
    lead_pool_quota = fields.Integer(
        "Claims per Day",
        help="Leads a partner of this level may claim from the pool in a day; 0: none, and the"
        " pool is not shown.",
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

    # --- programme ---
    requirement_ids = fields.One2many("crm.partner.requirement", "grade_id", copy=True)
    onboarding_ids = fields.Many2many(
        "crm.partner.onboarding", "crm_partner_onboarding_grade_rel", "grade_id", "onboarding_id"
    )
    agreement_template_ids = fields.Many2many(
        "crm.partner.agreement.template",
        "crm_partner_agreement_grade_rel",
        "grade_id",
        "template_id",
    )
    grace_days = fields.Integer(
        "Grace (days)",
        default=90,
        help="A partner who falls short of this level is warned, and keeps it for so many days.",
    )
    benefit_text = fields.Html(
        "Benefits in Words", translate=True, help="What partners read about this level."
    )

    _grace_positive = models.Constraint(
        "CHECK(grace_days >= 0)", "The grace period of a level must not be negative."
    )

    @api.model
    def _ladder(self, company):
        """Return the levels that reviews of ``company`` give, from the best to the lowest.

        Those with requirements, and the lowest of all, to which falls who meets none. Other levels
        are given by hand and never taken away by a review.
        """
        grades = self.search([("company_id", "in", (company.id, False))]).sorted(
            lambda grade: (grade.sequence, grade.id)
        )
        return grades.filtered(lambda grade: grade.requirement_ids or grade == grades[-1:])

    def _met_by(self, partner, figures):
        """Return those of these levels whose requirements ``partner`` meets, all of them."""
        return self.filtered(
            lambda grade: all(
                requirement._met(figures[requirement.id].get(partner.id))
                for requirement in grade.requirement_ids
            )
        )

    def _progress_of(self, partner, figures):
        """Return how far ``partner`` is on this ladder; see ``res.partner._channel_progress``."""
        levels = [
            {
                "grade": grade,
                "rows": [
                    requirement._prepare_figure(figures[requirement.id].get(partner.id))
                    for requirement in grade.requirement_ids
                ],
            }
            for grade in self
        ]
        for level in levels:
            level["met"] = all(row["met"] for row in level["rows"])
        grades = [level["grade"] for level in levels]
        place = grades.index(partner.grade_id) if partner.grade_id in grades else None
        above = levels[place - 1] if place else None
        return {
            "grade": partner.grade_id,
            "levels": levels,
            "current": levels[place]["rows"] if place is not None else [],
            "next": above["rows"] if above else [],
            "next_grade": above["grade"] if above else self.browse(),
        }

    def _prepare_benefits(self):
        """Return what partners of this level get as (label, text); topics add theirs.

        Hook: rebate agreements and content extend it.
        """
        self.ensure_one()
        grade = self.sudo()  # sudo: read by partners in the portal, their own level
        labels = dict(grade._fields["support_level"]._description_selection(self.env))
        rows = []
        if grade.default_pricelist_id:
            rows.append((self.env._("Price list"), grade.default_pricelist_id.name))
        if grade.registration_allowed:
            rows.append(
                (
                    self.env._("Deal registration"),
                    self.env._(
                        "%(discount)s%% discount, protected %(days)s days",
                        discount=f"{grade.registration_discount:g}",
                        days=grade.protection_days,
                    ),
                )
            )
        if grade.referral_rate:
            rows.append((self.env._("Referral fee"), f"{grade.referral_rate:g}%"))
        if grade.mdf_rate:
            rows.append(
                (
                    self.env._("Market development fund"),
                    self.env._("%s%% of net purchases", f"{grade.mdf_rate:g}"),
                )
            )
        rows.append((self.env._("Share of leads"), str(grade.lead_weight)))
        rows.append((self.env._("Support"), labels.get(grade.support_level, "")))
        return rows

    @api.constrains("lead_pool_quota")
    def _check_lead_pool_quota(self):
        for grade in self:
            if grade.lead_pool_quota < 0:
                raise ValidationError(
                    self.env._("Claims per day of the level %s must not be negative.", grade.name)
                )
