from odoo import api, fields, models


class CrmCommissionTier(models.Model):
    """A step of a scale. It ends where the next one begins, so a scale has neither gap nor
    overlap."""

    _name = "crm.commission.tier"
    _description = "Commission Tier"
    _order = "version_id, lower_bound"

    version_id = fields.Many2one(
        "crm.commission.plan.version", required=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="version_id.currency_id")
    lower_bound = fields.Monetary(
        "Above",
        required=True,
        help="The basis of the period above which the rate applies; the bound itself still "
        "belongs to the tier below.",
    )
    rate = fields.Float("Rate (%)", digits=(8, 4), required=True)
    upper_bound = fields.Monetary("Up to", compute="_compute_upper_bound")

    @api.depends("lower_bound", "version_id.tier_ids.lower_bound")
    def _compute_upper_bound(self):
        for tier in self:
            bounds = tier.version_id.tier_ids.mapped("lower_bound")
            tier.upper_bound = min((b for b in bounds if b > tier.lower_bound), default=0.0)

    @api.depends("lower_bound", "rate")
    def _compute_display_name(self):
        for tier in self:
            tier.display_name = self.env._(
                "%(rate)s %% above %(bound)s", rate=tier.rate, bound=tier.lower_bound
            )

    @api.constrains("lower_bound", "rate", "version_id")
    def _check_scale(self):
        if not self.env.context.get("commission_version_nested"):
            self.version_id._check_scale()

    @api.model_create_multi
    def create(self, vals_list):
        """Add tiers to a version that is still a draft."""
        tiers = super().create(vals_list)
        tiers.version_id._check_editable()
        return tiers

    def write(self, vals):
        """Change tiers of a version that is still a draft."""
        self.version_id._check_editable()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_approved(self):
        self.version_id._check_editable()

    def unlink(self):
        """Remove tiers; what is left must still be a scale that begins at zero."""
        versions = self.version_id
        result = super().unlink()
        if not self.env.context.get("commission_version_nested"):
            versions.exists()._check_scale()
        return result
