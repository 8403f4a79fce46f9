from odoo import api, fields, models
from odoo.tools import SQL

from .crm_commission_credit import Scope


class CrmCommissionLine(models.Model):
    """Every credit behind the statements, line by line, as the documents now stand.

    Not a table: each read asks the documents, with the SQL that the targets come from. The key
    ``commission_statement_ids`` of the context limits that to a few statements.
    """

    _name = "crm.commission.line"
    _description = "Commission Line"
    _auto = False
    _order = "date desc, id"

    statement_id = fields.Many2one("crm.commission.statement", readonly=True)
    plan_id = fields.Many2one("crm.commission.plan", readonly=True)
    version_id = fields.Many2one("crm.commission.plan.version", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", "Payee", readonly=True)
    user_id = fields.Many2one("res.users", "Colleague", readonly=True)
    role = fields.Selection(
        [("owner", "Owner"), ("overlay", "Overlay"), ("manager", "Manager")], readonly=True
    )
    date = fields.Date(readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    invoice_id = fields.Many2one("account.move", "Invoice without Order", readonly=True)
    customer_id = fields.Many2one("res.partner", readonly=True)
    basis = fields.Monetary("Basis Credited", readonly=True)
    commission = fields.Monetary(
        compute="_compute_commission",
        help="Before the guaranteed minimum and claw-backs of terminated contracts.",
    )

    @property
    def _table_query(self):
        # sudo: the rules of this model decide which rows may be read
        credit = self.env["crm.commission.credit"].sudo()
        self.env.flush_all()
        statements = self._statements_of_context()
        versions = credit.env["crm.commission.statement"]._versions_in_force(
            self.env.companies, statements.plan_id if statements else None
        )
        scope = statements._scope(moves=False) if statements else Scope()
        queries = [
            self._sql_lines(credit, stream, scope, members)
            for stream in credit._streams(versions)
            if (members := credit._members(stream, scope))
        ]
        return SQL(" UNION ALL ").join(queries) if queries else self._sql_no_lines()

    @api.model
    def _statements_of_context(self):
        ids = self.env.context.get("commission_statement_ids") or ()
        # sudo: what may be read of the lines is decided by their own rules
        return self.env["crm.commission.statement"].sudo().browse(ids).exists()

    @api.model
    def _sql_lines(self, credit, versions, scope, members):
        return SQL(
            """(%(credit)s
            SELECT ('x' || SUBSTR(MD5(CONCAT_WS(',', c.plan_id, c.partner_id, c.role, c.rate,
                                                c.deal, c.date)), 1, 12))::bit(48)::bigint AS id,
                   st.id AS statement_id, c.plan_id, c.version_id, st.company_id, c.partner_id,
                   st.user_id, c.role, c.date, CASE WHEN c.deal > 0 THEN c.deal END AS order_id,
                   CASE WHEN c.deal < 0 THEN -c.deal END AS invoice_id,
                   COALESCE(o.partner_id, m.partner_id) AS customer_id, c.basis
              FROM credit c
              JOIN crm_commission_statement st ON st.plan_id = c.plan_id
               AND st.partner_id = c.partner_id AND st.date_from = c.period
         LEFT JOIN sale_order o ON o.id = c.deal
         LEFT JOIN account_move m ON m.id = -c.deal)""",
            credit=credit._sql_credit(versions, scope, members),
        )

    @api.model
    def _sql_no_lines(self):
        columns = SQL(", ").join(
            SQL("NULL::%s AS %s", SQL(field.column_type[1]), SQL.identifier(name))
            for name, field in self._fields.items()
            if field.store and field.column_type
        )
        return SQL("SELECT %s WHERE FALSE", columns)

    @api.depends("statement_id", "basis")
    def _compute_commission(self):
        """Attribute the commission of whole statements to their lines, with the engine."""
        # sudo: the lines of the reader's own statements; which those are is decided by the rules
        statements = self.statement_id.sudo()
        earned = statements._earned_by_credit()
        for line in self:
            deal = line.order_id.id or -line.invoice_id.id
            key = (line.statement_id.id, line.role, deal, line.date)
            line.commission = float(earned.get(key, 0))
