from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import mdf
from ..tools import unlocked
from .crm_mdf_decision import GUARDED

CLAIMED = frozenset(
    {"request_id", "invoice_number", "invoice_date", "amount", "tax_amount", "cost"}
)
DECIDED = frozenset({"approved_amount", "fair_value", "distinct_service", "settlement", "tax_id"})
BILLS = {"bill": "in_invoice", "credit_note": "out_refund"}


class CrmMdfClaim(models.Model):
    """What a partner wants back of an approved activity, with the proof.

    An approved claim is settled by a vendor bill (the partner invoices us) or a credit note (we
    reduce what the partner owes); it counts as settled while that document is posted.
    """

    _name = "crm.mdf.claim"
    _description = "Marketing Fund Claim"
    _inherit = ["crm.mdf.decision"]
    _order = "id desc"
    _check_company_auto = True
    _guarded = GUARDED | {"settled", "settled_on"}

    name = fields.Char("Number", readonly=True, copy=False, index="trigram")
    request_id = fields.Many2one(
        "crm.mdf.request",
        required=True,
        index=True,
        check_company=True,
        domain="[('state', '=', 'approved')]",
        ondelete="restrict",
    )
    fund_id = fields.Many2one(related="request_id.fund_id", store=True, index=True, precompute=True)
    partner_id = fields.Many2one(
        related="request_id.partner_id", store=True, index=True, precompute=True
    )
    company_id = fields.Many2one(
        related="request_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(related="request_id.user_id", store=True, index=True)
    claimed_by_id = fields.Many2one(
        "res.partner", "Claimed by", default=lambda self: self.env.user.partner_id, readonly=True
    )
    invoice_number = fields.Char(
        required=True, tracking=True, help="Number of the partner's invoice; each is claimed once."
    )
    invoice_key = fields.Char(compute="_compute_invoice_key", store=True, precompute=True)
    invoice_date = fields.Date(required=True, default=fields.Date.context_today)
    description = fields.Text()
    cost = fields.Monetary(
        "Cost Proven",
        help="Cost of the activity that the proof shows, net of VAT. Where it is given, the claim "
        "is capped at our share of it.",
    )
    amount = fields.Monetary("Claimed", required=True, tracking=True, help="Net of VAT.")
    tax_amount = fields.Monetary("VAT Claimed")
    request_remaining = fields.Monetary(
        related="request_id.remaining", string="Left of the Request"
    )
    approved_amount = fields.Monetary(
        "Approved",
        compute="_compute_approved_amount",
        store=True,
        readonly=False,
        copy=False,
        tracking=True,
        help="Net of VAT. Proposed: what was claimed, capped at what is left of the request and at "
        "our share of the cost proven.",
    )
    settlement = fields.Selection(
        [("bill", "Vendor bill"), ("credit_note", "Credit note")],
        "Settled by",
        required=True,
        default="bill",
        help="Vendor bill: the partner invoices us. Credit note: we reduce what the partner owes.",
    )
    tax_id = fields.Many2one(
        "account.tax",
        "VAT",
        compute="_compute_tax_id",
        store=True,
        readonly=False,
        check_company=True,
        domain="[('type_tax_use', '=', 'purchase' if settlement == 'bill' else 'sale')]",
    )
    approved_tax = fields.Monetary("VAT Approved", compute="_compute_approved_tax", store=True)
    distinct_service = fields.Boolean(
        compute="_compute_distinct_service",
        store=True,
        readonly=False,
        help="The partner delivered a service that we would otherwise buy (IFRS 15.70).",
    )
    fair_value = fields.Monetary(
        tracking=True,
        help="Of the distinct service, net of VAT. This part becomes an expense, the rest stays a "
        "reduction of revenue (IFRS 15.71).",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("submitted", "To Decide"),
            ("approved", "Approved"),
            ("settled", "Settled"),
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
    line_ids = fields.One2many("account.move.line", "mdf_claim_id", "Settlement", readonly=True)
    settled = fields.Monetary(readonly=True, copy=False)
    settled_on = fields.Date(readonly=True, copy=False)
    document_name = fields.Char("Document", compute="_compute_document", compute_sudo=True)
    document_state = fields.Selection(
        [("draft", "Draft"), ("posted", "Posted"), ("paid", "Paid")],
        "Document Status",
        compute="_compute_document",
        compute_sudo=True,
    )

    _invoice_unique = models.UniqueIndex(
        "(partner_id, company_id, invoice_key) WHERE state NOT IN ('refused', 'cancelled')",
        "This invoice number of the partner was claimed already.",
    )

    @api.depends("invoice_number")
    def _compute_invoice_key(self):
        for claim in self:
            claim.invoice_key = self._invoice_key(claim.invoice_number)

    @api.depends("amount", "cost")
    def _compute_approved_amount(self):
        for claim in self:
            if claim.state in (False, "draft", "submitted"):
                claim.approved_amount = min(claim.amount, claim._cap())

    @api.depends("request_id")
    def _compute_distinct_service(self):
        for claim in self:
            claim.distinct_service = claim.request_id.kind_id.distinct_service

    @api.depends("amount", "tax_amount", "settlement", "company_id")
    def _compute_tax_id(self):
        for claim in self:
            claim.tax_id = claim._matching_tax()

    @api.depends("approved_amount", "tax_id")
    def _compute_approved_tax(self):
        for claim in self:
            totals = claim.tax_id.compute_all(claim.approved_amount, claim.currency_id)
            claim.approved_tax = sum(tax["amount"] for tax in totals["taxes"])

    @api.depends("line_ids.parent_state", "line_ids.move_id.payment_state")
    def _compute_document(self):
        for claim in self:
            move = claim._document()
            claim.document_name = move.name if move.name not in (False, "/") else False
            paid = move.payment_state in ("paid", "in_payment", "reversed")
            posted = "paid" if paid else "posted"
            claim.document_state = move and (posted if move.state == "posted" else "draft")

    def _document(self):
        """Return the bill or credit note that is valid now."""
        moves = self.line_ids.move_id.filtered(lambda move: move.state != "cancel")
        return moves.filtered(lambda m: m.move_type == BILLS[self.settlement]).sorted("id")[-1:]

    def _matching_tax(self):
        """Return the tax whose rate explains the VAT that was claimed, or none."""
        self.ensure_one()
        if not self.tax_amount or not self.amount:
            return self.env["account.tax"]
        taxes = self.env["account.tax"].search(
            [
                *self.env["account.tax"]._check_company_domain(self.company_id),
                ("type_tax_use", "=", "purchase" if self.settlement == "bill" else "sale"),
                ("amount_type", "=", "percent"),
                ("price_include_override", "!=", "tax_included"),
            ]
        )
        rounded = self.currency_id.round
        return taxes.filtered(
            lambda tax: rounded(self.amount * tax.amount / 100) == rounded(self.tax_amount)
        )[:1]

    def _cap(self):
        """Return the most that this claim can be approved for (float, company currency)."""
        self.ensure_one()
        request, digits = self.request_id, self.currency_id.decimal_places
        own = self.approved_amount if self.state in ("approved", "settled") else 0.0
        share = None
        if self.cost:
            share = mdf.co_funded(
                mdf.exact(self.cost, digits),
                mdf.exact(request.cofunding_rate),
                Decimal(1).scaleb(-digits),
            )
        return float(
            mdf.cap(
                mdf.exact(request.approved_amount, digits),
                mdf.exact(request.claimed - own, digits),
                share,
            )
        )

    @api.model
    def _number_taken(self, request, number):
        """Whether a valid claim of the partner of ``request`` has this invoice number."""
        return bool(
            self.search_count(
                [
                    ("partner_id", "=", request.partner_id.id),
                    ("company_id", "=", request.company_id.id),
                    ("invoice_key", "=", self._invoice_key(number)),
                    ("state", "not in", ("refused", "cancelled")),
                ],
                limit=1,
            )
        )

    @api.model
    def _invoice_key(self, number):
        return "".join((number or "").upper().split())

    @api.constrains("amount", "tax_amount", "cost", "fair_value", "approved_amount")
    def _check_amounts(self):
        for claim in self:
            if claim.currency_id.compare_amounts(claim.amount, 0) <= 0:
                raise ValidationError(self.env._("%s: enter the amount claimed.", claim.name))
            if min(claim.tax_amount, claim.cost, claim.fair_value, claim.approved_amount) < 0:
                raise ValidationError(self.env._("%s: amounts cannot be negative.", claim.name))

    @api.constrains("amount", "request_id")
    def _check_request(self):
        for claim in self:
            request = claim.request_id
            if claim.currency_id.compare_amounts(claim.amount, request.approved_amount) > 0:
                raise ValidationError(
                    self.env._(
                        "The claim of %(amount)s is above the request %(request)s, of which "
                        "%(approved)s was approved. Claim that at most.",
                        amount=claim.currency_id.format(claim.amount),
                        request=request.name,
                        approved=claim.currency_id.format(request.approved_amount),
                    )
                )

    def write(self, vals):
        """Have the ledger of the fund follow."""
        result = super().write(vals)
        if {"state", "approved_amount", "amount", "fair_value"} & vals.keys():
            self.fund_id._subledger_mark_dirty()
        return result

    def _check_still_open(self, vals):
        for claim in self:
            fixed = CLAIMED & vals.keys() and claim.state != "draft"
            fixed = fixed or (DECIDED & vals.keys() and claim.state not in ("draft", "submitted"))
            if fixed:
                raise UserError(
                    self.env._(
                        "%s was sent or decided on: amounts and proof stay as they were. Undo the "
                        "decision, or have the partner withdraw it and claim again.",
                        claim.display_name,
                    )
                )

    # ------------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------------

    def _check_submit(self):
        if self.request_id.state != "approved":
            raise UserError(
                self.env._("%s is not approved: nothing can be claimed.", self.request_id.name)
            )
        if not self._proofs():
            raise UserError(
                self.env._(
                    "%s has no proof. Attach the invoice and what else shows that the activity "
                    "took place.",
                    self.display_name,
                )
            )

    def _submit(self):
        result = super()._submit()
        for claim in unlocked(self):
            claim.approved_amount = min(claim.amount, claim._cap())
        return result

    def _proofs(self):
        """Return the attached files (superuser)."""
        # sudo: the files of claims that the caller may read
        return (
            self.env["ir.attachment"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", self.ids)], order="id")
        )

    def _approve(self):
        """Approve under the locks of fund and request.

        :raises UserError: above the cap, or without the reason of a reduction
        """
        for claim in self:
            claim._approval_gate("mdf")
            claim.fund_id._lock()
            claim.request_id.invalidate_recordset()
            claim._check_decision()
            claim._decide(("submitted",), "approved")
            self.env.flush_all()

    def _check_decision(self):
        compare, cap = self.currency_id.compare_amounts, self._cap()
        if compare(self.approved_amount, 0) <= 0:
            raise UserError(self.env._("%s: enter the amount to approve first.", self.name))
        if compare(self.approved_amount, min(cap, self.amount)) > 0:
            raise UserError(
                self.env._(
                    "%(claim)s: at most %(cap)s can be approved. That is what was claimed, what is "
                    "left of the request, or our share of the cost proven.",
                    claim=self.display_name,
                    cap=self.currency_id.format(min(cap, self.amount)),
                )
            )
        part = compare(self.approved_amount, min(cap, self.amount)) < 0
        if part and not (self.reason or "").strip():
            raise UserError(
                self.env._(
                    "%s: enter the reason of the reduction, the partner reads it.", self.name
                )
            )
        if self.distinct_service and not self.fair_value:
            raise UserError(
                self.env._(
                    "%s pays for a distinct service: enter its fair value, or say that it is none.",
                    self.name,
                )
            )

    def _people_to_tell(self):
        people = self.partner_id._partner_people("marketing", "finance")
        return self.claimed_by_id | people

    def _decision_text(self):
        approved = self.approved_amount if self.state == "approved" else 0.0
        return self.env._(
            "Claimed: %(amount)s. Approved: %(approved)s. %(reason)s",
            amount=self.currency_id.format(self.amount),
            approved=self.currency_id.format(approved),
            reason=self.reason or "",
        )

    def action_refuse(self):
        """Refuse, and close the request when its fund has expired meanwhile.

        :raises UserError: without a reason, or when it was decided on already
        """
        result = super().action_refuse()
        self._close_expired()
        return result

    def action_reopen(self):
        """Take a decision back, as long as no document settles the claim."""
        self._check_channel()
        for claim in self:
            claim.fund_id._lock()
            document = claim.sudo()._document()  # sudo: whether there is one, and its number
            if document and claim.state == "approved":
                raise UserError(
                    self.env._(
                        "%(claim)s has the document %(document)s. Delete the draft or reverse it "
                        "first.",
                        claim=claim.name,
                        document=document.display_name,
                    )
                )
        self._update_state(
            ("approved", "refused"), "submitted", decided_on=False, decided_by_id=False
        )

    def _cancel(self):
        result = super()._cancel()
        self._close_expired()
        return result

    def _close_expired(self):
        """Close requests of expired funds, once nothing waits for a decision."""
        requests = self.sudo().request_id  # sudo: follows from the decision just made
        done = requests.filtered(
            lambda r: r.fund_id.state == "expired" and r.state == "approved" and not r.pending
        )
        done._close()

    # ------------------------------------------------------------------
    # Settlement
    # ------------------------------------------------------------------

    def action_settle(self):
        """Prepare the draft vendor bill or credit note; accounting checks and posts it.

        :raises UserError: the claim is not approved, has a document, or its VAT fits no tax
        """
        self._check_channel()
        for claim in self:
            claim._check_settle()
        self.fund_id._lock()
        # sudo: channel managers hand approved claims over to accounting by a draft
        moves = self.env["account.move"].sudo()
        for company, claims in self.sudo().grouped("company_id").items():
            vals_list = [claim._prepare_document_vals() for claim in claims]
            moves += moves.with_company(company).create(vals_list)
        for claim in self:
            claim.message_post(body=claim.env._("A draft document was prepared for accounting."))
        return self.action_open_documents() if len(self) == 1 else True

    def _check_settle(self):
        if self.state != "approved":
            raise UserError(self.env._("%s is not approved.", self.display_name))
        if self.sudo()._document():  # sudo: whether there is one
            raise UserError(
                self.env._("%s has a document already. Post or delete it.", self.display_name)
            )
        if self.tax_amount and not self.tax_id:
            raise UserError(
                self.env._(
                    "%s: no tax has the rate of the VAT that was claimed. Choose the tax.",
                    self.display_name,
                )
            )

    def _prepare_document_vals(self):
        """Return the values of the document that settles this claim."""
        self.ensure_one()
        return {
            "move_type": BILLS[self.settlement],
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": self.invoice_date,
            "ref": self.invoice_number,
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": self.env._(
                            "%(claim)s, %(activity)s",
                            claim=self.name,
                            activity=self.request_id.title,
                        ),
                        "account_id": self.fund_id.ledger_id.account_id.id,
                        "quantity": 1.0,
                        "price_unit": self.approved_amount,
                        "tax_ids": [Command.set(self.tax_id.ids)],
                        "subledger_key_model": "crm.mdf.fund",
                        "subledger_key_id": self.fund_id.id,
                        "mdf_claim_id": self.id,
                    }
                )
            ],
        }

    def _refresh_settled(self):
        """Read what posted documents settle; the state follows."""
        sums = {
            claim.id: (total, day)
            for claim, total, day in self.env["account.move.line"]
            .sudo()  # sudo: the sums of these claims, whoever posts
            ._read_group(
                [("mdf_claim_id", "in", self.ids), ("parent_state", "=", "posted")],
                ["mdf_claim_id"],
                ["balance:sum", "date:max"],
            )
        }
        for claim in unlocked(self):
            total, day = sums.get(claim.id, (0.0, False))
            if claim.currency_id.compare_amounts(total, claim.settled) or claim.settled_on != day:
                claim.write({"settled": claim.currency_id.round(total), "settled_on": day})
            full = claim.currency_id.compare_amounts(claim.settled, claim.approved_amount) >= 0
            if claim.state == "approved" and full:
                claim._update_state(("approved",), "settled")
            elif claim.state == "settled" and not full:
                claim._update_state(("settled",), "approved")

    def action_open_documents(self):
        """Open the bills and credit notes of these claims, for whom may read them."""
        moves = self.sudo().line_ids.move_id  # sudo: which they are; opening them needs access
        readable = self.env["account.move"].has_access("read")
        if not readable or not moves:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "success",
                    "message": self.env._("Accounting posts the draft document."),
                    "next": {"type": "ir.actions.client", "tag": "soft_reload"},
                },
            }
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Settlement"),
            "res_model": "account.move",
            "domain": [("id", "in", moves.ids)],
            "view_mode": "list,form",
            "context": {"create": False},
        }
        if len(moves) == 1:
            action.update(view_mode="form", res_id=moves.id)
        return action

    # ------------------------------------------------------------------
    # Approvals
    # ------------------------------------------------------------------

    def _approval_snapshot_fields(self, operation):
        return [
            *super()._approval_snapshot_fields(operation),
            "request_id",
            "invoice_number",
            "amount",
            "approved_amount",
            "fair_value",
        ]
