from odoo import api, fields, models


class SaleOrder(models.Model):
    """A deal with its contribution: revenue less cost of sales and sub-ledger costs."""

    _inherit = "sale.order"

    subledger_entry_ids = fields.One2many("crm.subledger.entry", "order_id", readonly=True)
    subledger_entry_count = fields.Integer(compute="_compute_subledger_entry_count")
    contribution = fields.Monetary(
        compute="_compute_contribution",
        currency_field="company_currency_id",
        help="Posted revenue less the posted cost of sales and every sub-ledger cost that names "
        "this order, in company currency.",
    )
    contribution_rate = fields.Float(
        compute="_compute_contribution",
        digits=(16, 4),
        help="Contribution divided by posted revenue.",
    )
    contribution_statement = fields.Json(
        compute="_compute_contribution_statement",
        groups="account.group_account_readonly,account.group_account_invoice,"
        "sales_team.group_sale_manager",
        help="Revenue, cost of sales and every sub-ledger cost of the order, each down to its "
        "journal entry.",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )

    @api.depends("subledger_entry_ids")
    def _compute_subledger_entry_count(self):
        counts = {}
        if self.env["crm.subledger.entry"].has_access("read"):
            counts = dict(
                self.env["crm.subledger.entry"]._read_group(
                    [("order_id", "in", self.ids)], ["order_id"], ["__count"]
                )
            )
        for order in self:
            order.subledger_entry_count = counts.get(order, 0)

    @api.depends("subledger_entry_ids", "invoice_ids.state")
    def _compute_contribution(self):
        Contribution = self.env["crm.deal.contribution"]
        sums = {}
        if Contribution.has_access("read"):
            sums = {
                (order, kind == "revenue"): amount
                for order, kind, amount in Contribution._read_group(
                    [("order_id", "in", self.ids)], ["order_id", "kind"], ["amount:sum"]
                )
                if kind == "revenue"
            } | {
                (order, False): amount
                for order, amount in Contribution._read_group(
                    [("order_id", "in", self.ids)], ["order_id"], ["amount:sum"]
                )
            }
        for order in self:
            revenue = sums.get((order, True), 0.0)
            order.contribution = sums.get((order, False), 0.0)
            order.contribution_rate = order.contribution / revenue if revenue else 0.0

    @api.depends("contribution")
    def _compute_contribution_statement(self):
        rows = self.env["crm.deal.contribution"].search([("order_id", "in", self.ids)])
        of_order = rows.grouped("order_id")
        for order in self:
            order.contribution_statement = of_order.get(order, rows.browse())._statement()

    def action_open_subledger_entries(self):
        """Open the sub-ledger entries that name these orders."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_subledger.crm_subledger_entry_action"
        )
        action["domain"] = [("order_id", "in", self.ids)]
        action["context"] = {"create": False}
        return action

    def action_open_contribution(self):
        """Open the contribution statement of the order."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Contribution of %s", self.name),
            "res_model": "sale.order",
            "res_id": self.id,
            "views": [(self.env.ref("crm_subledger.sale_order_view_form_contribution").id, "form")],
            "target": "new",
        }

    def action_open_contribution_items(self):
        """Open the rows behind the contribution statement as a list to filter and export."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_subledger.crm_deal_contribution_action"
        )
        action["domain"] = [("order_id", "in", self.ids)]
        action["context"] = {"search_default_group_kind": 1, "create": False}
        action["views"] = [(False, "list"), (False, "pivot")]
        return action
