from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, format_date

from odoo.addons.crm_approval.engine import chain

from ..tools import is_unlocked, unlocked

BATCH = 20
OPEN = ("sent", "confirmed", "disputed")
GUARDED = frozenset(
    {
        "state",
        "content_hash",
        "computed_on",
        "sent_on",
        "confirmed_on",
        "confirmed_by",
        "dispute_reason",
        "outdated",
        "error",
    }
)
# Account types of the sections that come from the general ledger, with their sign.
ACCOUNTS = {"receivable": ("asset_receivable", 1), "payable": ("liability_payable", -1)}


class CrmPartnerStatement(models.Model):
    """Statement of account of a partner and a period (对账单): what both sides agree on.

    Sections explain one balance each: the receivable and the payable of the general ledger, and
    every sub-ledger that is shown on statements. Opening and movements of a section make its
    closing, which is the balance of the ledger on the last day. The contents are a copy: they do
    not change with the documents, and a statement says when they would be different today.
    """

    _name = "crm.partner.statement"
    _description = "Statement of Account"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date_to desc, partner_id, id"
    _check_company_auto = True

    name = fields.Char("Number", readonly=True, copy=False, index="trigram")
    partner_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        check_company=True,
        domain="[('is_company', '=', True)]",
        ondelete="restrict",
    )
    grade_id = fields.Many2one(related="partner_id.grade_id", string="Level")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Responsible", default=lambda self: self.env.user)
    date_from = fields.Date("From", required=True)
    date_to = fields.Date("To", required=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("sent", "To Confirm"),
            ("confirmed", "Confirmed"),
            ("disputed", "Disputed"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    section_ids = fields.One2many("crm.partner.statement.section", "statement_id", readonly=True)
    line_ids = fields.One2many("crm.partner.statement.line", "statement_id", readonly=True)
    line_count = fields.Integer(compute="_compute_line_count")
    log_ids = fields.One2many("crm.partner.statement.log", "statement_id", readonly=True)
    opening = fields.Monetary(
        compute="_compute_balances", store=True, help="Receivable before the first day."
    )
    closing = fields.Monetary(
        compute="_compute_balances",
        store=True,
        help="Receivable at the end of the last day, as the general ledger has it.",
    )
    content_hash = fields.Char(readonly=True, copy=False)
    computed_on = fields.Datetime(readonly=True, copy=False)
    sent_on = fields.Datetime(readonly=True, copy=False)
    confirmed_on = fields.Datetime(readonly=True, copy=False)
    confirmed_by = fields.Char(readonly=True, copy=False)
    dispute_reason = fields.Text(readonly=True, copy=False, tracking=True)
    dispute_answer = fields.Text("Answer to the Dispute", copy=False, tracking=True)
    outdated = fields.Boolean(
        "Documents Changed",
        readonly=True,
        copy=False,
        help="Documents of the period changed after the statement was sent: computed today, it "
        "would say something else. The copy that the partner has stays as it was.",
    )
    error = fields.Text("Failed Because", readonly=True, copy=False)

    _dates_ordered = models.Constraint(
        "CHECK(date_to >= date_from)", "A statement cannot end before it begins."
    )
    _period_unique = models.UniqueIndex(
        "(partner_id, company_id, date_from, date_to) WHERE state != 'cancelled'",
        "The partner has a statement of this period already. Cancel it first.",
    )

    @api.depends("section_ids.opening", "section_ids.closing", "section_ids.code")
    def _compute_balances(self):
        for statement in self:
            section = statement.section_ids.filtered(lambda s: s.code == "receivable")[:1]
            statement.opening, statement.closing = section.opening, section.closing

    def _compute_line_count(self):
        counts = dict(
            self.env["crm.partner.statement.line"]._read_group(
                [("statement_id", "in", self.ids)], ["statement_id"], ["__count"]
            )
        )
        for statement in self:
            statement.line_count = counts.get(statement, 0)

    @api.depends("name", "partner_id.name")
    def _compute_display_name(self):
        for statement in self:
            statement.display_name = (
                f"{statement.name or ''} {statement.partner_id.name or ''}".strip()
            )

    @api.constrains("partner_id")
    def _check_partner(self):
        for statement in self:
            if statement.partner_id != statement.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "A statement belongs to a company, not to its contact %s.",
                        statement.partner_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Number statements and begin their log.

        :raises AccessError: a guarded field was given by hand
        """
        if not is_unlocked(self.env):
            for vals in vals_list:
                self._check_guarded(vals)
        context = {
            k: v for k, v in self.env.context.items() if k.removeprefix("default_") not in GUARDED
        }
        # pylint: disable-next=context-overridden
        self = self.with_context(context)
        for vals in vals_list:
            company = vals.get("company_id") or self.env.company.id
            # sudo: numbers are counted by whoever creates a statement
            sequence = self.env["ir.sequence"].sudo().with_company(company)
            vals["name"] = vals.get("name") or sequence.next_by_code(self._name)
        statements = super().create(vals_list)
        statements._log("created")
        return statements

    def write(self, vals):
        """Keep partner and period of what was sent.

        :raises AccessError: a guarded field was given by hand
        :raises UserError: partner or period of a statement that was sent would change
        """
        if not is_unlocked(self.env):
            self._check_guarded(vals)
            fixed = {"partner_id", "company_id", "date_from", "date_to"} & vals.keys()
            if fixed and any(statement.state != "draft" for statement in self):
                raise UserError(
                    self.env._("A statement keeps its partner and period once it was sent.")
                )
        result = super().write(vals)
        if {"partner_id", "company_id", "date_from", "date_to"} & vals.keys():
            self.filtered(lambda s: s.content_hash and s.state == "draft")._compute_contents()
        return result

    @api.model
    def _check_guarded(self, vals):
        for name in GUARDED & vals.keys():
            if vals[name] and vals[name] != "draft":
                raise AccessError(
                    self.env._(
                        "“%s” follows from what happens to the statement; use its buttons.",
                        self._fields[name]._description_string(self.env),
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        for statement in self:
            if statement.state != "draft" or statement.sent_on:
                raise UserError(
                    self.env._(
                        "%s was sent and stays as evidence. Cancel it instead.",
                        statement.display_name,
                    )
                )

    # ------------------------------------------------------------------
    # Contents
    # ------------------------------------------------------------------

    def _statement_sections(self):
        """Return the sections of one statement, as the books say now.

        The hook of other programmes: whatever they keep in a sub-ledger with *Shown on Statements*
        is a section already; override this for what is kept elsewhere.

        :return: list of ``{"code", "ledger_id", "opening", "closing", "rows"}`` with amounts as
            ``Decimal`` in company currency; a row has ``date``, ``name``, ``ref``, ``kind``,
            ``amount``, ``move_id``, ``date_due``, ``amount_currency`` and ``currency_id``.
            Positive amounts are what the partner owes us (``receivable``), what we owe
            (``payable``), what a sub-ledger carries on its natural side
        """
        self.ensure_one()
        sections = [self._account_section("receivable")]
        payable = self._account_section("payable")
        if payable["rows"] or payable["opening"] or payable["closing"]:
            sections.append(payable)
        return sections + self._ledger_sections()

    def _account_section(self, code):
        kind, sign = ACCOUNTS[code]
        rows = self._account_rows(kind, sign)
        before = fields.Date.subtract(self.date_from, days=1)
        return {
            "code": code,
            "ledger_id": None,
            "opening": self._account_balance(kind, before) * sign,
            "closing": self._account_balance(kind, self.date_to) * sign,
            "rows": rows,
        }

    def _flush_books(self):
        self.env["account.move.line"].flush_model()
        self.env["account.move"].flush_model()
        self.env["crm.subledger.entry"].flush_model()

    def _account_balance(self, account_type, day):
        """Return the balance of the partner's items of a kind of account, up to ``day``."""
        [[total]] = self.env.execute_query(
            SQL(
                """SELECT COALESCE(SUM(l.balance), 0)::text
                     FROM account_move_line l
                     JOIN account_account a ON a.id = l.account_id
                     JOIN res_partner p ON p.id = l.partner_id
                    WHERE p.commercial_partner_id = %s AND l.company_id = %s
                      AND l.parent_state = 'posted' AND a.account_type = %s AND l.date <= %s""",
                self.partner_id.id,
                self.company_id.id,
                account_type,
                day,
            )
        )
        return Decimal(total)

    def _account_rows(self, account_type, sign):
        """Return a row for each journal entry of the period that moves such an account."""
        rows = self.env.execute_query(
            SQL(
                """SELECT m.id, m.name, m.ref, m.date, m.move_type,
                          m.origin_payment_id IS NOT NULL OR m.statement_line_id IS NOT NULL,
                          SUM(l.balance)::text, MAX(l.date_maturity),
                          SUM(l.amount_currency)::text, MAX(l.currency_id)
                     FROM account_move_line l
                     JOIN account_move m ON m.id = l.move_id
                     JOIN account_account a ON a.id = l.account_id
                     JOIN res_partner p ON p.id = l.partner_id
                    WHERE p.commercial_partner_id = %s AND l.company_id = %s
                      AND l.parent_state = 'posted' AND a.account_type = %s
                      AND l.date BETWEEN %s AND %s
                 GROUP BY m.id
                 ORDER BY m.date, m.id""",
                self.partner_id.id,
                self.company_id.id,
                account_type,
                self.date_from,
                self.date_to,
            )
        )
        own = self.currency_id.id
        return [
            {
                "date": day,
                "name": name or "",
                "ref": ref or "",
                "kind": self._move_kind(move_type, payment),
                "amount": Decimal(amount) * sign,
                "move_id": move,
                "date_due": due if move_type in ("out_invoice", "in_invoice") else None,
                "amount_currency": Decimal(foreign) * sign if currency != own else Decimal(0),
                "currency_id": currency if currency != own else None,
            }
            for move, name, ref, day, move_type, payment, amount, due, foreign, currency in rows
        ]

    @api.model
    def _move_kind(self, move_type, payment):
        kinds = {
            "out_invoice": "invoice",
            "out_receipt": "invoice",
            "out_refund": "credit_note",
            "in_invoice": "bill",
            "in_receipt": "bill",
            "in_refund": "bill_refund",
        }
        return kinds.get(move_type) or ("payment" if payment else "entry")

    def _ledger_sections(self):
        """Return a section for each sub-ledger in which the partner has entries."""
        # sudo: the ledgers of the company; the caller computes a statement as the system
        ledgers = (
            self.env["crm.subledger"]
            .sudo()
            .search(
                [("company_id", "=", self.company_id.id), ("on_statement", "=", True)], order="id"
            )
        )
        if not ledgers:
            return []
        by_ledger = defaultdict(list)
        for ledger, *row in self._ledger_rows(ledgers):
            by_ledger[ledger].append(row)
        return [
            self._ledger_section(ledger, by_ledger[ledger.id])
            for ledger in ledgers
            if ledger.id in by_ledger
        ]

    def _ledger_rows(self, ledgers):
        """Return (ledger id, kind, date, move id, its name and reference, amount as text).

        The entries of the partner up to the end of the statement. What moves between the deals of
        a key is netted: the partner is owed as before.
        """
        return self.env.execute_query(
            SQL(
                """SELECT i.ledger_id, i.kind, i.date, m.id, m.name, m.ref, SUM(i.amount)::text
                     FROM (SELECT e.ledger_id, e.date, e.move_id, SUM(e.amount) AS amount,
                                  CASE WHEN MIN(e.kind) NOT IN ('accrual', 'true_up')
                                       THEN MIN(e.kind)
                                       WHEN SUM(e.amount * e.sign) < 0 THEN 'true_up'
                                       ELSE 'accrual' END AS kind
                             FROM crm_subledger_entry e
                             JOIN res_partner p ON p.id = e.partner_id
                            WHERE p.commercial_partner_id = %s AND e.ledger_id IN %s
                              AND e.date <= %s
                         GROUP BY e.ledger_id, e.date, e.move_id, e.res_model, e.res_id,
                                  e.component,
                                  CASE e.kind WHEN 'true_up' THEN 'accrual' ELSE e.kind END) i
                LEFT JOIN account_move m ON m.id = i.move_id
                 GROUP BY i.ledger_id, i.kind, i.date, m.id
                 ORDER BY i.ledger_id, i.date, m.id, i.kind""",
                self.partner_id.id,
                tuple(ledgers.ids),
                self.date_to,
            )
        )

    def _ledger_section(self, ledger, rows):
        sign = ledger._natural_sign()
        opening, shown = Decimal(0), []
        for kind, day, move, name, ref, amount in rows:
            if day < self.date_from:
                opening += Decimal(amount) * sign
            elif Decimal(amount):
                shown.append(
                    {
                        "date": day,
                        "name": name or "",
                        "ref": ref or "",
                        "kind": kind,
                        "amount": Decimal(amount) * sign,
                        "move_id": move,
                        "date_due": None,
                        "amount_currency": Decimal(0),
                        "currency_id": None,
                    }
                )
        closing = sum((Decimal(row[-1]) for row in rows), Decimal(0)) * sign
        return {
            "code": f"ledger_{ledger.id}",
            "ledger_id": ledger.id,
            "opening": opening,
            "closing": closing,
            "rows": shown,
        }

    def _current_contents(self):
        """Return the checked sections of one statement.

        :raises UserError: opening and movements do not make the closing
        """
        self._flush_books()
        # sudo: a statement holds what the books say about its partner, whoever may see it
        sections = self.sudo()._statement_sections()
        for section in sections:
            moved = sum((row["amount"] for row in section["rows"]), Decimal(0))
            if section["opening"] + moved != section["closing"]:
                raise UserError(
                    self.env._(
                        "%(statement)s does not add up in %(section)s: %(opening)s and movements "
                        "of %(moved)s are not %(closing)s. Tell the accountants.",
                        statement=self.display_name,
                        section=section["code"],
                        opening=section["opening"],
                        moved=moved,
                        closing=section["closing"],
                    )
                )
        return sections

    def _hash_of(self, sections):
        """Return the SHA-256 of what a statement says."""
        payload = {
            "partner": self.partner_id.id,
            "company": self.company_id.id,
            "period": [str(self.date_from), str(self.date_to)],
            "sections": [
                [
                    section["code"],
                    self._number(section["opening"]),
                    self._number(section["closing"]),
                    [
                        [str(row["date"]), row["name"], row["kind"], self._number(row["amount"])]
                        for row in section["rows"]
                    ],
                ]
                for section in sections
            ],
        }
        return chain.digest(payload)

    @api.model
    def _number(self, amount):
        return f"{amount:.6f}"

    def _compute_contents(self):
        """Copy what the books say now into drafts."""
        for statement in unlocked(self):
            sections = statement._current_contents()
            statement.section_ids.unlink()
            self.env["crm.partner.statement.section"]._store(statement, sections)
            statement.write(
                {
                    "content_hash": statement._hash_of(sections),
                    "computed_on": fields.Datetime.now(),
                    "outdated": False,
                    "error": False,
                }
            )

    def _is_empty(self):
        return not self.line_ids and not any(
            section.opening or section.closing for section in self.section_ids
        )

    # ------------------------------------------------------------------
    # Documents that change afterwards
    # ------------------------------------------------------------------

    def _check_outdated(self):
        """Compare the copies with the books and say where they differ."""
        for statement in unlocked(self):
            outdated = statement._hash_of(statement._current_contents()) != statement.content_hash
            if outdated != statement.outdated:
                statement.outdated = outdated
                statement._log("changed" if outdated else "unchanged")

    @api.model
    def _documents_changed(self, partners, companies, first_day):
        """Look again at the statements that documents of these partners belong to.

        :param first_day: the earliest accounting date that changed
        """
        if not partners or not first_day:
            return
        # sudo: a statement says that documents changed, whoever changed them
        statements = self.sudo().search(
            [
                ("partner_id", "in", partners.commercial_partner_id.ids),
                ("company_id", "in", companies.ids),
                ("state", "in", OPEN),
                ("date_to", ">=", first_day),
            ]
        )
        statements._check_outdated()

    # ------------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------------

    def _update_state(self, allowed, target, **values):
        for statement in self:
            if statement.state not in allowed:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(statement)s is “%(state)s”; this is only possible while it is "
                        "“%(allowed)s”.",
                        statement=statement.display_name,
                        state=labels[statement.state],
                        allowed=" / ".join(labels[state] for state in allowed),
                    )
                )
        unlocked(self).write({"state": target, **values})

    def action_compute(self):
        """Read the books again into drafts."""
        self.check_access("write")
        self._update_state(("draft",), "draft")
        self._compute_contents()

    def action_send(self):
        """Send statements to the finance people of the partner, computed anew where disputed."""
        self.check_access("write")
        self._send()

    def _send(self, with_pdf=True):
        for statement in self:
            if statement.state == "disputed" and not (statement.dispute_answer or "").strip():
                raise UserError(
                    self.env._(
                        "%s is disputed: enter the answer first, then send it again.",
                        statement.display_name,
                    )
                )
            if statement.state in ("draft", "disputed") or statement.outdated:
                statement._compute_contents()
            statement._update_state(
                ("draft", "disputed", "sent"), "sent", sent_on=fields.Datetime.now()
            )
            statement._log("sent", detail=statement.dispute_answer)
            statement._deliver(with_pdf)

    def _deliver(self, with_pdf):
        """Mail the statement, in the language of each reader."""
        people = self.partner_id._partner_people("finance")
        for lang, readers in people.grouped("lang").items():
            # sudo: the document is rendered and mailed for readers at the partner
            statement = self.sudo().with_context(lang=lang or self.partner_id.lang or "en_US")
            attachments = [statement._print()] if with_pdf else []
            statement.message_notify(
                partner_ids=readers.ids,
                subject=statement.env._("Statement of account %s", statement.name),
                body=statement.env._(
                    "Your statement of account for %(start)s – %(end)s: you owe %(closing)s. "
                    "Please confirm or dispute it in the partner portal under “Statements”.",
                    start=format_date(statement.env, statement.date_from),
                    end=format_date(statement.env, statement.date_to),
                    closing=statement.currency_id.format(statement.closing),
                ),
                attachments=attachments,
            )

    def _print(self):
        """Return (file name, PDF) of one statement in the language of the context."""
        content, _format = self.env["ir.actions.report"]._render_qweb_pdf(
            "crm_partner.report_partner_statement", self.ids
        )
        return f"{self.name.replace('/', '-')}.pdf", content

    def action_confirm(self):
        """Confirm for a partner who did so on paper or by mail; the log says so."""
        self.check_access("write")
        for statement in self:
            statement._confirm(
                self.env.user.name, detail=self.env._("Confirmed outside of the portal")
            )

    def _confirm(self, who, seen=None, **log):
        """Confirm one statement, for whom the caller has checked that they may.

        :param str who: the name that is kept
        :param str seen: hash of the contents that were on the screen
        :raises UserError: it was renewed meanwhile, or is not waiting for a confirmation
        """
        self.ensure_one()
        self._lock()
        if seen is not None and seen != self.content_hash:
            raise UserError(
                self.env._("The statement was renewed meanwhile. Please read it again.")
            )
        self._update_state(
            ("sent",), "confirmed", confirmed_on=fields.Datetime.now(), confirmed_by=who
        )
        self._log("confirmed", name=who, **log)

    def _dispute(self, who, reason, seen=None, **log):
        """Dispute one statement; the responsible colleague is told.

        :raises UserError: without a reason, or not while it waits for a confirmation
        """
        self.ensure_one()
        self._lock()
        reason = (reason or "").strip()[:4000]
        if not reason:
            raise UserError(self.env._("Please say what is wrong with the statement."))
        if seen is not None and seen != self.content_hash:
            raise UserError(
                self.env._("The statement was renewed meanwhile. Please read it again.")
            )
        self._update_state(("sent",), "disputed", dispute_reason=reason)
        unlocked(self).write({"dispute_answer": False})
        self._log("disputed", name=who, detail=reason, **log)
        if self.user_id:
            unlocked(self).activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Answer the dispute of %s", self.name),
                note=reason,
                user_id=self.user_id.id,
            )

    def _lock(self):
        self.lock_for_update()
        self.env.flush_all()
        self.invalidate_recordset()

    def action_reopen(self):
        """Withdraw a statement that was sent, so that it can be computed and sent again."""
        self.check_access("write")
        self._update_state(
            ("sent", "confirmed", "disputed", "cancelled"),
            "draft",
            confirmed_on=False,
            confirmed_by=False,
        )
        self._log("reopened")

    def action_cancel(self):
        """Cancel statements; the partner no longer sees them."""
        self.check_access("write")
        self._update_state(("draft", "sent", "disputed"), "cancelled")
        self._log("cancelled")

    def _log(self, kind, **values):
        who = self.env.user.name
        for statement in self:
            contents = {"content_hash": statement.content_hash}
            self.env["crm.partner.statement.log"]._log(
                statement, kind, **({"name": who} | contents | values)
            )

    def action_verify_log(self):
        """Recompute the chain of the log and say whether it is intact."""
        self.ensure_one()
        self.check_access("read")
        broken = self.sudo().log_ids._first_broken()  # sudo: read access was checked above
        message = (
            self.env._("Row %s of the log does not fit: it was changed.", broken.seq)
            if broken
            else self.env._("The log is intact.")
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "danger" if broken else "success", "message": message},
        }

    def action_export_xlsx(self):
        """Download these statements as a workbook."""
        self.check_access("read")
        ids = ",".join(map(str, self.ids))
        return {
            "type": "ir.actions.act_url",
            "url": f"/crm_partner/statements.xlsx?ids={ids}",
            "target": "download",
        }

    def action_open_lines(self):
        """Open the lines of these statements."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Statement Lines"),
            "res_model": "crm.partner.statement.line",
            "view_mode": "list,pivot",
            "domain": [("statement_id", "in", self.ids)],
            "context": {"search_default_group_section": 1},
        }

    # ------------------------------------------------------------------
    # Many at once
    # ------------------------------------------------------------------

    @api.model
    def _create_for(self, partners, company, date_from, date_to, send=False):
        """Create the statements that these partners do not have yet, one by one.

        A partner whose statement cannot be made gets an empty one with the reason, and the others
        go on. A partner without a balance or movement gets none.

        :return: the statements created
        """
        created = self.browse()
        for partner in self._without_statement(partners, company, date_from, date_to):
            created += self._create_one(partner, company, date_from, date_to, send)
        return created

    @api.model
    def _without_statement(self, partners, company, date_from, date_to):
        having = self.search(
            [
                ("partner_id", "in", partners.ids),
                ("company_id", "=", company.id),
                ("date_from", "=", date_from),
                ("date_to", "=", date_to),
                ("state", "!=", "cancelled"),
            ]
        )
        return partners - having.partner_id

    @api.model
    def _create_one(self, partner, company, date_from, date_to, send):
        vals = {
            "partner_id": partner.id,
            "company_id": company.id,
            "date_from": date_from,
            "date_to": date_to,
            "user_id": (partner.user_id or self.env.user).id,
        }
        try:
            with self.env.cr.savepoint():
                statement = self.create(vals)
                statement._compute_contents()
                if statement._is_empty():
                    unlocked(statement).unlink()
                    return self.browse()
                if send:
                    statement._send()
                self.env.flush_all()
                return statement
        except Exception as error:  # whatever a bad partner raises must not stop the others
            self.env.invalidate_all(flush=False)
            return unlocked(self).create({**vals, "error": str(error) or type(error).__name__})

    @api.model
    def _cron_monthly(self):
        """Create (and send) the statements of last month, per company as its settings say."""
        progress = self.env["ir.cron"]
        today = fields.Date.context_today(self)
        end = fields.Date.subtract(fields.Date.start_of(today, "month"), days=1)
        start = fields.Date.start_of(end, "month")
        companies = self.env["res.company"].search(
            [("partner_statement_auto", "!=", "no")], order="id"
        )
        for company in companies:
            partners = self.with_company(company)._partners_of(company)
            waiting = self._without_statement(partners, company, start, end)
            progress._commit_progress(remaining=len(waiting))
            for number in range(0, len(waiting), BATCH):
                batch = waiting[number : number + BATCH]
                self.with_company(company)._create_for(
                    batch, company, start, end, company.partner_statement_auto == "send"
                )
                if not progress._commit_progress(len(batch)):
                    return

    @api.model
    def _partners_of(self, company):
        """Return the partner companies of the programme of ``company``."""
        return self.env["res.partner"].search(
            [
                ("grade_id", "!=", False),
                ("company_id", "in", (False, company.id)),
                ("commercial_partner_id.grade_id", "!=", False),
                ("parent_id", "=", False),
            ],
            order="id",
        )
