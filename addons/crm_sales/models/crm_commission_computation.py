from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_subledger.engine import Share, Target
from odoo.addons.crm_subledger.engine.scale import ZERO, round_to

from ..engine import period as engine
from ..engine.amortisation import elapsed_months, unearned
from .crm_commission_credit import Scope
from .crm_commission_plan_version import to_decimal

# Beyond this many payees it is cheaper to read all documents than to look for theirs.
FEW_PAYEES = 20
# What can change a commission, and the field by which an entry names it.
DOCUMENTS = {"sale.order": "order_id", "account.move": "source_move_ids"}


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
        """Add a credit: its amount in company currency, the later day, the journal entries."""
        self.amount += amount
        self.date = max(filter(None, (self.date, date)), default=None)
        self.moves.update(moves)


class CrmCommissionComputation(models.AbstractModel):
    """How commission statements come about: which ones documents ask for, what they should
    hold, which deals brought it about, and why.

    Everything is computed for many statements at once; the statement itself keeps the results
    and the flow from computed to paid.
    """

    _name = "crm.commission.computation"
    _description = "Computation of Commission Statements"
    _inherit = ["crm.subledger.mixin"]

    # ------------------------------------------------------------------
    # Keys
    # ------------------------------------------------------------------

    @api.model
    def _subledger_keys_of(self, *documents):
        documents = [records for records in documents if records._name in DOCUMENTS]
        companies = self.env["res.company"].union(*(records.company_id for records in documents))
        versions = self._versions_in_force(companies) if companies else None
        if not versions:
            return self.browse()
        deals = {deal for records in documents for deal in self._deals_of(records, versions)}
        deals = tuple(sorted(deals))
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
        # sudo: the terms in force apply to everybody, whoever may read the plan
        return self.env["crm.commission.plan.version"].sudo().search(domain, order="date_from, id")

    @api.model
    def _statements_touched(self, documents, versions, deals):
        """Return the statements that may have counted ``deals`` before they changed.

        Those of everybody who takes part in the deals, from their first day on, and those that
        were posted because of these documents, whatever dates they bore then.
        """
        orders = self.env["sale.order"].browse([deal for deal in deals if deal > 0])
        payees = self._payees_of(deals)
        standing = versions.plan_id.member_ids.filtered(
            lambda member: member.role == "manager" or member.every_deal
        )
        found = self.search(
            [
                ("plan_id", "in", versions.plan_id.ids),
                ("partner_id", "in", (payees | standing.partner_id).ids),
                ("date_to", ">=", self._first_day(*documents, orders)),
            ],
            order="id",
        )
        return found | self._statements_posted_for(documents)

    @api.model
    def _first_day(self, *documents):
        """Return the earliest accounting or order date of the given documents."""
        days = [
            fields.Date.to_date(day)
            for records in documents
            for day in records.mapped("date_order" if records._name == "sale.order" else "date")
            if day
        ]
        return min(days, default=fields.Date.to_date("1900-01-01"))

    @api.model
    def _statements_posted_for(self, documents):
        named = Domain.OR([(DOCUMENTS[records._name], "in", records.ids)] for records in documents)
        # sudo: all entries count, not only those that the user may read
        groups = (
            self.env["crm.subledger.entry"]
            .sudo()
            ._read_group(Domain("res_model", "=", self._name) & named, ["res_id"])
        )
        return self.browse(key for (key,) in groups).exists()

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
    def _mark_payees_dirty(self, partners, documents):
        """Compute the statements of ``partners`` again from the first of ``documents`` on."""
        if partners and documents:
            # sudo: who changes the participants of a deal changes what all of them earn
            self.sudo().search(
                [
                    ("company_id", "in", documents.company_id.ids),
                    ("partner_id", "in", partners.ids),
                    ("date_to", ">=", self._first_day(documents)),
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
        # sudo: statements are made by the engine, whoever posted the document
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
        # sudo: as in ``_ensure``
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
        special = self.filtered(lambda s: s.plan_id.version_ids._needs_detail())
        # One question tells few statements both their totals and the deals behind them.
        details = self if len(self) <= FEW_PAYEES else special
        credits = details._credits(detail=True) | (self - details)._credits(detail=False)
        terms = self._terms(credits)
        needy, detailed = set(special.ids), set(details.ids)
        targets = []
        for statement in self:
            own = credits.get(statement.id, [])
            summed = own if statement.id in needy else engine.total(own)
            statement._store_basis(summed, terms)
            found = statement._targets(summed, terms)
            if statement.id in detailed:
                found = statement._with_shares(found, own, terms)
            targets += found
        return targets

    def _subledger_split(self, targets):
        statements = self.browse({target.key for target in targets})
        credits = statements._credits(detail=True)
        terms = statements._terms(credits)
        by_statement = defaultdict(list)
        for target in targets:
            by_statement[target.key].append(target)
        return {
            target.address: target.shares
            for statement in statements
            for target in statement._with_shares(
                by_statement[statement.id], credits.get(statement.id, []), terms
            )
        }

    def _with_shares(self, targets, credits, terms):
        """Return ``targets`` of one statement with their split over the deals of ``credits``."""
        parts = self._parts(credits, terms)
        return [
            replace(
                target,
                shares=self._balanced(
                    target,
                    [
                        Share(order, -part.amount, tuple(sorted(part.moves)))
                        for order, part in parts.get(target.component, {}).items()
                    ],
                ),
            )
            for target in targets
        ]

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
                found[statement].append(row.as_credit())
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
            span = (min(statements.mapped("date_from")), max(statements.mapped("date_to")))
            members = statements.plan_id.member_ids.filtered(
                lambda member: (
                    member.partner_id in partners
                    and (member.role == "manager" or member.every_deal)
                )
            )
            if members:
                deals.update(question._deals_between(company, *span))
            deals.update(question._deals_of_payees(statements.partner_id, company, *span))
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
            version = (
                plan._version_on(day)
                or plan.version_ids.filtered(lambda v: v.state == "approved")[:1]
            )
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
