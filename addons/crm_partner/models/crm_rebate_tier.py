from odoo import api, fields, models


class CrmRebateTier(models.Model):
    """One step of the scale of an agreement."""

    _name = "crm.rebate.tier"
    _description = "Rebate Tier"
    _order = "agreement_id, lower_bound"

    agreement_id = fields.Many2one(
        "crm.rebate.agreement", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="agreement_id.company_id", store=True, index=True)
    lower_bound = fields.Float(
        "From",
        digits=(16, 2),
        required=True,
        help="The tier begins with exactly this: money, units or percent, as the agreement says.",
    )
    upper_bound = fields.Float(
        "Below",
        digits=(16, 2),
        help="Optional, for the reader and for imports: it has to be where the next tier begins.",
    )
    rate = fields.Float(
        digits=(16, 4),
        required=True,
        help="Percent of the revenue, money per unit, or a lump sum, as the agreement says.",
    )

    _bound_positive = models.Constraint(
        "CHECK(lower_bound >= 0)", "A rebate tier must not begin below zero."
    )
    _rate_positive = models.Constraint(
        "CHECK(rate >= 0)", "The rate of a rebate tier must not be negative."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Add tiers; what was accrued under a running agreement is computed again.

        :raise UserError: amounts were settled with the scale as it is
        """
        tiers = super().create(vals_list)
        tiers._agreement_changed()
        return tiers

    def write(self, vals):
        """Change tiers; what was accrued under a running agreement is computed again.

        :raise UserError: amounts were settled with the scale as it is, or with that of the
            agreement they would move to
        """
        self._agreement_changed()
        result = super().write(vals)
        if "agreement_id" in vals:
            self._agreement_changed()
        return result

    def unlink(self):
        """Take tiers out; what was accrued under a running agreement is computed again.

        :raise UserError: amounts were settled with the scale as it is
        """
        self._agreement_changed()
        return super().unlink()

    def _agreement_changed(self):
        started = self.agreement_id.filtered(lambda agreement: agreement.state != "draft")
        if started:
            started._check_not_settled()
            started._mark_dirty()
