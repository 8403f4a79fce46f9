import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import clauses, instalments, mrr
from ..tools import unlocked
from .crm_commission_plan_version import to_decimal
from .crm_contract_template import REVISIONS

_logger = logging.getLogger(__name__)

# What only methods write.
HISTORY = frozenset(
    {
        "origin_id",
        "origin_kind",
        "amendment_number",
        "replaced_on",
        "terminated_on",
        "notice_given_on",
        "reminded",
    }
)
LABELS = {"same": "", "removed": "−", "added": "+"}


class CrmContractSuccession(models.AbstractModel):
    """What follows a contract: notice, renewal with price revision, amendments, termination."""

    _name = "crm.contract.succession"
    _description = "Succession of a Contract"

    auto_renew = fields.Boolean("Renews Automatically")
    renewal_months = fields.Integer("Renews by (months)", default=12)
    notice_days = fields.Integer("Notice Period (days)", default=90)
    notice_date = fields.Date("Last Day of Notice", compute="_compute_notice", store=True)
    reminder_days = fields.Integer("Remind Before (days)", default=30)
    reminder_date = fields.Date(compute="_compute_notice", store=True)
    reminded = fields.Boolean(readonly=True, copy=False)
    notice_given_on = fields.Date("Notice Given on", readonly=True, copy=False, tracking=True)
    terminated_on = fields.Date("Terminated on", readonly=True, copy=False, tracking=True)
    revision_kind = fields.Selection(REVISIONS, "Price Revision", default="none", required=True)
    revision_percent = fields.Float("Revision (%)")
    revision_cap = fields.Float("At Most (%)", help="0: no limit.")
    index_id = fields.Many2one("crm.price.index", ondelete="restrict")
    origin_id = fields.Many2one(
        "crm.contract", "Follows", readonly=True, copy=False, index="btree_not_null"
    )
    origin_kind = fields.Selection(
        [("amendment", "Amendment"), ("renewal", "Next term")], "Kind", readonly=True, copy=False
    )
    successor_ids = fields.One2many("crm.contract", "origin_id", "Followed by", readonly=True)
    amendment_number = fields.Integer("Amendment No.", readonly=True, copy=False)
    amendment_reason = fields.Text("Reason for the Amendment", copy=False)
    amended_from = fields.Date("Amendment in Force from", copy=False)
    replaced_on = fields.Date(readonly=True, copy=False)
    error = fields.Text("Last Fault", readonly=True, copy=False)
    is_renewed = fields.Boolean(compute="_compute_is_renewed", store=True)
    comparison = fields.Html(compute="_compute_comparison", sanitize=False)

    @api.depends("date_end", "notice_days", "reminder_days")
    def _compute_notice(self):
        for contract in self:
            if not contract.date_end:
                contract.notice_date = contract.reminder_date = False
                continue
            contract.notice_date = fields.Date.subtract(
                contract.date_end, days=contract.notice_days
            )
            contract.reminder_date = fields.Date.subtract(
                contract.notice_date, days=contract.reminder_days
            )

    @api.depends("successor_ids.state", "successor_ids.origin_kind")
    def _compute_is_renewed(self):
        for contract in self:
            contract.is_renewed = any(
                row.origin_kind == "renewal" and row.state != "cancelled"
                for row in contract.successor_ids
            )

    def _compute_comparison(self):
        for contract in self:
            # sudo: the old text of an amendment that the user may read
            lines = contract._compare() if contract.origin_id else []
            contract.comparison = self.env["ir.qweb"]._render(
                "crm_sales.contract_comparison", {"lines": lines, "labels": LABELS}
            )

    def _compare(self):
        """Return the differences to the contract this one follows, terms first."""
        # sudo: an amendment, which the user may read, quotes the contract it changes
        old, new = self.sudo().origin_id, self.sudo()
        return clauses.compare(old._terms(), new._terms()) + clauses.compare(
            old._paragraphs(), new._paragraphs()
        )

    def _terms(self):
        """Return the terms of a contract as lines, for comparing."""
        self.ensure_one()
        names = ("partner_id", "signatory_id", "date_start", "date_end", "auto_renew")
        names += ("renewal_months", "notice_days", "amount_untaxed", "amount_total")
        lines = []
        for name in names:
            field, value = self._fields[name], self[name]
            label = field._description_string(self.env)
            if field.type == "monetary":
                value = self._money(value)
            elif field.type == "many2one":
                value = value.display_name
            lines.append(f"{label}: {value or '–'}")
        return lines

    # ------------------------------------------------------------------
    # Into force
    # ------------------------------------------------------------------

    def _activate(self):
        """Put a signed contract into force, and the amended one out of it."""
        self.ensure_one()
        self._check_plan()
        if self.origin_kind == "amendment":
            self._replace_origin()
        else:
            unlocked(self).state = "active"
        self._hand_term_to_orders()
        # sudo: what is due at the signature is invoiced right away, whoever signed
        self.env.ref("crm_sales.ir_cron_contract_invoice").sudo()._trigger()

    def _replace_origin(self):
        origin = self.origin_id
        origin.lock_for_update()
        origin._expect("active")
        orders, carried = origin.order_ids, self._carried_instalments()
        start = self.amended_from or fields.Date.context_today(self)
        self.env.flush_all()  # amounts of the old contract stay what they were
        unlocked(origin).write({"state": "replaced", "replaced_on": start})
        unlocked(origin.instalment_ids - carried).write({"cancelled": True})
        unlocked(self).write({"state": "active", "amended_from": start})
        unlocked(carried).write({"contract_id": self.id, "percent": 0})
        unlocked(orders).crm_contract_id = self

    def _hand_term_to_orders(self):
        """Give the term of a recurring contract to its orders, for capitalised commissions."""
        months = self._months()
        if not (self.recurring and months and float(months).is_integer()):
            return
        # sudo: the signature of the contract tells its orders how long they run
        orders = self.sudo().order_ids.filtered(lambda order: not order.contract_months)
        orders.write({"contract_date_start": self.date_start, "contract_months": int(months)})

    # ------------------------------------------------------------------
    # Amendment and renewal
    # ------------------------------------------------------------------

    def action_amend(self):
        """Make the draft of the next amendment: a copy that is signed anew; this one stays."""
        self.ensure_one()
        self.check_access("write")
        self._expect("active")
        running = self.successor_ids.filtered(
            lambda row: row.origin_kind == "amendment" and row.state in ("draft", "signing")
        )
        return (running or self._make_amendment())._open()

    def _make_amendment(self):
        number = self.amendment_number + 1
        root = self.name.rpartition("/A")[0] if self.amendment_number else self.name
        amendment = self._succeed(
            "amendment",
            {
                "name": f"{root}/A{number}",
                "amendment_number": number,
                "amended_from": max(fields.Date.context_today(self), self.date_start),
                "opportunity_id": self.opportunity_id.id,
                "date_start": self.date_start,
                "date_end": self.date_end,
            },
        )
        open_rows = self.instalment_ids.filtered(lambda row: not row._is_invoiced())
        open_rows.filtered(lambda row: not row.cancelled)._copy_to(amendment)
        return amendment

    def action_renew(self):
        """Make the draft of the next term, at the revised price, to be signed."""
        self.ensure_one()
        self.check_access("write")
        self._expect("active", "ended")
        running = self.successor_ids.filtered(
            lambda row: row.origin_kind == "renewal" and row.state != "cancelled"
        )
        return (running or self._make_next_term())._open()

    def _make_next_term(self):
        start = fields.Date.add(self.date_end, days=1)
        months = self.renewal_months or self.term_months
        if not months:
            raise UserError(self.env._("%s: enter by how many months it renews.", self.name))
        percent = self._revision(start)
        end = fields.Date.subtract(instalments.add_months(start, months), days=1)
        values = {"date_start": start, "term_months": months, "date_end": end}
        following = self._succeed("renewal", values)
        following._take_over_lines(self, percent)
        following._plan_from_template()
        if percent:
            following.message_post(
                body=self.env._(
                    "Prices revised by %(percent)s %% (%(kind)s).",
                    percent=round(percent, 4),
                    kind=dict(REVISIONS)[self.revision_kind],
                )
            )
        return following

    def _succeed(self, kind, values):
        values = {"title": self.title, **values, "origin_id": self.id, "origin_kind": kind}
        values = {name: value for name, value in values.items() if value is not False}
        if kind == "renewal":
            values |= {"line_ids": []}
        return unlocked(self).copy(values).with_env(self.env)

    def _revision(self, day):
        """Return the revision of prices at a day, in percent, limited by the cap."""
        percent = {"percent": self.revision_percent}.get(self.revision_kind, 0)
        if self.revision_kind == "index":
            percent = self.index_id._change(self.date_start, day)
        revised = mrr.revised(to_decimal(100), to_decimal(percent), to_decimal(self.revision_cap))
        return float(revised - 100)

    def _take_over_lines(self, origin, percent):
        """Copy what ``origin`` is over, of its orders too, at the revised price."""
        orders = origin._billing_orders()
        if not orders:
            rows = origin.line_ids.copy_data({"contract_id": self.id})
        else:
            lines = orders.order_line.filtered(
                lambda line: line.product_id and not line.display_type and not line.is_downpayment
            )
            periods = origin._periods()
            rows = [
                {
                    "contract_id": self.id,
                    "product_id": line.product_id.id,
                    "name": line.name,
                    "quantity": line.product_uom_qty,
                    "price_unit": line.price_unit * (1 - line.discount / 100) / periods,
                    "tax_ids": line.tax_ids.ids,
                }
                for line in lines
            ]
        digits = self.env["decimal.precision"].precision_get("Product Price")
        for row in rows:
            row["price_unit"] = round(row["price_unit"] * (1 + percent / 100), digits)
        self.env["crm.contract.line"].create(rows)

    def _open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.contract",
            "res_id": self.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------
    # Notice and termination
    # ------------------------------------------------------------------

    def action_give_notice(self):
        """Note that notice was given: the contract ends with its term and does not renew."""
        self.check_access("write")
        for contract in self:
            contract._expect("active")
            if contract.is_renewed:
                raise UserError(
                    self.env._(
                        "%s: the next term has been made already. Cancel or terminate that one.",
                        contract.name,
                    )
                )
            unlocked(contract).notice_given_on = fields.Date.context_today(self)
        return True

    def action_undo_notice(self):
        """Take the notice back: the contract renews again."""
        self.check_access("write")
        unlocked(self.filtered(lambda row: row.state == "active")).notice_given_on = False
        return True

    def action_terminate(self):
        """Open the dialog that ends the contract before its term."""
        self.ensure_one()
        self._expect("active")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Terminate Contract"),
            "res_model": "crm.contract.terminate",
            "view_mode": "form",
            "target": "new",
            "context": {"default_contract_id": self.id},
        }

    def _terminate(self, day, reason=None):
        """End the contract on ``day``: later instalments are cancelled, the orders are told.

        :raise UserError: when the day lies outside the term
        """
        self.ensure_one()
        self.check_access("write")
        self.lock_for_update()
        self._expect("active")
        if not self.date_start <= day <= (self.date_end or day):
            raise UserError(
                self.env._(
                    "%(contract)s runs from %(start)s to %(end)s; it cannot be terminated on "
                    "%(day)s.",
                    contract=self.name,
                    start=self.date_start,
                    end=self.date_end,
                    day=day,
                )
            )
        unlocked(self).terminated_on = day
        later = self.instalment_ids.filtered(
            lambda row: (
                not row._is_invoiced()
                and not row.cancelled
                and (not row.date_planned or row.date_planned > day)
            )
        )
        unlocked(later).write({"cancelled": True, "cancelled_by_termination": True})
        # sudo: the orders of the contract end with it; who may end the contract was checked
        orders = self.sudo().order_ids.filtered(
            lambda order: order.state == "sale" and order.contract_months
        )
        orders.write({"contract_terminated_on": day})
        if reason:
            self.message_post(
                body=self.env._("Terminated on %(day)s: %(why)s", day=day, why=reason)
            )
        self._end_if_over()

    def action_undo_termination(self):
        """Take a termination back while the contract still runs."""
        self.check_access("write")
        for contract in self.filtered("terminated_on"):
            contract._expect("active")
            unlocked(contract).terminated_on = False
            rows = contract.instalment_ids.filtered("cancelled_by_termination")
            unlocked(rows).write({"cancelled": False, "cancelled_by_termination": False})
            # sudo: as in _terminate
            contract.sudo().order_ids.write({"contract_terminated_on": False})
        return True

    def _end_if_over(self):
        today = fields.Date.context_today(self)
        over = self.filtered(lambda row: row.effective_to and row.effective_to < today)
        unlocked(over).state = "ended"

    # ------------------------------------------------------------------
    # Daily
    # ------------------------------------------------------------------

    @api.model
    def _cron_terms(self):
        """Remind of notice periods, renew, and end contracts; each by itself, faults noted."""
        today = fields.Date.context_today(self)
        running = [("state", "=", "active"), ("terminated_on", "=", False)]
        tasks = (
            ("_remind", running + [("reminder_date", "<=", today), ("reminded", "=", False)]),
            (
                "_renew_automatically",
                running
                + [
                    ("auto_renew", "=", True),
                    ("notice_given_on", "=", False),
                    ("notice_date", "<", today),
                    ("is_renewed", "=", False),
                ],
            ),
            ("_end_if_over", [("state", "=", "active"), ("effective_to", "<", today)]),
        )
        for method, domain in tasks:
            if not self._run_on_each(method, self.search(domain, order="id")):
                break

    def _run_on_each(self, method, contracts):
        """Call a method on each contract; return whether there is time left."""
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(contracts))
        for contract in contracts:
            try:
                with self.env.cr.savepoint():
                    getattr(contract.with_company(contract.company_id), method)()
                    if contract.error:
                        unlocked(contract).error = False
            except Exception as error:  # one contract must not stop the others
                _logger.info("%s of %s failed: %s", method, contract, error)
                contract._note_error(str(error))
            if not progress._commit_progress(1):
                return False
        return True

    def _note_error(self, text):
        if self.error == text:
            return
        unlocked(self).error = text
        self.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=self.env._("%s needs a look", self.name),
            note=text,
            user_id=(self.user_id or self.env.user).id,
        )

    def _remind(self):
        """Tell the salesperson that the last day of notice comes near."""
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=self.notice_date,
            summary=self.env._(
                "Renews on its own after %s: give notice, or let it renew", self.notice_date
            )
            if self.auto_renew
            else self.env._("Ends on %s: talk about the next term", self.date_end),
            user_id=(self.user_id or self.company_signatory_id or self.env.user).id,
        )
        unlocked(self).reminded = True

    def _renew_automatically(self):
        """The notice period has passed: the next term comes into force as it was signed."""
        following = self._make_next_term()
        unlocked(following).state = "active"
        following._check_plan()
        following.message_post(
            body=self.env._(
                "Renewed automatically: no notice was given until %s.", self.notice_date
            )
        )
