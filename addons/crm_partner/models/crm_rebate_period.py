from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_subledger.engine import Share, Target
from odoo.addons.crm_subledger.engine.scale import round_to

from ..engine.rebate import (
    Volume,
    accrued,
    add_months,
    apportion,
    earned,
    next_step,
    spans,
    split,
    year_before,
)
from .crm_rebate_measure import Measured, Window

ZERO = Decimal(0)
STAFF = "base.group_user"
#: how long after its end a period still follows late documents by itself
FOLLOW_MONTHS = 18
BATCH = 200


class CrmRebatePeriod(models.Model):
    """What one participant earns in one period: the key of the rebate sub-ledger."""

    _name = "crm.rebate.period"
    _description = "Rebate Period"
    _inherit = ["crm.subledger.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_from desc, agreement_id, partner_id, id"
    # An invoice of a distributor must not wait for an accrual: core takes as long to create and
    # post that entry as to post the invoice itself.
    _subledger_at_once = False

    agreement_id = fields.Many2one(
        "crm.rebate.agreement", required=True, readonly=True, index=True, ondelete="restrict"
    )
    participant_id = fields.Many2one(
        "crm.rebate.participant", required=True, readonly=True, index=True, ondelete="restrict"
    )
    active = fields.Boolean(default=True, readonly=True)
    agreement_name = fields.Char(related="agreement_id.name", store=True)
    partner_id = fields.Many2one(
        related="participant_id.partner_id", store=True, index=True, precompute=True
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True, precompute=True
    )
    direction = fields.Selection(
        related="agreement_id.direction", store=True, index=True, precompute=True
    )
    kind = fields.Selection(related="agreement_id.kind")
    basis = fields.Selection(related="agreement_id.basis")
    reward = fields.Selection(related="agreement_id.reward")
    user_id = fields.Many2one(related="agreement_id.user_id", store=True, index=True)
    currency_id = fields.Many2one(
        related="agreement_id.currency_id", string="Currency of the Agreement"
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    uom_id = fields.Many2one(related="agreement_id.uom_id")
    date_from = fields.Date("From", required=True, readonly=True)
    date_to = fields.Date("To", required=True, readonly=True)
    is_final = fields.Boolean(
        "Purchases Closed",
        readonly=True,
        copy=False,
        tracking=True,
        help="The period is over: what was really earned replaces what was expected. Late"
        " documents and returns still change it.",
    )
    final_on = fields.Date("Closed on", readonly=True, copy=False)
    state = fields.Selection(
        [
            ("open", "Running"),
            ("partial", "Partly settled"),
            ("due", "To settle"),
            ("claim", "To claim back"),
            ("settled", "Settled"),
            ("written_off", "Written off"),
        ],
        compute="_compute_state",
        store=True,
        tracking=True,
        index=True,
    )
    # --- what the documents say ---
    revenue = fields.Monetary("Purchases", readonly=True)
    quantity = fields.Float(readonly=True, digits=(16, 2))
    base_size = fields.Float("Last Year", readonly=True, digits=(16, 2))
    focus_size = fields.Float("Focus Products", readonly=True, digits=(16, 2))
    measure = fields.Float(
        readonly=True,
        digits=(16, 2),
        aggregator=None,
        help="What is compared with the bounds of the scale: money, units or percent.",
    )
    rate_reached = fields.Float(readonly=True, digits=(16, 4), aggregator="avg")
    next_rate = fields.Float(readonly=True, digits=(16, 4), aggregator=None)
    next_missing = fields.Float(
        "Missing to the Next Tier", readonly=True, digits=(16, 2), aggregator=None
    )
    document_count = fields.Integer("Documents", compute="_compute_document_count")
    last_document_date = fields.Date("Last Purchase", readonly=True)
    entitlement = fields.Monetary(
        "Earned",
        currency_field="company_currency_id",
        readonly=True,
        help="What the purchases as they stand entitle to, in company currency.",
    )
    # --- what the books say ---
    expected_volume = fields.Float(readonly=True, digits=(16, 2), aggregator=None, groups=STAFF)
    accrued = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        groups=STAFF,
        help="Posted by the sub-ledger, before settlements.",
    )
    settled = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        help="Paid by posted documents; negative amounts were claimed back.",
    )
    released = fields.Monetary(
        currency_field="company_currency_id",
        compute="_compute_settlements",
        store=True,
        help="Written off, expired, or the margin of goods given instead of money.",
    )
    pending = fields.Monetary(
        currency_field="company_currency_id",
        compute="_compute_settlements",
        store=True,
        help="On drafts, on the way as goods, or waiting for the next invoice.",
    )
    balance = fields.Monetary(
        currency_field="company_currency_id",
        compute="_compute_payable",
        store=True,
        groups=STAFF,
        help="Accrued less settled: what the sub-ledger still holds.",
    )
    payable = fields.Monetary(
        "Open Amount",
        currency_field="company_currency_id",
        compute="_compute_payable",
        store=True,
        help="Earned less what was settled, released or is on the way; below zero it has to be"
        " claimed back.",
    )
    next_settlement = fields.Date(
        compute="_compute_next_settlement",
        store=True,
        help="End of the settlement interval with the days of grace.",
    )
    settled_until = fields.Date(readonly=True, copy=False)
    settlement_ids = fields.One2many("crm.rebate.settlement", "period_id", "Settlements")
    dispute_ids = fields.One2many("crm.rebate.dispute", "period_id", "Disputes")
    dispute_open = fields.Boolean(
        "Disputed", compute="_compute_dispute_open", store=True, tracking=True
    )
    # --- outlook ---
    forecast_volume = fields.Float(compute="_compute_forecast", digits=(16, 2), aggregator=None)
    forecast_amount = fields.Monetary(
        compute="_compute_forecast", currency_field="company_currency_id"
    )
    settlement_count = fields.Integer(compute="_compute_settlement_count")
    explanation_html = fields.Html(
        "How it was computed",
        compute="_compute_explanation_html",
        sanitize=False,
        groups=STAFF,
    )

    _key_uniq = models.Constraint(
        "UNIQUE(participant_id, date_from)",
        "A participant has one rebate period for each day on which one begins.",
    )

    @api.depends("agreement_id.name", "partner_id.name", "date_from", "date_to")
    def _compute_display_name(self):
        for period in self:
            period.display_name = (
                f"{period.agreement_id.name} {period.date_from}–{period.date_to}:"
                f" {period.partner_id.name}"
            )

    def write(self, vals):
        """Keep the figures as documents and sub-ledger have them.

        :raise AccessError: a computed field would change by hand
        """
        # readonly fields are what the documents and the ledger say, whoever may write the rest
        if not self.env.su and any(self._fields[name].readonly for name in vals):
            raise AccessError(
                self.env._(
                    "The figures of a rebate period follow the documents and the sub-ledger; they"
                    " cannot be entered."
                )
            )
        return super().write(vals)

    @api.depends("settlement_ids.state", "settlement_ids.released", "settlement_ids.open_amount")
    def _compute_settlements(self):
        for period in self:
            done = period.settlement_ids
            period.released = sum(done.mapped("released"))
            period.pending = sum(done.mapped("open_amount"))

    @api.depends("entitlement", "accrued", "settled", "released", "pending")
    def _compute_payable(self):
        for period in self:
            rounded = period.company_currency_id.round
            period.balance = rounded(period.accrued - period.settled)
            period.payable = rounded(
                period.entitlement - period.settled - period.released - period.pending
            )

    @api.depends("is_final", "payable", "settled", "released", "pending")
    def _compute_state(self):
        for period in self:
            compare = period.company_currency_id.compare_amounts
            payable = compare(period.payable, 0)
            started = bool(compare(period.settled, 0))
            if payable < 0 and started:
                period.state = "claim"
            elif not period.is_final:
                period.state = "partial" if started else "open"
            elif payable > 0 or period.pending:
                period.state = "partial" if started else "due"
            elif not started and period.released:
                period.state = "written_off"
            else:
                period.state = "settled"

    @api.depends("dispute_ids.state")
    def _compute_dispute_open(self):
        for period in self:
            period.dispute_open = any(d.state == "open" for d in period.dispute_ids)

    @api.depends(
        "date_from",
        "date_to",
        "settled_until",
        "agreement_id.settle_interval",
        "agreement_id.grace_days",
    )
    def _compute_next_settlement(self):
        for period in self:
            agreement = period.agreement_id
            ends = [
                end
                for _start, end in spans(
                    period.date_from, period.date_to, agreement.settle_interval
                )
                if not period.settled_until or end > period.settled_until
            ]
            last = ends[0] if ends else False
            period.next_settlement = last and fields.Date.add(last, days=agreement.grace_days)

    def _compute_settlement_count(self):
        counts = dict(
            self.env["crm.rebate.settlement"]._read_group(
                [("period_id", "in", self.ids)], ["period_id"], ["__count"]
            )
        )
        for period in self:
            period.settlement_count = counts.get(period, 0)

    @api.depends("revenue", "quantity", "date_from", "date_to", "is_final", "entitlement")
    def _compute_forecast(self):
        today = fields.Date.context_today(self)
        for period in self:
            period.forecast_volume, period.forecast_amount = period._forecast(today)

    def _forecast(self, today):
        """Return volume and amount of the whole period if purchases go on as they did so far."""
        self.ensure_one()
        size = self.quantity if self.basis == "quantity" else self.revenue
        elapsed = (min(today, self.date_to) - self.date_from).days + 1
        days = (self.date_to - self.date_from).days + 1
        if self.is_final or elapsed >= days or elapsed < 1 or not self.revenue:
            return size, self.entitlement
        measured = self._measured_from_record()
        factor = Decimal(days) / Decimal(elapsed)
        volume = measured.volume.times(factor)
        terms = self.agreement_id._terms(self.participant_id)
        if terms.kind == "transaction" or self.agreement_id.participation == "group":
            amount = Decimal(repr(self.entitlement)) * factor
        else:
            amount = self._to_company(earned(terms, volume).amount, measured)
        return size * float(factor), self.company_currency_id.round(float(amount))

    def _measured_from_record(self):
        """Return what was measured last, from the figures of the period."""
        measured = Measured()
        measured.volume = self._volume_from_record()
        measured.company_revenue = measured.volume.revenue
        measured.last = self.last_document_date
        return measured

    def _volume_from_record(self):
        of_basis = "quantity" if self.basis == "quantity" else "revenue"
        return Volume(
            revenue=Decimal(repr(self.revenue)),
            quantity=Decimal(repr(self.quantity)),
            **{
                f"base_{of_basis}": Decimal(repr(self.base_size)),
                f"focus_{of_basis}": Decimal(repr(self.focus_size)),
            },
        )

    # ------------------------------------------------------------------
    # Targets
    # ------------------------------------------------------------------

    def _subledger_targets(self):
        """Return what the ledger should hold: expected or earned, less what was released."""
        # sudo: figures follow the documents, whoever posts them
        everything = self.sudo()
        running = everything.filtered(lambda p: p._is_measured())
        everyone = running._with_group()
        found = self.env["crm.rebate.measure"]._measure(everyone._windows())
        results = everyone._results(found)
        measured = {period: found.get(period.id) or Measured() for period in running}
        running._keep_measured(measured, results)
        (everything - running)._keep_nothing()
        return [period._target(measured[period], results[period.id]) for period in running]

    def _subledger_split(self, targets):
        """Attribute granted rebates to the sales orders invoiced, by their net purchases.

        What was invoiced without an order, or is only on returned orders, belongs to no deal.
        """
        # sudo: figures follow the documents, whoever posts them
        periods = self.sudo().browse({target.key for target in targets})
        chosen = periods.filtered(lambda period: period._is_attributed())
        found = self.env["crm.rebate.measure"]._measure_orders(
            [window for window in chosen._windows() if not window.base]
        )
        return {
            target.address: periods.browse(target.key)._shares(target.amount, found[target.key])
            for target in targets
            if target.key in found
        }

    def _is_attributed(self):
        """Whether the rebate can be attributed to orders yet.

        While a period runs, only where every purchase earns at the same rate: otherwise each
        further purchase would move the shares of all orders before it. All can once it is closed.
        """
        agreement = self.agreement_id
        even = (
            agreement.kind == "volume"
            and agreement.reward == "percent"
            and agreement.basis == "revenue"
            and agreement.method == "retroactive"
            and not agreement.cap
        )
        return agreement.direction == "customer" and (even or self.is_final)

    def _shares(self, amount, purchases):
        """Return the shares of the orders in an amount in company currency.

        :param purchases: ``{order id: (net purchases, ids of the documents)}``
        """
        ordered = sum((money for money, _moves in purchases.values()), ZERO)
        # A third of a cent may be left of lines that bill three lines of orders.
        rest = round_to(Decimal(repr(self.revenue)) - ordered, Decimal("0.01"))
        parts = apportion(
            amount,
            [*(money for money, _moves in purchases.values()), rest],
            Decimal(repr(self.company_currency_id.rounding)),
        )
        # Where every order was returned, what is left belongs to no deal.
        parts[-1] += amount - sum(parts, ZERO)
        documents = [(order, moves) for order, (_money, moves) in purchases.items()]
        # Shares of zero as well: what they held before is taken back on the day of the change.
        return [
            Share(order, part, moves)
            for (order, moves), part in zip([*documents, (None, ())], parts, strict=True)
        ]

    def _is_measured(self):
        return self.active and self.agreement_id.state in ("active", "ended")

    def _with_group(self):
        """Return the periods together with those of the other members of their buying groups."""
        groups = self.filtered(lambda p: p.agreement_id.participation == "group")
        if not groups:
            return self
        siblings = self.search([("agreement_id", "in", groups.agreement_id.ids)])
        starts = {(p.agreement_id, p.date_from) for p in groups}
        return self | siblings.filtered(lambda p: (p.agreement_id, p.date_from) in starts)

    def _windows(self, until=None):
        """Return what has to be measured for these periods, up to a day."""
        windows = []
        for period in self:
            end = min(period.date_to, until) if until else period.date_to
            common = (period.agreement_id.id, period.participant_id.id)
            windows.append(Window(period.id, False, *common, period.date_from, end))
            if period.kind == "growth" and not period.participant_id.baseline:
                windows.append(
                    Window(
                        period.id, True, *common, year_before(period.date_from), year_before(end)
                    )
                )
        return windows

    def _results(self, found):
        """Return ``{period id: (accrual, entitlement, next step, expected)}``."""
        results = {}
        grouped = defaultdict(self.browse)
        for period in self:
            if period.agreement_id.participation == "group":
                grouped[period.agreement_id, period.date_from] += period
            else:
                results[period.id] = period._result(found.get(period.id) or Measured())
        for members in grouped.values():
            results.update(members._group_results(found))
        return results

    def _result(self, measured):
        terms = self.agreement_id._terms(self.participant_id)
        expected = self.agreement_id._expected(self.participant_id)
        real = earned(terms, measured.volume)
        meanwhile = real if self.is_final else accrued(terms, measured.volume, expected)
        return meanwhile, real, next_step(terms, measured.volume), expected

    def _group_results(self, found):
        """Return the results of a buying group: reached together, divided by purchases."""
        members = self.sorted("participant_id")
        measured = [found.get(period.id) or Measured() for period in members]
        total = Volume()
        for one in measured:
            total += one.volume
        agreement = members.agreement_id
        terms = agreement._terms()
        expected = agreement._expected(members.participant_id[:1])
        real = earned(terms, total)
        meanwhile = accrued(terms, total, expected)
        sizes = [max(one.volume.size(terms.basis), ZERO) for one in measured]
        shares = split(real.amount, sizes, terms.rounding)
        accruals = split(meanwhile.amount, sizes, terms.rounding)
        step = next_step(terms, total)
        return {
            period.id: (
                _share(real if period.is_final else meanwhile, own if period.is_final else part),
                _share(real, own),
                step,
                expected,
            )
            for period, own, part in zip(members, shares, accruals, strict=True)
        }

    def _to_company(self, amount, measured):
        """Return an amount of the agreement in company currency, at the rate of the purchases."""
        agreement = self.agreement_id
        currency = agreement.company_id.currency_id
        if agreement.currency_id == currency or not amount:
            return amount
        revenue = measured.volume.revenue
        if revenue and measured.company_revenue != revenue:
            exact = amount * measured.company_revenue / revenue
        else:
            day = measured.last or self.date_to
            rate = agreement.currency_id._get_conversion_rate(
                agreement.currency_id, currency, agreement.company_id, day
            )
            exact = amount * Decimal(repr(rate))
        return round_to(exact, Decimal(repr(currency.rounding)))

    def _target(self, measured, result):
        meanwhile, _real, _step, expected = result
        amount = self._to_company(meanwhile.amount, measured)
        released = Decimal(repr(self.company_currency_id.round(self.released)))
        dates = (measured.last, self.final_on, self.agreement_id.revised_on)
        return Target(
            key=self.id,
            ledger=self.agreement_id.ledger_id.id,
            amount=(amount - released) * self.agreement_id._sign() + 0,
            partner=self.partner_id.id,
            date=self._accounting_date(dates),
            explanation=self._explanation(measured, meanwhile, amount, expected, released),
        )

    def _accounting_date(self, dates):
        """Return the day of the last event: a document, the close, or a new expectation."""
        last, final, revised = dates
        if revised and not (self.date_from <= revised <= self.date_to):
            revised = None
        days = [day for day in (last, final, revised) if day]
        written = self.settlement_ids.filtered("released").mapped("date")
        return max([*days, *written], default=None)

    def _explanation(self, measured, result, amount, expected, released):
        """Return the language-neutral rows and notes of an entry."""
        volume = measured.volume
        rows = [
            {
                "code": "purchases",
                "start": str(self.date_from),
                "end": str(self.date_to),
                "basis": str(volume.size(self.basis)),
            }
        ]
        if self.kind == "growth":
            rows.append({"code": "baseline", "basis": self._baseline_text(volume)})
        if self.kind in ("mix", "target"):
            rows.append(
                {"code": "measure", "basis": str(round_to(result.measure, Decimal("0.01")))}
            )
        rows += [
            {
                "code": "tier",
                "reward": self.reward,
                "lower": str(piece.lower),
                "upper": str(piece.upper) if piece.upper is not None else None,
                "basis": str(piece.basis),
                "rate": str(piece.rate),
                "amount": str(round_to(piece.amount, Decimal("0.01"))),
            }
            for piece in result.slices
        ]
        if released:
            rows.append({"code": "released", "amount": str(-released)})
        return {"rows": rows, "notes": self._notes(measured, result, amount, expected)}

    def _baseline_text(self, volume):
        agreed = self.participant_id.baseline
        return str(Decimal(repr(agreed)) if agreed else volume.base(self.basis))

    def _notes(self, measured, result, amount, expected):
        notes = []
        if self.is_final:
            notes.append({"code": "final", "date": str(self.final_on)})
        elif expected:
            notes.append({"code": "expected", "volume": str(expected)})
        if result.capped:
            notes.append({"code": "capped", "cap": repr(self.agreement_id.cap)})
        if measured.lost:
            rivals = self.agreement_id.browse(measured.rivals)
            notes.append(
                {
                    "code": "overlap",
                    "amount": str(measured.lost),
                    "names": ", ".join(rivals.mapped("name")),
                }
            )
        if measured.odd_units:
            notes.append({"code": "units", "count": measured.odd_units})
        if self.currency_id != self.company_currency_id:
            notes.append({"code": "currency", "currency": self.currency_id.name})
        if self.agreement_id.participation == "group":
            notes.append({"code": "group", "amount": str(amount)})
        return notes

    def _keep_measured(self, measured, results):
        """Keep the figures of the documents on the periods, for lists, forecasts and the portal.

        What depends on them is computed again once for all periods, not after each.
        """
        changed = defaultdict(list)
        for period in self:
            for name, value in period._figures(measured[period], results[period.id]).items():
                if period[name] != value:
                    changed[name].append((period, value))
        if not changed:
            return
        touched = self.union(*(period for pairs in changed.values() for period, _value in pairs))
        if rules := touched._validation_rules():
            touched._note_changing(rules, changed)
        for name, pairs in changed.items():
            for period, value in pairs:
                self._fields[name].write(period, value)
        touched.modified(changed)

    def _figures(self, measured, result):
        """Return what the documents say about the period, as values of its fields."""
        _meanwhile, real, step, expected = result
        volume = measured.volume
        percent = 100 if self.reward == "percent" else 1
        return {
            "revenue": float(volume.revenue),
            "quantity": float(volume.quantity),
            "base_size": float(self._baseline_text(volume)) if self.kind == "growth" else 0.0,
            "focus_size": float(volume.focus(self.basis)),
            "measure": float(round_to(real.measure, Decimal("0.01"))),
            "rate_reached": float(real.tier.rate * percent) if real.tier else 0.0,
            "next_rate": float(step[0].rate * percent) if step else 0.0,
            "next_missing": float(round_to(step[1], Decimal("0.01"))) if step else 0.0,
            "last_document_date": measured.last or False,
            "entitlement": float(self._to_company(real.amount, measured)),
            "expected_volume": float(expected or 0),
        }

    def _keep_nothing(self):
        """Clear the figures of periods of agreements that do not run."""
        stale = self.filtered(lambda p: p.revenue or p.quantity or p.entitlement)
        if stale:
            stale.write(
                {
                    "revenue": 0,
                    "quantity": 0,
                    "base_size": 0,
                    "focus_size": 0,
                    "measure": 0,
                    "rate_reached": 0,
                    "next_rate": 0,
                    "next_missing": 0,
                    "last_document_date": False,
                    "entitlement": 0,
                    "expected_volume": 0,
                }
            )

    # ------------------------------------------------------------------
    # Which periods a document concerns
    # ------------------------------------------------------------------

    @api.model
    def _subledger_keys_of(self, *documents):
        """Return the periods that count the invoices and credit notes among ``documents``."""
        moves = next((records for records in documents if records._name == "account.move"), None)
        if not moves:
            return self.browse()
        self.env["account.move"].flush_model(
            [
                "commercial_partner_id",
                "company_id",
                "invoice_date",
                "move_type",
                "reversed_entry_id",
            ]
        )
        self.env["crm.rebate.participant"].flush_model()
        self.env["crm.rebate.agreement"].flush_model(["state", "kind", "participation"])
        self.flush_model(["active", "date_from", "date_to", "participant_id", "agreement_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT CASE WHEN a.participation = 'group' THEN s.id ELSE p.id END
                     FROM account_move m
                LEFT JOIN account_move o ON o.id = m.reversed_entry_id
                     JOIN crm_rebate_participant_buyer_rel b
                       ON b.partner_id = m.commercial_partner_id
                     JOIN crm_rebate_period p ON p.participant_id = b.participant_id AND p.active
                     JOIN crm_rebate_agreement a
                       ON a.id = p.agreement_id AND a.state IN ('active', 'ended')
                      AND a.company_id = m.company_id
                LEFT JOIN crm_rebate_period s
                       ON a.participation = 'group' AND s.agreement_id = a.id AND s.active
                      AND s.date_from = p.date_from
                    WHERE m.id IN %s
                      AND m.move_type IN ('out_invoice', 'out_refund', 'in_invoice', 'in_refund')
                      AND (m.move_type IN ('in_invoice', 'in_refund')) = (a.direction = 'vendor')
                      AND (COALESCE(o.invoice_date, m.invoice_date)
                           BETWEEN p.date_from AND p.date_to
                        OR (a.kind = 'growth'
                            AND COALESCE(o.invoice_date, m.invoice_date)
                                BETWEEN p.date_from - interval '1 year'
                                    AND p.date_to - interval '1 year'))""",
                tuple(moves.ids),
            )
        )
        return self.browse(sorted(row[0] for row in rows))

    # ------------------------------------------------------------------
    # After posting and settlement
    # ------------------------------------------------------------------

    def _subledger_posted(self, entries):
        result = super()._subledger_posted(entries)
        self._refresh_amounts()
        return result

    def _subledger_settled(self):
        result = super()._subledger_settled()
        self._refresh_amounts()
        # What goods release hangs on their entry, which may have been taken back.
        goods = self.filtered(lambda p: "goods" in p.settlement_ids.mapped("method"))
        goods._subledger_mark_dirty()
        return result

    def _refresh_amounts(self):
        """Read accrued and settled from the sub-ledger."""
        sums = defaultdict(float)
        # sudo: the sums of these periods, whoever triggered the posting
        for key, kind, amount in (
            self.env["crm.subledger.entry"]
            .sudo()
            ._read_group(self._subledger_entry_domain(), ["res_id", "kind"], ["amount:sum"])
        ):
            sums[key, kind == "settlement"] += amount
        # sudo: likewise for the figures kept on them
        for period in self.sudo():
            rounded = period.company_currency_id.round
            sign = period.agreement_id._sign()
            vals = {
                "accrued": rounded(sums[period.id, False] * sign),
                "settled": rounded(-sums[period.id, True] * sign),
            }
            changed = {name: value for name, value in vals.items() if period[name] != value}
            if changed:
                period.write(changed)

    # ------------------------------------------------------------------
    # Explanations
    # ------------------------------------------------------------------

    @api.depends_context("lang")
    def _compute_explanation_html(self):
        Entry = self.env["crm.subledger.entry"]
        domain = [*self._subledger_entry_domain(), ("kind", "in", ("accrual", "true_up"))]
        totals = {
            key: (total, Entry.browse(last).move_id)
            for key, total, last in Entry._read_group(domain, ["res_id"], ["amount:sum", "id:max"])
        }
        moves = [move.id for _total, move in totals.values()]
        runs = Entry.search([*domain, ("move_id", "in", moves)]).grouped(
            lambda entry: (entry.res_id, entry.move_id)
        )
        for period in self:
            total, move = totals.get(period.id, (0.0, None))
            run = runs.get((period.id, move))
            period.explanation_html = run and run._render_whole_explanation(total)

    @api.model
    def _subledger_explanation_row(self, row):
        label, basis, rate, amount = super()._subledger_explanation_row(row)
        code = row.get("code")
        if code == "purchases":
            label = self.env._(
                "Purchases %(start)s – %(end)s, excluding taxes",
                start=row["start"],
                end=row["end"],
            )
        elif code == "baseline":
            label = self.env._("Baseline")
        elif code == "measure":
            label = self.env._("Reached (%)")
        elif code == "released":
            label = self.env._("Written off or given in goods")
        elif code == "tier":
            label = self._tier_label(row)
            if row.get("reward") != "percent":
                rate = self._subledger_format_money(row["rate"])
        return label, basis, rate, amount

    @api.model
    def _tier_label(self, row):
        lower = self._subledger_format_money(row["lower"])
        if row.get("upper") is None:
            return self.env._("From %s on", lower)
        upper = self._subledger_format_money(row["upper"])
        return self.env._("From %(lower)s to below %(upper)s", lower=lower, upper=upper)

    @api.model
    def _subledger_explanation_note(self, note):
        code = note.get("code")
        money = self._subledger_format_money
        if code == "expected":
            return self.env._(
                "Accrued at the rate of the volume that is expected in the end, %s (IFRS 15.56).",
                money(note["volume"]),
            )
        if code == "final":
            return self.env._("The period was closed on %s: what was really earned.", note["date"])
        if code == "overlap":
            return self.env._(
                "Purchases of %(amount)s are not counted here: the priority gives them to"
                " %(names)s, which is exclusive.",
                amount=money(note["amount"]),
                names=note["names"],
            )
        if code == "capped":
            return self.env._("Limited to %s per period.", money(note["cap"]))
        if code == "units":
            return self.env._(
                "Left out, as their unit cannot be converted (number of lines: %s).", note["count"]
            )
        if code == "currency":
            return self.env._(
                "Counted in %s and converted at the average rate of the purchases.",
                note["currency"],
            )
        if code == "group":
            return self.env._("Share of the buying group by purchases.")
        return super()._subledger_explanation_note(note)

    # ------------------------------------------------------------------
    # End of a period
    # ------------------------------------------------------------------

    def action_close(self):
        """Close the purchases: what was really earned replaces what was expected."""
        self.check_access("write")
        # sudo: figures are not written by hand; access was checked above
        self.sudo()._close()
        return True

    def _close(self, day=None):
        running = self.filtered(lambda p: not p.is_final)
        today = fields.Date.context_today(self)
        for period in running:
            # a close that comes late belongs to the end of the period, with its last purchases
            period.write({"is_final": True, "final_on": day or min(period.date_to, today)})
        running._subledger_mark_dirty()

    def action_reopen(self):
        """Count the purchases again as running, unless something was settled finally."""
        self.check_access("write")
        if any(s.kind == "final" and s.state != "cancelled" for s in self.settlement_ids):
            raise UserError(
                self.env._(
                    "A final settlement exists. Cancel it first; then the period can be reopened."
                )
            )
        # sudo: figures are not written by hand; access was checked above
        own = self.sudo()
        own.write({"is_final": False, "final_on": False})
        own._subledger_mark_dirty()
        return True

    # ------------------------------------------------------------------
    # Settlement
    # ------------------------------------------------------------------

    def _check_can_settle(self):
        """Raise unless the user may settle these periods: billing, or the programme's head."""
        self.check_access("read")
        user = self.env.user
        if not (
            user.has_group("account.group_account_invoice")
            or user.has_group("crm_partner.group_partner_manager")
        ):
            raise AccessError(
                self.env._(
                    "Rebates are settled by the accountants or an administrator of the programme."
                )
            )

    def _lock_to_settle(self):
        """Lock the period: two settlements at once would pay the same amount twice."""
        try:
            self.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._("“%s” is being settled by somebody else.", self.display_name)
            ) from error
        if not self._is_measured():
            raise UserError(self.env._("The agreement of “%s” is not active.", self.display_name))

    def _open_amount(self, until=None):
        """Return what is open on the purchases up to ``until``, in company currency.

        Measured again from the documents, so that nothing posted in this transaction is missed.
        """
        self.ensure_one()
        everyone = self._with_group()
        found = self.env["crm.rebate.measure"]._measure(everyone._windows(until))
        _meanwhile, real, _step, _expected = everyone._results(found)[self.id]
        earned_amount = float(self._to_company(real.amount, found.get(self.id) or Measured()))
        self._refresh_amounts()
        return self.company_currency_id.round(
            earned_amount - self.settled - self.released - self.pending
        )

    def _check_amount(self, amount, open_amount):
        compare = self.company_currency_id.compare_amounts
        if not compare(open_amount, 0) or not compare(amount, 0):
            raise UserError(self.env._("Nothing is open on “%s”.", self.display_name))
        wrong_way = (amount > 0) != (open_amount > 0)
        if wrong_way or compare(abs(amount), abs(open_amount)) > 0:
            raise UserError(
                self.env._(
                    "“%(period)s”: %(open)s is open; %(amount)s cannot be settled.",
                    period=self.display_name,
                    open=self.company_currency_id.format(open_amount),
                    amount=self.company_currency_id.format(amount),
                )
            )

    def _prepare_settlement_vals(self, method, amount, final, options):
        """Return the values of a settlement; ``amount`` excluding taxes, in company currency."""
        kind = "final" if final else "partial"
        if method == "write_off":
            kind = "write_off"
        elif amount < 0:
            kind = "claim"
        return {
            "period_id": self.id,
            "kind": kind,
            "method": method,
            "amount": amount,
            "date": options.get("date") or fields.Date.context_today(self),
            "reason": options.get("reason"),
        }

    def _tax_sums(self):
        """Return ``[(tax ids, revenue)]`` of the purchases, largest first."""
        self.ensure_one()
        found = self.env["crm.rebate.measure"]._measure_taxes(self._windows())
        sums = [(taxes, size) for taxes, size in found.get(self.id, {}).items() if size > 0]
        return sorted(sums, key=lambda item: (-item[1], item[0]))

    def action_settle(self):
        """Open the window in which these periods are settled."""
        self._check_can_settle()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settle Rebates"),
            "res_model": "crm.rebate.settle",
            "view_mode": "form",
            "target": "new",
            "context": {"default_period_ids": self.ids},
        }

    def action_answer(self):
        """Open the window in which the dispute of this period is answered."""
        self.ensure_one()
        dispute = self.dispute_ids.filtered(lambda d: d.state == "open")[:1]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Answer the Dispute"),
            "res_model": "crm.rebate.answer",
            "view_mode": "form",
            "target": "new",
            "context": {"default_dispute_id": dispute.id},
        }

    def action_open_settlements(self):
        """Open the settlements of these periods."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_partner.crm_rebate_settlement_action"
        )
        action["domain"] = [("period_id", "in", self.ids)]
        action["context"] = {"create": False}
        return action

    def _compute_document_count(self):
        Move = self.env["account.move"]
        readable = Move.has_access("read")
        for period in self:
            period.document_count = (
                Move.search_count(period._document_domain()) if readable and period.id else 0
            )

    def _document_domain(self):
        """Return which invoices and credit notes are looked at, by date and buyer."""
        self.ensure_one()
        vendor = self.direction == "vendor"
        types = ("in_invoice", "in_refund") if vendor else ("out_invoice", "out_refund")
        end = [("invoice_date", "<=", self.date_to), ("reversed_entry_id", "=", False)]
        original = [
            ("reversed_entry_id.invoice_date", ">=", self.date_from),
            ("reversed_entry_id.invoice_date", "<=", self.date_to),
        ]
        # sudo: whose purchases count is told to who may read the period
        buyers = self.sudo().participant_id.buyer_ids
        counted = Domain(
            [
                ("commercial_partner_id", "in", buyers.ids),
                ("company_id", "=", self.company_id.id),
                ("move_type", "in", types),
                ("state", "=", "posted"),
                ("invoice_date", ">=", self.date_from),
            ]
        )
        return list(counted & (Domain(end) | Domain(original)))

    def action_open_documents(self):
        """Open the invoices and credit notes behind the period."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Purchases"),
            "res_model": "account.move",
            "domain": self._document_domain(),
            "view_mode": "list,form",
            "context": {"create": False},
        }

    # ------------------------------------------------------------------
    # Scheduled actions
    # ------------------------------------------------------------------

    @api.model
    def _cron_close(self):
        """Close periods that are over, let unclaimed amounts lapse, remind of due settlements."""
        today = fields.Date.context_today(self)
        jobs = (
            (self._to_close(today), "_close"),
            (self._to_expire(today), "_expire"),
            (self._to_remind(today), "_remind"),
        )
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=sum(len(periods) for periods, _name in jobs))
        for periods, name in jobs:
            for period in periods:
                period._isolated(name)
                if not progress._commit_progress(1):
                    return

    def _isolated(self, name):
        """Call a method of one period; a failure stays with its reason, the others go on."""
        try:
            with self.env.cr.savepoint():
                getattr(self, name)()
        except Exception as error:  # whatever a bad record raises must not stop the others
            self.env["crm.subledger.queue"]._keep_failure(self, error)

    def _to_close(self, today):
        """Return periods whose days of grace are over."""
        candidates = self.search([("is_final", "=", False), ("date_to", "<", today)])
        return candidates.filtered(
            lambda p: (
                fields.Date.add(p.date_to, days=p.agreement_id.grace_days) < today
                and p._is_measured()
            )
        )

    def _to_expire(self, today):
        candidates = self.search(
            [
                ("is_final", "=", True),
                ("payable", ">", 0),
                ("dispute_open", "=", False),
                ("agreement_id.expiry_days", ">", 0),
            ]
        )
        return candidates.filtered(
            lambda p: fields.Date.add(p.date_to, days=p.agreement_id.expiry_days) < today
        )

    def _expire(self):
        """Write off what was not claimed in time."""
        self.env["crm.rebate.settlement"]._settle(
            self, "write_off", reason=self.env._("Expired: not claimed in time")
        )

    def _to_remind(self, today):
        return self.search(
            [
                ("next_settlement", "<=", today),
                ("payable", "!=", 0),
                ("user_id", "!=", False),
                ("state", "not in", ("settled", "written_off")),
                ("activity_ids", "=", False),
            ]
        )

    def _remind(self):
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=self.next_settlement,
            summary=self.env._("Settle the rebate"),
            user_id=self.user_id.id,
        )

    @api.model
    def _cron_refresh(self):
        """Bring accruals up to date with what marks nothing: rates, categories, brands, trees."""
        since = add_months(fields.Date.context_today(self), -FOLLOW_MONTHS)
        periods = self.search([("date_to", ">=", since)], order="id")
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(periods))
        for start in range(0, len(periods), BATCH):
            batch = periods[start : start + BATCH]
            self.env["crm.subledger.queue"]._run(batch)
            if not progress._commit_progress(len(batch)):
                break


def _share(result, amount):
    """The result of a buying group with the share of one member."""
    return type(result)(amount, result.measure, result.tier, result.slices, result.capped)
