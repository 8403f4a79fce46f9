from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

POSTED_KINDS = ("accrual", "true_up")


class CrmSubledgerEntry(models.Model):
    """One item of a sub-ledger. Append-only: a correction is another entry."""

    _name = "crm.subledger.entry"
    _description = "Sub-ledger Entry"
    _order = "date desc, id desc"
    _rec_name = "id"
    _check_company_auto = True

    ledger_id = fields.Many2one(
        "crm.subledger", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="ledger_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="ledger_id.currency_id")
    kind = fields.Selection(
        [
            ("accrual", "Accrual"),
            ("true_up", "True-up"),
            ("settlement", "Settlement"),
            ("transfer", "Transfer"),
        ],
        required=True,
        readonly=True,
        help="Accrual: the target grew. True-up: it shrank, what was posted before is taken back. "
        "Settlement: a bill or payroll entry paid it. Transfer: the other side of an entry of "
        "another sub-ledger.",
    )
    date = fields.Date(required=True, readonly=True, index=True)
    amount = fields.Monetary(
        required=True,
        readonly=True,
        string="Balance",
        help="Signed balance in company currency: positive is a debit, negative a credit.",
    )
    debit = fields.Monetary(compute="_compute_debit_credit", store=True, precompute=True)
    credit = fields.Monetary(compute="_compute_debit_credit", store=True, precompute=True)
    partner_id = fields.Many2one("res.partner", readonly=True, index=True)
    res_model = fields.Char("Key Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Key", model_field="res_model", required=True, readonly=True)
    key_ref = fields.Reference(
        selection="_selection_key_model",
        string="Belongs to",
        compute="_compute_key_ref",
    )
    component = fields.Char(readonly=True, default="")
    order_id = fields.Many2one(
        "sale.order", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    source_move_ids = fields.Many2many(
        "account.move",
        "crm_subledger_entry_source_rel",
        "entry_id",
        "move_id",
        string="Source Documents",
        readonly=True,
    )
    explanation = fields.Json("Explanation Data", readonly=True)
    explanation_html = fields.Html(compute="_compute_explanation_html", string="Explanation")
    line_id = fields.Many2one(
        "account.move.line",
        string="Journal Item",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Journal Entry",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    counterpart_account_id = fields.Many2one("account.account", readonly=True)
    sign = fields.Integer(readonly=True, help="Natural sign of the component: +1 debit, -1 credit.")
    mirror_of_id = fields.Many2one(
        "crm.subledger.entry",
        string="Other Side",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Entry of the other sub-ledger whose counterpart this is.",
    )
    invoice_count = fields.Integer(compute="_compute_document_counts")
    payment_count = fields.Integer(compute="_compute_document_counts")

    _key_idx = models.Index("(res_model, res_id, ledger_id)")
    _ledger_date_idx = models.Index("(ledger_id, date)")

    @api.model
    def _selection_key_model(self):
        programmes = self.env["crm.subledger.mixin"]._subledger_programmes()
        # sudo: names of models, which only administrators may list
        models_ = self.env["ir.model"].sudo().search([("model", "in", programmes)])
        return [(model.model, model.name) for model in models_]

    @api.depends("res_model", "res_id")
    def _compute_key_ref(self):
        for entry in self:
            known = entry.res_model in self.env
            entry.key_ref = f"{entry.res_model},{entry.res_id}" if known else False

    @api.depends("amount")
    def _compute_debit_credit(self):
        # On the side of the journal item: storno is negative on the side of what it takes back.
        for entry in self:
            is_debit = (entry.amount > 0) != entry.line_id.is_storno
            entry.debit = entry.amount if is_debit else 0.0
            entry.credit = 0.0 if is_debit else -entry.amount

    @api.depends("ledger_id.code", "date")
    def _compute_display_name(self):
        for entry in self:
            entry.display_name = f"{entry.ledger_id.code}/{entry.date}/{entry.id}"

    @api.depends("explanation")
    @api.depends_context("lang")
    def _compute_explanation_html(self):
        for entry in self:
            entry.explanation_html = entry._render_explanation()

    def _render_explanation(self):
        """Return the explanation as a table in the language of the reader."""
        self.ensure_one()
        return self._render_content(self.explanation or {})

    def _render_whole_explanation(self, total):
        """Return the explanation of a key from the entries that one run posted for its deals.

        :param total: what the key holds after the run, a signed balance in company currency
        """
        entry = self.filtered(lambda e: (e.explanation or {}).get("rows"))[:1] or self[:1]
        rounded = entry.currency_id.round
        target, delta = (
            Decimal(repr(rounded(amount))) for amount in (total, sum(self.mapped("amount")))
        )
        totals = {"target": str(target), "before": str(target - delta), "delta": str(delta)}
        return entry._render_content({**entry.explanation, **totals, "deal": False})

    def _render_content(self, content):
        programme = self.env.get(self.res_model)
        if programme is None or not content:
            return Markup()
        rows = [programme._subledger_explanation_row(row) for row in content["rows"]]
        # What is owed reads as a positive amount here, whichever side the ledger keeps it on.
        sign = (-self.sign if self.mirror_of_id else self.sign) or 1
        totals = [
            # + 0 makes a negative zero positive
            (label, Decimal(amount) * sign + 0)
            for label, amount in programme._subledger_explanation_totals(content)
        ]
        return self.env["ir.qweb"]._render(
            "crm_subledger.explanation",
            {
                "entry": self,
                "rows": rows,
                "has_basis": any(basis for _label, basis, _rate, _amount in rows),
                "has_rate": any(rate for _label, _basis, rate, _amount in rows),
                "notes": [programme._subledger_explanation_note(n) for n in content["notes"]],
                "totals": totals,
                "money": programme._subledger_format_money,
            },
        )

    @api.depends("source_move_ids")
    def _compute_document_counts(self):
        for entry in self:
            moves = entry.source_move_ids
            entry.invoice_count = len(moves.filtered(lambda move: move.is_invoice(True)))
            entry.payment_count = len(moves.filtered("origin_payment_id"))

    # Neither is ever allowed, so nothing is left for super() to do.
    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse: entries are only added; a correction is a new entry with the difference.

        :raise UserError: always
        """
        raise UserError(
            self.env._(
                "The entries of a sub-ledger cannot be changed. Correct the document behind the "
                "entry; the difference is then posted as a new entry."
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "The entries of a sub-ledger cannot be deleted. Correct the document behind the "
                "entry; the difference is then posted as a new entry."
            )
        )

    def copy(self, default=None):  # pylint: disable=method-required-super
        """Refuse: an entry belongs to the document that it was posted for.

        :raise UserError: always
        """
        raise UserError(self.env._("The entries of a sub-ledger cannot be duplicated."))

    # ------------------------------------------------------------------
    # One click to every document
    # ------------------------------------------------------------------

    def _action_open(self, records, name):
        action = {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": records._name,
            "domain": [("id", "in", records.ids)],
            "view_mode": "list,form",
            "context": {"create": False},
        }
        if len(records) == 1:
            action.update(view_mode="form", views=[(False, "form")], res_id=records.id)
        return action

    def action_open_key(self):
        """Open what the entry belongs to."""
        self.ensure_one()
        return self._action_open(self.key_ref, self.env._("Belongs to"))

    def action_open_move(self):
        """Open the journal entry."""
        self.ensure_one()
        return self._action_open(self.move_id, self.env._("Journal Entry"))

    def action_open_order(self):
        """Open the sales order."""
        self.ensure_one()
        return self._action_open(self.order_id, self.env._("Sales Order"))

    def action_open_invoices(self):
        """Open the invoices and credit notes behind the entry."""
        invoices = self.source_move_ids.filtered(lambda move: move.is_invoice(True))
        return self._action_open(invoices, self.env._("Invoices and Credit Notes"))

    def action_open_payments(self):
        """Open the payments behind the entry."""
        payments = self.source_move_ids.origin_payment_id
        return self._action_open(payments, self.env._("Payments"))

    # ------------------------------------------------------------------
    # Settlements: entries that mirror journal items posted elsewhere
    # ------------------------------------------------------------------

    @api.model
    def _sync_settlements(self, moves):
        """Make settlement entries equal the marked journal items of ``moves``.

        An item that is posted is mirrored at its date; one that is no longer posted is taken back
        at the date at which it was mirrored, so that both ledgers agree on every day.

        :param moves: journal entries that were just posted, reset to draft or cancelled
        :return: the entries created
        """
        lines = moves.line_ids.filtered("subledger_key_id")
        if not lines:
            return self
        held = {
            line: (total, day)
            for line, total, day in self._read_group(
                [("line_id", "in", lines.ids), ("kind", "=", "settlement")],
                ["line_id"],
                ["amount:sum", "date:max"],
            )
        }
        vals_list = []
        for line in lines:
            before, day = held.get(line, (0.0, line.date))
            posted = line.parent_state == "posted"
            wanted = line.balance if posted else 0.0
            amount = line.company_currency_id.round(wanted - before)
            if amount:
                vals_list.append(
                    self._prepare_settlement_vals(line, amount, line.date if posted else day)
                )
        entries = self.create(vals_list)
        for model, group in entries.grouped("res_model").items():
            keys = self.env[model].browse(group.mapped("res_id")).exists()
            keys._subledger_settled()
        return entries

    def _prepare_settlement_vals(self, line, amount, day):
        """Return the values of the entry that a journal item settles.

        :param float amount: in company currency, signed as the journal item
        :raise UserError: the account of the journal item belongs to no sub-ledger
        """
        ledger = self.env["crm.subledger"].search(
            [("account_id", "=", line.account_id.id), ("company_id", "=", line.company_id.id)],
            limit=1,
        )
        if not ledger:
            raise UserError(
                self.env._(
                    "%(move)s settles an item of a sub-ledger, but its account %(account)s belongs "
                    "to no sub-ledger of %(company)s. Put the balance account of the sub-ledger "
                    "back on the line.",
                    move=line.move_id.display_name,
                    account=line.account_id.display_name,
                    company=line.company_id.name,
                )
            )
        return {
            "ledger_id": ledger.id,
            "kind": "settlement",
            "date": day,
            "amount": amount,
            "partner_id": line.partner_id.id,
            "res_model": line.subledger_key_model,
            "res_id": line.subledger_key_id,
            "component": "settlement",
            "line_id": line.id,
            "move_id": line.move_id.id,
            "sign": ledger._natural_sign(),
        }

    @api.model
    def _accrued_moves(self, moves):
        """Return those of ``moves`` that a sub-ledger posted itself."""
        if not moves:
            return moves
        # sudo: a guard must see the entries that its user may not read
        groups = self.sudo()._read_group(
            [("move_id", "in", moves.ids), ("kind", "!=", "settlement")], ["move_id"]
        )
        return moves.browse([move.id for (move,) in groups])
