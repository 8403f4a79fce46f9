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

    order_id = fields.Many2one("sale.order", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    commercial_partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", string="Sales Team", readonly=True)
    date = fields.Date(readonly=True)
    kind = fields.Selection(selection="_selection_kind", readonly=True)
    ledger_id = fields.Many2one("crm.subledger", string="Sub-ledger", readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True)
    account_id = fields.Many2one("account.account", readonly=True)
    move_id = fields.Many2one("account.move", string="Journal Entry", readonly=True)
    entry_id = fields.Many2one("crm.subledger.entry", string="Sub-ledger Entry", readonly=True)
    amount = fields.Monetary(readonly=True, aggregator="sum")

    @api.model
    def _selection_kind(self):
        ledger_kinds = self.env["crm.subledger"]._fields["kind"]._description_selection(self.env)
        kinds = {
            "revenue": self.env._("Revenue"),
            "cost_of_sales": self.env._("Cost of Sales"),
        }
        return [*kinds.items(), *ledger_kinds]

    @property
    def _table_query(self):
        parts = [self._select_revenue(), self._select_subledger()]
        # Perpetual valuation comes with stock_account, which this addon does not need.
        if "cogs_origin_id" in self.env["account.move.line"]._fields:
            parts.append(self._select_cost_of_sales())
        return SQL(" UNION ALL ").join(parts)

    @api.model
    def _select_order_columns(self):
        return SQL("o.id AS order_id, o.company_id, p.commercial_partner_id, o.user_id, o.team_id")

    @api.model
    def _select_revenue(self):
        return SQL(
            """
            SELECT (aml.id::bigint * 1024 + links.rank) * 4 AS id, %s, aml.date, 'revenue' AS kind,
                   NULL::integer AS ledger_id, aml.partner_id,
                   aml.account_id, aml.move_id, NULL::integer AS entry_id,
                   -aml.balance / links.count AS amount
              %s
              JOIN account_move_line aml ON aml.id = rel.invoice_line_id
              JOIN account_account account ON account.id = aml.account_id
             WHERE aml.parent_state = 'posted' AND aml.display_type = 'product'
               AND account.account_type ~ '^(income|expense)'
            """,
            self._select_order_columns(),
            self._from_order_lines(),
        )

    @api.model
    def _from_order_lines(self):
        # An invoice line that bills several order lines counts once: each has an equal part.
        return SQL(
            """FROM sale_order o
               JOIN res_partner p ON p.id = o.partner_id
               JOIN sale_order_line sol ON sol.order_id = o.id
               JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sol.id
              CROSS JOIN LATERAL (
                    SELECT COUNT(*) AS count,
                           COUNT(*) FILTER (WHERE r.order_line_id < rel.order_line_id) AS rank
                      FROM sale_order_line_invoice_rel r
                     WHERE r.invoice_line_id = rel.invoice_line_id
                   ) links"""
        )

    @api.model
    def _select_cost_of_sales(self):
        return SQL(
            """
            SELECT (aml.id::bigint * 1024 + links.rank) * 4 + 1, %s, aml.date, 'cost_of_sales',
                   NULL::integer, aml.partner_id, aml.account_id, aml.move_id, NULL::integer,
                   -aml.balance / links.count
              %s
              JOIN account_move_line aml ON aml.cogs_origin_id = rel.invoice_line_id
              JOIN account_account account ON account.id = aml.account_id
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
            SELECT e.id::bigint * 4096 + 2, %s, e.date, l.kind, e.ledger_id, e.partner_id,
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

    def _read_group_orderby(self, order, groupby_terms, query):
        """Put the kinds in the order in which a statement reads: revenue first."""
        if "kind" not in groupby_terms:
            return super()._read_group_orderby(order, groupby_terms, query)
        kinds = [code for code, _label in self._selection_kind()]
        position = SQL("array_position(%s::varchar[], %s)", kinds, groupby_terms["kind"])
        terms = []
        for part in map(str.strip, (order or ",".join(groupby_terms)).split(",")):
            name, _space, direction = part.partition(" ")
            if name == "kind":
                terms.append(SQL("%s DESC", position) if "DESC" in direction.upper() else position)
            else:
                terms.append(super()._read_group_orderby(part, groupby_terms, query))
        return SQL(", ").join(terms)

    # ------------------------------------------------------------------
    # The statement of one deal
    # ------------------------------------------------------------------

    def _statement(self):
        """Return the rows in ``self``, those of one deal, as a statement reads.

        :return: ``{sections, amount, revenue}``; a section is revenue, cost of sales or one
            sub-ledger: ``{key, label, amount, rows}``; amounts in company currency, dates as the
            server formats them. A row names its journal entry, with an id where the user may
            open it.
        """
        labels = dict(self._selection_kind())
        rank = list(labels)
        # sudo: who may read a row may read the names on it, as in a list
        rows = self.sudo().sorted(
            lambda row: (rank.index(row.kind), row.ledger_id.code or "", row.date, row.id)
        )
        may_open = set(self.move_id._filtered_access("read").ids)
        sections = [
            {
                "key": f"{kind}-{ledger.id or 0}",
                "label": ledger.name or labels[kind],
                "amount": sum(group.mapped("amount")),
                "rows": [row._statement_row(may_open) for row in group],
            }
            for (kind, ledger), group in rows.grouped(lambda r: (r.kind, r.ledger_id)).items()
        ]
        return {
            "sections": sections,
            "amount": sum(rows.mapped("amount")),
            "revenue": sum(rows.filtered(lambda r: r.kind == "revenue").mapped("amount")),
        }

    def _statement_row(self, may_open):
        self.ensure_one()
        return {
            "id": self.id,
            "date": fields.Date.to_string(self.date),
            "move_id": self.move_id.id if self.move_id.id in may_open else False,
            "move": self.move_id.name,
            "partner": self.partner_id.display_name or "",
            "amount": self.amount,
        }

    def action_open_move(self):
        """Open the journal entry of the row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "views": [(False, "form")],
        }
