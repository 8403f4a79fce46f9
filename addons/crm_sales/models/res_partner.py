from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    # --- collections ---
    crm_no_dunning = fields.Boolean(
        "No Dunning Letters", help="Nobody sends this customer a reminder."
    )
    crm_receivable_amount = fields.Monetary(
        "My Receivables",
        compute="_compute_crm_receivable_amount",
        compute_sudo=False,
        groups="sales_team.group_sale_salesman,account.group_account_invoice",
    )

    def _compute_crm_receivable_amount(self):
        sums = dict(
            self.env["crm.receivable"]._read_group(
                [
                    ("partner_id", "in", self.commercial_partner_id.ids),
                    ("company_id", "=", self.env.company.id),
                ],
                ["partner_id"],
                ["amount_residual:sum"],
            )
        )
        for partner in self:
            partner.crm_receivable_amount = sums.get(partner.commercial_partner_id, 0.0)

    def action_open_receivables(self):
        """Open what this customer owes, as far as the user may see it."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_receivable_action")
        return action | {
            "domain": [("partner_id", "in", self.commercial_partner_id.ids)],
            "context": {},
        }
