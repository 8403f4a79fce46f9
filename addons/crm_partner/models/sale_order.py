from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # --- co-branded quotation ---
    cobrand_partner_id = fields.Many2one(
        "res.partner",
        "Partner on the Quotation",
        compute="_compute_cobrand_partner",
        store=True,
        readonly=False,
        index="btree_not_null",
        domain="[('grade_id', '!=', False)]",
        help="Its logo and contact stand beside ours on the co-branded quotation.",
    )

    @api.depends("opportunity_id.channel_partner_id", "partner_id")
    def _compute_cobrand_partner(self):
        for order in self:
            if not order.cobrand_partner_id:
                order.cobrand_partner_id = order._cobrand_partner()

    def _cobrand_partner(self):
        """Hook: the partner that brought the deal, unless it is the customer itself."""
        self.ensure_one()
        partner = self.opportunity_id.channel_partner_id
        return partner - self.partner_id.commercial_partner_id
