from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _sql_contribution(self):
        """Return a query of what customers' documents contributed, from posted journal items.

        One row per posted customer document, in company currency, income positive: ``partner_id``
        (commercial entity), ``company_id``, ``move_id``, ``date`` (of the invoice), ``revenue``
        (untaxed) and ``contribution`` (less the cost of sales the document carries). Addons that
        know further costs of a customer add rows.
        """
        return SQL(
            """
            SELECT move.commercial_partner_id AS partner_id, move.company_id, move.id AS move_id,
                   move.invoice_date AS date,
                   SUM(-line.balance) FILTER (WHERE line.display_type = 'product') AS revenue,
                   SUM(-line.balance) AS contribution
              FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id
              JOIN account_account account ON account.id = line.account_id
             WHERE move.state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND account.account_type ~ '^(income|expense)'
          GROUP BY move.id
            """
        )

    # --- merge ---

    merged_into_id = fields.Many2one(
        "res.partner",
        "Merged Into",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="cascade",
        help="This record lives on in another one. It is found by nobody, and kept to undo that.",
    )

    @api.model
    def _search(self, domain, *args, active_test=True, **kwargs):
        """Nothing finds a merged record by accident, not even a search among archived ones."""
        domain = Domain(domain)
        names = {condition.field_expr.split(".")[0] for condition in domain.iter_conditions()}
        # Without active_test it is the ORM, which fetches the rows of ids that are known.
        archived = active_test and (
            "active" in names or not self.env.context.get("active_test", True)
        )
        wanted = "merged_into_id" in names or self.env.context.get("show_merged")
        if archived and not wanted:
            domain &= Domain("merged_into_id", "=", False)
        return super()._search(domain, *args, active_test=active_test, **kwargs)

    def write(self, vals):
        if vals.get("active") and self.merged_into_id:
            raise UserError(
                self.env._(
                    "%s was merged into another record. Undo the merge to use it again.",
                    ", ".join(self.filtered("merged_into_id").mapped("name")),
                )
            )
        return super().write(vals)

    def _after_merge(self):
        """Catch up after SQL changed these customers: a merge, or its undo; for other addons.

        Survivors and merged records alike, the latter to be forgotten or known again.
        """

    def action_merge_customers(self):
        """Open a draft of the merge of these customers."""
        merge = self.env["crm.merge"].create_for(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge Customers"),
            "res_model": "crm.merge",
            "res_id": merge.id,
            "views": [(False, "form")],
        }

    def action_open_merges(self):
        """Open the merges that this customer has part in."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_customer.crm_merge_action")
        return {**action, "domain": [("partner_ids", "in", self.ids)], "context": {}}
