from odoo import fields, models
from odoo.tools import SQL


class CrmSubledgerReport(models.Model):
    """Every item of a sub-ledger and every journal item of its account, side by side."""

    _name = "crm.subledger.report"
    _description = "Sub-ledger and General Ledger"
    _auto = False
    _rec_name = "id"
    _order = "date desc, id desc"
    _depends = {
        "crm.subledger": ["account_id", "company_id"],
        "crm.subledger.entry": ["ledger_id", "amount", "date", "partner_id", "line_id"],
        "account.move.line": ["account_id", "balance", "date", "parent_state", "partner_id"],
    }

    ledger_id = fields.Many2one("crm.subledger", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="ledger_id.currency_id")
    account_id = fields.Many2one("account.account", readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True)
    date = fields.Date(readonly=True)
    entry_id = fields.Many2one("crm.subledger.entry", string="Sub-ledger Entry", readonly=True)
    line_id = fields.Many2one("account.move.line", string="Journal Item", readonly=True)
    move_id = fields.Many2one("account.move", string="Journal Entry", readonly=True)
    subledger_amount = fields.Monetary("Sub-ledger", readonly=True, aggregator="sum")
    gl_amount = fields.Monetary("General Ledger", readonly=True, aggregator="sum")
    difference = fields.Monetary(readonly=True, aggregator="sum")
    unexplained = fields.Boolean(
        readonly=True,
        help="The other ledger holds nothing, or another amount, for this item on its date and "
        "for its partner.",
    )

    @property
    def _table_query(self):
        # An item is compared with what the other ledger holds for the same journal item.
        return SQL(
            """
            SELECT e.id::bigint * 2 AS id, e.ledger_id, e.company_id, l.account_id, e.partner_id,
                   e.date, e.id AS entry_id, e.line_id, e.move_id,
                   e.amount AS subledger_amount, 0::numeric AS gl_amount, e.amount AS difference,
                   COALESCE((SELECT SUM(s.amount) FROM crm_subledger_entry s
                              WHERE s.line_id = e.line_id AND s.date = e.date
                                AND s.partner_id IS NOT DISTINCT FROM e.partner_id), e.amount)
                   <> COALESCE(aml.balance, 0) AS unexplained
              FROM crm_subledger_entry e
              JOIN crm_subledger l ON l.id = e.ledger_id
         LEFT JOIN account_move_line aml
                ON aml.id = e.line_id AND aml.parent_state = 'posted'
               AND aml.account_id = l.account_id AND aml.date = e.date
               AND aml.partner_id IS NOT DISTINCT FROM e.partner_id
         UNION ALL
            SELECT aml.id::bigint * 2 + 1, l.id, l.company_id, l.account_id, aml.partner_id,
                   aml.date, NULL::integer, aml.id, aml.move_id,
                   0::numeric, aml.balance, -aml.balance,
                   COALESCE((SELECT SUM(s.amount) FROM crm_subledger_entry s
                              WHERE s.line_id = aml.id AND s.date = aml.date
                                AND s.partner_id IS NOT DISTINCT FROM aml.partner_id), 0)
                   <> aml.balance
              FROM crm_subledger l
              JOIN account_move_line aml
                ON aml.account_id = l.account_id AND aml.company_id = l.company_id
             WHERE aml.parent_state = 'posted'
            """
        )

    def action_open_move(self):
        """Open the journal entry of the item."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "views": [(False, "form")],
        }
