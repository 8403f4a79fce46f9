from collections import defaultdict
from decimal import Decimal
from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.crm_subledger.engine.scale import Scale, ScaleError, Tier

from ..engine.rebate import Terms, spans
from ..tools import is_unlocked, unlocked

#: what settled amounts were computed with: changing it would claim back what was paid
FROZEN = frozenset(
    {
        "basis",
        "categ_ids",
        "company_id",
        "currency_id",
        "date_from",
        "direction",
        "focus_categ_ids",
        "focus_product_ids",
        "focus_tag_ids",
        "growth_bounds",
        "kind",
        "ledger_id",
        "measure_interval",
        "method",
        "paid_on",
        "participation",
        "product_ids",
        "reward",
        "tag_ids",
        "tier_ids",
        "uom_id",
    }
)
#: what changes the amounts of running periods
RELEVANT = FROZEN | {
    "accrual_method",
    "cap",
    "date_to",
    "exclusive",
    "expected_volume",
    "participant_ids",
    "priority",
}
INTERVALS = [
    ("month", "Month"),
    ("quarter", "Quarter"),
    ("half", "Half-year"),
    ("year", "Year"),
]


class CrmRebateAgreement(models.Model):
    """What partners earn back on their purchases, or what vendors grant us on ours."""

    _name = "crm.rebate.agreement"
    _description = "Rebate Agreement"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date_from desc, priority, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    direction = fields.Selection(
        [("customer", "We grant it to partners"), ("vendor", "A vendor grants it to us")],
        required=True,
        default="customer",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("active", "Active"),
            ("ended", "Ended"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        help="Currency of the bounds and amounts of the agreement. Purchases in other currencies"
        " are converted at the rate of their day.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        tracking=True,
    )
    date_from = fields.Date("From", required=True, tracking=True)
    date_to = fields.Date("To", required=True, tracking=True)
    # --- what is measured ---
    kind = fields.Selection(
        [
            ("volume", "Purchases of the period"),
            ("transaction", "Each purchase by itself"),
            ("growth", "Growth against last year"),
            ("mix", "Share of focus products"),
            ("target", "Attainment of a target"),
        ],
        required=True,
        default="volume",
        tracking=True,
    )
    basis = fields.Selection(
        [("revenue", "Revenue (excluding taxes)"), ("quantity", "Quantity")],
        "Measured in",
        required=True,
        default="revenue",
    )
    uom_id = fields.Many2one(
        "uom.uom", "Unit", help="Quantities in other units are converted into this one."
    )
    growth_bounds = fields.Selection(
        [("amount", "The increment itself"), ("percent", "Growth in %")],
        "Bounds of Growth",
        required=True,
        default="amount",
    )
    measure_interval = fields.Selection(
        [*INTERVALS, ("whole", "The whole agreement")],
        "Counted per",
        required=True,
        default="quarter",
        help="The scale begins at zero in each of these periods.",
    )
    # --- scale ---
    reward = fields.Selection(
        [
            ("percent", "Percent of the revenue"),
            ("unit", "Amount per unit"),
            ("fixed", "Lump sum"),
        ],
        "Rate is",
        required=True,
        default="percent",
    )
    method = fields.Selection(
        [
            ("retroactive", "Retroactive: the tier reached counts for everything"),
            ("marginal", "Marginal: each slice earns the rate of its tier"),
        ],
        required=True,
        default="retroactive",
    )
    paid_on = fields.Selection(
        [("whole", "All purchases"), ("part", "Only the increment or the focus products")],
        required=True,
        default="whole",
    )
    cap = fields.Monetary("At Most per Period", help="0: no limit.")
    tier_ids = fields.One2many("crm.rebate.tier", "agreement_id", "Scale", copy=True)
    # --- which purchases ---
    is_filtered = fields.Boolean(compute="_compute_is_filtered", store=True)
    categ_ids = fields.Many2many(
        "product.category",
        "crm_rebate_category_rel",
        "agreement_id",
        "category_id",
        "Categories",
        help="With everything below them.",
    )
    tag_ids = fields.Many2many(
        "product.tag",
        "crm_rebate_tag_rel",
        "agreement_id",
        "tag_id",
        "Brands / Tags",
    )
    product_ids = fields.Many2many(
        "product.product",
        "crm_rebate_product_rel",
        "agreement_id",
        "product_id",
        "Products",
        check_company=True,
    )
    focus_categ_ids = fields.Many2many(
        "product.category",
        "crm_rebate_focus_category_rel",
        "agreement_id",
        "category_id",
        "Focus Categories",
    )
    focus_tag_ids = fields.Many2many(
        "product.tag",
        "crm_rebate_focus_tag_rel",
        "agreement_id",
        "tag_id",
        "Focus Brands / Tags",
    )
    focus_product_ids = fields.Many2many(
        "product.product",
        "crm_rebate_focus_product_rel",
        "agreement_id",
        "product_id",
        "Focus Products",
        check_company=True,
    )
    priority = fields.Integer(
        default=10,
        help="Where agreements meet on the same purchase, the smaller number comes first; of equal"
        " numbers the older agreement.",
    )
    exclusive = fields.Boolean(
        help="Purchases that this agreement counts are not counted by agreements of lower"
        " priority.",
    )
    overlap_ids = fields.Many2many(
        "crm.rebate.agreement", string="Meets", compute="_compute_overlap_ids"
    )
    # --- participants ---
    participation = fields.Selection(
        [
            ("each", "Each partner by itself"),
            ("tree", "Each partner with the partners below"),
            ("group", "All together (buying group)"),
        ],
        required=True,
        default="each",
        help="A buying group reaches the tiers together; what it earns is divided by purchases.",
    )
    participant_ids = fields.One2many(
        "crm.rebate.participant", "agreement_id", "Participants", copy=True
    )
    grade_ids = fields.Many2many(
        "res.partner.grade",
        string="Levels",
        help="Partners of these levels can be added as participants by a button.",
    )
    # --- accrual and settlement ---
    ledger_id = fields.Many2one(
        "crm.subledger",
        "Sub-ledger",
        required=True,
        check_company=True,
        domain="[('kind', '=', direction == 'vendor' and 'rebate_vendor' or 'rebate')]",
        help="Rebates granted: a current liability against revenue. Rebates received: a current"
        " asset against cost.",
    )
    accrual_method = fields.Selection(
        [
            ("expected", "Tier expected in the end (IFRS 15.56)"),
            ("reached", "Tier reached so far"),
        ],
        required=True,
        default="expected",
        tracking=True,
    )
    expected_volume = fields.Float(
        "Expected per Period",
        digits=(16, 2),
        tracking=True,
        help="What a partner is expected to buy in a whole period, in money or units. Of a buying"
        " group: what all are expected to buy together.",
    )
    revised_on = fields.Date(
        "Expectation Revised on",
        readonly=True,
        copy=False,
        help="A change of the expectation is posted on this day, not in the past.",
    )
    settle_interval = fields.Selection(
        [*INTERVALS, ("end", "The end of the period")],
        "Settled per",
        required=True,
        default="end",
    )
    grace_days = fields.Integer(
        default=10,
        help="Days after the end in which late documents are awaited before a period is settled.",
    )
    expiry_days = fields.Integer(
        "Expires after (days)",
        help="What is not settled this many days after the end of its period lapses; 0: never.",
    )
    payout = fields.Selection(
        [
            ("credit_note", "Credit note"),
            ("deduction", "Deduction from the next invoice"),
            ("bill", "Invoice of the receiver"),
            ("goods", "Goods free of charge"),
        ],
        required=True,
        default="credit_note",
        help="How it is usually settled; the settlement may choose otherwise.",
    )
    note = fields.Html()
    # --- figures ---
    period_ids = fields.One2many("crm.rebate.period", "agreement_id", "Periods")
    period_count = fields.Integer(compute="_compute_figures")
    participant_count = fields.Integer(compute="_compute_figures")
    accrued = fields.Monetary(compute="_compute_figures", currency_field="company_currency_id")
    settled = fields.Monetary(compute="_compute_figures", currency_field="company_currency_id")
    balance = fields.Monetary(compute="_compute_figures", currency_field="company_currency_id")

    _figures_positive = models.Constraint(
        "CHECK(COALESCE(cap, 0) >= 0 AND COALESCE(expected_volume, 0) >= 0"
        " AND COALESCE(grace_days, 0) >= 0 AND COALESCE(expiry_days, 0) >= 0)",
        "Limit, expected volume, grace and expiry days of a rebate agreement must not be negative.",
    )

    @api.depends("company_id")
    def _compute_currency_id(self):
        for agreement in self:
            agreement.currency_id = agreement.currency_id or agreement.company_id.currency_id

    @api.depends("categ_ids", "tag_ids", "product_ids")
    def _compute_is_filtered(self):
        for agreement in self:
            agreement.is_filtered = agreement._is_filtered()

    def _is_filtered(self):
        return bool(self.categ_ids or self.tag_ids or self.product_ids)

    def _has_focus(self):
        return bool(self.focus_categ_ids or self.focus_tag_ids or self.focus_product_ids)

    @api.depends("period_ids.accrued", "period_ids.settled", "period_ids.balance")
    def _compute_figures(self):
        sums = {
            agreement: figures
            for agreement, *figures in self.env["crm.rebate.period"]._read_group(
                [("agreement_id", "in", self.ids)],
                ["agreement_id"],
                [
                    "__count",
                    "partner_id:count_distinct",
                    "accrued:sum",
                    "settled:sum",
                    "balance:sum",
                ],
            )
        }
        for agreement in self:
            figures = sums.get(agreement, (0, 0, 0, 0, 0))
            agreement.period_count, _partners, *amounts = figures
            agreement.participant_count = len(agreement.participant_ids)
            agreement.accrued, agreement.settled, agreement.balance = amounts

    def _compute_overlap_ids(self):
        met = self._meetings()
        for agreement in self:
            agreement.overlap_ids = self.browse(sorted(met.get(agreement.id, ())))

    # ------------------------------------------------------------------
    # What would make an agreement meaningless
    # ------------------------------------------------------------------

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for agreement in self:
            if agreement.date_to < agreement.date_from:
                raise ValidationError(
                    self.env._(
                        "Agreement “%(agreement)s” ends on %(end)s, before it begins on"
                        " %(start)s. Correct the dates.",
                        agreement=agreement.name,
                        end=agreement.date_to,
                        start=agreement.date_from,
                    )
                )

    @api.constrains("tier_ids", "method", "kind", "basis", "reward", "paid_on", "growth_bounds")
    def _check_scale(self):
        for agreement in self:
            agreement._check_bounds()
            if not agreement.tier_ids:
                continue  # asked for when it is activated
            terms = agreement._terms_or_raise()
            if agreement.method == "marginal" and not terms.sliced():
                raise ValidationError(
                    self.env._(
                        "Agreement “%s”: a marginal scale needs bounds in what the rate is paid on"
                        " (revenue for a percentage, units for an amount per unit, the increment"
                        " for growth). Choose “Retroactive”, or change the bounds.",
                        agreement.name,
                    )
                )

    def _check_bounds(self):
        """Refuse tiers that overlap, leave a gap, or say nothing from some amount on."""
        tiers = self.tier_ids.sorted("lower_bound")
        for tier, following in pairwise(tiers):
            self._check_neighbours(tier, following)
        if tiers and tiers[-1].upper_bound:
            raise ValidationError(
                self.env._(
                    "Agreement “%(agreement)s”: the last tier ends at %(upper)s and nothing is said"
                    " above. Leave its end empty, or enter a tier above; a limit of the amount is"
                    " “At Most per Period”.",
                    agreement=self.name,
                    upper=tiers[-1].upper_bound,
                )
            )

    def _check_neighbours(self, tier, following):
        lower, upper = following.lower_bound, tier.upper_bound
        if tier.lower_bound == lower:
            raise ValidationError(
                self.env._(
                    "Agreement “%(agreement)s”: two tiers begin at %(bound)s. Remove one.",
                    agreement=self.name,
                    bound=lower,
                )
            )
        if upper and upper < lower:
            raise ValidationError(
                self.env._(
                    "Agreement “%(agreement)s”: nothing is said between %(upper)s and %(lower)s:"
                    " the scale has a gap. Let the tier end where the next one begins.",
                    agreement=self.name,
                    upper=upper,
                    lower=lower,
                )
            )
        if upper and upper > lower:
            raise ValidationError(
                self.env._(
                    "Agreement “%(agreement)s”: two tiers overlap between %(lower)s and %(upper)s."
                    " Let the tier end where the next one begins.",
                    agreement=self.name,
                    upper=upper,
                    lower=lower,
                )
            )

    def _terms_or_raise(self):
        try:
            return self._terms()
        except ScaleError as error:
            raise ValidationError(
                self.env._(
                    "Agreement “%(agreement)s”: the tiers do not form a scale (%(reason)s).",
                    agreement=self.name,
                    reason=str(error),
                )
            ) from error

    @api.constrains("basis", "reward", "uom_id")
    def _check_uom(self):
        for agreement in self:
            if "quantity" in agreement._bases() and not agreement.uom_id:
                raise ValidationError(
                    self.env._(
                        "Agreement “%s” counts a quantity. Choose the unit it is counted in.",
                        agreement.name,
                    )
                )

    def _bases(self):
        return {self.basis, "quantity" if self.reward == "unit" else "revenue"}

    @api.constrains("ledger_id", "direction")
    def _check_ledger(self):
        for agreement in self:
            # sudo: whoever keeps agreements need not be an accountant
            ledger = agreement.ledger_id.sudo()
            if ledger._natural_sign() != agreement._sign():
                raise ValidationError(
                    self.env._(
                        "Agreement “%(agreement)s”: the account of the sub-ledger “%(ledger)s” is"
                        " on the wrong side. Rebates granted are a liability, rebates received an"
                        " asset.",
                        agreement=agreement.name,
                        ledger=ledger.name,
                    )
                )

    def _check_can_start(self):
        for agreement in self:
            missing = agreement._missing()
            if missing:
                raise UserError(
                    self.env._(
                        "Agreement “%(agreement)s” cannot start yet: %(missing)s.",
                        agreement=agreement.name,
                        missing="; ".join(missing),
                    )
                )

    def _missing(self):
        """Return what has to be entered before the agreement can start."""
        self.ensure_one()
        checks = (
            (not self.tier_ids, self.env._("enter the scale")),
            (not self.participant_ids, self.env._("enter the participants")),
            (
                self.kind == "mix" and not self._has_focus(),
                self.env._("choose the focus products"),
            ),
            (
                self.kind == "target"
                and any(not participant.target for participant in self.participant_ids),
                self.env._("enter the target of every participant"),
            ),
            (
                self._needs_expectation() and not self._has_expectation(),
                self.env._("enter the expected volume, or accrue by the tier reached"),
            ),
            (
                self._lacks_rate(),
                self.env._(
                    "enter a rate of %(currency)s on or before %(day)s",
                    currency=self.currency_id.name,
                    day=self.date_from,
                ),
            ),
        )
        return [text for wrong, text in checks if wrong]

    def _needs_expectation(self):
        return self.accrual_method == "expected" and self.kind in ("volume", "growth", "target")

    def _has_expectation(self):
        return self.expected_volume or (
            self.participation != "group"
            and all(participant.expected_volume for participant in self.participant_ids)
        )

    def _lacks_rate(self):
        if self.currency_id == self.company_currency_id:
            return False
        root = self.company_id.root_id
        return not self.env["res.currency.rate"].search_count(
            [
                ("currency_id", "=", self.currency_id.id),
                ("company_id", "in", (False, root.id)),
                ("name", "<=", self.date_from),
            ],
            limit=1,
        )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.depends("name", "date_from")
    def _compute_display_name(self):
        for agreement in self:
            agreement.display_name = agreement.name

    @api.model_create_multi
    def create(self, vals_list):
        """Start agreements as drafts.

        :raise AccessError: another state is given by hand
        """
        for vals in vals_list:
            self._check_state_by_hand(vals)
        return super().create(vals_list)

    def _check_state_by_hand(self, vals):
        if vals.get("state", "draft") != "draft" and not is_unlocked(self.env):
            raise AccessError(
                self.env._("The state of an agreement is changed by its buttons, not by hand.")
            )

    def write(self, vals):
        """Have the periods follow a change of terms: what differs is posted as a new entry.

        :raise AccessError: the state would change by hand
        :raise UserError: a term would change that paid amounts were computed with
        """
        if "state" in vals and not is_unlocked(self.env):
            self._check_state_by_hand({"state": "written"})
        if FROZEN & vals.keys():
            self._check_not_settled()
        result = super().write(vals)
        if RELEVANT & vals.keys():
            self._after_change(revised="expected_volume" in vals)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        for agreement in self:
            if agreement.state != "draft" or agreement.with_context(active_test=False).period_ids:
                raise UserError(
                    self.env._(
                        "Agreement “%s” has been active. Cancel it instead: what was accrued is"
                        " taken back.",
                        agreement.name,
                    )
                )

    def _check_not_settled(self):
        """Refuse to change what paid amounts were computed with."""
        periods = self.env["crm.rebate.period"].search(
            [
                ("agreement_id", "in", self.ids),
                "|",
                ("settled", ">", 0),
                ("settled", "<", 0),
            ],
            limit=1,
        )
        if periods:
            raise UserError(
                self.env._(
                    "“%s” has been settled with the terms as they are. End the agreement and open"
                    " a new one with the other terms.",
                    periods.display_name,
                )
            )

    def _after_change(self, revised=False):
        """Have running agreements follow a change of their terms or participants."""
        running = self.filtered(lambda agreement: agreement.state == "active")
        if not running:
            return
        if revised:
            today = fields.Date.context_today(self)
            running.filtered(lambda a: a.revised_on != today).write({"revised_on": today})
        running._check_can_start()
        running._ensure_periods()
        running._mark_dirty()

    def _mark_dirty(self):
        periods = self.env["crm.rebate.period"].with_context(active_test=False)
        # sudo: the ledger follows the agreement, whoever changes it
        periods.sudo().search([("agreement_id", "in", self.ids)])._subledger_mark_dirty()
        self._mark_rivals_dirty()

    def _mark_rivals_dirty(self):
        """An exclusive agreement that starts or stops changes what the others count."""
        met = self._meetings()
        others = {other for found in met.values() for other in found} - set(self.ids)
        # sudo: as above
        periods = self.env["crm.rebate.period"].sudo()
        periods.search([("agreement_id", "in", list(others))])._subledger_mark_dirty()

    # ------------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------------

    def action_activate(self):
        """Start the agreements: purchases of their period accrue from now on, past ones too."""
        self.check_access("write")
        self._set_state(("draft",), "active")
        self._check_can_start()
        self._terms_of_all()
        self._ensure_periods()
        self._mark_dirty()
        return True

    def _terms_of_all(self):
        for agreement in self:
            agreement._terms_or_raise()

    def action_draft(self):
        """Take the agreements back to correct them; what was accrued is taken back meanwhile."""
        self.check_access("write")
        self._check_not_settled()
        self._set_state(("active", "cancelled"), "draft")
        self._mark_dirty()
        return True

    def action_end(self):
        """End the agreements: what was bought so far stays, nothing later counts."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        for agreement in self:
            agreement._set_state(("active",), "ended")
            if agreement.date_from <= today < agreement.date_to:
                agreement.date_to = today
                agreement._ensure_periods()
        self._mark_dirty()
        return True

    def action_cancel(self):
        """Cancel agreements of which nothing has been settled; everything accrued is taken back."""
        self.check_access("write")
        self._check_not_settled()
        self._set_state(("draft", "active"), "cancelled")
        self._mark_dirty()
        return True

    def _set_state(self, allowed, state):
        for agreement in self:
            if agreement.state not in allowed:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "Agreement “%(agreement)s” is %(state)s; this is only possible while it is"
                        " %(allowed)s.",
                        agreement=agreement.name,
                        state=labels[agreement.state],
                        allowed=" / ".join(labels[name] for name in allowed),
                    )
                )
        # sudo: every caller checked the right to change the agreement
        unlocked(self).write({"state": state})

    def action_add_partners(self):
        """Make every partner of the chosen levels a participant, unless it is one already."""
        self.check_access("write")
        Partner = self.env["res.partner"]
        for agreement in self:
            partners = Partner.search(
                [
                    ("grade_id", "in", agreement.grade_ids.ids),
                    ("is_company", "=", True),
                    ("parent_id", "=", False),
                    ("company_id", "in", (False, agreement.company_id.id)),
                ]
            )
            known = agreement.participant_ids.buyer_ids | agreement.participant_ids.partner_id
            self.env["crm.rebate.participant"].create(
                [
                    {"agreement_id": agreement.id, "partner_id": partner.id}
                    for partner in partners - known
                ]
            )
        return True

    # ------------------------------------------------------------------
    # Terms
    # ------------------------------------------------------------------

    def _sign(self):
        """Return +1 where the sub-ledger is a receivable, −1 where it is a liability."""
        self.ensure_one()
        return 1 if self.direction == "vendor" else -1

    def _terms(self, participant=None):
        """Return the terms for the engine, for one participant where it has its own figures.

        :raises ScaleError: the tiers do not form a scale
        """
        self.ensure_one()
        baseline = participant.baseline if participant else 0
        return Terms(
            scale=self._scale(self.tier_ids),
            kind=self.kind,
            basis=self.basis,
            reward=self.reward,
            part=self.paid_on == "part" and self.kind in ("growth", "mix"),
            percent_bounds=self.kind == "growth" and self.growth_bounds == "percent",
            baseline=Decimal(repr(baseline)) if baseline else None,
            target=Decimal(repr(participant.target)) if participant else Decimal(0),
            cap=Decimal(repr(self.cap)) if self.cap else None,
            rounding=Decimal(repr(self.currency_id.rounding)),
        )

    def _scale(self, tiers, method=None):
        """Return the scale of ``tiers``: bounds belong to the tier they open, below is nothing.

        :raises ScaleError: the tiers do not form a scale
        """
        divisor = Decimal(100) if self.reward == "percent" else Decimal(1)
        rows = [
            Tier(Decimal(repr(tier.lower_bound)), Decimal(repr(tier.rate)) / divisor)
            for tier in tiers
        ]
        if rows and all(row.lower for row in rows):
            rows.append(Tier(Decimal(0), Decimal(0)))
        return Scale(method or self.method, tuple(rows), inclusive=True)

    def _expected(self, participant):
        """Return the expected volume of a whole period, or None where none is needed."""
        self.ensure_one()
        if not self._needs_expectation():
            return None
        own = 0 if self.participation == "group" else participant.expected_volume
        value = own or self.expected_volume
        return Decimal(repr(value)) if value else None

    # ------------------------------------------------------------------
    # Periods
    # ------------------------------------------------------------------

    def _ensure_periods(self):
        """Create the missing periods of every participant; archive those that no longer fit."""
        # sudo: kept by the agreement, not by hand
        Period = self.env["crm.rebate.period"].sudo()
        vals_list = []
        for agreement in self:
            existing = {
                (period.participant_id.id, period.date_from): period
                for period in Period.with_context(active_test=False).search(
                    [("agreement_id", "=", agreement.id)]
                )
            }
            wanted = spans(agreement.date_from, agreement.date_to, agreement.measure_interval)
            for participant in agreement.participant_ids:
                for first, last in wanted:
                    period = existing.pop((participant.id, first), None)
                    if period is None:
                        vals_list.append(agreement._prepare_period_vals(participant, first, last))
                    elif period.date_to != last or not period.active:
                        period.write({"date_to": last, "active": True})
            Period.union(*existing.values()).filtered("active").write({"active": False})
        return Period.create(vals_list)

    def _prepare_period_vals(self, participant, first, last):
        """Return the values of the period of ``participant`` from day ``first`` to day ``last``."""
        return {
            "agreement_id": self.id,
            "participant_id": participant.id,
            "date_from": first,
            "date_to": last,
        }

    # ------------------------------------------------------------------
    # Agreements that meet on the same purchases
    # ------------------------------------------------------------------

    def _rivals(self):
        """Return the exclusive agreements of better priority that these meet.

        :return: list of ``(agreement, rival, buyer, from, to, rival is filtered)``
        """
        if not self.ids or not self._any_exclusive():
            return []
        self.env["crm.rebate.participant"].flush_model()
        return self.env.execute_query(
            SQL(
                """SELECT DISTINCT a.id, r.id, rb.partner_id, r.date_from, r.date_to,
                          COALESCE(r.is_filtered, FALSE)
                     FROM crm_rebate_agreement a
                     JOIN crm_rebate_agreement r
                       ON r.company_id = a.company_id AND r.direction = a.direction
                      AND r.exclusive AND r.state IN ('active', 'ended')
                      AND (r.priority, r.id) < (a.priority, a.id)
                      AND r.date_from <= a.date_to AND a.date_from <= r.date_to
                     JOIN crm_rebate_participant rp ON rp.agreement_id = r.id
                     JOIN crm_rebate_participant_buyer_rel rb ON rb.participant_id = rp.id
                     JOIN crm_rebate_participant_buyer_rel ab ON ab.partner_id = rb.partner_id
                     JOIN crm_rebate_participant ap
                       ON ap.id = ab.participant_id AND ap.agreement_id = a.id
                    WHERE a.id IN %s
                 ORDER BY 1, 2, 3""",
                tuple(self.ids),
            )
        )

    def _any_exclusive(self):
        """Whether any agreement is exclusive; most databases have none, and need ask no more."""
        self.env["crm.rebate.agreement"].flush_model()
        return bool(
            self.env.execute_query(
                SQL(
                    """SELECT 1 FROM crm_rebate_agreement
                        WHERE exclusive AND state IN ('active', 'ended') LIMIT 1"""
                )
            )
        )

    def _meetings(self):
        """Return ``{agreement id: ids of agreements}`` that share buyers and days."""
        found = defaultdict(set)
        if not self.ids:
            return found
        self.env["crm.rebate.agreement"].flush_model()
        self.env["crm.rebate.participant"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT a.id, r.id
                     FROM crm_rebate_agreement a
                     JOIN crm_rebate_agreement r
                       ON r.company_id = a.company_id AND r.direction = a.direction
                      AND r.id != a.id AND r.state IN ('active', 'ended')
                      AND r.date_from <= a.date_to AND a.date_from <= r.date_to
                     JOIN crm_rebate_participant rp ON rp.agreement_id = r.id
                     JOIN crm_rebate_participant_buyer_rel rb ON rb.participant_id = rp.id
                     JOIN crm_rebate_participant_buyer_rel ab ON ab.partner_id = rb.partner_id
                     JOIN crm_rebate_participant ap
                       ON ap.id = ab.participant_id AND ap.agreement_id = a.id
                    WHERE a.id IN %s""",
                tuple(self.ids),
            )
        )
        for agreement, other in rows:
            found[agreement].add(other)
        return found

    # ------------------------------------------------------------------
    # Screens
    # ------------------------------------------------------------------

    def action_open_periods(self):
        """Open the periods of these agreements."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_partner.crm_rebate_period_action"
        )
        action["domain"] = [("agreement_id", "in", self.ids)]
        action["context"] = {"create": False}
        return action

    def action_open_what_if(self):
        """Open the window that plays the agreement on the purchases of last year."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What If"),
            "res_model": "crm.rebate.what.if",
            "view_mode": "form",
            "target": "new",
            "context": {"default_agreement_id": self.id},
        }
