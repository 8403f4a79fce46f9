from odoo import api, fields, models
from odoo.tools import SQL


class CrmDealContribution(models.Model):
    """What a deal contributed, from posted journal items only.

    Revenue and cost of sales come from the journal items of the deal's invoices and credit notes;
    further costs from sub-ledger entries that name the order and whose other side is an income or
    expense account. Amounts are in company currency, income positive, cost negative.
    """

    _name = "crm.deal.contribution"
    _description = "Deal Contribution"
    _auto = False
    _rec_name = "id"
    _order = "order_id desc, date, id"
    _depends = {
        "account.move.line": ["balance", "date", "parent_state", "display_type", "sale_line_ids"],
        "crm.subledger.entry": ["amount", "order_id", "counterpart_account_id", "kind"],
        "sale.order": ["partner_id", "company_id"],
    }

    order_id = fields.Many2one("sale.order", string="Order", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    commercial_partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", string="Sales Team", readonly=True)
    date = fields.Date(readonly=True)
    kind = fields.Selection(selection="_selection_kind", readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True)
    account_id = fields.Many2one("account.account", readonly=True)
    move_id = fields.Many2one("account.move", string="Journal Entry", readonly=True)
    entry_id = fields.Many2one("crm.subledger.entry", string="Sub-ledger Entry", readonly=True)
    amount = fields.Monetary(readonly=True, aggregator="sum")

    @api.model
    def _selection_kind(self):
        ledger_kinds = self.env["crm.subledger"]._fields["kind"]._description_selection(self.env)
        return [
            ("revenue", self.env._("Revenue")),
            ("cost_of_sales", self.env._("Cost of Sales")),
            *ledger_kinds,
        ]

    @property
    def _table_query(self):
        parts = [self._select_revenue(), self._select_subledger()]
        # Perpetual valuation comes with stock_account, which this addon does not need.
        if "cogs_origin_id" in self.env["account.move.line"]._fields:
            parts.append(self._select_cost_of_sales())
        return SQL(" UNION ALL ").join(parts)

    @api.model
    def _select_order_columns(self):
        return SQL(
            "o.id AS order_id, o.company_id, p.commercial_partner_id, o.user_id, o.team_id"
        )

    @api.model
    def _select_revenue(self):
        return SQL(
            """
            SELECT aml.id::bigint * 4 AS id, %s, aml.date, 'revenue' AS kind, aml.partner_id,
                   aml.account_id, aml.move_id, NULL::integer AS entry_id,
                   -aml.balance / links.count AS amount
              %s
              JOIN account_move_line aml ON aml.id = rel.invoice_line_id
        CROSS JOIN LATERAL (
                    SELECT COUNT(*) AS count FROM sale_order_line_invoice_rel r
                     WHERE r.invoice_line_id = aml.id
                   ) links
             WHERE aml.parent_state = 'posted' AND aml.display_type = 'product'
            """,
            self._select_order_columns(),
            self._from_order_lines(),
        )

    @api.model
    def _from_order_lines(self):
        return SQL(
            """FROM sale_order o
               JOIN res_partner p ON p.id = o.partner_id
               JOIN sale_order_line sol ON sol.order_id = o.id
               JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sol.id"""
        )

    @api.model
    def _select_cost_of_sales(self):
        return SQL(
            """
            SELECT aml.id::bigint * 4 + 1, %s, aml.date, 'cost_of_sales', aml.partner_id,
                   aml.account_id, aml.move_id, NULL::integer, -aml.balance / links.count
              %s
              JOIN account_move_line aml ON aml.cogs_origin_id = rel.invoice_line_id
              JOIN account_account account ON account.id = aml.account_id
        CROSS JOIN LATERAL (
                    SELECT COUNT(*) AS count FROM sale_order_line_invoice_rel r
                     WHERE r.invoice_line_id = rel.invoice_line_id
                   ) links
             WHERE aml.parent_state = 'posted' AND aml.display_type = 'cogs'
               AND account.account_type ~ '^(income|expense)'
            """,
            self._select_order_columns(),
            self._from_order_lines(),
        )

    @api.model
    def _select_subledger(self):
        # The other side of an entry is posted with the opposite sign, and a cost is negative
        # here: its contribution is the entry's own signed balance.
        return SQL(
            """
            SELECT e.id::bigint * 4 + 2, %s, e.date, l.kind, e.partner_id,
                   e.counterpart_account_id, e.move_id, e.id, e.amount
              FROM crm_subledger_entry e
              JOIN crm_subledger l ON l.id = e.ledger_id
              JOIN account_account account ON account.id = e.counterpart_account_id
              JOIN account_move m ON m.id = e.move_id AND m.state = 'posted'
              JOIN sale_order o ON o.id = e.order_id
              JOIN res_partner p ON p.id = o.partner_id
             WHERE account.account_type ~ '^(income|expense)'
            """,
            self._select_order_columns(),
        )

    def action_open_move(self):
        """Open the journal entry of the row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "views": [(False, "form")],
        }
