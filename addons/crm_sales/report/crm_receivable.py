from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: the keys sort as the ages do, so that groups stand in that order
BUCKETS = [
    ("0_not_due", "Not due"),
    ("1_30", "1–30 days"),
    ("31_60", "31–60 days"),
    ("61_90", "61–90 days"),
    ("over_90", "Over 90 days"),
]


class CrmReceivable(models.Model):
    """What customers owe, for people who sell: read-only, and by record rules only one's own.

    One row per open receivable item of a posted invoice or credit note. Whose it is: the
    salesperson of the invoice, the salesperson of the customer, and who leads the team.
    """

    _name = "crm.receivable"
    _description = "Receivable"
    _auto = False
    _depends = {
        "account.move": [
            "commercial_partner_id",
            "crm_instalment_id",
            "invoice_date",
            "invoice_date_due",
            "invoice_user_id",
            "move_type",
            "name",
            "team_id",
        ],
        "account.move.line": [
            "account_id",
            "amount_residual",
            "amount_residual_currency",
            "date_maturity",
            "move_id",
            "parent_state",
            "reconciled",
        ],
        "crm.dunning.letter": ["level_number", "move_ids", "state"],
        "crm.payment.promise": ["date", "move_ids", "state"],
        "crm.receivable.dispute": ["closed_on", "move_id"],
        "mail.message": ["date", "message_type", "model", "res_id"],
        "res.partner": ["user_id"],
    }
    _order = "date_due, id"

    name = fields.Char("Invoice", readonly=True)
    move_id = fields.Many2one("account.move", "Document", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    invoice_date = fields.Date(readonly=True)
    date_due = fields.Date("Due", readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="max")
    bucket = fields.Selection(BUCKETS, "Age", readonly=True)
    amount_residual = fields.Monetary(
        "Outstanding", readonly=True, currency_field="company_currency_id"
    )
    amount_overdue = fields.Monetary("Overdue", readonly=True, currency_field="company_currency_id")
    amount_currency = fields.Monetary("Open in Currency", readonly=True, aggregator=None)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    customer_user_id = fields.Many2one("res.users", "Salesperson of Customer", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    instalment_id = fields.Many2one("crm.contract.instalment", readonly=True)
    promise_date = fields.Date("Promised for", readonly=True)
    disputed = fields.Boolean(readonly=True)
    dunning_level = fields.Integer("Last Letter", readonly=True, aggregator="max")
    last_contact = fields.Datetime(readonly=True, aggregator="max")

    @property
    def _table_query(self):
        return SQL(
            """
SELECT item.id, move.name, move.id AS move_id, item.company_id, item.currency_id,
       company.currency_id AS company_currency_id, customer.id AS partner_id,
       move.invoice_date, due.date_due, due.days AS days_overdue,
       CASE WHEN due.days <= 0 THEN '0_not_due'
            WHEN due.days <= 30 THEN '1_30'
            WHEN due.days <= 60 THEN '31_60'
            WHEN due.days <= 90 THEN '61_90'
            ELSE 'over_90' END AS bucket,
       item.amount_residual,
       CASE WHEN due.days > 0 THEN item.amount_residual ELSE 0 END AS amount_overdue,
       item.amount_residual_currency AS amount_currency,
       COALESCE(move.invoice_user_id, customer.user_id) AS user_id,
       customer.user_id AS customer_user_id,
       move.team_id, move.crm_instalment_id AS instalment_id,
       (SELECT MIN(promise.date)
          FROM crm_payment_promise promise
          JOIN account_move_crm_payment_promise_rel link
            ON link.crm_payment_promise_id = promise.id
         WHERE link.account_move_id = move.id AND promise.state = 'open') AS promise_date,
       EXISTS(SELECT FROM crm_receivable_dispute dispute
               WHERE dispute.move_id = move.id AND dispute.closed_on IS NULL) AS disputed,
       (SELECT MAX(letter.level_number)
          FROM crm_dunning_letter letter
          JOIN account_move_crm_dunning_letter_rel link
            ON link.crm_dunning_letter_id = letter.id
         WHERE link.account_move_id = move.id AND letter.state = 'sent') AS dunning_level,
       (SELECT MAX(message.date)
          FROM mail_message message
         WHERE message.model = 'res.partner' AND message.res_id = customer.id
           AND message.message_type IN ('comment', 'email', 'email_outgoing')) AS last_contact
  FROM account_move_line item
  JOIN account_move move ON move.id = item.move_id
  JOIN account_account account ON account.id = item.account_id
  JOIN res_company company ON company.id = item.company_id
  JOIN res_partner customer ON customer.id = move.commercial_partner_id
 CROSS JOIN LATERAL (
       SELECT COALESCE(item.date_maturity, move.invoice_date_due, move.date) AS date_due,
              %(today)s::date - COALESCE(item.date_maturity, move.invoice_date_due, move.date)
              AS days) due
 WHERE item.parent_state = 'posted' AND NOT item.reconciled
   AND move.move_type IN ('out_invoice', 'out_refund')
   AND account.account_type = 'asset_receivable'
   AND item.amount_residual <> 0
            """,
            today=fields.Date.context_today(self),
        )

    @api.model
    def action_open_by_role(self):
        """Open the list as the reader works with it.

        Accountants: by age. Who sees everybody's: by salesperson. Others: what is theirs.
        """
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_receivable_action")
        return {**action, "context": {f"search_default_{self._default_filter()}": 1}}

    @api.model
    def _default_filter(self):
        # An accountant may see all sales documents, and a sales manager read the accounts.
        filters = {
            "account.group_account_invoice": "group_bucket",
            "sales_team.group_sale_salesman_all_leads": "group_user",
            "account.group_account_readonly": "group_bucket",
        }
        return next(
            (name for group, name in filters.items() if self.env.user.has_group(group)), "mine"
        )

    def action_open_document(self):
        """Open the invoice, as far as the user may read it."""
        self.ensure_one()
        self.move_id.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    def action_promise(self):
        """Note what the customer of these rows promises to pay."""
        self._check_one_customer()
        return self._dialog(
            "crm.payment.promise",
            self.env._("Promise to Pay"),
            {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
                "default_amount": sum(self.mapped("amount_residual")),
            },
        )

    def action_dispute(self):
        """Note that the customer disputes an invoice: dunning stops."""
        self.ensure_one()
        context = {"default_move_id": self.move_id.id}
        return self._dialog("crm.receivable.dispute", self.env._("Dispute"), context)

    def action_send_letter(self):
        """Send the next dunning letter to the customers of these rows."""
        letters = self.env["crm.dunning.letter"]._send_for(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dunning Letters"),
            "res_model": "crm.dunning.letter",
            "view_mode": "list,form",
            "domain": [("id", "in", letters.ids)],
        }

    def _check_one_customer(self):
        if len(self.partner_id) != 1 or len(self.company_id) != 1:
            raise UserError(self.env._("Choose invoices of one customer and one company."))

    def _dialog(self, model, name, context):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }

    def _may_be_dunned(self):
        """Whether a letter may be about this row: overdue, neither disputed nor promised."""
        self.ensure_one()
        promised = self.promise_date and self.promise_date >= fields.Date.context_today(self)
        return (
            self.days_overdue > 0 and self.amount_residual > 0 and not (self.disputed or promised)
        )
