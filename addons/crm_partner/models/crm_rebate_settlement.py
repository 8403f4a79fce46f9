from collections import defaultdict
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine.rebate import split
from ..tools import is_unlocked, unlocked

METHODS = [
    ("credit_note", "Credit note"),
    ("deduction", "Deduction from the next invoice"),
    ("bill", "Invoice of the receiver"),
    ("goods", "Goods free of charge"),
    ("write_off", "Written off"),
]


class CrmRebateSettlement(models.Model):
    """One payment, deduction, delivery of goods, claim or write-off of a rebate period."""

    _name = "crm.rebate.settlement"
    _description = "Rebate Settlement"
    _order = "date desc, id desc"
    _check_company_auto = True

    period_id = fields.Many2one(
        "crm.rebate.period", required=True, readonly=True, index=True, ondelete="restrict"
    )
    agreement_id = fields.Many2one(
        related="period_id.agreement_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(
        related="period_id.partner_id", store=True, index=True, precompute=True
    )
    company_id = fields.Many2one(
        related="period_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    direction = fields.Selection(related="period_id.direction")
    kind = fields.Selection(
        [
            ("partial", "Partial"),
            ("final", "Final"),
            ("claim", "Claim back"),
            ("write_off", "Write-off"),
        ],
        required=True,
        readonly=True,
    )
    method = fields.Selection(METHODS, required=True, readonly=True)
    date = fields.Date(required=True, readonly=True, default=fields.Date.context_today)
    amount = fields.Monetary(
        required=True,
        readonly=True,
        help="What it takes off the open amount, excluding taxes; below zero it is claimed back.",
    )
    reason = fields.Char(readonly=True)
    cancelled = fields.Boolean(readonly=True, copy=False)
    line_ids = fields.One2many(
        "account.move.line", "rebate_settlement_id", "Journal Items", readonly=True
    )
    move_ids = fields.Many2many("account.move", compute="_compute_moves")
    picking_id = fields.Many2one(
        "stock.picking", "Delivery", readonly=True, index="btree_not_null", ondelete="set null"
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("draft", "In draft"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_state",
        store=True,
        index=True,
    )
    open_amount = fields.Monetary(
        compute="_compute_state",
        store=True,
        help="What is on the way: on a draft, waiting for an invoice or for the delivery.",
    )
    cost = fields.Monetary(readonly=True, help="Cost of the goods that were delivered.")
    released = fields.Monetary(
        compute="_compute_released",
        store=True,
        help="What leaves the sub-ledger without a payment: a write-off, the margin of goods.",
    )

    @api.depends("line_ids.move_id")
    def _compute_moves(self):
        for settlement in self:
            settlement.move_ids = settlement.line_ids.move_id

    @api.depends(
        "amount",
        "cancelled",
        "method",
        "line_ids.parent_state",
        "line_ids.balance",
        "picking_id.state",
    )
    def _compute_state(self):
        for settlement in self:
            settlement.state = settlement._find_state()
            settlement.open_amount = settlement._find_open_amount()

    def _find_state(self):
        if self.cancelled:
            return "cancelled"
        if self.method == "write_off":
            return "done"
        posted = self._posted_lines()
        if self.method != "goods" and self._draft_lines():
            return "draft"
        if posted and not self._is_taken_back():
            return "done"
        if self.method == "deduction":
            return "waiting"
        if self.method == "goods" and not posted and self.picking_id.state not in (False, "cancel"):
            return "waiting"
        return "cancelled"

    def _find_open_amount(self):
        if self.state == "waiting":
            return self.amount
        return self._settled_by(self._draft_lines()) if self.state == "draft" else 0.0

    def _settled_by(self, lines):
        """Return what journal items take off the open amount, in company currency."""
        return -sum(lines.mapped("balance")) * self.period_id.agreement_id._sign()

    def _posted_lines(self):
        return self.line_ids.filtered(lambda line: line.parent_state == "posted")

    def _draft_lines(self):
        """Return the lines on drafts that will settle; a draft reversal opens nothing yet."""
        return self.line_ids.filtered(
            lambda line: line.parent_state == "draft" and self._settled_by(line) * self.amount >= 0
        )

    def _is_taken_back(self):
        """Whether reversals took back everything that was posted."""
        posted = self._posted_lines()
        moves = posted.move_id
        return bool(moves.reversed_entry_id & moves) and self.currency_id.is_zero(
            self._settled_by(posted)
        )

    @api.depends("amount", "method", "state", "cost")
    def _compute_released(self):
        for settlement in self:
            settlement.released = 0.0
            if settlement.state == "done" and settlement.method == "write_off":
                settlement.released = settlement.amount
            elif settlement.state == "done" and settlement.method == "goods":
                settlement.released = settlement.amount - settlement.cost

    @api.depends("period_id", "date")
    def _compute_display_name(self):
        for settlement in self:
            settlement.display_name = f"{settlement.period_id.display_name} ({settlement.date})"

    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Store settlements as the dialog makes them.

        :raise AccessError: one is entered by hand
        """
        if not is_unlocked(self.env):
            raise AccessError(
                self.env._("Settlements are made by “Settle” on the period, not by hand.")
            )
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A settlement cannot be deleted. Cancel it instead."))

    def action_cancel(self):
        """Take back a write-off, a waiting deduction or a delivery that has not left.

        :raises UserError: a document was posted; correct the document instead
        """
        self.period_id._check_can_settle()
        for settlement in self:
            if settlement._posted_lines() and not settlement._is_taken_back():
                raise UserError(
                    self.env._(
                        "%s was posted. Reset it to draft first, or reverse it.",
                        settlement.line_ids.move_id[:1].display_name,
                    )
                )
        # sudo: _check_can_settle let the user do this
        own = unlocked(self)
        own.line_ids.move_id.filtered(lambda move: move.state == "draft")._rebate_drop(own)
        own.picking_id.filtered(lambda p: p.state not in ("done", "cancel")).action_cancel()
        own.write({"cancelled": True})
        own.period_id._subledger_mark_dirty()
        return True

    def action_open_document(self):
        """Open the invoices, bills or the delivery of these settlements."""
        self.ensure_one()
        if self.method == "goods":
            return self._action_open(self.picking_id)
        return self._action_open(self.line_ids.move_id)

    def _action_open(self, records):
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Documents"),
            "res_model": records._name,
            "view_mode": "list,form",
            "domain": [("id", "in", records.ids)],
            "context": {"create": False},
        }
        if len(records) == 1:
            action.update(view_mode="form", views=[(False, "form")], res_id=records.id)
        return action

    # ------------------------------------------------------------------
    # Lines of documents
    # ------------------------------------------------------------------

    def _prepare_line_vals(self, amount, taxes, quantity=1.0):
        """Return a line that clears the sub-ledger; ``amount`` excludes taxes."""
        self.ensure_one()
        period = self.period_id
        price = abs(amount)
        included = self.env["account.tax"].browse(taxes).filtered("price_include")
        if included:
            price = included.compute_all(price, handle_price_include=False)["total_included"]
        return {
            "name": self._line_name(),
            "account_id": period.agreement_id.ledger_id.account_id.id,
            "quantity": quantity,
            "price_unit": price,
            "tax_ids": [Command.set(taxes)],
            "subledger_key_model": period._name,
            "subledger_key_id": period.id,
            "rebate_settlement_id": self.id,
        }

    def _line_name(self):
        lang = self.partner_id.lang
        period = self.period_id.with_context(lang=lang)
        return period.env._(
            "Rebate %(agreement)s, %(start)s – %(end)s",
            agreement=period.agreement_id.name,
            start=period.date_from,
            end=period.date_to,
        )

    # ------------------------------------------------------------------
    # Making settlements
    # ------------------------------------------------------------------

    @api.model
    def _settle(self, period, method, amount=None, final=False, **options):
        """Settle one period and return the settlement, empty where nothing is open at its end.

        :param method: one of METHODS
        :param amount: excluding taxes, in company currency; ``None`` settles what is open; below
            zero it is claimed back
        :param final: close the purchases first
        :param options: ``date``, ``until`` (purchases up to this day), ``taxes`` (of the invoice of
            the receiver), ``invoice`` (draft to deduct from), ``goods`` (pairs of product and
            quantity), ``post``, ``reason``
        :raises UserError: nothing is open, more than is open, or the method lacks something
        """
        period.ensure_one()
        period._check_can_settle()
        # sudo: _check_can_settle let the user do this
        own = unlocked(period)
        own._lock_to_settle()
        if final:
            own._close()
        own._subledger_catch_up()
        open_amount = own._open_amount(options.get("until"))
        amount = own.company_currency_id.round(open_amount if amount is None else amount)
        if final and not amount and not open_amount:
            own.settled_until = own.date_to
            return self.browse()
        own._check_amount(amount, open_amount)
        settlement = unlocked(self).create(
            own._prepare_settlement_vals(method, amount, final, options)
        )
        if method != "write_off":
            getattr(settlement, f"_make_{method}")(options)
        own.settled_until = own.date_to if final else options.get("until") or settlement.date
        own._subledger_mark_dirty()
        if options.get("post") and method in ("credit_note", "bill"):
            settlement._post()
        return settlement

    def _post(self):
        """Post the drafts as the user, who needs the right to do so."""
        drafts = self.line_ids.move_id.filtered(lambda move: move.state == "draft")
        # sudo: back to the rights of the user
        drafts.sudo(False).action_post()

    def _make_credit_note(self, options):
        refund = ("out_refund", "out_invoice")
        types = refund if self.direction == "customer" else ("in_refund", "in_invoice")
        self._make_document(types[self.amount < 0], self._tax_parts())

    def _make_bill(self, options):
        bill = ("in_invoice", "in_refund")
        types = bill if self.direction == "customer" else ("out_invoice", "out_refund")
        taxes = options.get("taxes") or self.env["account.tax"]
        self._make_document(types[self.amount < 0], [(self.amount, taxes.ids)])

    def _make_document(self, move_type, parts):
        move = self.env["account.move"].with_company(self.company_id)
        return move.create(
            {
                "move_type": move_type,
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "currency_id": self.currency_id.id,
                "invoice_date": self.date,
                "date": self.date,
                "ref": self._line_name(),
                "invoice_line_ids": [
                    Command.create(self._prepare_line_vals(amount, taxes))
                    for amount, taxes in parts
                    if amount
                ],
            }
        )

    def _tax_parts(self, amount=None):
        """Split the amount over the taxes of the purchases, by revenue.

        :return: list of ``(amount, tax ids)``
        """
        amount = self.amount if amount is None else amount
        sums = self.period_id._tax_sums()
        rounding = Decimal(repr(self.currency_id.rounding))
        parts = split(Decimal(repr(abs(amount))), [size for _taxes, size in sums], rounding)
        sign = -1 if amount < 0 else 1
        return [
            (sign * float(part), list(taxes))
            for part, (taxes, _size) in zip(parts, sums, strict=True)
        ] or [(amount, [])]

    def _make_deduction(self, options):
        if self.amount < 0:
            raise UserError(
                self.env._(
                    "A claim cannot be deducted. Choose “Credit note”: it becomes an invoice."
                )
            )
        if options.get("invoice"):
            # sudo: _settle checked the user
            self._deduct_from(options["invoice"].sudo())

    def _deduct_from(self, invoice):
        """Put the deduction on a draft invoice, at most its total; the rest goes on waiting."""
        self.ensure_one()
        wanted = ("out_invoice", "in_invoice")[self.direction == "vendor"]
        if (
            invoice.state != "draft"
            or invoice.move_type != wanted
            or invoice.commercial_partner_id != self.partner_id
            or invoice.company_id != self.company_id
            or invoice.currency_id != self.currency_id
        ):
            raise UserError(
                self.env._(
                    "%(invoice)s is no draft invoice of %(partner)s in %(currency)s.",
                    invoice=invoice.display_name,
                    partner=self.partner_id.name,
                    currency=self.currency_id.name,
                )
            )
        amount = min(self.amount, invoice.amount_untaxed)
        if self.currency_id.compare_amounts(amount, 0) <= 0:
            return False
        rest = self.currency_id.round(self.amount - amount)
        if rest:
            self.copy({"amount": rest, "cancelled": False})
            self.amount = amount
        lines = [
            Command.create(self._prepare_line_vals(part, taxes, quantity=-1.0))
            for part, taxes in self._tax_parts(amount)
            if part
        ]
        invoice.write({"invoice_line_ids": lines})
        return True

    def _make_goods(self, options):
        goods = options.get("goods")
        if self.direction == "vendor" or self.amount < 0 or not goods:
            raise UserError(
                self.env._("Choose the products and quantities that the partner receives.")
            )
        self.picking_id = self.env["stock.picking"].create(self._prepare_picking_vals(goods))
        self.picking_id.action_confirm()

    def _prepare_picking_vals(self, goods):
        """Return the values of the delivery of ``goods``: products with quantities."""
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company_id.id)], limit=1
        )
        source = warehouse.out_type_id.default_location_src_id
        target = self.partner_id.with_company(self.company_id).property_stock_customer
        return {
            "partner_id": self.partner_id.id,
            "picking_type_id": warehouse.out_type_id.id,
            "location_id": source.id,
            "location_dest_id": target.id,
            "company_id": self.company_id.id,
            "origin": self._line_name(),
            "move_ids": [
                Command.create(
                    {
                        "product_id": product.id,
                        "product_uom": product.uom_id.id,
                        "product_uom_qty": quantity,
                        "location_id": source.id,
                        "location_dest_id": target.id,
                        "company_id": self.company_id.id,
                    }
                )
                for product, quantity in goods
            ],
        }

    def _goods_delivered(self):
        """Clear the sub-ledger with the cost of the goods that left; the margin is released."""
        for settlement in self:
            moves = settlement.picking_id.move_ids.filtered(lambda m: m.state == "done")
            costs = settlement._goods_costs(moves)
            total = settlement.currency_id.round(sum(costs.values()))
            settlement.write({"cost": total, "date": fields.Date.context_today(settlement)})
            settlement._post_goods(costs, total)
            settlement.period_id._subledger_mark_dirty()

    def _goods_costs(self, moves):
        """Return ``{account: cost}``: stock where it is valued perpetually, else cost of sales.

        Each is rounded, in company currency: the entry has to balance.
        """
        costs = defaultdict(Decimal)
        for move in moves:
            product = move.product_id.with_company(self.company_id)
            accounts = product._get_product_accounts()
            perpetual = product.valuation == "real_time" and accounts.get("stock_valuation")
            account = perpetual or accounts["expense"]
            value = move.value or product.standard_price * move.quantity
            costs[account] += Decimal(repr(abs(value)))
        rounded = self.currency_id.round
        return {account: rounded(float(cost)) for account, cost in costs.items()}

    def _post_goods(self, costs, total):
        """Post the entry that clears the sub-ledger with the cost of the goods.

        :param costs: see :meth:`_goods_costs`
        :param float total: their sum
        """
        ledger = self.agreement_id.ledger_id
        moves = self.env["account.move"].with_company(self.company_id)
        move = moves.create(
            {
                "move_type": "entry",
                "company_id": self.company_id.id,
                "journal_id": ledger.journal_id.id,
                "date": self.date,
                "ref": f"{self.picking_id.name}: {self._line_name()}",
                "line_ids": [
                    Command.create(vals) for vals in self._prepare_goods_lines(costs, total)
                ],
            }
        )
        move._post(soft=False)

    def _prepare_goods_lines(self, costs, total):
        """Return the values of the journal items: what is settled, against what left."""
        common = {
            "name": self._line_name(),
            "partner_id": self.partner_id.id,
            "tax_ids": [Command.clear()],
        }
        settled = {
            "account_id": self.agreement_id.ledger_id.account_id.id,
            "balance": total,
            "subledger_key_model": self.period_id._name,
            "subledger_key_id": self.period_id.id,
            "rebate_settlement_id": self.id,
        }
        left = [{"account_id": account.id, "balance": -cost} for account, cost in costs.items()]
        return [common | vals for vals in (settled, *left)]
