from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_amount, format_date

FROZEN_FIELDS = frozenset({"company_id", "account_id", "counterpart_account_id"})


class CrmSubledger(models.Model):
    """A sub-ledger: explains the balance of one account item by item, in company currency."""

    _name = "crm.subledger"
    _description = "Sub-ledger"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "company_id, code"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(required=True, size=12)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [("other", "Other")],
        required=True,
        default="other",
        help="Which programme keeps its balances here.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        required=True,
        check_company=True,
        domain="[('type', '=', 'general')]",
        tracking=True,
        help="Miscellaneous journal in which the differences are posted.",
    )
    account_id = fields.Many2one(
        "account.account",
        string="Balance Account",
        required=True,
        check_company=True,
        tracking=True,
        help="Balance sheet account whose balance this sub-ledger explains item by item. "
        "An account belongs to one sub-ledger only.",
    )
    counterpart_account_id = fields.Many2one(
        "account.account",
        required=True,
        check_company=True,
        tracking=True,
        help="Account of the other side, unless the programme names another one.",
    )
    entry_ids = fields.One2many("crm.subledger.entry", "ledger_id")
    balance = fields.Monetary(compute="_compute_balance", string="Sub-ledger Balance")
    gl_balance = fields.Monetary(compute="_compute_balance", string="General Ledger Balance")
    difference = fields.Monetary(compute="_compute_balance")

    _code_company_uniq = models.Constraint(
        "UNIQUE(company_id, code)", "A sub-ledger with this code exists in the company already."
    )

    @api.depends("entry_ids.amount")
    def _compute_balance(self):
        held = dict(
            self.env["crm.subledger.entry"]._read_group(
                [("ledger_id", "in", self.ids)], ["ledger_id"], ["amount:sum"]
            )
        )
        booked = {
            (account.id, company.id): total
            for account, company, total in self.env["account.move.line"]._read_group(
                [
                    ("account_id", "in", self.account_id.ids),
                    ("company_id", "in", self.company_id.ids),
                    ("parent_state", "=", "posted"),
                ],
                ["account_id", "company_id"],
                ["balance:sum"],
            )
        }
        for ledger in self:
            ledger.balance = held.get(ledger, 0.0)
            ledger.gl_balance = booked.get((ledger.account_id.id, ledger.company_id.id), 0.0)
            ledger.difference = ledger.balance - ledger.gl_balance

    @api.constrains("journal_id", "active")
    def _check_journal(self):
        for ledger in self.filtered("active"):
            journal = ledger.journal_id
            if not journal.active:
                raise ValidationError(
                    self.env._(
                        "Sub-ledger “%(ledger)s”: the journal “%(journal)s” is archived. "
                        "Choose a journal in use, or unarchive it first.",
                        ledger=ledger.name,
                        journal=journal.name,
                    )
                )
            if journal.type != "general":
                raise ValidationError(
                    self.env._(
                        "Sub-ledger “%(ledger)s”: “%(journal)s” is not a miscellaneous journal. "
                        "Choose a journal of the type “Miscellaneous”.",
                        ledger=ledger.name,
                        journal=journal.name,
                    )
                )

    @api.constrains("account_id", "counterpart_account_id", "company_id", "active")
    def _check_accounts(self):
        for ledger in self.filtered("active"):
            ledger._check_balance_account()
            if ledger.account_id == ledger.counterpart_account_id:
                raise ValidationError(
                    self.env._(
                        "Sub-ledger “%(ledger)s”: the balance account and the counterpart account "
                        "are both %(account)s, so nothing would ever change. Choose another "
                        "counterpart account.",
                        ledger=ledger.name,
                        account=ledger.account_id.display_name,
                    )
                )

    def _check_balance_account(self):
        self.ensure_one()
        if self.account_id.account_type in ("asset_receivable", "liability_payable"):
            raise ValidationError(
                self.env._(
                    "Sub-ledger “%(ledger)s”: %(account)s is the account of customers or vendors, "
                    "whose open items Odoo keeps itself. Choose a current asset or liability.",
                    ledger=self.name,
                    account=self.account_id.display_name,
                )
            )
        other = self.search(
            [
                ("id", "!=", self.id),
                ("company_id", "=", self.company_id.id),
                ("account_id", "=", self.account_id.id),
            ],
            limit=1,
        )
        if other:
            raise ValidationError(
                self.env._(
                    "Sub-ledger “%(ledger)s”: the account %(account)s is explained by the "
                    "sub-ledger “%(other)s” already, and two could not be told apart. "
                    "Choose another account, or archive the other sub-ledger.",
                    ledger=self.name,
                    account=self.account_id.display_name,
                    other=other.name,
                )
            )

    def write(self, vals):
        """Keep company and accounts under what was posted on them.

        :raise UserError: they would change
        """
        if FROZEN_FIELDS & vals.keys():
            self._check_not_started(vals)
        return super().write(vals)

    def _check_not_started(self, vals):
        """Refuse to change accounts under entries that were posted on the old ones."""
        changed = self.filtered(
            lambda ledger: any(
                name in vals and vals[name] != ledger[name].id for name in FROZEN_FIELDS
            )
        )
        started = self.env["crm.subledger.entry"].search(
            [("ledger_id", "in", changed.ids)], limit=1
        )
        if started:
            raise UserError(
                self.env._(
                    "Sub-ledger “%s” has entries, which stay where they were posted. "
                    "To use other accounts, archive it and open a new sub-ledger.",
                    started.ledger_id.name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        started = self.entry_ids[:1].ledger_id
        if started:
            raise UserError(
                self.env._("Sub-ledger “%s” has entries. Archive it instead.", started.name)
            )

    @api.depends("code")
    def _compute_display_name(self):
        for ledger in self:
            ledger.display_name = f"{ledger.code} {ledger.name}" if ledger.code else ledger.name

    def action_open_entries(self):
        """Open the entries of this sub-ledger."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_subledger.crm_subledger_entry_action"
        )
        action["domain"] = [("ledger_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_open_report(self):
        """Open the comparison with the general ledger for this sub-ledger."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_subledger.crm_subledger_report_action"
        )
        action["context"] = {
            "search_default_ledger_id": self.id,
            "search_default_group_partner": 1,
        }
        return action

    # ------------------------------------------------------------------
    # Daily check against the general ledger
    # ------------------------------------------------------------------

    def _natural_sign(self):
        """Return +1 when the balance account is naturally a debit, −1 when a credit."""
        self.ensure_one()
        return 1 if self.account_id.internal_group in ("asset", "expense") else -1

    def _differences(self):
        """Return the days on which sub-ledger and general ledger disagree, oldest first.

        :return: list of ``(ledger id, partner id or None, date, difference)``; amounts in the
            currency of the ledger's company
        """
        groups = self.env["crm.subledger.report"]._read_group(
            [("ledger_id", "in", self.ids)],
            ["ledger_id", "partner_id", "date:day"],
            ["difference:sum"],
            having=[("difference:sum", "!=", 0)],
            order="ledger_id, date:day, partner_id",
        )
        return [(ledger.id, partner.id, day, amount) for ledger, partner, day, amount in groups]

    @api.model
    def _cron_check(self):
        """Compare every sub-ledger with its account; where they differ, an activity says so."""
        ledgers = self.search([("company_id.active", "=", True)], order="id")
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(ledgers))
        for ledger in ledgers:
            ledger._check_and_warn()
            if not progress._commit_progress(1):
                break

    def _check_and_warn(self):
        """Keep one open activity while the sub-ledger differs from its account.

        :return: the differences as :meth:`_differences` gives them
        """
        self.ensure_one()
        differences = self._differences()
        kind = "crm_subledger.mail_activity_type_difference"
        if not differences:
            self.activity_unlink([kind])
            return differences
        _ledger, _partner, day, amount = differences[0]
        note = self.env._(
            "The sub-ledger and the account %(account)s differ (number of days: %(count)s), first "
            "on %(date)s by %(amount)s. Click “Difference” and filter “Unexplained Items” to see "
            "why; correct the manual journal items on the account, not the sub-ledger.",
            account=self.account_id.display_name,
            count=len(differences),
            date=format_date(self.env, day),
            amount=format_amount(self.env, amount, self.currency_id),
        )
        if not self.activity_reschedule([kind]):
            self.activity_schedule(
                kind, note=note, user_id=self.company_id._subledger_accountant().id
            )
        return differences

    # ------------------------------------------------------------------
    # Asked by the loop
    # ------------------------------------------------------------------

    def _locked_until(self):
        """Return the last day in which nothing may be posted, whatever exceptions users have."""
        self.ensure_one()
        return self.company_id._get_user_fiscal_lock_date(self.journal_id, ignore_exceptions=True)

    def _check_can_post(self):
        """Raise a clear error when a ledger of ``self`` cannot take entries."""
        for ledger in self:
            problems = [
                record.display_name
                for record in (
                    ledger.journal_id,
                    ledger.account_id,
                    ledger.counterpart_account_id,
                )
                if not record.active
            ]
            if problems:
                raise UserError(
                    self.env._(
                        "Sub-ledger “%(ledger)s” cannot post: archived %(records)s. Unarchive it, "
                        "or open a new sub-ledger and choose it in the programme.",
                        ledger=ledger.name,
                        records=", ".join(problems),
                    )
                )
