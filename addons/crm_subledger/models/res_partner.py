from odoo import fields, models


class ResPartner(models.Model):
    """A customer with what all its deals contributed."""

    _inherit = "res.partner"

    contribution = fields.Monetary(
        compute="_compute_contribution",
        groups="account.group_account_readonly,account.group_account_invoice,"
        "sales_team.group_sale_manager",
        help="Contribution of all orders of this customer, in the currency of the current company.",
    )

    def _compute_contribution(self):
        sums = dict(
            self.env["crm.deal.contribution"]._read_group(
                self._contribution_domain(), ["commercial_partner_id"], ["amount:sum"]
            )
        )
        for partner in self:
            partner.contribution = sums.get(partner.commercial_partner_id, 0.0)

    def _contribution_domain(self):
        return [
            ("commercial_partner_id", "in", self.commercial_partner_id.ids),
            ("company_id", "=", self.env.company.id),
        ]

    def action_open_contribution(self):
        """Open the contribution statement of the customer, deal by deal."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_subledger.crm_deal_contribution_action"
        )
        action["domain"] = self._contribution_domain()
        action["context"] = {
            "pivot_row_groupby": ["order_id"],
            "pivot_column_groupby": ["kind"],
            "search_default_group_order": 1,
            "create": False,
        }
        return action
