from decimal import Decimal

from markupsafe import Markup, escape

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_amount, format_date

from ..engine import clauses, instalments
from ..tools import is_unlocked, unlocked
from .crm_contract_signing import UNSIGNED
from .crm_contract_succession import HISTORY
from .crm_contract_template import RECURRENCES

STATES = [
    ("draft", "Draft"),
    ("signing", "To Be Signed"),
    ("active", "In Force"),
    ("ended", "Ended"),
    ("replaced", "Replaced"),
    ("cancelled", "Cancelled"),
]
# What was or will be signed: a change in it makes signatures void, and after them impossible.
CONTENT = frozenset(
    {
        "title",
        "company_id",
        "currency_id",
        "partner_id",
        "signatory_id",
        "company_signatory_id",
        "date_start",
        "term_months",
        "date_end",
        "amended_from",
        "recurring",
        "recurrence",
        "auto_renew",
        "renewal_months",
        "notice_days",
        "revision_kind",
        "revision_percent",
        "revision_cap",
        "index_id",
    }
)
# What only methods write, after their checks.
PROTECTED = frozenset({"state", "error", "signed_attachment_id", *UNSIGNED, *HISTORY})


class CrmContract(models.Model):
    """A contract with a customer: its text, term, signatures and instalment plan.

    What has been signed is never edited. An amendment or the next term is a contract of its own
    that knows where it comes from; the old text stays as it was.
    """

    _name = "crm.contract"
    _description = "Contract"
    _inherit = [
        "crm.contract.signing",
        "crm.contract.succession",
        "portal.mixin",
        "crm.approval.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    name = fields.Char("Number", required=True, readonly=True, copy=False, default="/")
    title = fields.Char(required=True, tracking=True)
    state = fields.Selection(
        STATES, default="draft", required=True, readonly=True, copy=False, tracking=True, index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id",
        string="Company Currency",  # pylint: disable=attribute-string-redundant
    )
    template_id = fields.Many2one("crm.contract.template", check_company=True, copy=True)

    # Parties
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, index=True, tracking=True, ondelete="restrict"
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id", store=True, index=True
    )
    signatory_id = fields.Many2one(
        "res.partner",
        "Signs for the Customer",
        compute="_compute_signatory_id",
        store=True,
        readonly=False,
        domain="[('id', 'child_of', commercial_partner_id)]",
        ondelete="restrict",
    )
    company_signatory_id = fields.Many2one(
        "res.users",
        "Signs for Us",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        default=lambda self: self.env.user,
    )
    party_ids = fields.One2many("crm.contract.party", "contract_id", "Further Parties", copy=True)
    user_id = fields.Many2one(
        "res.users",
        "Salesperson",
        default=lambda self: self.env.user,
        index=True,
        tracking=True,
        domain="[('share', '=', False)]",
    )
    team_id = fields.Many2one(
        "crm.team", "Sales Team", compute="_compute_team_id", store=True, readonly=False
    )
    opportunity_id = fields.Many2one("crm.lead", index="btree_not_null", copy=False)
    order_ids = fields.One2many("sale.order", "crm_contract_id", "Orders", copy=False)
    order_count = fields.Integer(compute="_compute_counts")
    cost_ids = fields.Many2many(
        "crm.contract.cost",
        string="Capitalised Costs",
        compute="_compute_cost_ids",
    )

    # Text
    text_ids = fields.One2many("crm.contract.text", "contract_id", copy=True)
    deviation_count = fields.Integer("Deviations", compute="_compute_deviation_count", store=True)
    placeholder_help = fields.Html(compute="_compute_placeholder_help")
    note = fields.Text("Internal Notes", groups="base.group_user")
    # whoever has it signs without signing in: not for colleagues in the portal
    access_token = fields.Char(groups="base.group_user")

    # Term
    date_start = fields.Date("Starts", tracking=True, default=fields.Date.context_today)
    term_months = fields.Integer("Term (months)", default=12)
    date_end = fields.Date(
        "Ends", compute="_compute_date_end", store=True, readonly=False, tracking=True
    )
    effective_from = fields.Date("In Force from", compute="_compute_effective", store=True)
    effective_to = fields.Date("In Force until", compute="_compute_effective", store=True)

    # Money
    line_ids = fields.One2many("crm.contract.line", "contract_id", "Lines", copy=True)
    recurring = fields.Boolean(help="The price of the lines is due in every period of the term.")
    recurrence = fields.Selection(RECURRENCES, "Every", default="12")
    period_count = fields.Integer("Periods", compute="_compute_amounts", store=True)
    amount_untaxed = fields.Monetary("Untaxed", compute="_compute_amounts", store=True)
    amount_tax = fields.Monetary("Taxes", compute="_compute_amounts", store=True)
    amount_total = fields.Monetary("Total", compute="_compute_amounts", store=True, tracking=True)
    mrr = fields.Monetary(
        "Monthly Recurring Revenue",
        compute="_compute_mrr",
        store=True,
        currency_field="company_currency_id",
        groups="base.group_user",
        help="Untaxed, in company currency at the rate of the first day.",
    )
    instalment_ids = fields.One2many(
        "crm.contract.instalment", "contract_id", "Instalment Plan", copy=False
    )
    plan_difference = fields.Monetary("Not Planned Yet", compute="_compute_plan")
    amount_invoiced = fields.Monetary("Invoiced", compute="_compute_plan")
    amount_collected = fields.Monetary("Collected", compute="_compute_plan")
    amount_overdue = fields.Monetary("Overdue", compute="_compute_plan")
    instalment_count = fields.Integer(compute="_compute_counts")

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "There is a contract with this number already."
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends("name", "title")
    def _compute_display_name(self):
        for contract in self:
            contract.display_name = f"{contract.name} {contract.title or ''}".strip()

    @api.depends("partner_id")
    def _compute_signatory_id(self):
        for contract in self:
            if contract.signatory_id.commercial_partner_id != contract.commercial_partner_id:
                contract.signatory_id = contract.partner_id

    @api.depends("user_id", "company_id")
    def _compute_team_id(self):
        for contract in self:
            contract.team_id = (
                self.env["crm.team"]._get_default_team_id(user_id=contract.user_id.id, domain=None)
                if contract.user_id
                else contract.team_id
            )

    @api.depends("order_ids")
    def _compute_cost_ids(self):
        for contract in self:
            # sudo: orders of colleagues; which costs a user may read is the rule's business
            orders = contract.sudo()._billing_orders()
            costs = self.env["crm.contract.cost"]
            contract.cost_ids = (
                costs.search([("order_id", "in", orders.ids)])
                if costs.has_access("read")
                else costs
            )

    @api.depends("text_ids.deviates")
    def _compute_deviation_count(self):
        for contract in self:
            contract.deviation_count = len(contract.text_ids.filtered("deviates"))

    def _compute_placeholder_help(self):
        self.placeholder_help = self._placeholder_help()

    @api.depends("date_start", "term_months")
    def _compute_date_end(self):
        for contract in self:
            if contract.date_start and contract.term_months > 0:
                after = instalments.add_months(contract.date_start, contract.term_months)
                contract.date_end = fields.Date.subtract(after, days=1)

    @api.depends(
        "date_start", "date_end", "amended_from", "origin_kind", "terminated_on", "replaced_on"
    )
    def _compute_effective(self):
        for contract in self:
            amended = contract.origin_kind == "amendment" and contract.amended_from
            contract.effective_from = amended or contract.date_start
            ends = [contract.date_end, contract.terminated_on]
            if contract.replaced_on:
                ends.append(fields.Date.subtract(contract.replaced_on, days=1))
            contract.effective_to = min(filter(None, ends), default=False)

    @api.depends(
        "order_ids.amount_total",
        "order_ids.amount_untaxed",
        "order_ids.state",
        "origin_id.order_ids.amount_total",
        "line_ids.price_total",
        "recurring",
        "recurrence",
        "date_start",
        "date_end",
        "currency_id",
    )
    def _compute_amounts(self):
        for contract in self:
            if contract.state in ("ended", "replaced", "cancelled"):
                # what was signed stays what it was, wherever its orders went
                contract.period_count = contract.period_count
                contract.amount_untaxed = contract.amount_untaxed
                contract.amount_tax = contract.amount_tax
                contract.amount_total = contract.amount_total
                continue
            contract.period_count = contract._periods()
            untaxed, total = contract._contract_amounts()
            contract.amount_untaxed = untaxed
            contract.amount_total = total
            contract.amount_tax = total - untaxed

    @api.depends("amount_untaxed", "recurring", "date_start", "date_end", "currency_id")
    def _compute_mrr(self):
        for contract in self:
            months = contract._months()
            if not (contract.recurring and months):
                contract.mrr = 0
                continue
            contract.mrr = contract.currency_id._convert(
                contract.amount_untaxed / months,
                contract.company_currency_id,
                contract.company_id,
                contract.date_start,
            )

    @api.depends(
        "instalment_ids.amount",
        "instalment_ids.cancelled",
        "instalment_ids.amount_invoiced",
        "instalment_ids.amount_collected",
        "instalment_ids.state",
        "amount_total",
    )
    def _compute_plan(self):
        for contract in self:
            rows = contract.instalment_ids
            planned = sum((rows | contract._carried_instalments()).mapped("amount_to_count"))
            contract.plan_difference = contract.amount_total - planned
            contract.amount_invoiced, contract.amount_collected = contract._billed(rows)
            contract.amount_overdue = sum(
                row.amount_invoiced - row.amount_collected for row in rows if row.state == "overdue"
            )

    def _billed(self, rows):
        """Return (invoiced, collected): of the plan, or without one of the orders."""
        if rows:
            return sum(rows.mapped("amount_invoiced")), sum(rows.mapped("amount_collected"))
        # sudo: sums of the orders of a contract that the user may read
        orders = self.sudo().order_ids.filtered(lambda order: order.state == "sale")
        amounts = [self.env["crm.deal.chain"]._deal_amounts(order) for order in orders]
        return sum(row["invoiced"] for row in amounts), sum(row["collected"] for row in amounts)

    @api.depends("order_ids", "instalment_ids")
    def _compute_counts(self):
        for contract in self:
            contract.order_count = len(contract.order_ids)
            contract.instalment_count = len(contract.instalment_ids)

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for contract in self:
            contract.access_url = f"/my/contracts/{contract.id}"
        return result

    # ------------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------------

    @api.constrains("date_start", "date_end", "term_months", "notice_days", "reminder_days")
    def _check_term(self):
        for contract in self:
            start, end = contract.date_start, contract.date_end
            if start and end and end < start:
                raise ValidationError(
                    self.env._(
                        "%(contract)s ends on %(end)s, before it starts on %(start)s. Correct the "
                        "dates.",
                        contract=contract.display_name,
                        start=start,
                        end=end,
                    )
                )
            numbers = ("term_months", "notice_days", "reminder_days", "renewal_months")
            if min(contract[name] for name in numbers) < 0:
                raise ValidationError(
                    self.env._(
                        "%s: term, notice period and reminder cannot be negative.",
                        contract.display_name,
                    )
                )

    @api.constrains("signatory_id", "partner_id")
    def _check_signatory(self):
        for contract in self:
            signatory = contract.signatory_id
            if signatory and signatory.commercial_partner_id != contract.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(person)s does not belong to %(customer)s and cannot sign for them.",
                        person=signatory.display_name,
                        customer=contract.commercial_partner_id.display_name,
                    )
                )

    @api.model
    def _check_text(self, text, where):
        """Refuse a text with a placeholder that does not exist, naming it.

        :raise ValidationError: with the placeholder, the place, and where to find the right ones
        """
        wrong = clauses.faults(text, self._placeholder_labels().keys())
        if wrong:
            raise ValidationError(
                self.env._(
                    "%(where)s: the placeholder %(wrong)s does not exist. Choose one of the list "
                    "of placeholders: %(known)s.",
                    where=where or self.env._("Text"),
                    wrong=", ".join(wrong),
                    known=", ".join(self._placeholder_labels()),
                )
            )

    def _problems(self):
        """Return what is missing before this contract can be signed, as sentences."""
        self.ensure_one()
        problems = []
        if not self.text_ids:
            problems.append(self.env._("it has no text: choose a template, or write clauses"))
        if not (self.date_start and self.date_end):
            problems.append(self.env._("its first or last day is missing"))
        elif self.recurring and self._months() % int(self.recurrence or 1):
            problems.append(
                self.env._(
                    "its term of %(term)s months is no whole number of periods of %(period)s "
                    "months",
                    term=self._months(),
                    period=self.recurrence,
                )
            )
        if not self.signatory_id:
            problems.append(self.env._("nobody is named who signs for the customer"))
        if not self.company_signatory_id:
            problems.append(self.env._("nobody is named who signs for us"))
        if self._billing_orders().currency_id - self.currency_id:
            problems.append(self.env._("its orders are in another currency"))
        return problems + self._missing_clauses() + self._plan_problems()

    def _missing_clauses(self):
        """Return a sentence per mandatory clause of the template that the text lacks."""
        wanted = self.template_id.clause_ids.clause_id.filtered("mandatory")
        return [
            self.env._("the mandatory clause “%s” is missing", clause.name)
            for clause in wanted - self.text_ids.version_id.clause_id
        ]

    def _check_complete(self):
        """Raise when something is missing, with everything that is."""
        for contract in self:
            problems = contract._problems()
            if problems:
                raise UserError(
                    self.env._(
                        "%(contract)s cannot be signed yet:\n%(problems)s",
                        contract=contract.display_name,
                        problems="\n".join(f"• {problem}" for problem in problems),
                    )
                )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Number contracts, and take over the text of their template.

        :raise UserError: state, signatures or history were given
        """
        for vals in vals_list:
            self._check_protected(vals)
            if vals.get("name", "/") == "/":
                company = vals.get("company_id", self.env.company.id)
                sequence = self.env["ir.sequence"].with_company(company)
                vals["name"] = sequence.next_by_code("crm.contract") or "/"
        contracts = super().create(vals_list)
        contracts.filtered(
            lambda contract: contract.template_id and not contract.text_ids
        )._apply_template()
        return contracts

    def write(self, vals):
        """Make signatures void where what is signed changes.

        :raise UserError: it was signed already, or state, signatures or history were given
        """
        self._check_protected(vals)
        changed = CONTENT & vals.keys()
        if changed and any(self._differs(contract, vals, changed) for contract in self):
            self._content_changes()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        for contract in self:
            if contract.state not in ("draft", "cancelled") or contract.evidence_ids:
                raise UserError(
                    self.env._(
                        "%s has been sent for signature and stays in the files. Cancel it instead.",
                        contract.display_name,
                    )
                )

    def copy_data(self, default=None):
        """Mark a copy made by hand; amendments and renewals keep the title of their origin."""
        rows = super().copy_data(default)
        if not is_unlocked(self.env):
            for row in rows:
                row["title"] = self.env._("%s (copy)", row["title"])
        return rows

    def _check_protected(self, vals):
        """Refuse states, signatures and history in values that no method of ours has unlocked."""
        wrong = PROTECTED & vals.keys()
        if not self:  # a new record may say that it is an unsigned draft
            wrong = {name for name in wrong if vals[name] and vals[name] != "draft"}
        if wrong and not is_unlocked(self.env):
            raise UserError(
                self.env._(
                    "State, signatures and history of a contract are written by its buttons, not "
                    "by hand (%s).",
                    ", ".join(sorted(wrong)),
                )
            )

    @staticmethod
    def _differs(contract, vals, names):
        fields_of = contract._fields
        return any(
            fields_of[name].convert_to_cache(vals[name], contract)
            != fields_of[name].convert_to_cache(contract[name], contract)
            for name in names
        )

    def _content_changes(self):
        """React to a change of what is or will be signed: nobody's signature covers it any more.

        :raise UserError: when both sides have signed already
        """
        if is_unlocked(self.env):
            return
        for contract in self:
            if contract.state == "signing":
                contract._invalidate(self.env._("The contract was changed."))
            elif contract.state != "draft":
                raise UserError(
                    self.env._(
                        "%(contract)s is %(state)s, what was signed cannot be changed. Use Amend, "
                        "which keeps the old text and has the new one signed.",
                        contract=contract.display_name,
                        state=dict(self._fields["state"]._description_selection(self.env))[
                            contract.state
                        ],
                    )
                )

    # ------------------------------------------------------------------
    # Template and placeholders
    # ------------------------------------------------------------------

    @api.onchange("template_id")
    def _onchange_template_id(self):
        if self.template_id and self.state == "draft":
            self.update(self._prepare_template_vals())

    def _prepare_template_vals(self):
        """Return the values of the term that the template gives."""
        template = self.template_id
        names = ("term_months", "recurring", "recurrence", "auto_renew", "notice_days")
        names += ("reminder_days", "revision_kind", "revision_percent", "revision_cap")
        values = {name: template[name] for name in names}
        values |= {"index_id": template.index_id.id, "renewal_months": template.term_months}
        if not self.title:
            values["title"] = template.name
        return values

    def action_apply_template(self):
        """Take term, clauses and plan from the template again; what was edited is lost."""
        self._content_changes()
        for contract in self:
            contract.write(contract._prepare_template_vals())
        self._apply_template()
        return True

    def _apply_template(self):
        """Replace text and plan by those of the template, clauses in their published version."""
        for contract in self:
            # sudo: the library is read by whoever may write the contract
            template = contract.template_id.sudo().with_context(lang=contract._language())
            texts = template._prepare_text_vals()
            unlocked(contract.text_ids).unlink()
            contract.text_ids = [Command.create(vals) for vals in texts]
            if not contract.instalment_ids and contract.amount_total:
                contract._plan_from_template()

    @api.model
    def _placeholder_labels(self):
        """Return {placeholder: what it stands for}; other addons add theirs here and below."""
        return {
            "contract.number": self.env._("Number of the contract"),
            "contract.title": self.env._("Title of the contract"),
            "contract.start": self.env._("First day"),
            "contract.end": self.env._("Last day"),
            "contract.months": self.env._("Term in months"),
            "contract.amount": self.env._("Total, taxes included"),
            "contract.amount_untaxed": self.env._("Total without taxes"),
            "contract.notice_days": self.env._("Notice period in days"),
            "contract.renewal_months": self.env._("Months by which it renews"),
            "contract.orders": self.env._("Numbers of its orders"),
            "contract.parties": self.env._("Further parties and their roles"),
            "contract.plan": self.env._("Table of the instalments"),
            "partner.name": self.env._("Name of the customer"),
            "partner.address": self.env._("Address of the customer"),
            "partner.vat": self.env._("Tax number of the customer"),
            "signatory.name": self.env._("Who signs for the customer"),
            "signatory.function": self.env._("Position of that person"),
            "company.name": self.env._("Our name"),
            "company.address": self.env._("Our address"),
            "company.vat": self.env._("Our tax number"),
            "company_signatory.name": self.env._("Who signs for us"),
        }

    def _placeholder_values(self):
        """Return {placeholder: escaped text} of one contract, in the language of the context."""
        self.ensure_one()
        customer, ours = self.partner_id.commercial_partner_id, self.company_id.partner_id
        values = {
            "contract.number": self.name,
            "contract.title": self.title,
            "contract.start": self.date_start and format_date(self.env, self.date_start),
            "contract.end": self.date_end and format_date(self.env, self.date_end),
            "contract.months": self._months(),
            "contract.amount": self._money(self.amount_total),
            "contract.amount_untaxed": self._money(self.amount_untaxed),
            "contract.notice_days": self.notice_days,
            "contract.renewal_months": self.renewal_months,
            "contract.orders": ", ".join(self._billing_orders().mapped("name")),
            "contract.parties": ", ".join(
                f"{party.partner_id.name} ({party.role})" for party in self.party_ids
            ),
            "contract.plan": self._plan_table(),
            "partner.name": customer.name,
            "partner.address": customer._display_address(without_company=True),
            "partner.vat": customer.vat,
            "signatory.name": self.signatory_id.name,
            "signatory.function": self.signatory_id.function,
            "company.name": self.company_id.name,
            "company.address": ours._display_address(without_company=True),
            "company.vat": self.company_id.vat,
            "company_signatory.name": self.company_signatory_id.name,
        }
        return {name: escape("" if value is False else value) for name, value in values.items()}

    def _render_text(self, body):
        """Return the text of a clause with its placeholders filled in; nothing is evaluated."""
        self.ensure_one()
        return Markup(clauses.fill(body or "", self._placeholder_values()))

    def _money(self, amount):
        return format_amount(self.env, amount, self.currency_id)

    def _plan_table(self):
        rows = Markup().join(
            Markup("<tr><td>%s</td><td>%s</td><td style='text-align: right'>%s</td></tr>")
            % (row.name, row._when(), self._money(row.amount))
            for row in self.instalment_ids.filtered(lambda row: not row.cancelled)
        )
        return Markup("<table class='o_crm_contract_plan'>%s</table>") % rows

    @api.model
    def _placeholder_help(self):
        """Return the list of placeholders for whoever writes clauses."""
        rows = Markup().join(
            Markup("<tr><td><code>{{ %s }}</code></td><td>%s</td></tr>") % (name, label)
            for name, label in self._placeholder_labels().items()
        )
        return Markup("<table class='table table-sm'>%s</table>") % rows

    def _language(self):
        return self.partner_id.lang or self.env.lang or "en_US"

    def _paragraphs(self):
        """Return headings and paragraphs of the whole text as read, for comparing."""
        self.ensure_one()
        contract = self.with_context(lang=self._language())
        lines = []
        for text in contract.text_ids:
            lines.append(text.name)
            lines += clauses.paragraphs(contract._render_text(text.body))
        return lines

    # ------------------------------------------------------------------
    # Amounts and plan
    # ------------------------------------------------------------------

    def _months(self):
        """Return the months of the term; a part of a month counts as its share of 30 days."""
        self.ensure_one()
        if not (self.date_start and self.date_end) or self.date_end < self.date_start:
            return 0
        whole = instalments.months_between(self.date_start, self.date_end)
        return whole or round(((self.date_end - self.date_start).days + 1) / 30, 2)

    def _periods(self):
        """Return how often the price of the lines is due during the term."""
        if not self.recurring:
            return 1
        return int(self._months() // int(self.recurrence or 1)) or 1

    def _billing_orders(self):
        """Return the orders that the plan invoices; none: it invoices the lines."""
        self.ensure_one()
        orders = self.order_ids
        if not orders and self.origin_kind == "amendment" and self.state in ("draft", "signing"):
            orders = self.origin_id.order_ids
        return orders.filtered(lambda order: order.state != "cancel")

    def _contract_amounts(self):
        """Return (untaxed, total) of the whole term."""
        orders = self._billing_orders()
        if orders:
            return sum(orders.mapped("amount_untaxed")), sum(orders.mapped("amount_total"))
        base_lines = [line._prepare_base_line(self.period_count) for line in self.line_ids]
        tax_model, company = self.env["account.tax"], self.company_id
        tax_model._add_tax_details_in_base_lines(base_lines, company)
        tax_model._round_base_lines_tax_details(base_lines, company)
        details = [line["tax_details"] for line in base_lines]
        untaxed = sum(
            row["total_excluded_currency"] + row.get("delta_total_excluded_currency", 0)
            for row in details
        )
        tax = sum(
            tax_data["tax_amount_currency"] for row in details for tax_data in row["taxes_data"]
        )
        return untaxed, untaxed + tax

    def _plan_totals(self):
        """Return {order: total}: what the instalments must sum to, per order or for the lines."""
        orders = self._billing_orders()
        if orders:
            return {order: order.amount_total for order in orders}
        return {orders: self.amount_total}

    def _carried_instalments(self):
        """Return the instalments of the amended contract that are invoiced: they count here."""
        if self.origin_kind != "amendment" or self.state not in ("draft", "signing"):
            return self.env["crm.contract.instalment"]
        return self.origin_id.instalment_ids.filtered(lambda row: row._is_invoiced())

    def _plan_problems(self):
        """Return a sentence per order whose instalments do not sum to it, with both figures."""
        rows = self.instalment_ids | self._carried_instalments()
        if not rows:
            return []
        problems = []
        for order, total in self._plan_totals().items():
            own = rows.filtered(lambda row, order=order: row.order_id == order)
            planned = sum(own.mapped("amount_to_count"))
            if self.currency_id.compare_amounts(planned, total):
                problems.append(
                    self.env._(
                        "the instalments of %(what)s sum to %(planned)s, its total is %(total)s",
                        what=order.name or self.name,
                        planned=self._money(planned),
                        total=self._money(total),
                    )
                )
        if rows.order_id - self._billing_orders():
            problems.append(self.env._("an instalment belongs to an order of another contract"))
        return problems

    def _check_plan(self):
        for contract in self:
            problems = contract._plan_problems()
            if problems:
                raise UserError(
                    self.env._(
                        "%(contract)s: %(problems)s.",
                        contract=contract.display_name,
                        problems="; ".join(problems),
                    )
                )

    def action_generate_plan(self):
        """Replace the instalments by those of the template, or by one for each period."""
        for contract in self:
            contract._content_changes()
            contract.instalment_ids.filtered(lambda row: not row._is_invoiced()).unlink()
            contract._plan_from_template()
        return True

    def _plan_from_template(self):
        self.ensure_one()
        if not self.date_start:
            raise UserError(self.env._("%s: enter the first day.", self.display_name))
        carried = self._carried_instalments()
        vals_list = []
        for order, total in self._plan_totals().items():
            done = carried.filtered(lambda row, order=order: row.order_id == order)
            vals_list += self._prepare_plan(order, total - sum(done.mapped("amount_to_count")))
        self.instalment_ids = [Command.create(vals) for vals in vals_list]

    def _prepare_plan(self, order, total):
        """Return values of the instalments over ``total`` of one order, or of the lines."""
        template = self.template_id.with_context(lang=self._language())
        if self.recurring:
            rows = self._prepare_periods(total)
        elif template.instalment_ids and not self._carried_instalments():
            rows = [
                row._prepare_instalment_vals(self.date_start) for row in template.instalment_ids
            ]
        else:
            start = max(self.date_start, self.effective_from or self.date_start)
            rows = [{"name": self.env._("Contract sum"), "date_planned": start, "amount": total}]
        return [row | {"order_id": order.id} for row in rows]

    def _prepare_periods(self, total):
        """Return the values of one instalment per period, planned on its first day.

        :param total: for the whole term, in contract currency; the parts sum to it exactly. An
            amendment plans the periods only that begin on its day or later
        """
        step = int(self.recurrence or 1)
        starts = [
            instalments.add_months(self.date_start, number * step)
            for number in range(self._periods())
        ]
        amended = self.origin_kind == "amendment" and self.amended_from
        starts = [day for day in starts if not amended or day >= amended] or [self.date_start]
        rounding = Decimal(str(self.currency_id.rounding))
        amounts = instalments.even(Decimal(str(total)), len(starts), rounding)
        return [
            {
                "sequence": number,
                "name": self.env._("Period from %s", format_date(self.env, start)),
                "date_planned": start,
                "amount": float(amount),
            }
            for number, (start, amount) in enumerate(zip(starts, amounts, strict=True), 1)
        ]

    # ------------------------------------------------------------------
    # Approval
    # ------------------------------------------------------------------

    def _approval_snapshot_fields(self, operation):
        return [
            *super()._approval_snapshot_fields(operation),
            "partner_id",
            "date_start",
            "date_end",
            "auto_renew",
            "notice_days",
            "amount_total",
            "text_ids.body",
            "instalment_ids.amount",
            "instalment_ids.date_planned",
        ]

    def _approval_snapshot_figures(self, operation):
        """Add amount (untaxed, company currency), months and deviations (clauses that differ)."""
        figures = super()._approval_snapshot_figures(operation)
        figures["amount"] = self.currency_id._convert(
            self.amount_untaxed,
            self.company_currency_id,
            self.company_id,
            self.date_start or fields.Date.context_today(self),
        )
        figures["months"] = self._months()
        figures["deviations"] = self.deviation_count
        return figures

    def _approval_figure_labels(self, operation):
        labels = super()._approval_figure_labels(operation)
        labels["amount"] = self.env._("Untaxed amount (company currency)")
        labels["months"] = self.env._("Term (months)")
        labels["deviations"] = self.env._("Clauses that deviate from the library")
        return labels

    def _approval_four_eyes(self, operation):
        """The salesperson does not approve his own contract, whoever requests it."""
        return super()._approval_four_eyes(operation) | self.user_id

    def _approval_ahead(self, operation):
        contracts = super()._approval_ahead(operation)
        if operation == "send":
            return contracts.filtered(lambda contract: contract.state == "draft")
        return contracts

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_open_orders(self):
        """Open the orders of this contract."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Orders"),
            "res_model": "sale.order",
            "view_mode": "list,form",
            "domain": [("crm_contract_id", "in", self.ids)],
            "context": {"create": False},
        }

    def action_open_instalments(self):
        """Open the instalment plan of this contract."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_sales.crm_contract_instalment_action"
        )
        return action | {"domain": [("contract_id", "in", self.ids)], "context": {}}

    def action_open_invoices(self):
        """Open the invoices and credit notes of the instalments."""
        invoices = self.instalment_ids._documents()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", invoices.ids)],
            "context": {"create": False},
        }

    def action_open_costs(self):
        """Open the capitalised commissions of the orders of this contract."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_contract_cost_action")
        return action | {"domain": [("id", "in", self.cost_ids.ids)], "context": {}}

    def action_preview(self):
        """Open the contract as the customer sees it."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "target": "new", "url": self.get_portal_url()}
