import logging
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..engine import instalments
from ..tools import is_unlocked, unlocked

_logger = logging.getLogger(__name__)

STATES = [
    ("planned", "Planned"),
    ("invoiced", "Invoiced"),
    ("partly", "Partly Collected"),
    ("overdue", "Overdue"),
    ("collected", "Collected"),
    ("cancelled", "Cancelled"),
]
CONTENT = {"name", "kind", "date_planned", "percent", "amount", "order_id", "contract_id"}
PROTECTED = {"cancelled", "cancelled_by_termination", "milestone_on", "milestone_by_id", "error"}


class CrmContractInstalment(models.Model):
    """A part of what a contract costs, invoiced on its day or at its milestone.

    Status and amounts are read from the posted invoices and credit notes and from what is
    reconciled with them, never entered.
    """

    _name = "crm.contract.instalment"
    _description = "Instalment of a Contract"
    _order = "contract_id desc, sequence, date_planned, id"
    _check_company_auto = True

    contract_id = fields.Many2one("crm.contract", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="contract_id.currency_id", store=True)
    partner_id = fields.Many2one(related="contract_id.partner_id", store=True, index=True)
    user_id = fields.Many2one(related="contract_id.user_id", store=True, index=True)
    team_id = fields.Many2one(related="contract_id.team_id", store=True)
    contract_state = fields.Selection(related="contract_id.state", string="Contract Status")
    sequence = fields.Integer(default=10)
    name = fields.Char("What For", required=True)
    kind = fields.Selection(
        [("date", "On a date"), ("milestone", "At a milestone")], required=True, default="date"
    )
    date_planned = fields.Date("Planned for")
    milestone_on = fields.Date("Milestone Reached on", readonly=True, copy=False)
    milestone_by_id = fields.Many2one("res.users", "Confirmed by", readonly=True, copy=False)
    order_id = fields.Many2one(
        "sale.order",
        compute="_compute_order_id",
        store=True,
        readonly=False,
        check_company=True,
        index="btree_not_null",
        help="The order that is invoiced; empty where the contract is over lines of its own.",
    )
    percent = fields.Float("Percentage", digits=(16, 4), help="0: the amount is entered.")
    amount = fields.Monetary(
        compute="_compute_amount", store=True, readonly=False, help="Taxes included."
    )
    amount_to_count = fields.Monetary(compute="_compute_amount_to_count")
    cancelled = fields.Boolean(readonly=True, copy=False)
    cancelled_by_termination = fields.Boolean(readonly=True, copy=False)
    invoice_ids = fields.One2many(
        "account.move", "crm_instalment_id", "Invoices", readonly=True, copy=False
    )
    amount_invoiced = fields.Monetary("Invoiced", compute="_compute_figures", store=True)
    amount_collected = fields.Monetary("Collected", compute="_compute_figures", store=True)
    amount_open = fields.Monetary("Outstanding", compute="_compute_figures", store=True)
    date_due = fields.Date("Due", compute="_compute_figures", store=True)
    on_hold = fields.Boolean(
        compute="_compute_figures",
        store=True,
        help="Its invoice was cancelled or credited in full: the next one is made by hand.",
    )
    has_draft = fields.Boolean("Draft Invoice", compute="_compute_figures", store=True)
    state = fields.Selection(
        STATES, "Status", compute="_compute_state", store=True, index=True, default="planned"
    )
    error = fields.Text("Why It Was Not Invoiced", readonly=True, copy=False)

    _amount_positive = models.Constraint(
        "CHECK(amount >= 0)", "An instalment is an amount above zero."
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends("contract_id.name", "name")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.contract_id.name}: {row.name}"

    @api.depends("contract_id.order_ids")
    def _compute_order_id(self):
        for row in self:
            orders = row.contract_id._billing_orders() if row.contract_id else row.order_id
            row.order_id = row.order_id or (orders if len(orders) == 1 else False)

    @api.depends(
        "percent",
        "sequence",
        "order_id",
        "contract_id.amount_total",
        "contract_id.instalment_ids.percent",
    )
    def _compute_amount(self):
        for contract in self.contract_id:
            amounts = {}
            if contract.state in ("draft", "signing"):
                amounts = contract.instalment_ids._amounts_by_percent(contract)
            for row in self.filtered(lambda row, contract=contract: row.contract_id == contract):
                row.amount = amounts.get(row, row.amount)
        for row in self.filtered(lambda row: not row.contract_id):
            row.amount = row.amount

    def _amounts_by_percent(self, contract):
        """Return {row: amount} of the rows in percent, without a cent lost between them."""
        result = {}
        step = Decimal(str(contract.currency_id.rounding or 0.01))
        for order, total in contract._plan_totals().items():
            rows = self.filtered(
                lambda row, order=order: row.percent and row.order_id._origin == order._origin
            )
            percents = [Decimal(str(round(row.percent, 4))) for row in rows]
            shares = instalments.shares(Decimal(str(total)), percents, step)
            result |= dict(zip(rows, map(float, shares), strict=True))
        return result

    @api.depends("amount", "cancelled", "amount_invoiced")
    def _compute_amount_to_count(self):
        for row in self:
            row.amount_to_count = row.amount_invoiced if row.cancelled else row.amount

    @api.depends(
        "invoice_ids.state",
        "invoice_ids.currency_id",
        "invoice_ids.amount_total",
        "invoice_ids.amount_residual",
        "invoice_ids.invoice_date_due",
        "invoice_ids.reversal_move_ids.state",
        "invoice_ids.reversal_move_ids.amount_total",
        "invoice_ids.reversal_move_ids.amount_residual",
    )
    def _compute_figures(self):
        for row in self:
            documents = row._documents()
            posted = documents.filtered(lambda move: move.state == "posted")
            invoiced = row._sum(posted, "amount_total")
            open_ = row._sum(posted, "amount_residual")
            row.amount_invoiced = invoiced
            row.amount_collected = max(min(invoiced, invoiced - open_), 0)
            row.amount_open = row.amount_invoiced - row.amount_collected
            row.date_due = row._first_open_date(posted)
            row.has_draft = any(move.state == "draft" for move in documents)
            row.on_hold = bool(documents) and not row.has_draft and invoiced <= 0

    @api.depends("amount_invoiced", "amount_collected", "date_due", "cancelled")
    def _compute_state(self):
        today = fields.Date.context_today(self)
        for row in self:
            row.state = instalments.status(
                row.amount_invoiced,
                row.amount_collected,
                cancelled=row.cancelled,
                overdue=bool(row.date_due and row.date_due < today),
            )

    def _documents(self):
        """Return the invoices of these instalments and the credit notes that reverse them."""
        # sudo: status and amounts hold for everybody who may see the instalment
        invoices = self.sudo().invoice_ids
        return invoices | invoices.reversal_move_ids

    def _sum(self, moves, name):
        """Return the sum of a field of invoices less that of credit notes, in our currency."""
        total = 0.0
        for move in moves:
            amount = move[name]
            if move.currency_id != self.currency_id:
                amount = move.currency_id._convert(
                    amount, self.currency_id, move.company_id, move.invoice_date or move.date
                )
            total += -amount if move.move_type == "out_refund" else amount
        return self.currency_id.round(total) if self.currency_id else total

    def _first_open_date(self, moves):
        lines = moves.line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
                and line.move_id.move_type == "out_invoice"
            )
        )
        return min(filter(None, lines.mapped("date_maturity")), default=False)

    # ------------------------------------------------------------------
    # Checks, CRUD
    # ------------------------------------------------------------------

    @api.constrains("kind", "date_planned")
    def _check_date(self):
        for row in self:
            if row.kind == "date" and not row.date_planned:
                raise ValidationError(
                    self.env._(
                        "%s: an instalment on a date needs one. Enter it, or choose a milestone.",
                        row.display_name,
                    )
                )

    @api.constrains("percent")
    def _check_percent(self):
        for row in self:
            if not 0 <= row.percent <= 100:
                raise ValidationError(
                    self.env._(
                        "%(row)s: %(percent)s %% is not between 0 and 100.",
                        row=row.display_name,
                        percent=row.percent,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Make signatures of the contract void.

        :raise UserError: the contract is signed, or results were given
        """
        for vals in vals_list:
            self._check_protected({name: value for name, value in vals.items() if value})
        rows = super().create(vals_list)
        rows.contract_id._content_changes()
        return rows

    def write(self, vals):
        """Make signatures of the contract void where what is signed changes.

        :raise UserError: the contract is signed, or results were given
        """
        self._check_protected(vals)
        if CONTENT & vals.keys():
            self.contract_id._content_changes()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_changes_contract(self):
        if self.invoice_ids:
            raise UserError(
                self.env._("%s has an invoice and stays.", self.filtered("invoice_ids")[0].name)
            )
        self.contract_id._content_changes()

    def _check_protected(self, vals):
        wrong = PROTECTED & vals.keys()
        if wrong and not is_unlocked(self.env):
            raise UserError(
                self.env._("Instalments are confirmed and cancelled by their buttons, not by hand.")
            )

    def _copy_to(self, contract):
        """Copy these instalments into the draft of an amendment."""
        for row in self:
            row.copy({"contract_id": contract.id, "order_id": row.order_id.id, "percent": 0})

    # ------------------------------------------------------------------
    # Questions
    # ------------------------------------------------------------------

    def _is_invoiced(self):
        """Whether an invoice of this instalment is on its way or posted and not credited."""
        self.ensure_one()
        return self.has_draft or self.amount_invoiced > 0

    def _when(self):
        """Return when it is due, for people."""
        if self.kind == "milestone":
            return self.env._("At the milestone")
        return format_date(self.env, self.date_planned)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_confirm_milestone(self):
        """Confirm that the milestone is reached, and invoice it."""
        self.check_access("write")
        for row in self:
            if row.kind != "milestone" or row.milestone_on:
                raise UserError(
                    self.env._("%s is no milestone that is still open.", row.display_name)
                )
            unlocked(row).write(
                {
                    "milestone_on": fields.Date.context_today(self),
                    "milestone_by_id": self.env.uid,
                }
            )
            row.contract_id.message_post(body=self.env._("Milestone reached: %s", row.name))
        return self.action_invoice()

    def action_undo_milestone(self):
        """Take a confirmation back, as long as nothing was invoiced."""
        self.check_access("write")
        for row in self.filtered("milestone_on"):
            if row._is_invoiced():
                raise UserError(
                    self.env._(
                        "%s is invoiced. Cancel or credit the invoice first.", row.display_name
                    )
                )
            unlocked(row).write({"milestone_on": False, "milestone_by_id": False})
        return True

    def action_invoice(self):
        """Make the invoices of these instalments now.

        :raise UserError: when one cannot be invoiced, saying why
        """
        self.check_access("write")
        for row in self:
            row._make_invoice()
        return self.action_open_invoices()

    def action_open_invoices(self):
        """Open the invoices and credit notes of these instalments."""
        moves = self._documents()
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", moves.ids)],
            "context": {"create": False},
        }
        if len(moves) == 1:
            action |= {"view_mode": "form", "res_id": moves.id}
        return action

    # ------------------------------------------------------------------
    # Invoicing
    # ------------------------------------------------------------------

    def _make_invoice(self):
        """Make the invoice of one instalment, draft or posted as the company wishes.

        :return: the invoice
        :raise UserError: when it is not its turn
        """
        self.ensure_one()
        self.lock_for_update()
        self.invalidate_recordset()
        self._check_may_be_invoiced()
        row = self.with_company(self.company_id)
        if not row.order_id:
            row._check_no_goods()
        invoice = row._invoice_order() if row.order_id else row._invoice_lines()
        invoice.write(
            {
                "crm_instalment_id": self.id,
                "invoice_user_id": self.user_id.id,
                "invoice_origin": f"{self.contract_id.name}, {self.order_id.name}"
                if self.order_id
                else self.contract_id.name,
            }
        )
        if self.company_id.crm_contract_invoice_mode == "posted":
            invoice.invoice_date = fields.Date.context_today(self)
            invoice.action_post()
        unlocked(self).error = False
        return invoice

    def _check_may_be_invoiced(self):
        problem = False
        if self.contract_id.state not in ("active", "ended"):
            problem = self.env._("the contract is not in force")
        elif self.cancelled:
            problem = self.env._("it was cancelled")
        elif self.kind == "milestone" and not self.milestone_on:
            problem = self.env._("its milestone has not been confirmed")
        elif self._is_invoiced():
            problem = self.env._("it is invoiced already")
        elif self.order_id and self.order_id.state != "sale":
            problem = self.env._("the order %s is not confirmed", self.order_id.name)
        elif not self.amount:
            problem = self.env._("its amount is zero")
        if problem:
            raise UserError(
                self.env._("%(row)s: %(problem)s.", row=self.display_name, problem=problem)
            )

    def _invoice_order(self):
        """Invoice through the order: down payments, and the rest with the last instalment."""
        invoice = self._invoice_rest() if self._is_last() else None
        return invoice or self._invoice_down_payment()

    def _is_last(self):
        others = self.contract_id.instalment_ids.filtered(
            lambda row: row.order_id == self.order_id and row != self and not row.cancelled
        )
        return all(row._is_invoiced() for row in others)

    def _invoice_rest(self):
        """Return the final invoice of the order, or None unless it is exactly this instalment.

        It is not while something has not been delivered that is invoiced on delivery.
        """
        # sudo: as when Odoo invoices an order for its salesperson; access was checked above
        order = self.order_id.sudo()
        savepoint = self.env.cr.savepoint(flush=True)
        with savepoint:
            invoice = order.with_context(raise_if_nothing_to_invoice=False)._create_invoices(
                final=True
            )
            fits = (
                len(invoice) == 1
                and invoice.move_type == "out_invoice"
                and not self.currency_id.compare_amounts(invoice.amount_total, self.amount)
            )
            if fits:
                return invoice
            savepoint.rollback()
        self.env.invalidate_all()
        return None

    def _invoice_down_payment(self):
        # sudo: as above
        wizard = (
            self.env["sale.advance.payment.inv"]
            .sudo()
            .create(
                {
                    "sale_order_ids": [Command.set(self.order_id.ids)],
                    "advance_payment_method": "fixed",
                    "fixed_amount": self.amount,
                }
            )
        )
        # sudo: as above
        return wizard._create_invoices(self.order_id.sudo()).sudo()

    def _invoice_lines(self):
        """Invoice a share of the contract's own lines, exact with each tax."""
        # sudo: salespeople have no right to create invoices, but to have instalments invoiced
        return self.env["account.move"].sudo().create(self._prepare_invoice_vals())

    def _prepare_invoice_vals(self):
        """Return the values of the invoice over a share of the lines; for other addons too."""
        contract = self.contract_id
        partner = contract.partner_id
        addresses = partner.address_get(["invoice", "delivery"])
        return {
            "move_type": "out_invoice",
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "partner_id": addresses["invoice"],
            "partner_shipping_id": addresses["delivery"],
            "invoice_user_id": contract.user_id.id,
            "team_id": contract.team_id.id,
            "invoice_payment_term_id": partner.property_payment_term_id.id,
            "ref": self.display_name,
            "invoice_line_ids": [
                Command.create(vals) for vals in self._prepare_invoice_line_vals()
            ],
        }

    def _goods(self):
        """Hook: return the products of the contract's own lines that only an order can deliver.

        Nothing is kept in stock here; ``crm_sales_stock`` knows better.
        """
        return self.env["product.product"]

    def _check_no_goods(self):
        """Refuse to invoice goods that no order delivers: their cost would leave the stock twice.

        :raise UserError: naming the goods
        """
        goods = self._goods()
        if goods:
            raise UserError(
                self.env._(
                    "%(contract)s: %(goods)s is delivered from stock, so an order has to deliver "
                    "and invoice it. Link the order to the contract, then invoice again.",
                    contract=self.contract_id.display_name,
                    goods=goods[0].display_name,
                )
            )

    def _prepare_invoice_line_vals(self):
        """Return lines that bill the instalment as a share of the contract's lines.

        In contract currency, at the rate of today. The amount includes taxes: Odoo's split of down
        payments divides it over products and taxes so that the total is the instalment to the cent.
        """
        contract = self.contract_id
        tax_model = self.env["account.tax"]
        rate = self.env["res.currency"]._get_conversion_rate(
            self.company_id.currency_id,
            self.currency_id,
            self.company_id,
            fields.Date.context_today(self),
        )
        base_lines = [
            line._prepare_base_line(contract._periods(), rate) for line in contract.line_ids
        ]
        tax_model._add_tax_details_in_base_lines(base_lines, self.company_id)
        tax_model._round_base_lines_tax_details(base_lines, self.company_id)
        parts = tax_model._prepare_down_payment_lines(
            base_lines=base_lines,
            company=self.company_id,
            amount_type="fixed",
            amount=self.amount,
            computation_key=f"crm_instalment,{self.id}",
            grouping_function=lambda base_line: {"product_id": base_line["product_id"]},
        )
        return [
            {
                "product_id": part["product_id"].id,
                "name": f"{contract.display_name}: {self.name}",
                "quantity": part["quantity"],
                "price_unit": part["price_unit"],
                "tax_ids": [Command.set(part["tax_ids"].ids)],
                "extra_tax_data": tax_model._export_base_line_extra_tax_data(part),
            }
            for part in parts
        ]

    # ------------------------------------------------------------------
    # Scheduled
    # ------------------------------------------------------------------

    @api.model
    def _cron_invoice(self):
        """Invoice what is due, one by one; a fault stays on its instalment, with the reason."""
        self._refresh_overdue()
        today = fields.Date.context_today(self)
        due = self.search(
            [
                ("contract_id.state", "=", "active"),
                ("state", "=", "planned"),
                ("has_draft", "=", False),
                ("on_hold", "=", False),
                ("amount", ">", 0),
                "|",
                "&",
                ("kind", "=", "date"),
                ("date_planned", "<=", today),
                "&",
                ("kind", "=", "milestone"),
                ("milestone_on", "!=", False),
            ],
            order="date_planned, sequence, id",
        )
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(due))
        for row in due:
            row._try_to_invoice()
            if not progress._commit_progress(1):
                break

    def _try_to_invoice(self):
        try:
            with self.env.cr.savepoint():
                self._make_invoice()
        except Exception as error:  # one instalment must not stop the others
            _logger.info("%s was not invoiced: %s", self, error)
            self._note_error(str(error))

    def _note_error(self, text):
        if self.error == text:
            return
        unlocked(self).error = text
        contract = self.contract_id
        contract.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=self.env._("“%s” could not be invoiced", self.name),
            note=text,
            user_id=(contract.user_id or self.env.user).id,
        )

    @api.model
    def _refresh_overdue(self):
        """Let the day pass: what was invoiced becomes overdue."""
        late = self.search(
            [
                ("state", "in", ("invoiced", "partly")),
                ("date_due", "<", fields.Date.context_today(self)),
            ]
        )
        self.env.add_to_compute(self._fields["state"], late)
        late.flush_recordset(["state"])
