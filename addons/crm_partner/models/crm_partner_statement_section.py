from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..tools import is_unlocked, unlocked


class CrmPartnerStatementSection(models.Model):
    """One balance of a statement: opening, movements, closing."""

    _name = "crm.partner.statement.section"
    _description = "Section of a Statement of Account"
    _order = "statement_id, sequence, id"

    statement_id = fields.Many2one(
        "crm.partner.statement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="statement_id.company_id", store=True)
    currency_id = fields.Many2one(related="statement_id.currency_id")
    sequence = fields.Integer(readonly=True)
    code = fields.Char(required=True, readonly=True)
    ledger_id = fields.Many2one("crm.subledger", readonly=True, ondelete="restrict")
    name = fields.Char("Section", compute="_compute_name", compute_sudo=True)
    opening = fields.Monetary(readonly=True)
    increase = fields.Monetary(readonly=True)
    decrease = fields.Monetary(readonly=True)
    closing = fields.Monetary(readonly=True)
    line_ids = fields.One2many("crm.partner.statement.line", "section_id", readonly=True)

    @api.depends("code", "ledger_id.name")
    @api.depends_context("lang")
    def _compute_name(self):
        names = {
            "receivable": self.env._("Receivable: what you owe us"),
            "payable": self.env._("Payable: what we owe you"),
        }
        for section in self:
            section.name = section.ledger_id.name or names.get(section.code, section.code)

    @api.depends("name")
    def _compute_display_name(self):
        for section in self:
            section.display_name = section.name

    @api.model
    def _store(self, statement, sections):
        """Write the sections and lines of one statement.

        :param sections: list of dicts with ``code``, ``ledger_id``, ``opening``, ``closing`` and
            ``rows``; amounts are ``Decimal`` in company currency
        """
        records = unlocked(self).create(
            [
                self._prepare_vals(statement, number, section)
                for number, section in enumerate(sections, 1)
            ]
        )
        lines = [
            vals
            for record, section in zip(records, sections, strict=True)
            for vals in record._prepare_lines(section)
        ]
        unlocked(self.env["crm.partner.statement.line"]).create(lines)
        return records

    @api.model
    def _prepare_vals(self, statement, number, section):
        """Return the values of a section: balances, and what went up and down between them."""
        amounts = [row["amount"] for row in section["rows"]]
        return {
            "statement_id": statement.id,
            "sequence": number,
            "code": section["code"],
            "ledger_id": section["ledger_id"],
            "opening": float(section["opening"]),
            "increase": float(sum(a for a in amounts if a > 0)),
            "decrease": float(-sum(a for a in amounts if a < 0)),
            "closing": float(section["closing"]),
        }

    def _prepare_lines(self, section):
        """Return the values of the lines of this section, each with the balance after it."""
        self.ensure_one()
        balance = section["opening"]
        lines = []
        for number, row in enumerate(section["rows"], 1):
            balance += row["amount"]
            lines.append(
                {
                    **row,
                    "section_id": self.id,
                    "statement_id": self.statement_id.id,
                    "sequence": number,
                    "amount": float(row["amount"]),
                    "amount_currency": float(row["amount_currency"]),
                    "balance": float(balance),
                }
            )
        return lines

    @api.model_create_multi
    def create(self, vals_list):
        """Let only statements write their sections.

        :raises AccessError: by hand
        """
        self._check_unlocked()
        return super().create(vals_list)

    def write(self, vals):
        """Let only statements write their sections.

        :raises AccessError: by hand
        """
        self._check_unlocked()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_by_method_only(self):
        self._check_unlocked()

    @api.model
    def _check_unlocked(self):
        if not is_unlocked(self.env):
            raise AccessError(
                self.env._("The contents of a statement are copied from the books, not written.")
            )


class CrmPartnerStatementLine(models.Model):
    """A document of a statement, as it stood when the statement was computed."""

    _name = "crm.partner.statement.line"
    _description = "Line of a Statement of Account"
    _order = "section_id, sequence, id"

    section_id = fields.Many2one(
        "crm.partner.statement.section",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    statement_id = fields.Many2one(
        "crm.partner.statement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="statement_id.company_id", store=True)
    partner_id = fields.Many2one(related="statement_id.partner_id", store=True, index=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer(readonly=True)
    date = fields.Date(required=True, readonly=True)
    name = fields.Char("Document", readonly=True)
    ref = fields.Char("Reference", readonly=True)
    kind = fields.Selection(
        [
            ("invoice", "Invoice"),
            ("credit_note", "Credit Note"),
            ("payment", "Payment"),
            ("bill", "Vendor Bill"),
            ("bill_refund", "Vendor Refund"),
            ("entry", "Journal Entry"),
            ("accrual", "Accrued"),
            ("true_up", "Corrected"),
            ("settlement", "Settled"),
            ("transfer", "Transferred"),
        ],
        required=True,
        readonly=True,
    )
    date_due = fields.Date("Due", readonly=True)
    amount = fields.Monetary(currency_field="company_currency_id", readonly=True)
    balance = fields.Monetary(currency_field="company_currency_id", readonly=True, aggregator=None)
    currency_id = fields.Many2one("res.currency", "Document Currency", readonly=True)
    amount_currency = fields.Monetary("In Document Currency", readonly=True)
    move_id = fields.Many2one(
        "account.move", "Journal Entry", readonly=True, index="btree_not_null", ondelete="set null"
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Let only statements write their lines.

        :raises AccessError: by hand
        """
        self.env["crm.partner.statement.section"]._check_unlocked()
        return super().create(vals_list)

    def write(self, vals):
        """Let only statements write their lines.

        :raises AccessError: by hand
        """
        self.env["crm.partner.statement.section"]._check_unlocked()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_by_method_only(self):
        self.env["crm.partner.statement.section"]._check_unlocked()

    def action_open_move(self):
        """Open the document."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "view_mode": "form",
            "res_id": self.move_id.id,
        }
