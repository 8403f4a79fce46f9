from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_amount

from ..engine import programme

KINDS = [
    ("purchases", "Net purchases"),
    ("certificates", "Certificates held"),
    ("deals", "Registered deals won"),
    ("satisfaction", "Customer satisfaction"),
]
WINDOWED = ("purchases", "deals", "satisfaction")


class CrmPartnerRequirement(models.Model):
    """What a partner has to reach to get and keep a level.

    To add a kind, extend ``kind`` and write ``_values_<kind>(partners, on)``.
    """

    _name = "crm.partner.requirement"
    _description = "Requirement of a Partner Level"
    _order = "grade_id, sequence, id"

    grade_id = fields.Many2one(
        "res.partner.grade", "Level", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="grade_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="grade_id.currency_id")
    sequence = fields.Integer(default=10)
    kind = fields.Selection(KINDS, required=True, default="purchases")
    threshold = fields.Float(
        "At Least",
        required=True,
        digits=(16, 2),
        help="Purchases in the currency of the company, excluding taxes; a number of certificates"
        " or deals; an average rating from 1 to 5.",
    )
    months = fields.Integer(
        "Window (months)", default=12, help="Rolling window that ends on the day of the review."
    )
    certification_id = fields.Many2one(
        "crm.partner.certification",
        help="Only certificates of this kind count; empty: all of them.",
    )
    name = fields.Char("Requirement", compute="_compute_name")

    _threshold_positive = models.Constraint(
        "CHECK(threshold > 0)", "A requirement needs a threshold above zero."
    )
    _months_positive = models.Constraint(
        "CHECK(months > 0 AND months <= 120)", "A window has between 1 and 120 months."
    )

    @api.depends("kind", "months", "certification_id.name")
    @api.depends_context("lang")
    def _compute_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for requirement in self:
            label = labels.get(requirement.kind, "")
            if requirement.kind in WINDOWED:
                label = self.env._(
                    "%(requirement)s, last %(months)s months",
                    requirement=label,
                    months=requirement.months,
                )
            elif requirement.certification_id:
                label = f"{label}: {requirement.certification_id.name}"
            requirement.name = label

    @api.constrains("kind", "certification_id")
    def _check_certification(self):
        for requirement in self:
            if requirement.certification_id and requirement.kind != "certificates":
                raise ValidationError(
                    self.env._("Only a requirement of certificates can name a certification.")
                )

    # ------------------------------------------------------------------
    # Figures
    # ------------------------------------------------------------------

    def _figures(self, partners, on):
        """Return what partners have reached, one query per different question.

        :param partners: companies of the programme
        :param datetime.date on: last day of the windows
        :return: {requirement id: {partner id: value}}; a value of None was not measured
        """
        asked, figures = {}, {}
        for requirement in self:
            key = requirement._question()
            if key not in asked:
                asked[key] = getattr(requirement, f"_values_{requirement.kind}")(partners, on)
            figures[requirement.id] = asked[key]
        return figures

    def _question(self):
        """Return what makes two requirements ask for the same figure."""
        months = self.months if self.kind in WINDOWED else 0
        return self.kind, self._company().id, months, self.certification_id.id

    def _company(self):
        return self.company_id or self.env.company

    def _values_purchases(self, partners, on):
        """Posted invoices less credit notes, in company currency, excluding taxes."""
        return partners._channel_purchases(
            programme.window_start(on, self.months), on, self._company()
        )

    def _values_certificates(self, partners, on):
        # sudo: channel managers count what portal users handed in; numbers only
        certificates = self.env["crm.partner.certificate"].sudo()
        domain = certificates._valid_domain(on) + [("partner_id", "in", partners.ids)]
        if self.certification_id:
            domain.append(("certification_id", "=", self.certification_id.id))
        rows = certificates._read_group(domain, ["partner_id"], ["__count"])
        return self._filled(partners, {partner.id: count for partner, count in rows})

    def _values_deals(self, partners, on):
        since = programme.window_start(on, self.months)
        return self._filled(partners, self._requirement_deals(partners, since))

    def _values_satisfaction(self, partners, on):
        since = programme.window_start(on, self.months)
        ratings = self._requirement_satisfaction(partners, since)
        return {partner.id: ratings.get(partner.id) for partner in partners}

    @staticmethod
    def _filled(partners, values):
        return {partner.id: values.get(partner.id, 0) for partner in partners}

    @api.model
    def _requirement_deals(self, partners, since):
        """Hook: return {partner id: number of registered deals won since that day}."""
        deals = self.env["crm.deal.registration"].sudo()  # sudo: counts only
        rows = deals._read_group(
            [
                ("partner_id", "in", partners.ids),
                ("state", "=", "won"),
                ("outcome", "=", "partner"),
                ("won_on", ">=", since),
            ],
            ["partner_id"],
            ["__count"],
        )
        return {partner.id: count for partner, count in rows}

    @api.model
    def _requirement_satisfaction(self, partners, since):
        """Hook: return {partner id: average rating from 1 to 5 since that day}, of those rated.

        Ratings that customers gave to people of the partner.
        """
        rows = (
            self.env["rating.rating"]
            .sudo()  # sudo: averages only
            ._read_group(
                [
                    ("rated_partner_id.commercial_partner_id", "in", partners.ids),
                    ("consumed", "=", True),
                    ("rating", ">=", 1),
                    ("write_date", ">=", since),
                ],
                ["rated_partner_id"],
                ["rating:sum", "__count"],
            )
        )
        sums = {}
        for person, total, count in rows:
            company = person.commercial_partner_id.id
            before = sums.get(company, (0, 0))
            sums[company] = (before[0] + total, before[1] + count)
        return {company: total / count for company, (total, count) in sums.items()}

    # ------------------------------------------------------------------
    # How it reads
    # ------------------------------------------------------------------

    def _met(self, value):
        """Whether ``value`` reaches the threshold; what was not measured is not held against."""
        self.ensure_one()
        if value is None:
            return True
        if self.kind == "purchases":
            currency = self._company().currency_id
            return currency.compare_amounts(value, self.threshold) >= 0
        return value >= self.threshold - 1e-9

    def _prepare_figure(self, value):
        """Return one line of a progress list: requirement, value, met, share and its text."""
        return {
            "requirement": self,
            "name": self.name,
            "value": value,
            "threshold": self.threshold,
            "met": self._met(value),
            "share": programme.share(value, self.threshold),
            "text": self._figure_text(value),
        }

    def _figure_text(self, value):
        if value is None:
            return self.env._("not measured yet")
        return self.env._(
            "%(value)s of %(threshold)s",
            value=self._number(value),
            threshold=self._number(self.threshold),
        )

    def _number(self, value):
        if self.kind == "purchases":
            return format_amount(self.env, value, self._company().currency_id)
        return f"{value:.1f}" if self.kind == "satisfaction" else f"{value:.0f}"
