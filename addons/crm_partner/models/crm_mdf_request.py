from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..engine import mdf
from ..tools import unlocked
from .crm_mdf_decision import GUARDED

# What was asked; from the decision on only a new request changes it.
ASKED = frozenset({"fund_id", "kind_id", "date_from", "date_to", "cost", "cofunding_rate", "title"})


class CrmMdfRequest(models.Model):
    """What a partner wants to do with money of a fund. An approval reserves it."""

    _name = "crm.mdf.request"
    _description = "Marketing Fund Request"
    _inherit = ["crm.mdf.decision"]
    _order = "id desc"
    _check_company_auto = True
    _guarded = GUARDED | {"lead_count", "won_count", "won_revenue", "roi", "measured_on"}

    name = fields.Char("Number", readonly=True, copy=False, index="trigram")
    title = fields.Char("Activity", required=True, tracking=True)
    fund_id = fields.Many2one(
        "crm.mdf.fund",
        required=True,
        index=True,
        check_company=True,
        domain="[('state', '=', 'open')]",
        ondelete="restrict",
        tracking=True,
    )
    partner_id = fields.Many2one(
        related="fund_id.partner_id", store=True, index=True, precompute=True
    )
    company_id = fields.Many2one(
        related="fund_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    fund_available = fields.Monetary(related="fund_id.available", string="Available in the Fund")
    user_id = fields.Many2one(
        "res.users",
        "Channel Manager",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        index=True,
    )
    requested_by_id = fields.Many2one(
        "res.partner", "Requested by", default=lambda self: self.env.user.partner_id, readonly=True
    )
    kind_id = fields.Many2one(
        "crm.mdf.activity.type", "Kind of Activity", required=True, ondelete="restrict"
    )
    plan = fields.Text(help="What will be done, for whom, and what for.")
    date_from = fields.Date("From", required=True)
    date_to = fields.Date("To", required=True)
    cost = fields.Monetary("Planned Cost", required=True, help="Of the whole activity, net of VAT.")
    cofunding_rate = fields.Float(
        "Co-funding (%)",
        digits=(5, 2),
        compute="_compute_cofunding_rate",
        store=True,
        readonly=False,
        precompute=True,
    )
    amount = fields.Monetary(
        "Requested", compute="_compute_amount", store=True, help="Co-funding of the planned cost."
    )
    approved_amount = fields.Monetary(
        "Approved",
        compute="_compute_approved_amount",
        store=True,
        readonly=False,
        copy=False,
        tracking=True,
        help="Lower it before the approval to grant a part.",
    )
    expected_leads = fields.Integer()
    expected_revenue = fields.Monetary()
    campaign_id = fields.Many2one(
        "utm.campaign",
        copy=False,
        index="btree_not_null",
        help="Leads of this campaign are the result of the activity.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("submitted", "To Decide"),
            ("approved", "Approved"),
            ("closed", "Closed"),
            ("refused", "Refused"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    claim_ids = fields.One2many("crm.mdf.claim", "request_id", "Claims")
    claim_count = fields.Integer(compute="_compute_claimed", store=True)
    claimed = fields.Monetary(
        compute="_compute_claimed", store=True, help="Approved claims of this request."
    )
    pending = fields.Monetary(
        compute="_compute_claimed", store=True, help="Claims that wait for a decision."
    )
    settled = fields.Monetary(
        compute="_compute_claimed", store=True, help="Posted vendor bills and credit notes."
    )
    remaining = fields.Monetary(
        compute="_compute_reserved", store=True, help="What can still be claimed."
    )
    reserved = fields.Monetary(
        compute="_compute_reserved",
        store=True,
        help="What this request takes from the fund: the approved amount, and once it is closed "
        "only what was claimed.",
    )
    committed = fields.Monetary(compute="_compute_reserved", store=True)
    # results, measured daily against the campaign
    lead_count = fields.Integer("Leads", readonly=True, copy=False)
    won_count = fields.Integer("Deals Won", readonly=True, copy=False)
    won_revenue = fields.Monetary(
        "Revenue Won",
        readonly=True,
        copy=False,
        help="Posted invoices less credit notes of the orders of the campaign's deals, net of tax.",
    )
    roi = fields.Float(
        "ROI (%)",
        readonly=True,
        copy=False,
        aggregator="avg",
        digits=(16, 1),
        help="Revenue won less what was settled, in percent of what was settled.",
    )
    measured_on = fields.Datetime(readonly=True, copy=False)

    _dates_ordered = models.Constraint(
        "CHECK(date_to >= date_from)", "An activity cannot end before it begins."
    )
    _campaign_unique = models.UniqueIndex(
        "(campaign_id) WHERE campaign_id IS NOT NULL AND state NOT IN ('refused', 'cancelled')",
        "This campaign belongs to another request already: its results would count twice.",
    )

    @api.depends("name", "title")
    def _compute_display_name(self):
        for request in self:
            request.display_name = f"{request.name or ''} {request.title or ''}".strip()

    @api.depends("fund_id")
    def _compute_user_id(self):
        for request in self:
            request.user_id = request.fund_id.user_id

    @api.depends("kind_id")
    def _compute_cofunding_rate(self):
        for request in self:
            request.cofunding_rate = request.kind_id.cofunding_max

    @api.depends("cost", "cofunding_rate")
    def _compute_amount(self):
        for request in self:
            digits = request.currency_id.decimal_places
            request.amount = float(
                mdf.co_funded(
                    mdf.exact(request.cost, digits),
                    mdf.exact(request.cofunding_rate),
                    Decimal(1).scaleb(-digits),
                )
            )

    @api.depends("amount")
    def _compute_approved_amount(self):
        for request in self:
            if request.state in (False, "draft", "submitted"):
                request.approved_amount = request.amount

    @api.depends(
        "claim_ids.state", "claim_ids.approved_amount", "claim_ids.amount", "claim_ids.settled"
    )
    def _compute_claimed(self):
        for request in self:
            claims = request.claim_ids
            granted = claims.filtered(lambda claim: claim.state in ("approved", "settled"))
            waiting = claims.filtered(lambda claim: claim.state == "submitted")
            request.claim_count = len(claims)
            request.claimed = sum(granted.mapped("approved_amount"))
            request.pending = sum(waiting.mapped("amount"))
            request.settled = sum(claims.mapped("settled"))

    @api.depends("state", "approved_amount", "claimed", "pending")
    def _compute_reserved(self):
        for request in self:
            rounded = request.currency_id.round
            free = rounded(max(0.0, request.approved_amount - request.claimed))
            open_ = request.state == "approved"
            request.remaining = free if open_ else 0.0
            request.reserved = rounded(request.claimed + request.remaining)
            request.committed = rounded(request.claimed + min(request.pending, request.remaining))

    @api.constrains("cost", "cofunding_rate", "kind_id", "approved_amount")
    def _check_amounts(self):
        for request in self:
            compare = request.currency_id.compare_amounts
            if compare(request.cost, 0) <= 0:
                raise ValidationError(
                    self.env._("“%s”: the cost has to be positive.", request.title)
                )
            limit = request.kind_id.cofunding_max
            if not 0 < request.cofunding_rate <= limit:
                raise ValidationError(
                    self.env._(
                        "“%(title)s”: the co-funding of “%(kind)s” has to lie above 0 and up to "
                        "%(limit)s %%.",
                        title=request.title,
                        kind=request.kind_id.name,
                        limit=f"{limit:g}",
                    )
                )
            if request.approved_amount < 0 or compare(request.approved_amount, request.amount) > 0:
                raise ValidationError(
                    self.env._(
                        "“%s”: not more than the requested amount can be approved.", request.title
                    )
                )

    @api.constrains("expected_leads", "expected_revenue")
    def _check_expectations(self):
        for request in self:
            if request.expected_leads < 0 or request.expected_revenue < 0:
                raise ValidationError(
                    self.env._("“%s”: expectations cannot be negative.", request.title)
                )

    def _check_still_open(self, vals):
        for request in self:
            late = ASKED & vals.keys() and request.state not in ("draft", "submitted")
            if late or ("approved_amount" in vals and request.state not in ("draft", "submitted")):
                raise UserError(
                    self.env._(
                        "%s was decided on: what was asked and approved cannot be changed any "
                        "more. Undo the decision first.",
                        request.display_name,
                    )
                )

    # ------------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------------

    def _check_submit(self):
        if self.date_to < self.fund_id.date_from:
            raise UserError(
                self.env._(
                    "%(request)s ended before the fund %(fund)s began.",
                    request=self.display_name,
                    fund=self.fund_id.name,
                )
            )

    def _approve(self):
        """Approve, and reserve the amount in the fund.

        :raises UserError: no amount, or the fund holds too little
        """
        for request in self:
            request._approval_gate("mdf")
            fund = request.fund_id
            fund._lock()
            fund._check_usable()
            amount = request.approved_amount
            if request.currency_id.compare_amounts(amount, 0) <= 0:
                raise UserError(
                    self.env._("%s: enter the amount to approve first.", request.display_name)
                )
            if request.currency_id.compare_amounts(amount, fund.available) > 0:
                raise UserError(
                    self.env._(
                        "%(fund)s has %(available)s left, %(request)s asks for %(amount)s. Approve "
                        "less, or close a request that is not needed any more.",
                        fund=fund.display_name,
                        available=fund.currency_id.format(fund.available),
                        request=request.name,
                        amount=fund.currency_id.format(amount),
                    )
                )
            request._decide(("submitted",), "approved")
            # the row of the fund changes, so that two approvals at once collide
            self.env.flush_all()

    def _people_to_tell(self):
        return self.requested_by_id | super()._people_to_tell()

    def _lapse(self):
        """Refuse what nobody decided on before the fund expired."""
        self._decide(
            ("draft", "submitted"),
            "refused",
            reason=self.env._("The fund expired before a decision."),
        )

    def action_reopen(self):
        """Undo a decision, or a cancellation, as long as nothing was claimed."""
        self._check_channel()
        for request in self:
            if request.claim_ids.filtered(lambda claim: claim.state not in ("draft", "cancelled")):
                raise UserError(
                    self.env._("%s has claims: its decision stays.", request.display_name)
                )
            request.fund_id._lock()
        self._update_state(
            ("approved", "refused", "cancelled"), "submitted", decided_on=False, decided_by_id=False
        )

    def action_close(self):
        """Give back what was not claimed of approved requests."""
        self._check_channel()
        self._close()

    def _close(self):
        for request in self:
            request.fund_id._lock()
            if request.pending:
                raise UserError(
                    self.env._("%s has a claim that waits for a decision.", request.display_name)
                )
        self._update_state(("approved",), "closed")

    def action_open_again(self):
        """Undo the closing: reserves the rest again, if the fund still has it."""
        self._check_channel()
        for request in self:
            fund = request.fund_id
            fund._lock()
            fund._check_usable()
            rest = request.currency_id.round(request.approved_amount - request.claimed)
            if request.currency_id.compare_amounts(rest, fund.available) > 0:
                raise UserError(
                    self.env._(
                        "%(fund)s has only %(available)s left.",
                        fund=fund.display_name,
                        available=fund.currency_id.format(fund.available),
                    )
                )
            request._update_state(("closed",), "approved")
            self.env.flush_all()

    # ------------------------------------------------------------------
    # Approvals
    # ------------------------------------------------------------------

    def _approval_snapshot_fields(self, operation):
        return [
            *super()._approval_snapshot_fields(operation),
            "fund_id",
            "title",
            "kind_id",
            "date_from",
            "date_to",
            "approved_amount",
        ]

    # ------------------------------------------------------------------
    # Results
    # ------------------------------------------------------------------

    def action_create_campaign(self):
        """Create a campaign with the name of the activity."""
        self._check_channel()
        for request in self.filtered(lambda r: not r.campaign_id):
            # sudo: channel managers need no right on marketing for a campaign of their own request
            request.campaign_id = (
                self.env["utm.campaign"]
                .sudo()
                .create({"title": request.display_name, "user_id": self.env.uid})
            )

    def action_measure(self):
        """Measure the results now."""
        self.check_access("read")
        if not self.env.user._is_internal():
            raise AccessError(self.env._("Results are measured by colleagues."))
        self._measure()

    def _measure(self):
        """Read leads, deals and invoiced revenue of the campaigns, with a query each."""
        requests = unlocked(self).filtered("campaign_id")
        leads, won = requests._measure_leads()
        revenue = requests._measure_revenue()
        for request in requests:
            campaign = request.campaign_id.id
            invoiced = request.currency_id.round(
                revenue.get((campaign, request.company_id.id), 0.0)
            )
            digits = request.currency_id.decimal_places
            roi = mdf.return_on_investment(
                mdf.exact(invoiced, digits), mdf.exact(request.settled, digits)
            )
            request.write(
                {
                    "lead_count": leads[campaign],
                    "won_count": won[campaign],
                    "won_revenue": invoiced,
                    "roi": float(roi or 0),
                    "measured_on": fields.Datetime.now(),
                }
            )

    def _measure_leads(self):
        leads, won = defaultdict(int), defaultdict(int)
        groups = (
            self.env["crm.lead"]
            .with_context(active_test=False)
            ._read_group(
                [("campaign_id", "in", self.campaign_id.ids)],
                ["campaign_id", "won_status"],
                ["__count"],
            )
        )
        for campaign, status, count in groups:
            leads[campaign.id] += count
            won[campaign.id] += count if status == "won" else 0
        return leads, won

    def _measure_revenue(self):
        """Return ``{(campaign id, company id): net invoiced}`` in company currency."""
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT campaign, company, SUM(amount) FROM (
                       SELECT DISTINCT lead.campaign_id AS campaign, item.company_id AS company,
                              item.id, -item.balance AS amount
                         FROM crm_lead lead
                         JOIN sale_order so ON so.opportunity_id = lead.id
                         JOIN sale_order_line sol ON sol.order_id = so.id
                         JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sol.id
                         JOIN account_move_line item ON item.id = rel.invoice_line_id
                        WHERE lead.campaign_id IN %s
                          AND item.parent_state = 'posted'
                          AND item.display_type = 'product') AS lines
                 GROUP BY campaign, company""",
                tuple(self.campaign_id.ids),
            )
        )
        return {(campaign, company): float(amount) for campaign, company, amount in rows}

    @api.model
    def _cron_measure(self):
        """Measure the results of activities daily, until a year after they ended."""
        since = fields.Date.subtract(fields.Date.context_today(self), years=1)
        requests = self.search(
            [
                ("campaign_id", "!=", False),
                ("state", "in", ("approved", "closed")),
                ("date_to", ">=", since),
            ],
            order="id",
        )
        self._each(requests, type(self)._measure)

    def action_open_leads(self):
        """Open the leads of the campaign."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Leads"),
            "res_model": "crm.lead",
            "view_mode": "list,kanban,form",
            "domain": [("campaign_id", "=", self.campaign_id.id or 0)],
            "context": {"active_test": False, "default_campaign_id": self.campaign_id.id},
        }

    def action_open_claims(self):
        """Open the claims of these requests."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_partner.crm_mdf_claim_action")
        action["domain"] = [("request_id", "in", self.ids)]
        action["context"] = {"default_request_id": self.id if len(self) == 1 else False}
        return action
