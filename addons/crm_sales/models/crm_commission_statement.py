from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.crm_subledger.engine import Share, Target

from ..engine import period as engine
from ..engine.amortisation import elapsed_months, unearned
from ..engine.scale import ZERO, round_to
from .crm_commission_credit import Scope
from .crm_commission_plan_version import to_decimal

# Beyond this many payees it is cheaper to read all documents than to look for theirs.
FEW_PAYEES = 20
BATCH = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """Most and least commission of a person in a period; no cap is ``None``."""

    cap: Decimal | None
    floor: Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """What a computation of many statements looks up, read once for all of them."""

    scales: dict  # version id: engine Scale
    limits: dict  # (plan id, last day of the period): Limits
    members: dict  # (plan id, payee id): crm.commission.member
    costs: dict  # (order id, plan id, payee id): id of the crm.contract.cost
    special: dict  # version id: version whose commission depends on the contract behind a deal


@dataclass(slots=True)
class Part:
    """The part of a component that one order brought about."""

    amount: Decimal = ZERO
    date: object = None
    moves: set[int] = field(default_factory=set)

    def add(self, amount, date, moves):
        self.amount += amount
        self.date = max(filter(None, (self.date, date)), default=None)
        self.moves.update(moves)


class CrmCommissionStatement(models.Model):
    """What a person earns under a plan in one period: the key of the commission sub-ledger."""

    _name = "crm.commission.statement"
    _description = "Commission Statement"
    _inherit = ["crm.subledger.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_from desc, partner_id, id"

    plan_id = fields.Many2one(
        "crm.commission.plan", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", "Payee", required=True, readonly=True, index=True, ondelete="restrict"
    )
    user_id = fields.Many2one("res.users", "Colleague", readonly=True, index="btree_not_null")
    date_from = fields.Date("From", required=True, readonly=True)
    date_to = fields.Date("To", required=True, readonly=True)
    state = fields.Selection(
        [
            ("computed", "Computed"),
            ("confirmed", "Confirmed"),
            ("disputed", "Disputed"),
            ("paid", "Paid"),
        ],
        default="computed",
        required=True,
        readonly=True,
        tracking=True,
        index=True,
    )
    closed = fields.Boolean(readonly=True, help="The period is over and was settled finally.")
    basis = fields.Monetary("Basis Credited", readonly=True)
    quota = fields.Monetary(readonly=True)
    attainment = fields.Float(
        "Attainment (%)", compute="_compute_attainment", digits=(16, 2), aggregator="avg"
    )
    rate_reached = fields.Float("Rate Reached (%)", digits=(8, 4), readonly=True, aggregator="avg")
    earned = fields.Monetary(readonly=True)
    settled = fields.Monetary(readonly=True)
    to_pay = fields.Monetary(
        readonly=True,
        help="Earned less settled. After payment a late correction makes it differ from zero "
        "again: it is settled by “Pay the Difference”.",
    )
    dispute_reason = fields.Text(readonly=True, tracking=True)
    dispute_answer = fields.Text(readonly=True, tracking=True)
    payment_count = fields.Integer(compute="_compute_payment_count")
    order_count = fields.Integer(compute="_compute_document_counts")
    invoice_count = fields.Integer(compute="_compute_document_counts")
    explanation_html = fields.Html(
        "How it was computed", compute="_compute_explanation_html", sanitize=False
    )
    is_mine = fields.Boolean(compute="_compute_rights")
    can_confirm = fields.Boolean(compute="_compute_rights")

    _key_uniq = models.Constraint(
        "UNIQUE(plan_id, partner_id, date_from)",
        "A person has one statement per plan and period.",
    )
    _partner_idx = models.Index("(partner_id, date_to)")

    @api.depends("plan_id.name", "partner_id.name", "date_from")
    def _compute_display_name(self):
        for statement in self:
            statement.display_name = (
                f"{statement.plan_id.name} {statement.date_from}: {statement.partner_id.name}"
            )

    @api.depends("basis", "quota")
    def _compute_attainment(self):
        for statement in self:
            quota = statement.quota
            statement.attainment = 100.0 * statement.basis / quota if quota else 0.0

    def _compute_payment_count(self):
        counts = dict(
            self.env["account.move.line"]
            .sudo()  # sudo: only how many payments there are; opening them needs access
            ._read_group(self._payment_line_domain(), ["subledger_key_id"], ["move_id:count_distinct"])
        )
        for statement in self:
            statement.payment_count = counts.get(statement.id, 0)

    def _compute_document_counts(self):
        entries = self._subledger_entries().grouped("res_id")
        nothing = self.env["crm.subledger.entry"]
        for statement in self:
            own = entries.get(statement.id, nothing)
            statement.order_count = len(own.order_id)
            statement.invoice_count = len(
                own.source_move_ids.filtered(lambda move: move.is_invoice(True))
            )

    @api.depends_context("lang")
    def _compute_explanation_html(self):
        found = self.env["crm.commission.document"]._explanations(self) if self.ids else {}
        for statement in self:
            statement.explanation_html = self.env["ir.qweb"]._render(
                "crm_sales.statement_explanation",
                {"statement": statement, **found.get(statement.id, {"steps": [], "notes": []})},
            )

    @api.depends_context("uid")
    def _compute_rights(self):
        leads = self.env.user.has_group("crm_sales.group_commission_manager")
        for statement in self:
            statement.is_mine = statement.user_id == self.env.user
            # nobody confirms their own commission, whatever else they may do
            statement.can_confirm = not statement.is_mine and (
                leads or statement._is_led_by(self.env.user)
            )

    def _is_led_by(self, user):
        """Whether ``user`` leads a sales team of the payee, and is not the payee."""
        self.ensure_one()
        payee = self.sudo().user_id  # sudo: the teams of a colleague, only to compare them
        return bool(payee) and payee != user and user in payee.crm_team_member_ids.crm_team_id.user_id

    # ------------------------------------------------------------------
    # Keys
    # ------------------------------------------------------------------

    @api.model
    def _subledger_keys_of(self, documents):
        versions = self._versions_in_force(documents.company_id)
        if documents._name not in ("account.move", "sale.order") or not versions:
            return self.browse()
        deals = self._deals_of(documents, versions)
        if not deals:
            return self.browse()
        rows = self.env["crm.commission.credit"]._totals(versions, Scope(deals=deals))
        created = self._ensure({(row.plan, row.partner, row.period) for row in rows})
        return created | self._statements_touched(documents, versions, deals)

    @api.model
    def _deals_of(self, documents, versions):
        if documents._name == "sale.order":
            booked = versions.filtered(lambda version: version.basis == "booked").company_id
            self.env["crm.commission.booking"]._sync(
                documents.filtered(lambda order: order.company_id in booked)
            )
            return tuple(documents.ids)
        return self.env["crm.commission.credit"]._deals_of_moves(documents)

    @api.model
    def _versions_in_force(self, companies, plans=None):
        domain = [("state", "=", "approved"), ("plan_id.active", "=", True)]
        if plans is not None:
            domain.append(("plan_id", "in", plans.ids))
        else:
            domain.append(("company_id", "in", companies.ids))
        return self.env["crm.commission.plan.version"].sudo().search(domain, order="date_from, id")

    @api.model
    def _statements_touched(self, documents, versions, deals):
        """Return the statements that may have counted ``deals`` before they changed.

        Those of everybody who takes part in the deals, from their first day on.
        """
        name = "date_order" if documents._name == "sale.order" else "date"
        first = min((day for day in documents.mapped(name) if day), default=None)
        orders = self.env["sale.order"].browse([deal for deal in deals if deal > 0])
        first_order = min((day for day in orders.mapped("date_order") if day), default=None)
        days = [fields.Date.to_date(day) for day in (first, first_order) if day]
        payees = self._payees_of(deals)
        standing = versions.plan_id.member_ids.filtered(
            lambda member: member.role == "manager" or member.every_deal
        )
        return self.search(
            [
                ("plan_id", "in", versions.plan_id.ids),
                ("partner_id", "in", (payees | standing.partner_id).ids),
                ("date_to", ">=", min(days, default=fields.Date.to_date("1900-01-01"))),
            ],
            order="id",
        )

    @api.model
    def _payees_of(self, deals):
        """Return everybody named as participant or salesperson of ``deals``, at any time."""
        orders = self.env["sale.order"].browse([deal for deal in deals if deal > 0]).exists()
        invoices = self.env["account.move"].browse([-deal for deal in deals if deal < 0]).exists()
        return (
            orders.participant_ids.partner_id
            | orders.user_id.partner_id
            | invoices.invoice_user_id.partner_id
        )

    @api.model
    def _mark_payees_dirty(self, partners, orders):
        """Compute the statements of ``partners`` again from the first of ``orders`` on."""
        days = [fields.Date.to_date(day) for day in orders.mapped("date_order") if day]
        if partners and days:
            # sudo: who changes the participants of a deal changes what all of them earn
            self.sudo().search(
                [
                    ("company_id", "in", orders.company_id.ids),
                    ("partner_id", "in", partners.ids),
                    ("date_to", ">=", min(days)),
                ]
            )._subledger_mark_dirty()

    @api.model
    def _ensure_for_plans(self, plans):
        """Create the statements that the posted documents of whole plans ask for."""
        versions = self._versions_in_force(None, plans)
        rows = self.env["crm.commission.credit"]._totals(versions, Scope())
        return self._ensure({(row.plan, row.partner, row.period) for row in rows})

    @api.model
    def _ensure(self, keys):
        """Return the statements of ``(plan, partner, first day)``, creating the missing ones.

        Two transactions may find the same one missing at the same time: the second insert does
        nothing, or fails as a serialization error that is tried again.
        """
        if not keys:
            return self.browse()
        plans = self.env["crm.commission.plan"].sudo().browse({key[0] for key in keys})
        found = self.search(
            [
                ("plan_id", "in", plans.ids),
                ("partner_id", "in", [key[1] for key in keys]),
                ("date_from", "in", [key[2] for key in keys]),
            ]
        )
        known = {(s.plan_id.id, s.partner_id.id, s.date_from): s.id for s in found}
        missing = sorted(keys - known.keys(), key=str)
        created = self._insert(missing) if missing else self.browse()
        return self.browse(known[key] for key in keys if key in known) | created

    @api.model
    def _insert(self, keys):
        Plan = self.env["crm.commission.plan"].sudo()
        members = {
            (member.plan_id.id, member.partner_id.id): member
            for member in Plan.browse({key[0] for key in keys}).member_ids
        }
        values = []
        for plan_id, partner_id, start in keys:
            plan = Plan.browse(plan_id)
            member = members.get((plan_id, partner_id), self.env["crm.commission.member"])
            values.append(
                SQL(
                    "%s",
                    (
                        plan_id,
                        plan.company_id.id,
                        partner_id,
                        member.user_id.id or None,
                        start,
                        plan._period_bounds(start)[1],
                        "computed",
                        self.env.uid,
                        self.env.uid,
                    ),
                )
            )
        rows = self.env.execute_query(
            SQL(
                """INSERT INTO crm_commission_statement
                          (plan_id, company_id, partner_id, user_id, date_from, date_to, state,
                           create_uid, write_uid, create_date, write_date, basis, quota,
                           earned, settled, to_pay, rate_reached, closed)
                   SELECT plan_id, company_id, partner_id, user_id::int, date_from::date,
                          date_to::date, state, create_uid, write_uid,
                          now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                          0, 0, 0, 0, 0, 0, FALSE
                     FROM (VALUES %s) AS new (plan_id, company_id, partner_id, user_id, date_from,
                          date_to, state, create_uid, write_uid)
              ON CONFLICT (plan_id, partner_id, date_from) DO NOTHING
                RETURNING id""",
                SQL(", ").join(values),
            )
        )
        return self.browse(id_ for (id_,) in rows)

    # ------------------------------------------------------------------
    # Targets
    # ------------------------------------------------------------------

    def _subledger_targets(self):
        """Return what is owed to each payee for each period, and store the basis behind it."""
        details = self.filtered(lambda s: s.plan_id.version_ids._needs_detail())
        credits = details._credits(detail=True) | (self - details)._credits(detail=False)
        terms = self._terms(credits)
        targets = []
        for statement in self:
            own = credits.get(statement.id, [])
            statement._store_basis(own, terms)
            targets += statement._targets(own, terms)
        return targets

    def _subledger_split(self, targets):
        statements = self.browse({target.key for target in targets})
        credits = statements._credits(detail=True)
        terms = statements._terms(credits)
        shares = {}
        for statement in statements:
            parts = statement._parts(credits.get(statement.id, []), terms)
            for component, by_order in parts.items():
                address = (statement.id, statement.plan_id.ledger_id.id, component)
                shares[address] = [
                    Share(order, -part.amount, tuple(sorted(part.moves)))
                    for order, part in by_order.items()
                ]
        return {t.address: self._balanced(t, shares.get(t.address, [])) for t in targets}

    @api.model
    def _balanced(self, target, shares):
        """Put a rounding difference on the last share, so that the shares sum to the target."""
        rest = target.amount - sum((share.amount for share in shares), ZERO)
        if not shares:
            return [Share(None, target.amount)]
        if rest:
            last = shares[-1]
            shares[-1] = Share(last.order, last.amount + rest, last.moves)
        return shares

    def _credits(self, detail):
        """Return ``{statement id: [engine Credit, …]}`` in order of time."""
        by_key = {(s.plan_id.id, s.partner_id.id, s.date_from): s.id for s in self}
        if not by_key:
            return {}
        question = self.env["crm.commission.credit"]
        ask = question._details if detail else question._totals
        found = defaultdict(list)
        for row in ask(self._versions_in_force(None, self.plan_id), self._scope(detail)):
            statement = by_key.get((row.plan, row.partner, row.period))
            if statement:
                found[statement].append(
                    engine.Credit(
                        version=row.version,
                        role=row.role,
                        rate=row.rate,
                        basis=row.basis,
                        date=row.date,
                        deal=row.deal,
                        moves=row.moves,
                    )
                )
        return dict(found)

    def _earned_by_credit(self):
        """Return ``{(statement id, role, deal, date): commission}`` as the engine attributes it."""
        credits = self._credits(detail=True)
        terms = self._terms(credits)
        earned = defaultdict(Decimal)
        for statement in self:
            own = credits.get(statement.id, [])
            rounding = to_decimal(statement.currency_id.rounding)
            cap = statement._limits(terms).cap
            amounts = engine.settle(own, terms.scales, rounding=rounding, cap=cap)
            for credit, amount in zip(own, amounts, strict=True):
                earned[statement.id, credit.role, credit.deal, credit.date] += amount
        return earned

    def _scope(self, moves):
        """Return the documents to read for these statements: those of few payees, or all."""
        partners = self.partner_id
        if len(partners) > FEW_PAYEES:
            return Scope(moves=moves)
        question = self.env["crm.commission.credit"]
        deals = set()
        for company, statements in self.grouped("company_id").items():
            members = statements.plan_id.member_ids.filtered(
                lambda member: member.partner_id in partners
                and (member.role == "manager" or member.every_deal)
            )
            if members:
                start = min(statements.mapped("date_from"))
                end = max(statements.mapped("date_to"))
                deals.update(question._deals_between(company, start, end))
            deals.update(question._deals_of_payees(statements.partner_id, company))
        return Scope(deals=tuple(sorted(deals)), partners=tuple(partners.ids), moves=moves)

    def _terms(self, credits):
        """Return the :class:`Terms` of these statements.

        :param credits: ``{statement id: [engine Credit, …]}`` as :meth:`_credits` returns it
        """
        versions = self._versions_in_force(None, self.plan_id)
        special = {version.id: version for version in versions if version._needs_detail()}
        return Terms(
            scales={version.id: version._scale() for version in versions},
            limits=self._limits_by_period(),
            members={
                (plan.id, partner.id): members
                for plan in self.plan_id
                for partner, members in plan.member_ids.grouped("partner_id").items()
            },
            costs=self._contract_costs(credits, special),
            special=special,
        )

    def _limits_by_period(self):
        """Return ``{(plan id, last day): Limits}`` by the version in force on the last day."""
        limits = {}
        for plan, day in {(statement.plan_id, statement.date_to) for statement in self}:
            version = plan._version_on(day) or plan.version_ids.filtered(
                lambda v: v.state == "approved"
            )[:1]
            cap = to_decimal(version.cap) if version.cap else None
            limits[plan.id, day] = Limits(cap, to_decimal(version.floor))
        return limits

    def _limits(self, terms):
        return terms.limits[self.plan_id.id, self.date_to]

    def _contract_costs(self, credits, special):
        """Return ``{(order id, plan id, payee id): contract cost id}``, creating missing ones."""
        keys = {
            (credit.deal, statement.plan_id.id, statement.partner_id.id)
            for statement in self
            for credit in credits.get(statement.id, ())
            if self._is_capitalised(credit, special)
        }
        return self.env["crm.contract.cost"]._ensure(keys) if keys else {}

    @api.model
    def _is_capitalised(self, credit, special):
        """Whether a credit is an asset: of a contract longer than the practical expedient."""
        version = special.get(credit.version)
        if not version or not version.capitalise or (credit.deal or 0) <= 0:
            return False
        order = self.env["sale.order"].browse(credit.deal)
        return order.contract_months > version.expedient_months

    def _targets(self, credits, terms):
        """Return the targets of one statement from what was credited to its payee."""
        self.ensure_one()
        explanation = self._explain(credits, terms)
        ledger = self.plan_id.ledger_id
        targets = []
        for component, by_order in self._parts(credits, terms).items():
            common = self._component_vals(component)
            targets.append(
                Target(
                    key=self.id,
                    ledger=ledger.id,
                    amount=-sum((part.amount for part in by_order.values()), ZERO),
                    partner=self.partner_id.id,
                    date=max((p.date for p in by_order.values() if p.date), default=None),
                    component=component,
                    explanation=explanation,
                    **common,
                )
            )
        return targets

    def _component_vals(self, component):
        """Return what the postings of a component have of their own: account, sign, mirror."""
        kind, _colon, cost = component.partition(":")
        vals = {"sign": 1} if kind == "clawback" else {}
        if cost:
            ledger = self.plan_id.cost_ledger_id
            vals["account"] = ledger.account_id.id
            vals["mirror"] = (ledger.id, "crm.contract.cost", int(cost))
        return vals

    def _parts(self, credits, terms):
        """Return ``{component: {order id or None: Part}}`` of one statement, earned positive."""
        self.ensure_one()
        rounding = to_decimal(self.currency_id.rounding)
        limits = self._limits(terms)
        amounts = engine.settle(credits, terms.scales, rounding=rounding, cap=limits.cap)
        components = defaultdict(lambda: defaultdict(Part))
        for credit, amount in zip(credits, amounts, strict=True):
            order_id = credit.deal if (credit.deal or 0) > 0 else None
            component = self._component_of(credit, terms)
            components[component][order_id].add(amount, credit.date, credit.moves)
        if terms.special:
            self._add_clawbacks(components, credits, terms, rounding)
        self._add_guarantee(components, sum(amounts, ZERO), limits.floor, terms)
        return components

    def _component_of(self, credit, terms):
        """Return the component of a credit: expensed at once, or capitalised with its contract."""
        if not self._is_capitalised(credit, terms.special):
            return ""
        cost = terms.costs[credit.deal, self.plan_id.id, self.partner_id.id]
        return f"capitalised:{cost}"

    def _add_clawbacks(self, components, credits, terms, rounding):
        """Take back the agreed share of what terminated contracts did not earn."""
        versions = {credit.deal: credit.version for credit in reversed(credits)}
        for component, parts in [(name, dict(parts)) for name, parts in components.items()]:
            for order_id, part in parts.items():
                version = terms.special.get(versions.get(order_id))
                order = self.env["sale.order"].browse(order_id or ())
                if not version or not order.contract_terminated_on or not order.contract_months:
                    continue
                rate = to_decimal(version.termination_clawback) / 100
                amount = round_to(self._unearned(order, part.amount, rounding) * rate, rounding)
                if amount:
                    _kind, colon, cost = component.partition(":")
                    components[f"clawback{colon}{cost}"][order_id].add(
                        -amount, order.contract_terminated_on, ()
                    )

    @api.model
    def _unearned(self, order, amount, rounding):
        months = order.contract_months
        elapsed = elapsed_months(order._contract_start(), months, order.contract_terminated_on)
        return unearned(amount, months, elapsed, rounding)

    def _add_guarantee(self, components, total, floor, terms):
        """Top up to the guaranteed minimum of an owner, once the period is over."""
        if not floor or fields.Date.context_today(self) <= self.date_to:
            return
        if not self._members(terms).filtered(
            lambda m: m.role == "owner" and m._is_active_between(self.date_from, self.date_to)
        ):
            return
        taken_back = sum(
            (
                part.amount
                for name, parts in components.items()
                if name.startswith("clawback")
                for part in parts.values()
            ),
            ZERO,
        )
        amount = engine.guarantee(total + taken_back, floor)
        if amount:
            components["guarantee"][None].add(amount, self.date_to, ())

    def _members(self, terms):
        key = (self.plan_id.id, self.partner_id.id)
        return terms.members.get(key, self.env["crm.commission.member"])

    def _store_basis(self, credits, terms):
        owned = [credit for credit in credits if credit.role == "owner"]
        basis = sum((credit.basis for credit in owned), ZERO)
        rate = terms.scales[owned[-1].version].tier_of(basis).rate * 100 if owned else ZERO
        members = self._members(terms).filtered(lambda member: member.role == "owner")
        vals = {
            "basis": float(round_to(basis, to_decimal(self.currency_id.rounding))),
            "rate_reached": float(rate),
            "quota": sum(members.mapped("quota")),
        }
        changed = {name: value for name, value in vals.items() if self[name] != value}
        if changed:
            self.write(changed)

    # ------------------------------------------------------------------
    # Explanation
    # ------------------------------------------------------------------

    def _explain(self, credits, terms):
        limits = self._limits(terms)
        rows = [
            {
                "code": row.code,
                "lower": str(row.piece.lower),
                "upper": str(row.piece.upper) if row.piece.upper is not None else "",
                "basis": str(row.piece.basis),
                "rate": str(row.piece.rate),
                "amount": str(row.piece.amount),
            }
            for row in engine.explain(credits, terms.scales)
        ]
        notes = []
        if engine.is_capped(credits, terms.scales, limits.cap):
            notes.append({"code": "cap", "cap": str(limits.cap)})
        return {"rows": rows, "notes": notes}

    @api.model
    def _subledger_explanation_row(self, row):
        _label, basis, rate, amount = super()._subledger_explanation_row(row)
        labels = {
            "overlay": self.env._("Overlay, flat rate"),
            "manager": self.env._("Manager, flat rate on the team"),
        }
        label = labels.get(row["code"]) or self._tier_label(row)
        return label, basis, rate, amount

    @api.model
    def _tier_label(self, row):
        lower = self._subledger_format_money(row.get("lower"))
        if not row.get("upper"):
            return self.env._("Above %(lower)s", lower=lower)
        upper = self._subledger_format_money(row["upper"])
        return self.env._("From %(lower)s to %(upper)s", lower=lower, upper=upper)

    @api.model
    def _subledger_explanation_note(self, note):
        if note.get("code") == "cap":
            return self.env._(
                "Limited to the maximum of the plan, %(cap)s.",
                cap=self._subledger_format_money(note["cap"]),
            )
        return super()._subledger_explanation_note(note)

    # ------------------------------------------------------------------
    # After posting and settlement
    # ------------------------------------------------------------------

    def _subledger_posted(self, entries):
        super()._subledger_posted(entries)
        self._refresh_amounts()
        touched = self.browse(set(entries.mapped("res_id"))) & self
        for statement in touched.filtered(lambda s: s.state == "confirmed"):
            statement._update_state(
                ("confirmed",),
                "computed",
                self.env._("The amount changed after the confirmation. Please confirm it again."),
            )
        costs = self.env["crm.subledger.entry"].search([("mirror_of_id", "in", entries.ids)])
        self.env["crm.contract.cost"].browse(set(costs.mapped("res_id")))._after_transfer()

    def _subledger_settled(self):
        super()._subledger_settled()
        self._refresh_amounts()
        for statement in self:
            if statement.state == "confirmed" and not statement.to_pay:
                statement._update_state(("confirmed",), "paid", self.env._("Paid."))
            elif statement.state == "paid" and not statement.settled and statement.to_pay:
                statement._update_state(
                    ("paid",), "confirmed", self.env._("The payment was taken back.")
                )

    def _refresh_amounts(self):
        """Read earned, settled and to pay from the sub-ledger."""
        sums = defaultdict(float)
        # sudo: the sums of these statements, whoever triggered the posting
        for key, kind, amount in (
            self.env["crm.subledger.entry"]
            .sudo()
            ._read_group(self._subledger_entry_domain(), ["res_id", "kind"], ["amount:sum"])
        ):
            sums[key, kind == "settlement"] += amount
        for statement in self.sudo():
            rounded = statement.currency_id.round
            earned = rounded(-sums[statement.id, False])
            settled = rounded(sums[statement.id, True])
            vals = {"earned": earned, "settled": settled, "to_pay": rounded(earned - settled)}
            changed = {name: value for name, value in vals.items() if statement[name] != value}
            if changed:
                statement.write(changed)

    # ------------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------------

    def _update_state(self, allowed, target, message=None):
        """Bring statements from one of the ``allowed`` states to ``target``.

        :raises UserError: a statement is in another state
        """
        for statement in self:
            if statement.state not in allowed:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "“%(statement)s” is %(state)s; this is only possible while it is "
                        "%(allowed)s.",
                        statement=statement.display_name,
                        state=labels[statement.state],
                        allowed=" / ".join(labels[state] for state in allowed),
                    )
                )
        self.write({"state": target})
        if message:
            for statement in self:
                statement.message_post(body=message)

    def _check_can_confirm(self):
        self.check_access("read")
        for statement in self:
            if not statement.can_confirm:
                raise AccessError(
                    self.env._(
                        "“%s” can only be confirmed by the leader of the sales team or by a "
                        "manager of commissions.",
                        statement.display_name,
                    )
                )

    def action_confirm(self):
        """Confirm computed statements, as the leader of the team or a manager of commissions."""
        self._check_can_confirm()
        # sudo: the leader of the team, as just checked, has no write access
        self.sudo()._update_state(("computed",), "confirmed")
        return True

    def action_open_dispute(self):
        """Open the window in which the payee gives the reason of a dispute, or the manager
        answers it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dispute"),
            "res_model": "crm.commission.dispute",
            "view_mode": "form",
            "target": "new",
            "context": {"default_statement_id": self.id},
        }

    def _dispute(self, reason):
        """Have the payee dispute the statement; the manager gets an activity."""
        self.ensure_one()
        self.check_access("read")
        if not self.is_mine:
            raise AccessError(
                self.env._("Only %s can dispute this statement.", self.partner_id.display_name)
            )
        statement = self.sudo()  # sudo: the payee, as just checked, has no write access
        statement._update_state(("computed", "confirmed"), "disputed", reason)
        statement.write({"dispute_reason": reason, "dispute_answer": False})
        manager = statement.user_id.sale_team_id.user_id
        statement.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Commission disputed"),
            note=reason,
            user_id=(manager or statement.plan_id.create_uid).id,
        )

    def _answer(self, accepted, answer):
        """Answer a dispute: accepted, it is computed again; rejected, it stays confirmed."""
        self.ensure_one()
        self._check_can_confirm()
        statement = self.sudo()  # sudo: the leader of the team, as just checked, cannot write
        target = "computed" if accepted else "confirmed"
        statement._update_state(("disputed",), target, answer)
        statement.dispute_answer = answer
        statement.activity_unlink(["mail.mail_activity_data_todo"])
        statement._subledger_mark_dirty()

    # ------------------------------------------------------------------
    # Settlement
    # ------------------------------------------------------------------

    def _payment_line_domain(self):
        return [
            ("subledger_key_model", "=", self._name),
            ("subledger_key_id", "in", self.ids),
            ("parent_state", "!=", "cancel"),
        ]

    def action_open_payments(self):
        """Open the bills and payroll entries that pay these statements."""
        lines = self.env["account.move.line"].search(self._payment_line_domain())
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payments"),
            "res_model": "account.move",
            "domain": [("id", "in", lines.move_id.ids)],
            "view_mode": "list,form",
            "context": {"create": False},
        }

    def action_pay(self):
        """Hand what is to pay over: employees to payroll, external agents by a vendor bill.

        :raises UserError: nothing is to pay, or a draft bill of a statement is waiting
        """
        self.check_access("read")
        if not self.env.user.has_group("account.group_account_invoice"):
            raise AccessError(self.env._("Commissions are paid by the accountants."))
        self._check_payable()
        bills = self.filtered(lambda statement: statement._payout() == "bill")
        moves = (self - bills)._pay_by_payroll() | bills._pay_by_bill()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payments"),
            "res_model": "account.move",
            "domain": [("id", "in", moves.ids)],
            "view_mode": "list,form",
        }

    def _check_payable(self):
        waiting = self.env["account.move.line"].search(
            [*self._payment_line_domain(), ("parent_state", "=", "draft")], limit=1
        )
        if waiting:
            raise UserError(
                self.env._(
                    "“%(statement)s” has a draft payment already: %(move)s. Post or delete it "
                    "first.",
                    statement=self.browse(waiting.subledger_key_id).display_name,
                    move=waiting.move_id.display_name,
                )
            )
        for statement in self:
            if statement.state not in ("confirmed", "paid") or not statement.to_pay:
                raise UserError(
                    self.env._(
                        "“%s” is not confirmed, or nothing is to pay. Confirm it first.",
                        statement.display_name,
                    )
                )

    def _payout(self):
        member = self.plan_id.member_ids.filtered(lambda m: m.partner_id == self.partner_id)[:1]
        return member.payout or ("payroll" if self.user_id else "bill")

    def _pay_by_payroll(self):
        """Post one entry per plan: the sub-ledger against the payroll account."""
        moves = self.env["account.move"]
        for plan, statements in self.grouped("plan_id").items():
            if not plan.payroll_account_id:
                raise UserError(
                    self.env._(
                        "Plan “%s” has no payroll account. Set it on the plan first.", plan.name
                    )
                )
            moves += moves.create(
                {
                    "move_type": "entry",
                    "journal_id": plan.ledger_id.journal_id.id,
                    "date": fields.Date.context_today(self),
                    "ref": self.env._("Commissions to payroll: %s", plan.name),
                    "line_ids": [
                        Command.create(vals)
                        for statement in statements
                        for vals in statement._prepare_payroll_lines()
                    ],
                }
            )
        moves.action_post()
        return moves

    def _prepare_payroll_lines(self):
        common = {"name": self.display_name, "partner_id": self.partner_id.id}
        settled = common | {
            "account_id": self.plan_id.ledger_id.account_id.id,
            "balance": self.to_pay,
            "subledger_key_model": self._name,
            "subledger_key_id": self.id,
        }
        return settled, common | {
            "account_id": self.plan_id.payroll_account_id.id,
            "balance": -self.to_pay,
        }

    def _pay_by_bill(self):
        """Prepare draft vendor bills (refunds where the agent owes) for the accountant to post."""
        vals_list = [statement._prepare_bill_vals() for statement in self]
        return self.env["account.move"].create(vals_list)

    def _prepare_bill_vals(self):
        self.ensure_one()
        return {
            "move_type": "in_invoice" if self.to_pay > 0 else "in_refund",
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": fields.Date.context_today(self),
            "ref": self.display_name,
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": self.display_name,
                        "account_id": self.plan_id.ledger_id.account_id.id,
                        "quantity": 1.0,
                        "price_unit": abs(self.to_pay),
                        "tax_ids": [Command.clear()],
                        "subledger_key_model": self._name,
                        "subledger_key_id": self.id,
                    }
                )
            ],
        }

    def action_open_lines(self):
        """Open the credits behind these statements, line by line."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_sales.crm_commission_line_action"
        )
        action["domain"] = [("statement_id", "in", self.ids)]
        action["context"] = {"commission_statement_ids": self.ids}
        return action

    def action_open_orders(self):
        """Open the sales orders behind these statements, as far as the user may see them."""
        orders = self._subledger_entries().order_id
        return self._action_open_documents(orders, self.env._("Orders"))

    def action_open_invoices(self):
        """Open the invoices and credit notes behind these statements."""
        invoices = self._subledger_entries().source_move_ids.filtered(
            lambda move: move.is_invoice(True)
        )
        return self._action_open_documents(invoices, self.env._("Invoices"))

    def action_open_journal_items(self):
        """Open the journal items of these statements: accruals and payments."""
        items = self._subledger_entries().line_id
        return self._action_open_documents(items, self.env._("Journal Items"))

    @api.model
    def _action_open_documents(self, records, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": records._name,
            "domain": [("id", "in", records.ids)],
            "views": [(False, "list"), (False, "form")],
            "context": {"create": False},
        }

    def action_export_xlsx(self):
        """Download these statements as a workbook."""
        self.check_access("read")
        ids = ",".join(map(str, self.ids))
        return {
            "type": "ir.actions.act_url",
            "url": f"/crm_sales/commission_statements.xlsx?ids={ids}",
            "target": "download",
        }

    # ------------------------------------------------------------------
    # Daily
    # ------------------------------------------------------------------

    @api.model
    def _cron_close_periods(self):
        """Settle periods that are over: guaranteed minimums become due.

        Resumable; a statement that fails keeps its reason in the queue and does not stop others.
        """
        today = fields.Date.context_today(self)
        self._ensure_guaranteed(today)
        domain = [("closed", "=", False), ("date_to", "<", today)]
        progress, queue = self.env["ir.cron"], self.env["crm.subledger.queue"]
        progress._commit_progress(remaining=self.search_count(domain))
        while statements := self.search(domain, limit=BATCH, order="date_to, id"):
            queue._run(statements)
            statements.write({"closed": True})
            if not progress._commit_progress(
                len(statements), remaining=self.search_count(domain)
            ):
                break

    @api.model
    def _ensure_guaranteed(self, today):
        """Create the statements of owners who are guaranteed a minimum and sold nothing."""
        versions = self.env["crm.commission.plan.version"].search(
            [("state", "=", "approved"), ("floor", ">", 0), ("plan_id.active", "=", True)],
            order="id",
        )
        keys = set()
        for member in versions.plan_id.member_ids.filtered(lambda m: m.role == "owner"):
            for start in member._periods_until(today):
                keys.add((member.plan_id.id, member.partner_id.id, start))
        self._ensure(keys)
