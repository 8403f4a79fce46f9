from collections import defaultdict
from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_amount

from odoo.addons.crm_customer.engine import china_ids

from ..engine.deal_price import exact, plain
from ..tools import is_unlocked, unlocked
from ..tools.rate import check_rate
from ..tools.upload import attach

#: states in which a registration keeps others away
LIVE = ("review", "approved", "won")
#: what methods write after their checks, nobody by hand
PROTECTED = frozenset(
    {
        "state", "submitted_at", "decided_at", "decided_by_id", "decision", "decision_note",
        "in_conflict", "possible_conflict", "approved_on", "protected_until", "extension_state",
        "extension_reason", "extended_on", "registration_discount", "referral_rate", "outcome",
        "lead_id", "order_id", "referral_bill_id", "review_deadline", "escalated", "reminded_on",
        "last_progress_on", "submitted_by_id", "name", "won_on",
    }
)  # fmt: skip
#: what was registered; later only a channel manager may correct it while it is reviewed
REGISTERED = frozenset(
    {
        "partner_id", "company_id", "currency_id", "amount", "customer_name", "customer_code",
        "customer_country_id", "customer_phone", "customer_email", "customer_domain", "line_ids",
    }
)  # fmt: skip


class CrmDealRegistration(models.Model):
    """A deal that a partner brings: who registers first is protected for a time.

    States are changed by methods only, after their checks. What a registration is in conflict with
    stands in ``crm.deal.conflict``, which partners and direct salespeople cannot read.
    """

    _name = "crm.deal.registration"
    _description = "Deal Registration"
    _inherit = [
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "crm.approval.mixin",
        "crm.deal.protection",
        "crm.deal.referral",
    ]
    _order = "submitted_at desc, id desc"
    _mail_post_access = "read"
    _check_company_auto = True

    name = fields.Char("Number", readonly=True, copy=False, default="/")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("review", "In Review"),
            ("conflict", "Conflict"),
            ("approved", "Approved"),
            ("won", "Won"),
            ("lost", "Lost"),
            ("refused", "Refused"),
            ("expired", "Expired"),
            ("released", "Released"),
            ("revoked", "Taken Back"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
        group_expand=True,
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )

    # --- who registers ---
    partner_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        check_company=True,
        domain="[('grade_id', '!=', False), ('is_company', '=', True)]",
        tracking=True,
    )
    grade_id = fields.Many2one(related="partner_id.grade_id", string="Level", store=True)
    contact_id = fields.Many2one(
        "res.partner",
        "Contact at the Partner",
        domain="[('commercial_partner_id', '=', partner_id)]",
        help="Gets the decisions.",
    )
    submitted_by_id = fields.Many2one("res.users", "Registered by", readonly=True, copy=False)
    user_id = fields.Many2one(
        "res.users",
        "Channel Manager",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        domain="[('share', '=', False)]",
        tracking=True,
    )

    # --- end customer ---
    customer_name = fields.Char("End Customer", required=True, tracking=True)
    customer_code = fields.Char(
        "USCC / Tax ID", help="Unified social credit code (18 characters) or tax ID."
    )
    customer_country_id = fields.Many2one(
        "res.country", "Country", default=lambda self: self.env.company.country_id
    )
    customer_state_id = fields.Many2one(
        "res.country.state",
        "Province",
        domain="[('country_id', '=?', customer_country_id)]",
    )
    customer_city = fields.Char("City")
    customer_street = fields.Char("Street")
    customer_zip = fields.Char("Postcode")
    customer_phone = fields.Char("Phone")
    customer_email = fields.Char("E-Mail")
    customer_domain = fields.Char("Website or Domain")
    customer_contact = fields.Char("Contact at the Customer")
    match_phone = fields.Char(compute="_compute_match", store=True, groups="base.group_user")
    match_code = fields.Char(compute="_compute_match", store=True, groups="base.group_user")
    match_domain = fields.Char(compute="_compute_match", store=True, groups="base.group_user")

    # --- deal ---
    line_ids = fields.One2many("crm.deal.registration.line", "registration_id", "Products")
    amount = fields.Monetary(
        required=True, tracking=True, help="Expected at list prices, excluding taxes."
    )
    is_amount_capped = fields.Boolean(compute="_compute_amount_taken", compute_sudo=True)
    amount_taken = fields.Monetary(
        "Ordered",
        compute="_compute_amount_taken",
        compute_sudo=True,
        help="What confirmed orders took at the registered price, at list prices and excluding"
        " taxes.",
    )
    amount_left = fields.Monetary(
        "Left",
        compute="_compute_amount_taken",
        compute_sudo=True,
        help="What can still be ordered at the registered price, at list prices and excluding"
        " taxes.",
    )
    amount_company = fields.Monetary(
        "Amount (Company Currency)",
        compute="_compute_amount_company",
        store=True,
        currency_field="company_currency_id",
    )
    expected_close = fields.Date(tracking=True)
    competitor = fields.Char()
    description = fields.Text("About the Deal")
    file_ids = fields.Many2many(
        "ir.attachment",
        "crm_deal_registration_file_rel",
        "registration_id",
        "attachment_id",
        "Files",
        copy=False,
        help="Files that the partner sees; those of the chatter are ours.",
    )

    # --- decision ---
    submitted_at = fields.Datetime("Submitted", readonly=True, copy=False)
    decided_at = fields.Datetime("Decided", readonly=True, copy=False)
    decision_hours = fields.Float(
        "Hours to Decision",
        compute="_compute_decision_hours",
        store=True,
        aggregator="avg",
        help="Hours from submission to approval, refusal or conflict.",
    )
    decided_by_id = fields.Many2one(
        "res.users", "Decided by", readonly=True, copy=False, groups="base.group_user"
    )
    decision = fields.Selection(
        [("auto", "At Once"), ("manager", "Channel Manager"), ("approval", "Approval")],
        "Way of Decision",
        readonly=True,
        copy=False,
    )
    decision_note = fields.Text("Reason", readonly=True, copy=False, help="The partner reads it.")
    in_conflict = fields.Boolean(
        "Was in Conflict", readonly=True, copy=False, help="Somebody else was first."
    )
    possible_conflict = fields.Boolean(readonly=True, copy=False, groups="base.group_user")
    conflict_ids = fields.One2many(
        "crm.deal.conflict",
        "registration_id",
        "Conflicts",
        groups="crm_partner.group_partner_user",
    )
    review_deadline = fields.Datetime(
        readonly=True, copy=False, help="Until then it has to be decided; in UTC."
    )
    escalated = fields.Boolean(readonly=True, copy=False, groups="base.group_user")
    approval_request_ids = fields.One2many(groups="base.group_user")
    approval_state = fields.Selection(groups="base.group_user")

    # --- protection, see crm.deal.protection ---
    approved_on = fields.Date(readonly=True, copy=False)
    protected_until = fields.Date(readonly=True, copy=False, index="btree_not_null", tracking=True)
    days_left = fields.Integer(compute="_compute_days_left")
    extension_state = fields.Selection(
        [
            ("none", "None"),
            ("requested", "Requested"),
            ("granted", "Granted"),
            ("refused", "Refused"),
        ],
        "Extension",
        default="none",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    extension_reason = fields.Text(readonly=True, copy=False)
    extended_on = fields.Date(readonly=True, copy=False)
    progress_ids = fields.One2many("crm.deal.progress", "registration_id")
    last_progress_on = fields.Date(readonly=True, copy=False)
    reminded_on = fields.Date(readonly=True, copy=False, groups="base.group_user")
    registration_discount = fields.Float(
        "Registration Discount (%)", digits=(5, 2), readonly=True, copy=False
    )
    referral_rate = fields.Float("Referral Fee (%)", digits=(5, 2), readonly=True, copy=False)

    # --- what came of it ---
    won_on = fields.Date(readonly=True, copy=False)
    outcome = fields.Selection(
        [("partner", "Bought from the Partner"), ("direct", "Bought Directly")],
        readonly=True,
        copy=False,
    )
    lead_id = fields.Many2one(
        "crm.lead",
        "Opportunity",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
    )
    customer_id = fields.Many2one(
        "res.partner",
        "Known Customer",
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
        help="The end customer among our contacts, if we have it there.",
    )
    order_ids = fields.One2many("sale.order", "deal_registration_id", "Orders")
    order_count = fields.Integer(compute="_compute_order_count", groups="base.group_user")
    order_id = fields.Many2one(
        "sale.order",
        "Decisive Order",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
    )
    referral_bill_id = fields.Many2one(
        "account.move",
        "Referral Fee",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
    )

    _rate_idx = models.Index("(submitted_by_id, submitted_at)")
    _live_idx = models.Index("(company_id, state, protected_until)")
    _amount_positive = models.Constraint(
        "CHECK(amount > 0)", "The amount of a registration has to be greater than zero."
    )

    # --- computes ---

    @api.depends("partner_id")
    def _compute_user_id(self):
        for registration in self:
            registration.user_id = registration.partner_id.user_id or registration.user_id

    @api.depends("customer_phone", "customer_code", "customer_domain", "customer_country_id")
    def _compute_match(self):
        identity = self.env["crm.identity"]
        for row in self:
            country = self.env["res.partner"].new({"country_id": row.customer_country_id.id})
            phone = identity._normalise("phone", row.customer_phone, country)
            row.match_phone = phone or row.customer_phone
            row.match_code = china_ids.normalise_code(row.customer_code) or False
            row.match_domain = china_ids.normalise_domain(row.customer_domain) or False

    @api.depends("amount", "currency_id", "company_id", "submitted_at")
    def _compute_amount_company(self):
        for registration in self:
            company = registration.company_id
            date = registration.submitted_at or fields.Datetime.now()
            registration.amount_company = registration.currency_id._convert(
                registration.amount, company.currency_id, company, date.date()
            )

    @api.depends("amount", "line_ids", "company_id.deal_amount_cap", "order_ids.state")
    def _compute_amount_taken(self):
        for registration in self:
            limit = registration._amount_limit()
            registration.is_amount_capped = limit is not None
            taken = registration._origin._amount_taken() if limit is not None else 0.0
            registration.amount_taken = taken
            registration.amount_left = max((limit or 0.0) - taken, 0.0)

    @api.depends("submitted_at", "decided_at")
    def _compute_decision_hours(self):
        for row in self:
            taken = row.decided_at and row.submitted_at and row.decided_at - row.submitted_at
            row.decision_hours = taken.total_seconds() / 3600 if taken else 0.0

    @api.depends("protected_until", "state")
    def _compute_days_left(self):
        for row in self:
            live = row.state == "approved" and row.protected_until
            left = (row.protected_until - row.company_id._deal_today()).days if live else 0
            row.days_left = max(left, 0)

    def _compute_order_count(self):
        counts = dict(
            self.env["sale.order"]._read_group(
                [("deal_registration_id", "in", self.ids)], ["deal_registration_id"], ["__count"]
            )
        )
        for registration in self:
            registration.order_count = counts.get(registration, 0)

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for registration in self:
            registration.access_url = f"/my/partner/deals/{registration.id}"
        return result

    @api.depends("name", "customer_name")
    def _compute_display_name(self):
        for registration in self:
            registration.display_name = f"{registration.name} {registration.customer_name or ''}"

    # --- constraints ---

    @api.constrains("customer_code", "customer_country_id")
    def _check_customer_code(self):
        for registration in self.filtered("customer_code"):
            code = china_ids.normalise_code(registration.customer_code)
            chinese = registration.customer_country_id.code == "CN" or len(code) == 18
            if chinese and not china_ids.uscc_is_valid(code):
                raise ValidationError(
                    self.env._(
                        "%s is not a unified social credit code: 18 characters, the last one is a"
                        " check character. Compare it with the business licence.",
                        registration.customer_code,
                    )
                )

    @api.constrains("customer_name", "customer_phone", "customer_domain", "customer_code")
    def _check_identifiable(self):
        for row in self:
            if not (row.customer_phone or row.customer_domain or row.customer_code):
                raise ValidationError(
                    self.env._(
                        "Say how %s can be told apart from others: its USCC or tax ID, phone, or"
                        " domain.",
                        row.customer_name,
                    )
                )
            if row.customer_domain and not china_ids.normalise_domain(row.customer_domain):
                raise ValidationError(
                    self.env._(
                        "%s is not a website or domain, such as hongtai.com.cn.",
                        row.customer_domain,
                    )
                )

    @api.constrains("currency_id", "company_id")
    def _check_currency(self):
        for row in self.filtered(lambda row: row.currency_id != row.company_id.currency_id):
            # sudo: whether there is a rate; the partner does not read rates
            rates = row.currency_id.sudo().rate_ids
            if not rates.filtered(
                lambda rate, row=row: rate.company_id.id in (False, row.company_id.root_id.id)
            ):
                raise ValidationError(
                    self.env._(
                        "There is no exchange rate of %(name)s. Enter one, or register in %(own)s.",
                        name=row.currency_id.name,
                        own=row.company_id.currency_id.name,
                    )
                )

    @api.constrains("partner_id")
    def _check_partner(self):
        for registration in self:
            partner = registration.partner_id
            if partner != partner.commercial_partner_id:
                raise ValidationError(
                    self.env._("A deal is registered for a partner company, not for a contact.")
                )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        """Number registrations by the sequence of their company.

        What only methods decide (state, protection, decision, …) is dropped from what is entered by
        hand.
        """
        if not is_unlocked(self.env):
            vals_list = [
                {name: value for name, value in vals.items() if name not in PROTECTED}
                for vals in vals_list
            ]
        for vals in vals_list:
            company = self.env["res.company"].browse(vals.get("company_id") or self.env.company.id)
            vals["name"] = (
                # sudo: the sequence has no reader
                self.env["ir.sequence"].sudo().with_company(company).next_by_code(self._name) or "/"
            )
        return super().create(vals_list)

    def write(self, vals):
        """Keep the matching keys with what identifies the customer.

        :raise UserError: a field that only methods decide would change, or one that has been
            decided upon
        """
        if not is_unlocked(self.env):
            self._refuse_by_hand(vals)
        result = super().write(vals)
        if vals.keys() & (self._match_sources() | {"state"}):
            self._deal_refresh_keys()
        return result

    def _refuse_by_hand(self, vals):
        """Refuse to change by hand what methods decide, or what has been decided upon."""
        if touched := vals.keys() & PROTECTED:
            raise UserError(
                self.env._(
                    "%s is set by the actions of a registration, not by hand.",
                    self._fields[min(touched)]._description_string(self.env),
                )
            )
        decided = self.filtered(lambda row: row.state not in ("draft", "review"))
        if decided and vals.keys() & REGISTERED:
            raise UserError(
                self.env._(
                    "%s has been decided: customer, products and amount stay as they were"
                    " registered.",
                    ", ".join(decided.mapped("name")),
                )
            )
        reviewed = self.filtered(lambda row: row.state == "review")
        if reviewed and vals.keys() & REGISTERED:
            reviewed._require_manager()

    def _refuse_lines(self):
        """Refuse to change products by hand once they have been decided upon."""
        if not is_unlocked(self.env):
            self._refuse_by_hand({"line_ids": []})

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if any(registration.state != "draft" for registration in self):
            raise UserError(
                self.env._(
                    "Only drafts can be deleted. Cancel the registration instead: it is part of"
                    " the record of who was first."
                )
            )

    def unlink(self):
        """Forget the matching keys too, so that nothing collides with what is gone."""
        self.env["crm.deal.key"]._forget("r", self.ids)
        return super().unlink()

    # --- rights ---

    def _require_manager(self):
        """Refuse whoever is no channel manager; the records have to be readable and writable."""
        if not (self.env.su or self.env.user.has_group("crm_partner.group_partner_user")):
            raise AccessError(self.env._("Only channel managers decide on registrations."))
        self.check_access("write")

    def _require_state(self, *states):
        labels = dict(self._fields["state"]._description_selection(self.env))
        for registration in self:
            if registration.state not in states:
                raise UserError(
                    self.env._(
                        "%(name)s is in the state “%(state)s”; this is possible in: %(states)s.",
                        name=registration.name,
                        state=labels[registration.state],
                        states=", ".join(labels[state] for state in states),
                    )
                )

    # --- matching ---

    @api.model
    def _match_sources(self):
        return {
            "customer_name", "customer_code", "customer_country_id", "customer_city",
            "customer_street", "customer_zip", "customer_phone", "customer_email",
            "customer_domain", "company_id", "active",
        }  # fmt: skip

    @api.model
    def _match_fields(self):
        """Return the fields that :meth:`_match_record` reads."""
        return [
            "customer_name", "customer_email", "customer_street", "customer_city", "customer_zip",
            "match_phone", "match_code", "match_domain", "company_id", "partner_id", "state",
            "protected_until",
        ]  # fmt: skip

    def _match_record(self):
        """Return the end customer as columns of the matching engine."""
        self.ensure_one()
        return {
            "id": None,
            "company_id": self.company_id.id,
            "parent_id": None,
            "name": self.customer_name,
            "phone": self.match_phone or None,
            "email": (self.customer_email or "").strip().lower() or None,
            "address": self.customer_street or None,
            "city": self.customer_city or None,
            "zip": self.customer_zip or None,
            "vat": self.match_code or None,
            "domain": self.match_domain or self.customer_email or None,
            "company": None,
            "ref": None,
        }

    def _subject(self):
        from .crm_deal_matcher import Subject

        record = self._match_record()
        identities = self.env["crm.deal.matcher"]._identities(record)
        return Subject(record, identities, self.company_id.id)

    def _deal_refresh_keys(self):
        """Make the keys of live registrations anew, and forget those of the others."""
        self.flush_recordset()
        keys, matcher = self.env["crm.deal.key"], self.env["crm.deal.matcher"]
        keys._forget("r", self.ids)
        # sudo: keys are made from fields that partners do not read
        live = self.sudo().filtered(lambda row: row.state in LIVE and row.active)
        keys._store([("r", row.id, matcher._hashes(row._subject())) for row in live])

    @api.model
    def _live_domain(self, company_id=None):
        """Return the domain of registrations that keep others away, whatever the crons did."""
        company = self.env["res.company"].browse(company_id) if company_id else self.env.company
        # sudo: which day it is in the time zone of the company
        today = company.sudo()._deal_today()
        live = Domain("state", "=", "review") | (
            Domain("state", "in", ("approved", "won")) & Domain("protected_until", ">=", today)
        )
        return live & Domain("company_id", "=", company.id)

    def _is_live(self, day=None):
        """Whether a registration protects its deal.

        :param day: on that day, for what was agreed then; default: now
        """
        self.ensure_one()
        if not (self.approved_on and self.protected_until):
            return False
        if day:
            return self.approved_on <= day <= self.protected_until
        today = self.company_id._deal_today()
        return self.state in ("approved", "won") and self.protected_until >= today

    # --- what orders took at the registered price ---

    def _taken_by(self, groupby, aggregate, without=None):
        """Return rows of the lines of confirmed orders that have the registered price.

        :param without: orders (sale.order) that do not count
        """
        self.ensure_one()
        # sudo: all orders of the deal count, whoever asks
        lines = self.env["sale.order.line"].sudo()
        domain = (
            Domain("order_id.deal_registration_id", "=", self.id)
            & Domain("order_id", "not in", without.ids if without else [])
            & Domain("state", "=", "sale")
            & Domain("deal_discount", ">", 0)
        )
        return lines._read_group(domain, groupby, [aggregate])

    def _quantities_taken(self, without=None):
        """Return what confirmed orders took at the registered price, for one registration.

        :param without: orders (sale.order) that do not count
        :return: {product.template: quantity in the unit of the product}
        """
        taken = defaultdict(float)
        for product, unit, quantity in self._taken_by(
            ["product_id", "product_uom_id"], "product_uom_qty:sum", without
        ):
            taken[product.product_tmpl_id] += unit._compute_quantity(
                quantity, product.uom_id, round=False
            )
        return taken

    def _quantity_registered(self, template):
        """Return the registered quantity of a product in its unit, None if it was not named."""
        lines = self.line_ids.filtered(lambda line: line.product_id.product_tmpl_id == template)
        return sum(lines.mapped("quantity")) if lines else None

    def _quantity_left(self, template, without=None):
        """Return how much of a product may still be bought at the registered price.

        :param template: product.template
        :param without: orders (sale.order) that do not count
        :return: in the unit of the product, negative where too much was taken; None where the deal
            was registered without this product: then no quantity was agreed upon
        """
        registered = self._quantity_registered(template)
        if registered is None:
            return None
        return registered - self._quantities_taken(without)[template]

    def _check_taken(self):
        """Refuse what makes confirmed orders take more than was registered.

        The deal is locked first: of two orders that are confirmed at the same moment the later one
        is tried again, and sees the first.

        :raise UserError: names the product, how much was registered and how much is ordered
        """
        for registration in self:
            self.env["crm.deal.key"]._lock([registration.id])
            registration._check_amount_taken()
            for template, taken in registration._quantities_taken().items():
                registered = registration._quantity_registered(template)
                if registered is None or exact(taken) <= exact(registered):
                    continue
                raise UserError(
                    self.env._(
                        "%(deal)s was registered with %(registered)s of %(product)s, and confirmed"
                        " orders would take %(taken)s at its price. Put what goes beyond it on a"
                        " line of its own and update the prices, or register the additional"
                        " quantity.",
                        deal=registration.name,
                        registered=plain(registered),
                        product=template.display_name,
                        taken=plain(taken),
                    )
                )

    def _amount_limit(self):
        """Return up to which amount the deal gives its discount, ``None`` where none was agreed on.

        In the currency of the registration, at list prices and excluding taxes, as its amount. A
        deal that was registered with products goes by their quantities instead.
        """
        self.ensure_one()
        company = self.company_id.sudo()  # sudo: settings of the programme, for partners too
        if self.line_ids or not company.deal_amount_cap:
            return None
        limit = exact(self.amount) * (1 + exact(company.deal_amount_tolerance) / 100)
        return self.currency_id.round(float(limit))

    def _amount_taken(self, without=None):
        """Return what confirmed orders took at the registered price, as :meth:`_amount_limit`.

        :param without: orders (sale.order) that do not count
        """
        [(taken,)] = self._taken_by([], "deal_list_amount:sum", without)
        return taken or 0.0

    def _amount_left(self, without=None):
        """Return the amount that may still be ordered at the registered price.

        Negative where too much was taken, ``None`` where no amount limits the deal.
        """
        limit = self._amount_limit()
        return None if limit is None else limit - self._amount_taken(without)

    def _check_amount_taken(self):
        """Refuse what makes confirmed orders take more than the registered amount.

        :raise UserError: names the amount that was registered and what would be taken
        """
        limit = self._amount_limit()
        taken = 0.0 if limit is None else self._amount_taken()
        if limit is None or self.currency_id.compare_amounts(taken, limit) <= 0:
            return
        raise UserError(
            self.env._(
                "The discount of %(deal)s is given up to %(limit)s at list prices, excluding taxes,"
                " and confirmed orders would take %(taken)s. Put what goes beyond it on a line of"
                " its own and update the prices, or register the additional amount.",
                deal=self.name,
                limit=format_amount(self.env, limit, self.currency_id),
                taken=format_amount(self.env, taken, self.currency_id),
            )
        )

    # --- submission ---

    @api.model
    def _register_deal(self, partner, vals, lines=(), uploads=()):
        """Register a deal of a partner for the current user, who was checked by the caller.

        :param partner: the partner company
        :param dict vals: of :meth:`_portal_fields`, others are ignored
        :param lines: list of (product, quantity)
        :param uploads: what ``tools.upload.read_uploads`` returned
        :raise UserError: if the user registers too fast, or something is missing or wrong
        """
        # sudo: how many are accepted is no secret of the company
        limit = (partner.company_id or self.env.company).sudo().deal_rate_limit
        check_rate(self, limit, "submitted_by_id", "submitted_at")
        allowed = self._portal_fields()
        registration = unlocked(self).create(
            {
                **{name: value for name, value in vals.items() if name in allowed},
                "partner_id": partner.id,
                "contact_id": self.env.user.partner_id.id,
                "company_id": (partner.company_id or self.env.company).id,
                "line_ids": [
                    Command.create({"product_id": product.id, "quantity": quantity})
                    for product, quantity in lines
                ],
            }
        )
        registration.file_ids = attach(registration, uploads)
        registration._submit()
        return self.browse(registration.id)

    @api.model
    def _portal_fields(self):
        """Return what a partner may fill in."""
        return {
            "customer_name", "customer_code", "customer_country_id", "customer_state_id",
            "customer_city", "customer_street", "customer_zip", "customer_phone",
            "customer_email", "customer_domain", "customer_contact", "amount", "expected_close",
            "competitor", "description",
        }  # fmt: skip

    def action_submit(self):
        """Submit drafts for a partner, as channel manager."""
        self._require_manager()
        self._require_state("draft")
        for registration in self:
            unlocked(registration)._submit()

    def _submit(self):
        """Check a registration against everybody else, and decide where nobody has to.

        Whoever is first in this transaction order wins; of two at the same moment the one that
        commits first, see ``crm.deal.key``.
        """
        self.ensure_one()
        if not self.partner_id.grade_id.registration_allowed:
            raise UserError(
                self.env._(
                    "Partners of the level %s do not register deals. Ask your channel manager.",
                    self.partner_id.grade_id.name or "–",
                )
            )
        now = fields.Datetime.now()
        self.write({"submitted_at": now, "submitted_by_id": self.env.uid})
        self._check_conflicts()
        if self.state == "conflict":
            return
        if self._is_approved_at_once():
            self._approve("auto")
            return
        self._into_review()

    def _check_conflicts(self):
        """Look for conflicts, keep them for the channel manager, and set the state."""
        matcher = self.env["crm.deal.matcher"]
        subject = self._subject()
        hashes = matcher._hashes(subject)
        found = matcher._find_conflicts(subject, self, hashes)
        self.env["crm.deal.conflict"]._keep(self, found)
        open_conflicts = self.conflict_ids.filtered(lambda row: not row.dismissed)
        certain = open_conflicts.filtered("certain")
        self.possible_conflict = bool(open_conflicts)
        if certain:
            self._into_conflict()
            return
        # Nobody in sight: from here on nobody else may take the same customer unseen.
        self.env["crm.deal.key"]._lock(hashes)
        if self.state == "conflict":
            self.write({"state": "review", "decided_at": False, "decision": False})

    def _into_conflict(self):
        now = fields.Datetime.now()
        self.write(
            {
                "state": "conflict",
                "in_conflict": True,
                "decided_at": now,
                "decision": "auto",
                "decided_by_id": self.env.uid,
            }
        )
        own = self.conflict_ids.filtered(
            lambda row: row.certain and row.other_id.partner_id == self.partner_id
        )
        if own:
            self.decision_note = self.env._(
                "You have registered this customer already: %s.", own.other_id[:1].name
            )
            return
        self.decision_note = self.env._(
            "This customer is already being worked on. Your channel manager can tell you when it"
            " can be registered again."
        )
        self._tell(lambda env: env._("Conflict: this customer is already being worked on."))

    def _is_approved_at_once(self):
        grade = self.partner_id.grade_id
        return not self.possible_conflict and self.amount_company < grade.registration_auto_limit

    def _into_review(self):
        hours = self.company_id.deal_review_hours
        deadline = self.submitted_at + timedelta(hours=hours) if hours else False
        self.write({"state": "review", "review_deadline": deadline, "escalated": False})
        if self._approval_missing("register"):
            # sudo: requested by the system; whoever registered it is no user of the backend
            self.with_user(self.env.ref("base.user_root")).sudo()._approval_request(
                "register", note=self.env._("Registered by %s", self.partner_id.name)
            )
        elif self.user_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=deadline and deadline.date(),
                user_id=self.user_id.id,
                summary=self.env._("Decide on the registered deal"),
            )
        self._tell(lambda env: env._("Your registration is being reviewed."))

    # --- decision ---

    def action_check_again(self):
        """Check anew, after conflicts were dismissed or have gone."""
        self._require_manager()
        self._require_state("conflict", "review")
        for registration in unlocked(self):
            before = registration.state
            registration._check_conflicts()
            if before == "conflict" and registration.state == "review":
                registration._into_review()

    def action_approve(self):
        """Approve, as channel manager; where a rule asks for an approval, after it."""
        self._require_manager()
        self._require_state("review")
        self._approval_gate("register")
        for registration in unlocked(self):
            registration._approve("manager")

    def _approve(self, decision):
        """Protect the deal from now on, and create or link its opportunity.

        :param str decision: a value of ``decision``
        """
        grade, today = self.partner_id.grade_id, self.company_id._deal_today()
        self.write(
            {
                "state": "approved",
                "decision": decision,
                "decided_at": fields.Datetime.now(),
                "decided_by_id": self.env.uid,
                "approved_on": today,
                "protected_until": fields.Date.add(today, days=grade.protection_days),
                "registration_discount": grade.registration_discount,
                "referral_rate": grade.referral_rate,
                "review_deadline": False,
            }
        )
        self._link_opportunity()
        self.activity_unlink(["mail.mail_activity_data_todo"])
        self._tell(
            lambda env: env._(
                "Approved: the deal is protected until %s.",
                fields.Date.to_string(self.protected_until),
            )
        )

    def action_refuse(self):
        """Open the dialog that asks for the reason."""
        return self._open_decision("refuse")

    def _refuse(self, reason, decision="manager"):
        self.write(
            {
                "state": "refused",
                "decision": decision,
                "decided_at": fields.Datetime.now(),
                "decided_by_id": self.env.uid,
                "decision_note": reason,
                "review_deadline": False,
            }
        )
        self.activity_unlink(["mail.mail_activity_data_todo"])
        self._tell(lambda env: env._("Refused: %s", reason))

    def _open_decision(self, action):
        self._require_manager()
        return {
            "type": "ir.actions.act_window",
            "name": dict(
                self.env["crm.deal.decision"]._fields["action"]._description_selection(self.env)
            )[action],
            "res_model": "crm.deal.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_registration_ids": self.ids, "default_action": action},
        }

    # --- approval (crm_approval) ---

    def _approval_snapshot_fields(self, operation):
        return [
            *super()._approval_snapshot_fields(operation),
            "partner_id",
            "customer_name",
            "customer_code",
            "amount",
            "currency_id",
            "line_ids.product_id",
            "line_ids.quantity",
        ]

    def _approval_snapshot_figures(self, operation):
        figures = super()._approval_snapshot_figures(operation)
        return {**figures, "amount": self.amount_company}

    def _approval_figure_labels(self, operation):
        labels = super()._approval_figure_labels(operation)
        return {**labels, "amount": self.env._("Amount (company currency)")}

    def _approval_ahead(self, operation):
        records = super()._approval_ahead(operation)
        if operation == "register":
            return records.filtered(lambda row: row.state == "review")
        return records

    def _approval_granted(self, request):
        result = super()._approval_granted(request)
        if request.operation == "register" and self.state == "review":
            unlocked(self)._approve("approval")
        return result

    def _approval_refused(self, request):
        result = super()._approval_refused(request)
        if request.operation == "register" and self.state == "review":
            unlocked(self)._refuse(self.env._("The approval was refused."), "approval")
        return result

    # --- opportunity ---

    def _link_opportunity(self):
        """Create the opportunity of an approved registration, or link the one that was chosen."""
        # sudo: the deal is approved; the partner has no rights on opportunities
        leads = self.env["crm.lead"].sudo()
        if self.lead_id:
            unlocked(self.lead_id).write(self._prepare_partner_led_vals())
            return
        self.lead_id = (
            unlocked(leads).with_company(self.company_id).create(self._prepare_opportunity_vals())
        )

    def _prepare_partner_led_vals(self):
        """Return what makes an opportunity that of this registration's partner."""
        tag = self.env.ref("crm_partner.crm_tag_partner_led", raise_if_not_found=False)
        vals = {
            "deal_registration_id": self.id,
            "channel_partner_id": self.partner_id.id,
            "tag_ids": [(4, tag.id)] if tag else [],
        }
        if "partner_assigned_id" in self.env["crm.lead"]._fields:
            vals["partner_assigned_id"] = self.partner_id.id
        return vals

    def _prepare_opportunity_vals(self):
        """Return the values of the opportunity of an approved registration."""
        return {
            **self._prepare_partner_led_vals(),
            "name": f"{self.customer_name} – {self.partner_id.name}",
            "type": "opportunity",
            "company_id": self.company_id.id,
            "partner_id": self.customer_id.id,
            "partner_name": self.customer_name,
            "contact_name": self.customer_contact,
            "phone": self.customer_phone,
            "email_from": self.customer_email,
            "website": self.customer_domain,
            "street": self.customer_street,
            "city": self.customer_city,
            "zip": self.customer_zip,
            "state_id": self.customer_state_id.id,
            "country_id": self.customer_country_id.id,
            "expected_revenue": self.amount_company,
            "date_deadline": self.expected_close,
            "user_id": self.user_id.id,
        }

    # --- messages ---

    def _tell(self, message):
        """Tell the partner's contact what happened; in the contact's language.

        :param message: function of an environment that returns the text
        """
        for registration in self:
            contact = registration.contact_id or registration.submitted_by_id.partner_id
            contact = contact.filtered(
                lambda person, row=registration: person.commercial_partner_id == row.partner_id
            )
            body = message(registration.with_context(lang=contact.lang or self.env.lang).env)
            # in the company's name: whoever sends a message is not told of it
            author = registration.company_id.partner_id
            registration.message_post(
                body=body,
                author_id=author.id,
                email_from=author.email_formatted or False,
                partner_ids=contact.ids,
                subtype_xmlid="mail.mt_comment",
            )

    # --- buttons ---

    def action_open_lead(self):
        """Open the opportunity of this registration."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "view_mode": "form",
        }

    def action_open_orders(self):
        """Open the orders of this registration; a new one starts with its partner."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("sale.action_orders")
        return action | {
            "domain": [("deal_registration_id", "=", self.id)],
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_deal_registration_id": self.id,
                "default_opportunity_id": self.lead_id.id,
            },
        }

    def action_open_referral_bill(self):
        """Open the vendor bill of the referral fee."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.referral_bill_id.id,
            "view_mode": "form",
        }
