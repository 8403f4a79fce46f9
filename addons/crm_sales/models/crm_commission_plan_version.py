from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from odoo.addons.crm_subledger.engine.scale import Scale, ScaleError, Tier

EDITABLE_FIELDS = frozenset({"state", "date_to", "name", "approved_by_id", "approved_on"})


def to_decimal(value):
    """Return an amount or a rate of the ORM as a ``Decimal``, without binary noise."""
    return Decimal(repr(value or 0.0))


class CrmCommissionPlanVersion(models.Model):
    """The conditions of a plan from a date on. Approved, it is never changed again."""

    _name = "crm.commission.plan.version"
    _description = "Commission Plan Version"
    _inherit = ["mail.thread"]
    _order = "plan_id, date_from desc, id desc"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "crm.commission.plan", required=True, index=True, ondelete="cascade", check_company=True
    )
    company_id = fields.Many2one(related="plan_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(
        "In Force from", required=True, default=fields.Date.context_today, tracking=True
    )
    date_to = fields.Date(
        "Until",
        compute="_compute_date_to",
        store=True,
        help="The day before the next approved version begins; empty for the last one.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("approved", "Approved"), ("cancelled", "Cancelled")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approved_on = fields.Datetime(readonly=True, copy=False)
    basis = fields.Selection(
        [
            ("booked", "Booked: orders when they are confirmed"),
            ("invoiced", "Invoiced: invoices when they are posted"),
            ("collected", "Collected: invoices as they are paid"),
            ("margin", "Margin: invoiced less cost of sales"),
        ],
        required=True,
        default="collected",
        tracking=True,
    )
    method = fields.Selection(
        [
            ("marginal", "Marginal: each slice earns the rate of its tier"),
            ("retroactive", "Retroactive: everything earns the rate reached"),
        ],
        required=True,
        default="marginal",
        tracking=True,
    )
    tier_ids = fields.One2many("crm.commission.tier", "version_id", copy=True)
    threshold = fields.Monetary(
        help="Owners earn nothing in a period until their basis reaches this amount.",
        tracking=True,
    )
    floor = fields.Monetary(
        "Guaranteed Minimum",
        help="Least commission of an owner in a period; topped up when the period is over.",
        tracking=True,
    )
    cap = fields.Monetary(
        "Maximum",
        help="Most commission of a person in a period; 0 is no limit.",
        tracking=True,
    )
    product_ids = fields.Many2many("product.product", check_company=True)
    categ_ids = fields.Many2many("product.category", string="Product Categories")
    team_ids = fields.Many2many("crm.team", string="Sales Teams", check_company=True)
    partner_ids = fields.Many2many(
        "res.partner", string="Customers", domain=[("parent_id", "=", False)]
    )
    credit_note_clawback = fields.Boolean(
        "Claw Back on Credit Notes",
        default=True,
        help="Off: what was earned is kept when goods are credited back later.",
        tracking=True,
    )
    termination_clawback = fields.Float(
        "Claw Back on Termination (%)",
        digits=(5, 2),
        help="Share of the unearned part that is taken back when a contract ends early.",
        tracking=True,
    )
    capitalise = fields.Boolean(
        "Capitalise Long Contracts",
        help="Commissions of long contracts become an asset that is amortised straight-line over "
        "the contract (IFRS 15.91-99, ASC 340-40).",
        tracking=True,
    )
    expedient_months = fields.Integer(
        "Expense at once up to (months)",
        default=12,
        help="Practical expedient of IFRS 15.94: shorter contracts are expensed at once.",
        tracking=True,
    )

    _clawback_range = models.Constraint(
        "CHECK(termination_clawback BETWEEN 0 AND 100)",
        "The claw-back on termination is a percentage between 0 and 100.",
    )
    _limits_positive = models.Constraint(
        "CHECK(threshold >= 0 AND floor >= 0 AND cap >= 0 AND expedient_months >= 0)",
        "Threshold, guaranteed minimum, maximum and months of a plan version must not be negative.",
    )

    @api.depends("plan_id.version_ids.state", "plan_id.version_ids.date_from")
    def _compute_date_to(self):
        for version in self:
            later = [
                other.date_from
                for other in version.plan_id.version_ids
                if other.state == "approved"
                and other.date_from
                and version.date_from
                and other.date_from > version.date_from
            ]
            version.date_to = fields.Date.subtract(min(later), days=1) if later else False

    @api.depends("plan_id.name", "date_from")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(plan)s from %(date)s", plan=version.plan_id.name or "", date=version.date_from
            )

    @api.constrains("tier_ids", "method", "threshold", "state")
    def _check_scale(self):
        for version in self:
            try:
                version._scale()
            except ScaleError as error:
                raise ValidationError(version._scale_message(error.code)) from error

    def _scale_message(self, code):
        messages = {
            "empty": self.env._("it has no tier. Add one that starts at 0"),
            "start": self.env._("its first tier does not start at 0. Add a tier from 0 on"),
            "order": self.env._("two tiers start at the same bound. Remove one of them"),
            "rate": self.env._("a tier has a negative rate. Enter 0 or more"),
        }
        return self.env._(
            "The scale of “%(version)s” cannot be used: %(reason)s.",
            version=self.display_name,
            reason=messages[code],
        )

    @api.constrains("floor", "cap")
    def _check_limits(self):
        for version in self:
            if version.cap and version.floor > version.cap:
                raise ValidationError(
                    self.env._(
                        "“%(version)s”: the guaranteed minimum %(floor)s is above the maximum "
                        "%(cap)s. Lower the one or raise the other.",
                        version=version.display_name,
                        floor=version.floor,
                        cap=version.cap,
                    )
                )

    @api.constrains("plan_id", "date_from", "state")
    def _check_unique_date(self):
        for version in self.filtered(lambda v: v.state == "approved"):
            twins = version.plan_id.version_ids.filtered(
                lambda other, version=version: (
                    other.state == "approved"
                    and other != version
                    and other.date_from == version.date_from
                )
            )
            if twins:
                raise ValidationError(
                    self.env._(
                        "“%s” is approved twice. Start the new version on another day.",
                        version.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Begin with a scale of one tier at 0 % where none is given; a scale needs a first tier."""
        for vals in vals_list:
            vals.setdefault("tier_ids", [Command.create({"lower_bound": 0.0, "rate": 0.0})])
        versions = super(
            CrmCommissionPlanVersion, self.with_context(commission_version_nested=True)
        ).create(vals_list)
        return versions.with_env(self.env)

    def write(self, vals):
        """Change the terms while the version is a draft; later only what is no term.

        :raises UserError: the version is in force or was replaced; a new version is to be made
        """
        if vals.keys() - EDITABLE_FIELDS:
            self._check_editable()
        nested = self.with_context(commission_version_nested=True)
        return super(CrmCommissionPlanVersion, nested).write(vals)

    def _check_editable(self):
        for version in self:
            if version.state == "approved":
                raise UserError(
                    self.env._(
                        "“%s” is approved and cannot be changed. Create a new version that starts "
                        "on a later day.",
                        version.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_approved(self):
        self._check_editable()

    # ------------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------------

    def action_approve(self):
        """Put the version in force; statements from its first day on follow it.

        :raises ValidationError: something the version needs is missing
        """
        self.check_access("write")
        drafts = self.filtered(lambda version: version.state == "draft")
        drafts._check_complete()
        drafts.write(
            {
                "state": "approved",
                "approved_by_id": self.env.uid,
                "approved_on": fields.Datetime.now(),
            }
        )
        drafts.plan_id._recompute_later()
        return True

    def action_cancel(self):
        """Withdraw a version; an approved one only as long as nobody has a statement under it."""
        self.check_access("write")
        for version in self.filtered(lambda version: version.state == "approved"):
            statement = version._first_statement()
            if statement:
                raise UserError(
                    self.env._(
                        "“%(version)s” cannot be cancelled: %(statement)s was computed with it. "
                        "Create a new version that starts on a later day.",
                        version=version.display_name,
                        statement=statement.display_name,
                    )
                )
        self.write({"state": "cancelled"})
        self.plan_id._recompute_later()
        return True

    def _first_statement(self):
        domain = [("plan_id", "=", self.plan_id.id), ("date_to", ">=", self.date_from)]
        if self.date_to:
            domain += [("date_from", "<=", self.date_to)]
        # sudo: whoever may cancel must not overlook the statements of another team
        return self.env["crm.commission.statement"].sudo().search(domain, limit=1)

    def action_new_version(self):
        """Open a draft with the same conditions that starts today."""
        self.ensure_one()
        version = self.copy({"date_from": fields.Date.context_today(self)})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": version.id,
            "view_mode": "form",
        }

    def action_simulate(self):
        """Open the simulation of this version on the last period that is over."""
        self.ensure_one()
        simulation = self.env["crm.commission.simulation"].create({"version_id": self.id})
        return simulation.action_simulate()

    def _check_complete(self):
        """Raise a clear error unless everything is there that posting will need."""
        for version in self:
            plan = version.plan_id
            version._check_scale()
            plan.ledger_id._check_can_post()
            plan._check_payroll_account()
            version._check_currencies()
            if version.capitalise and not plan.cost_ledger_id:
                raise ValidationError(
                    self.env._(
                        "“%s” capitalises long contracts, but the plan has no sub-ledger for "
                        "contract costs. Set it on the plan.",
                        version.display_name,
                    )
                )
            if version.capitalise:
                plan.cost_ledger_id._check_can_post()

    def _check_currencies(self):
        """Refuse to start while customers can be charged in a currency that has no rate."""
        self.ensure_one()
        company = self.company_id
        used = (
            self.env["product.pricelist"]
            .sudo()  # sudo: who approves a plan need not be allowed to read pricelists
            .search([("company_id", "in", (company.id, False))])
            .currency_id
        )
        with_rate = (
            # sudo: as above
            self.env["res.currency.rate"]
            .sudo()
            ._read_group(
                [
                    ("currency_id", "in", used.ids),
                    ("company_id", "in", (company.root_id.id, False)),
                ],
                ["currency_id"],
            )
        )
        missing = (
            used
            - company.currency_id
            - self.env["res.currency"].concat(*(currency for (currency,) in with_rate))
        )
        if missing:
            raise ValidationError(
                self.env._(
                    "“%(version)s” cannot be approved: the currency %(currency)s of a pricelist "
                    "has no exchange rate, so its invoices would count 1 : 1. Enter a rate, or "
                    "archive the pricelist.",
                    version=self.display_name,
                    currency=missing[0].name,
                )
            )

    # ------------------------------------------------------------------
    # Asked by the computation
    # ------------------------------------------------------------------

    def _scale(self):
        """Return the scale of this version for the engine, rates as fractions."""
        self.ensure_one()
        return Scale(
            self.method,
            tuple(
                Tier(to_decimal(tier.lower_bound), to_decimal(tier.rate) / 100)
                for tier in self.tier_ids
            ),
            to_decimal(self.threshold),
        )

    def _product_domain(self):
        """Return the products that count, a domain on ``product.product``; extend to narrow."""
        self.ensure_one()
        if not self.product_ids and not self.categ_ids:
            return Domain.TRUE
        return Domain("id", "in", self.product_ids.ids) | Domain(
            "categ_id", "child_of", self.categ_ids.ids
        )

    def _stream_key(self):
        """Return what versions must share for their documents to be read in one go."""
        self.ensure_one()
        return (
            self.company_id.id,
            self.basis,
            self.credit_note_clawback,
            *(tuple(sorted(self[name].ids)) for name in self._filter_fields()),
        )

    def _filter_fields(self):
        """Return the names of the fields that select documents; extend with further filters."""
        return ["product_ids", "categ_ids", "team_ids", "partner_ids"]

    def _needs_detail(self):
        """Whether the commission depends on single deals, not only on the totals of a period."""
        return any(version.capitalise or version.termination_clawback for version in self)
