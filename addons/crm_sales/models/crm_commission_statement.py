from collections import defaultdict

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

BATCH = 200


class CrmCommissionStatement(models.Model):
    """What a person earns under a plan in one period: the key of the commission sub-ledger."""

    _name = "crm.commission.statement"
    _description = "Commission Statement"
    _inherit = ["crm.commission.computation", "mail.thread", "mail.activity.mixin"]
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
    closed = fields.Boolean(
        "Period Closed", readonly=True, help="The period is over and was settled finally."
    )
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
            ._read_group(
                self._payment_line_domain(), ["subledger_key_id"], ["move_id:count_distinct"]
            )
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
        return (
            bool(payee) and payee != user and user in payee.crm_team_member_ids.crm_team_id.user_id
        )

    # ------------------------------------------------------------------
    # After posting and settlement
    # ------------------------------------------------------------------

    def _subledger_posted(self, entries):
        result = super()._subledger_posted(entries)
        self._refresh_amounts()
        touched = self.browse(set(entries.mapped("res_id"))) & self
        for statement in touched.filtered(lambda s: s.state == "confirmed"):
            statement._update_state(
                ("confirmed",),
                "computed",
                self.env._("The amount changed after the confirmation. Please confirm it again."),
            )
        if self.plan_id.cost_ledger_id:
            costs = self.env["crm.subledger.entry"].search([("mirror_of_id", "in", entries.ids)])
            self.env["crm.contract.cost"].browse(set(costs.mapped("res_id")))._after_transfer()
        return result

    def _subledger_settled(self):
        result = super()._subledger_settled()
        self._refresh_amounts()
        for statement in self:
            if statement.state == "confirmed" and not statement.to_pay:
                statement._update_state(("confirmed",), "paid", self.env._("Paid."))
            elif statement.state == "paid" and not statement.settled and statement.to_pay:
                statement._update_state(
                    ("paid",), "confirmed", self.env._("The payment was taken back.")
                )
        return result

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
        # sudo: amounts that only the sub-ledger writes
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
        changed = self._catch_up()
        # sudo: the leader of the team, as just checked, has no write access
        (self - changed).sudo()._update_state(("computed",), "confirmed")
        return changed._action_changed() if changed else True

    def _catch_up(self):
        """Post what still waits in the queue of the sub-ledger.

        :return: the statements whose amount is now another one: nobody has seen it yet
        """
        before = self._seen()
        self._subledger_catch_up()
        after = self._seen()
        return self.filtered(lambda statement: before[statement] != after[statement])

    def _seen(self):
        """Return what people decide on: ``{statement: (earned, whether it is confirmed)}``."""
        return {
            statement: (statement.currency_id.round(statement.earned), statement.state)
            for statement in self
        }

    def _action_changed(self):
        """Tell which statements were left out since their amount has just changed."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "Documents were still waiting to be posted; the amount of these statements has"
                    " changed. Check it and confirm them: %s",
                    ", ".join(self.mapped("display_name")),
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

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

        Statements whose amount turns out to have changed are left out, to be confirmed again.

        :raises UserError: nothing is to pay, or a draft bill of a statement is waiting
        """
        self.check_access("read")
        if not self.env.user.has_group("account.group_account_invoice"):
            raise AccessError(self.env._("Commissions are paid by the accountants."))
        changed = self._catch_up()
        payable = self - changed
        if changed and not payable:
            return changed._action_changed()
        payable._check_payable()
        bills = payable.filtered(lambda statement: statement._payout() == "bill")
        moves = (payable - bills)._pay_by_payroll() | bills._pay_by_bill()
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
        """Return the journal items (settled, counterpart) that hand ``to_pay`` to the payroll.

        Company currency. The first one settles the sub-ledger; override to add dimensions.
        """
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
        bills = self.env["account.move"]
        for company, statements in self.grouped("company_id").items():
            vals_list = [statement._prepare_bill_vals() for statement in statements]
            bills += self.env["account.move"].with_company(company).create(vals_list)
        return bills

    def _prepare_bill_vals(self):
        """Return the values of the bill (a refund where the payee owes) for ``to_pay``.

        Company currency, dated today in the user's time zone, without taxes; override to add them.
        """
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
            if not progress._commit_progress(len(statements), remaining=self.search_count(domain)):
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
