from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError, ValidationError
from odoo.tools import SQL, format_date

from odoo.addons.crm_subledger.engine import Target

from ..engine import mdf
from ..tools import unlocked

FROZEN = frozenset(
    {"partner_id", "company_id", "ledger_id", "kind", "budget_id", "date_from", "date_to"}
)
# What the ledger depends on.
MONEY = frozenset({"state", "rate", "allocation", "expiry_date"})


class CrmMdfFund(models.Model):
    """Money for a partner's marketing: the key of the MDF sub-ledger.

    Three components explain the balance: ``accrual`` (a share of the net purchases, or an
    allocation; against revenue), ``service`` and ``reclass`` (what distinct services of the partner
    were worth moves from the reduction of revenue to an expense, IFRS 15.70–72) and ``expiry``.
    Vendor bills and credit notes settle it.
    """

    _name = "crm.mdf.fund"
    _description = "Market Development Fund"
    _inherit = ["crm.mdf.base", "crm.subledger.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_to desc, partner_id, id"
    _check_company_auto = True

    _guarded = frozenset(
        {
            "state",
            "purchases",
            "accrued",
            "service_expense",
            "settled",
            "lapsed",
            "reminded_on",
        }
    )

    name = fields.Char("Number", readonly=True, copy=False, index="trigram")
    partner_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        check_company=True,
        domain="[('is_company', '=', True), ('grade_id', '!=', False)]",
        ondelete="restrict",
        tracking=True,
    )
    grade_id = fields.Many2one(related="partner_id.grade_id", string="Level")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users", "Channel Manager", default=lambda self: self.env.user, index=True
    )
    ledger_id = fields.Many2one(
        "crm.subledger",
        required=True,
        check_company=True,
        domain="[('kind', '=', 'mdf')]",
        default=lambda self: self._default_ledger(),
        ondelete="restrict",
        help="Sub-ledger of the kind “Market Development Funds”.",
    )
    kind = fields.Selection(
        [("accrual", "Share of purchases"), ("discretionary", "Allocated")],
        required=True,
        default="accrual",
        help="Share of purchases: a percentage of what the partner buys. Allocated: an amount we "
        "decide on, part of a budget or not.",
    )
    rate_own = fields.Boolean("Own Rate", help="Do not take the rate of the partner's level.")
    rate = fields.Float(
        "Rate (%)",
        digits=(5, 2),
        compute="_compute_rate",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Share of the net purchases. That of the level when the fund was made, unless it has "
        "a rate of its own; a later change of the level does not change it.",
    )
    budget_id = fields.Many2one("crm.mdf.budget", check_company=True, index="btree_not_null")
    allocation = fields.Monetary(tracking=True)
    date_from = fields.Date("From", required=True, help="First day of the purchases that count.")
    date_to = fields.Date("To", required=True, help="Last day of the purchases that count.")
    expiry_date = fields.Date(
        "Usable until",
        required=True,
        compute="_compute_expiry_date",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Last day on which a claim can be sent. What is left then goes back to revenue.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("open", "Open"),
            ("expired", "Expired"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    reminded_on = fields.Date(readonly=True, copy=False)
    request_ids = fields.One2many("crm.mdf.request", "fund_id", "Requests")
    request_count = fields.Integer(compute="_compute_counts")
    claim_count = fields.Integer(compute="_compute_counts")
    # read from the sub-ledger after each run
    purchases = fields.Monetary("Net Purchases", readonly=True, copy=False)
    accrued = fields.Monetary(readonly=True, copy=False)
    service_expense = fields.Monetary(
        readonly=True,
        copy=False,
        help="What distinct services were worth: moved from reduced revenue to an expense.",
    )
    settled = fields.Monetary(
        readonly=True, copy=False, help="Posted vendor bills and credit notes."
    )
    lapsed = fields.Monetary(
        readonly=True, copy=False, help="What went back to revenue when the fund expired."
    )
    balance = fields.Monetary(
        compute="_compute_balance",
        store=True,
        help="What the sub-ledger still owes: accrued less settled less lapsed.",
    )
    # from the requests
    reserved = fields.Monetary(
        compute="_compute_reserved",
        store=True,
        help="Approved requests, and what was claimed of closed ones.",
    )
    committed = fields.Monetary(
        compute="_compute_reserved",
        store=True,
        help="Claims that are approved, or not decided yet, within their requests.",
    )
    available = fields.Monetary(
        compute="_compute_available",
        store=True,
        help="What can still be approved: accrued less reserved. Negative when credit notes took "
        "back purchases that had been promised already.",
    )

    _dates_ordered = models.Constraint(
        "CHECK(date_to >= date_from)", "A fund cannot end before it begins."
    )
    _expires_after = models.Constraint(
        "CHECK(expiry_date >= date_from)", "A fund cannot expire before it begins."
    )
    _partner_period_idx = models.Index("(partner_id, company_id, date_from, date_to)")

    @api.model
    def _default_ledger(self):
        return (
            self.env["crm.subledger"]
            .sudo()  # sudo: which ledger a new fund belongs to, not what it holds
            .search([("kind", "=", "mdf"), ("company_id", "=", self.env.company.id)], limit=1)
        )

    @api.depends("name", "partner_id.name")
    def _compute_display_name(self):
        for fund in self:
            fund.display_name = f"{fund.name or ''} {fund.partner_id.name or ''}".strip()

    @api.depends("partner_id", "rate_own", "kind")
    def _compute_rate(self):
        for fund in self:
            if fund.kind != "accrual":
                fund.rate = 0.0
            elif not fund.rate_own:
                fund.rate = fund.partner_id.commercial_partner_id.grade_id.mdf_rate

    @api.depends("date_to")
    def _compute_expiry_date(self):
        for fund in self:
            if fund.date_to and (not fund.expiry_date or fund.state == "draft"):
                fund.expiry_date = fund.date_to + timedelta(days=90)

    @api.depends("accrued", "settled", "lapsed")
    def _compute_balance(self):
        for fund in self:
            fund.balance = fund.currency_id.round(fund.accrued - fund.settled - fund.lapsed)

    @api.depends("request_ids.reserved", "request_ids.committed")
    def _compute_reserved(self):
        for fund in self:
            fund.reserved = sum(fund.request_ids.mapped("reserved"))
            fund.committed = sum(fund.request_ids.mapped("committed"))

    @api.depends("accrued", "reserved", "state")
    def _compute_available(self):
        for fund in self:
            free = fund.currency_id.round(fund.accrued - fund.reserved)
            fund.available = free if fund.state == "open" else 0.0

    def _compute_counts(self):
        asked = dict(
            self.env["crm.mdf.request"]._read_group(
                [("fund_id", "in", self.ids)], ["fund_id"], ["__count"]
            )
        )
        claims = dict(
            self.env["crm.mdf.claim"]._read_group(
                [("fund_id", "in", self.ids)], ["fund_id"], ["__count"]
            )
        )
        for fund in self:
            fund.request_count = asked.get(fund, 0)
            fund.claim_count = claims.get(fund, 0)

    @api.constrains("rate", "allocation", "kind")
    def _check_amounts(self):
        for fund in self:
            if not 0 <= fund.rate <= 100:
                raise ValidationError(
                    self.env._("%s: the rate has to lie between 0 and 100 %%.", fund.display_name)
                )
            if fund.allocation < 0 or (fund.kind == "accrual" and fund.allocation):
                raise ValidationError(
                    self.env._(
                        "%s: only an allocated fund has an allocation, and not a negative one.",
                        fund.display_name,
                    )
                )

    @api.constrains("partner_id", "kind", "date_from", "date_to", "state", "company_id")
    def _check_no_overlap(self):
        """The same purchase must not add to two funds."""
        for fund in self.filtered(lambda f: f.kind == "accrual" and f.state != "cancelled"):
            other = self.search(
                [
                    ("id", "!=", fund.id),
                    ("partner_id", "=", fund.partner_id.id),
                    ("company_id", "=", fund.company_id.id),
                    ("kind", "=", "accrual"),
                    ("state", "!=", "cancelled"),
                    ("date_from", "<=", fund.date_to),
                    ("date_to", ">=", fund.date_from),
                ],
                limit=1,
            )
            if other:
                raise ValidationError(
                    self.env._(
                        "%(fund)s: purchases of this period add to %(other)s (%(start)s – %(end)s) "
                        "already. Choose another period, or cancel the other fund.",
                        fund=fund.display_name,
                        other=other.display_name,
                        start=format_date(self.env, other.date_from),
                        end=format_date(self.env, other.date_to),
                    )
                )

    @api.constrains("budget_id", "allocation", "state")
    def _check_budget(self):
        budgets = self.budget_id
        if budgets:
            budgets._lock()
            budgets._check_not_overspent()

    @api.constrains("ledger_id")
    def _check_ledger(self):
        for fund in self:
            ledger = fund.ledger_id.sudo()  # sudo: the kind and name of the ledger, no amounts
            if ledger.kind != "mdf":
                raise ValidationError(
                    self.env._(
                        "“%s” is not a sub-ledger of market development funds. Choose its kind "
                        "under Invoicing > Configuration > Sub-ledgers.",
                        ledger.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Give the fund to the company that a contact belongs to."""
        partners = self.env["res.partner"].browse(vals.get("partner_id") for vals in vals_list)
        for vals, partner in zip(vals_list, partners, strict=True):
            vals["partner_id"] = partner.commercial_partner_id.id
        return super().create(vals_list)

    def write(self, vals):
        """Keep what the ledger rests on once the fund is open.

        :raises UserError: partner, period or ledger of an open fund would change
        """
        if FROZEN & vals.keys() and any(fund.state != "draft" for fund in self):
            raise UserError(
                self.env._(
                    "A fund keeps its partner, period and ledger once it is open. Cancel it and "
                    "open another one."
                )
            )
        result = super().write(vals)
        if MONEY & vals.keys():
            self._subledger_mark_dirty()
        return result

    # ------------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------------

    def action_open(self):
        """Open funds: from now on purchases accrue and the partner may ask."""
        self.check_access("write")
        for fund in self:
            if fund.kind == "accrual" and not fund.rate:
                raise UserError(
                    self.env._(
                        "%(fund)s has no rate: the level “%(level)s” grants no MDF. Set its rate, "
                        "or give the fund one of its own.",
                        fund=fund.display_name,
                        level=fund.grade_id.name or "",
                    )
                )
            if fund.kind == "discretionary" and not fund.allocation:
                raise UserError(self.env._("%s: enter the allocation first.", fund.display_name))
        self._update_state(("draft",), "open")

    def action_cancel(self):
        """Take a fund back: what was accrued is reversed."""
        self.check_access("write")
        for fund in self:
            if fund.reserved or fund.settled or fund.committed:
                raise UserError(
                    self.env._(
                        "%s was promised to requests already. Refuse or close them first.",
                        fund.display_name,
                    )
                )
        self._update_state(("draft", "open", "expired"), "cancelled")

    def action_draft(self):
        """Undo a cancellation."""
        self.check_access("write")
        self._update_state(("cancelled",), "draft")

    def action_extend(self):
        """Open an expired fund again, after a later date was set."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        for fund in self:
            if fund.expiry_date < today:
                raise UserError(
                    self.env._(
                        "%(fund)s was usable until %(date)s. Set a later date first, then open it "
                        "again.",
                        fund=fund.display_name,
                        date=format_date(self.env, fund.expiry_date),
                    )
                )
        self._update_state(("expired",), "open", reminded_on=False)

    def _expire(self):
        """Close what is left: open requests without a claim waiting, and the fund itself."""
        self.ensure_one()
        self._lock()
        self.request_ids.filtered(lambda r: r.state in ("draft", "submitted"))._lapse()
        self.request_ids.filtered(lambda r: r.state == "approved" and not r.pending)._close()
        self._update_state(("open",), "expired")

    def _check_usable(self):
        """Raise when nothing may be asked of the fund any more."""
        today = fields.Date.context_today(self)
        for fund in self.sudo():  # sudo: its state and date, of a fund the caller may read
            if fund.state != "open" or fund.expiry_date < today:
                raise UserError(
                    self.env._(
                        "%(fund)s cannot be used: not open, or usable until %(date)s only.",
                        fund=fund.name,
                        date=format_date(self.env, fund.expiry_date),
                    )
                )

    def _lock(self):
        """Lock the funds until the end of the transaction, and bring their figures up to date.

        Whoever began earlier and sees an older state fails to lock, and is run again by the server.
        """
        try:
            self.lock_for_update()
        except LockError:
            raise UserError(
                self.env._(
                    "Somebody else is deciding on this fund at the moment. Try again: %s",
                    ", ".join(self.mapped("name")),
                )
            ) from None
        self._subledger_catch_up()
        self.env.flush_all()
        self.invalidate_recordset()

    # ------------------------------------------------------------------
    # Sub-ledger
    # ------------------------------------------------------------------

    def _subledger_targets(self):
        purchases = self._purchases()
        return [
            target
            for fund in self
            if fund.state in ("open", "expired")
            for target in fund._targets(*purchases.get(fund.id, (Decimal(0), None)))
        ]

    def _targets(self, purchases, last):
        """Return the targets of one fund; a liability is a credit, negative."""
        digits = self.currency_id.decimal_places
        step = Decimal(1).scaleb(-digits)
        if self.kind == "accrual":
            amount = mdf.accrued(purchases, mdf.exact(self.rate), step)
            row = {
                "code": "purchases",
                "basis": str(purchases),
                "rate": str(mdf.exact(self.rate) / 100),
                "amount": str(amount),
            }
        else:
            amount, last = mdf.exact(self.allocation, digits), self.date_from
            row = {"code": "allocation", "amount": str(amount)}
        targets = [self._target("accrual", -amount, last, -1, None, [row])]
        targets += self._service_targets(digits)
        if self.state == "expired":
            committed = mdf.exact(self.committed, digits)
            rest = mdf.lapsed(amount, committed)
            rows = [
                {"code": "accrued", "amount": str(amount)},
                {"code": "committed", "amount": str(-committed)},
            ]
            targets.append(self._target("expiry", rest, self.expiry_date, 1, None, rows))
        return targets

    def _service_targets(self, digits):
        """Return what moves distinct services to their expense: two sides, the balance stays."""
        claims = self.request_ids.claim_ids.filtered(lambda c: c.fair_value and c.settled)
        rows, total, last = [], Decimal(0), None
        for claim in claims.sorted("id"):
            part = mdf.service(
                mdf.exact(claim.fair_value, digits), mdf.exact(claim.settled, digits)
            )
            rows.append({"code": "service", "label": claim.name, "amount": str(part)})
            total += part
            last = max(filter(None, (last, claim.settled_on)), default=None)
        if not total:
            return []
        account = self.ledger_id._mdf_service_account()
        return [
            self._target("service", -total, last, -1, account.id, rows),
            self._target("reclass", total, last, 1, None, rows),
        ]

    def _target(self, component, amount, day, sign, account, rows):
        return Target(
            key=self.id,
            ledger=self.ledger_id.id,
            amount=amount,
            partner=self.partner_id.id,
            date=day,
            component=component,
            account=account,
            sign=sign,
            explanation={"rows": rows},
        )

    def _purchases(self):
        """Return ``{fund id: (net purchases, day of the last document)}`` in company currency.

        Posted invoices less credit notes of the period, by invoice date; lines that settle a
        sub-ledger (a rebate, a fund) are no purchases.
        """
        if not self.ids:
            return {}
        self.env["account.move.line"].flush_model(
            ["balance", "display_type", "move_id", "subledger_key_id"]
        )
        self.env["account.move"].flush_model(
            ["commercial_partner_id", "company_id", "date", "invoice_date", "move_type", "state"]
        )
        self.flush_model(["partner_id", "company_id", "date_from", "date_to"])
        rows = self.env.execute_query(
            SQL(
                """SELECT f.id, (-SUM(l.balance))::text, MAX(m.date)
                     FROM crm_mdf_fund f
                     JOIN account_move m
                       ON m.commercial_partner_id = f.partner_id
                      AND m.company_id = f.company_id
                      AND m.state = 'posted'
                      AND m.move_type IN ('out_invoice', 'out_refund')
                      AND m.invoice_date BETWEEN f.date_from AND f.date_to
                     JOIN account_move_line l
                       ON l.move_id = m.id
                      AND l.display_type = 'product'
                      AND l.subledger_key_id IS NULL
                    WHERE f.id IN %s AND f.kind = 'accrual'
                 GROUP BY f.id""",
                tuple(self.ids),
            )
        )
        return {key: (Decimal(amount), last) for key, amount, last in rows}

    @api.model
    def _subledger_keys_of(self, *documents):
        funds = self.browse()
        for moves in documents:
            if moves._name == "account.move":
                funds |= self._funds_of_purchases(moves)
                funds |= moves.line_ids.mdf_claim_id.fund_id
        return funds

    @api.model
    def _funds_of_purchases(self, moves):
        days = [day for day in moves.mapped("invoice_date") if day]
        if not days:
            return self.browse()
        return self.search(
            [
                ("kind", "=", "accrual"),
                ("state", "in", ("open", "expired")),
                ("partner_id", "in", moves.commercial_partner_id.ids),
                ("company_id", "in", moves.company_id.ids),
                ("date_from", "<=", max(days)),
                ("date_to", ">=", min(days)),
            ]
        )

    def _subledger_run(self, force_split=False):
        entries = super()._subledger_run(force_split=force_split)
        if not entries:
            # purchases may have changed without changing what is owed
            self.exists()._refresh_amounts()
        return entries

    def _subledger_posted(self, entries):
        result = super()._subledger_posted(entries)
        self._refresh_amounts()
        return result

    def _subledger_settled(self):
        result = super()._subledger_settled()
        self.request_ids.claim_ids._refresh_settled()
        self._refresh_amounts()
        self._subledger_mark_dirty()
        return result

    def _refresh_amounts(self):
        """Read the figures of the funds from the sub-ledger."""
        sums = defaultdict(float)
        # sudo: the sums of these funds, whoever triggered the posting
        for key, component, amount in (
            self.env["crm.subledger.entry"]
            .sudo()
            ._read_group(self._subledger_entry_domain(), ["res_id", "component"], ["amount:sum"])
        ):
            sums[key, component] += amount
        purchases = self._purchases()
        for fund in unlocked(self):
            rounded = fund.currency_id.round
            vals = {
                "purchases": float(purchases.get(fund.id, (Decimal(0), None))[0]),
                "accrued": rounded(-sums[fund.id, "accrual"]),
                "service_expense": rounded(-sums[fund.id, "service"]),
                "lapsed": rounded(sums[fund.id, "expiry"]),
                "settled": rounded(sums[fund.id, "settlement"]),
            }
            changed = {
                n: v for n, v in vals.items() if fund.currency_id.compare_amounts(fund[n], v)
            }
            if changed:
                fund.write(changed)

    @api.model
    def _subledger_explanation_row(self, row):
        labels = {
            "purchases": self.env._("Net purchases of the period"),
            "allocation": self.env._("Allocation"),
            "accrued": self.env._("Accrued"),
            "committed": self.env._("Claims approved or waiting"),
            "service": self.env._("Fair value of the service, %s", row.get("label", "")),
        }
        _label, *rest = super()._subledger_explanation_row(row)
        return (labels.get(row.get("code"), _label), *rest)

    # ------------------------------------------------------------------
    # Screens
    # ------------------------------------------------------------------

    def action_open_requests(self):
        """Open the requests of these funds."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_partner.crm_mdf_request_action")
        action["domain"] = [("fund_id", "in", self.ids)]
        action["context"] = {"default_fund_id": self.id if len(self) == 1 else False}
        return action

    def action_open_claims(self):
        """Open the claims against these funds."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_partner.crm_mdf_claim_action")
        action["domain"] = [("fund_id", "in", self.ids)]
        action["context"] = {"create": False}
        return action

    def action_open_purchases(self):
        """Open the invoices and credit notes whose purchases add to the fund."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Purchases"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [
                ("commercial_partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("move_type", "in", ("out_invoice", "out_refund")),
                ("state", "=", "posted"),
                ("invoice_date", ">=", self.date_from),
                ("invoice_date", "<=", self.date_to),
            ],
            "context": {"create": False},
        }

    # ------------------------------------------------------------------
    # Daily
    # ------------------------------------------------------------------

    @api.model
    def _cron_expire(self):
        """Expire funds whose last day has passed, and remind of those that end soon."""
        today = fields.Date.context_today(self)
        ended = self.search([("state", "=", "open"), ("expiry_date", "<", today)], order="id")
        self._each(ended, type(self)._expire)
        for company in self.env["res.company"].search([("mdf_reminder_days", ">", 0)], order="id"):
            soon = self.search(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", "open"),
                    ("reminded_on", "=", False),
                    ("expiry_date", ">=", today),
                    ("expiry_date", "<=", today + timedelta(days=company.mdf_reminder_days)),
                    ("balance", ">", 0),
                ],
                order="id",
            )
            self._each(soon, type(self)._remind)

    def _remind(self):
        """Tell the partner's marketing people and the channel manager that a fund ends soon."""
        self.ensure_one()
        people = self.partner_id._partner_people("marketing")
        for recipient in people | self.user_id.partner_id:
            fund = self.with_context(lang=recipient.lang)
            fund.message_notify(
                partner_ids=recipient.ids,
                subject=fund.env._("Market development fund %s ends soon", fund.name),
                body=fund.env._(
                    "%(balance)s of the fund %(fund)s can be claimed until %(date)s. What is not "
                    "claimed by then is lost.",
                    balance=fund.currency_id.format(fund.balance),
                    fund=fund.name,
                    date=format_date(fund.env, fund.expiry_date),
                ),
            )
        unlocked(self).write({"reminded_on": fields.Date.context_today(self)})
