import logging
from datetime import timedelta
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import formatLang

from odoo.addons.crm_approval.tools import empty_columns

from ..tools import KEY, is_unlocked
from .crm_commission_participant import NESTED

# What a commission depends on; a change of one of them has the statements computed again.
TRACKED_FIELDS = frozenset(
    {
        "state",
        "user_id",
        "team_id",
        "contract_date_start",
        "contract_months",
        "contract_terminated_on",
        "currency_id",
        "date_order",
    }
)


_logger = logging.getLogger(__name__)

#: context key of the only writer of the person who answers for the prices
PRICER = "crm_sales_pricer"
EXPIRY_BATCH = 200


class SaleOrder(models.Model):
    """Orders: who shares their commission, their contract, who may give which price, versions."""

    _inherit = "sale.order"

    participant_ids = fields.One2many(
        "crm.commission.participant",
        "order_id",
        string="Participants",
        copy=False,
        help="Who shares the commission of this order. Quotations of an opportunity follow its "
        "deal team. The salesperson owns the order when nobody is named.",
    )
    contract_date_start = fields.Date("Contract Start", copy=False)
    contract_months = fields.Integer(
        "Contract Term (months)", help="0: the order is not a contract over time."
    )
    contract_terminated_on = fields.Date("Terminated on", copy=False, readonly=True, tracking=True)
    contract_cost_ids = fields.One2many("crm.contract.cost", "order_id")
    crm_contract_id = fields.Many2one(
        "crm.contract",
        "Contract",
        copy=False,
        index="btree_not_null",
        check_company=True,
        domain="[('commercial_partner_id', 'parent_of', partner_id)]",
    )
    deal_chain = fields.Json(compute="_compute_deal_chain", compute_sudo=False)
    commission_amount = fields.Monetary(
        "Commissions",
        compute="_compute_commission_amount",
        currency_field="company_currency_id",
        compute_sudo=False,
    )
    price_user_id = fields.Many2one(
        "res.users",
        "Priced by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Who changed prices, discounts, quantities or products last, and answers for them.",
    )
    is_beyond_authority = fields.Boolean(
        "Beyond Discount Authority", compute="_compute_is_beyond_authority"
    )
    authority_note = fields.Text(compute="_compute_is_beyond_authority")
    version_ids = fields.One2many("crm.quotation.version", "order_id", "Versions")
    version_count = fields.Integer(compute="_compute_version_count")
    expiry_reminded = fields.Boolean(compute="_compute_expiry_reminded", store=True, copy=False)
    expiry_problem = fields.Char(
        compute="_compute_expiry_reminded",
        store=True,
        copy=False,
        help="Why the scheduled action could not handle the expiry of this quotation.",
    )
    deal_team_of_opportunity = fields.Boolean(compute="_compute_deal_team_of_opportunity")

    def _compute_commission_amount(self):
        entries = self.env["crm.subledger.entry"]
        sums = {}
        if entries.has_access("read"):
            sums = dict(
                entries._read_group(
                    [
                        ("order_id", "in", self.ids),
                        ("res_model", "=", "crm.commission.statement"),
                        ("kind", "in", ("accrual", "true_up")),
                    ],
                    ["order_id"],
                    ["amount:sum"],
                )
            )
        for order in self:
            order.commission_amount = -sums.get(order, 0.0)

    def _compute_deal_chain(self):
        chain = self.env["crm.deal.chain"]
        for order in self:
            order.deal_chain = chain._deal_chain_of(order, order.currency_id) if order.id else False

    @api.constrains("participant_ids")
    def _check_participant_shares(self):
        for order in self:
            order.participant_ids._check_sum()

    @api.constrains("contract_months", "contract_date_start", "contract_terminated_on")
    def _check_contract_dates(self):
        for order in self:
            if order.contract_months < 0:
                raise ValidationError(
                    self.env._(
                        "%s: the term of a contract cannot be negative. Enter its months, or 0 "
                        "when the order is no contract over time.",
                        order.display_name,
                    )
                )
            start, end = order._contract_start(), order.contract_terminated_on
            if start and end and end < start:
                raise ValidationError(
                    self.env._(
                        "%(order)s: the contract is terminated on %(end)s, before it starts on "
                        "%(start)s. Correct the dates.",
                        order=order.display_name,
                        start=start,
                        end=end,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Take over the deal team, and remember whose authority the prices are measured by."""
        for vals in vals_list:
            self._check_pricer(vals)
        nested = self.with_context(**{NESTED: True})
        orders = super(SaleOrder, nested).create(vals_list).with_env(self.env)
        orders._take_over_participants()
        orders._remember_pricer()
        return orders

    def write(self, vals):
        """Keep versions when it is sent or confirmed; let commissions follow what is credited.

        :raises AccessError: somebody names another person as the one who set the prices
        """
        self._check_pricer(vals)
        tracked = TRACKED_FIELDS & vals.keys()
        self._check_contract_link(vals)
        if "user_id" in vals:
            self._replace_salesperson_in_participants(vals["user_id"])
        nested = self.with_context(**{NESTED: True}) if "participant_ids" in vals else self
        result = super(SaleOrder, nested).write(vals)
        if tracked:
            self._commission_mark_dirty()
        if {"pricelist_id", "partner_id", "currency_id"} & vals.keys():
            self._remember_pricer()
        if vals.get("state") in ("sent", "sale"):
            self._version_take(vals["state"])
        if vals.get("opportunity_id"):
            self.filtered("deal_team_of_opportunity")._take_over_participants(replace=True)
        return result

    def _commission_mark_dirty(self):
        relevant = self.filtered(lambda order: order.state in ("sale", "cancel"))
        self.env["crm.subledger.mixin"]._subledger_documents_dirty(relevant)

    def _action_confirm(self):
        result = super()._action_confirm()
        self._ensure_owner()
        return result

    # ------------------------------------------------------------------
    # Participants
    # ------------------------------------------------------------------

    def _take_over_participants(self, replace=False):
        """Share the commission of these orders as the deal team of their opportunity does.

        :param bool replace: also those that name participants already: quotations follow their
            team until they are confirmed
        """
        orders = self.filtered(
            lambda order: (
                # sudo: only whether a deal team is there to be taken over
                order.opportunity_id.sudo().deal_member_ids
                and (replace or not order.participant_ids)
            )
        )
        # sudo: whoever writes a quotation may do so for a deal shared with colleagues
        participants = self.env["crm.commission.participant"].sudo()
        nested = participants.with_context(**{NESTED: True})
        if replace:
            # sudo: as above
            self.sudo().participant_ids.with_context(**{NESTED: True}).unlink()
        nested.create(
            [
                vals | {"order_id": order.id}
                for order in orders
                for vals in order._prepare_team_participants()
            ]
        )
        orders.invalidate_recordset(["participant_ids"])
        orders._check_participant_shares()

    def _ensure_owner(self):
        """Name the salesperson as the owner of confirmed orders that have none."""
        orders = self.filtered(
            lambda order: (
                order.user_id and not any(row.role == "owner" for row in order.participant_ids)
            )
        )
        # sudo: the confirmation may come from the customer's portal or a payment
        self.env["crm.commission.participant"].sudo().create(
            [{"order_id": order.id, "user_id": order.user_id.id} for order in orders]
        )

    def _replace_salesperson_in_participants(self, user_id):
        """Follow a change of the salesperson, from today on, where they own the whole deal."""
        today = fields.Date.context_today(self)
        # What was sold before somebody named participants stays with who sold it.
        self.filtered(lambda order: order.state == "sale")._ensure_owner()
        for order in self:
            if order.user_id and user_id and user_id != order.user_id.id:
                order._replace_participant(order.user_id, user_id, today)

    def _replace_participant(self, old_user, new_user_id, day):
        """Hand the owner's share of ``old_user`` over to another user from ``day`` on.

        What was credited before that day stays with the old owner.
        """
        self.ensure_one()
        rows = self.participant_ids.filtered(
            lambda row: row.role == "owner" and row.user_id == old_user and not row.date_to
        )
        commands = []
        for row in rows:
            new = row._prepare_copy_vals() | {"user_id": new_user_id}
            if self.state != "sale" or (row.date_from and row.date_from >= day):
                commands.append(Command.update(row.id, {"user_id": new_user_id}))
                continue
            before = fields.Date.subtract(day, days=1)
            commands.append(Command.update(row.id, {"date_to": before}))
            commands.append(Command.create(new | {"date_from": day}))
        if commands:
            self.write({"participant_ids": commands})

    def action_replace_salesperson(self):
        """Open the wizard that hands the order over to another salesperson."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Replace Salesperson"),
            "res_model": "crm.sale.replace.salesperson",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }

    # ------------------------------------------------------------------
    # Contracts over time
    # ------------------------------------------------------------------

    def _contract_start(self):
        """Return the first day of the contract: the one entered, else that of the order."""
        self.ensure_one()
        return self.contract_date_start or self._commission_date()

    def _commission_date(self):
        """Return the day of the order in the time zone of its company."""
        self.ensure_one()
        zone = self.company_id.resource_calendar_id.tz or "UTC"
        local = fields.Datetime.context_timestamp(self.with_context(tz=zone), self.date_order)
        return local.date()

    def action_terminate_contract(self):
        """Open the wizard that ends the contract before its term."""
        self.ensure_one()
        if self.state != "sale" or not self.contract_months:
            raise UserError(
                self.env._(
                    "%s is not a confirmed contract over time, there is nothing to terminate.",
                    self.display_name,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Terminate Contract"),
            "res_model": "crm.contract.terminate",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }

    def _check_contract_link(self, vals):
        """Refuse to add orders to a signed plan of instalments, or to take them out of it."""
        if "crm_contract_id" in vals and not is_unlocked(self.env):
            contract = self.env["crm.contract"].browse(vals["crm_contract_id"] or [])
            # sudo: whether there is a plan, whoever may read it
            affected = (self.crm_contract_id | contract).sudo().filtered("instalment_ids")
            affected.filtered(lambda row: row.state in ("active", "ended"))._content_changes()

    def action_create_contract(self):
        """Make a draft contract for this order, or open the one it has."""
        self.ensure_one()
        if not self.crm_contract_id:
            self.check_access("write")
            self.crm_contract_id = self.env["crm.contract"].create(self._prepare_contract_vals())
        return self.crm_contract_id._open()

    def _prepare_contract_vals(self):
        """Return the values of a contract for this order."""
        start = self._contract_start()
        return {
            "title": self.env._("Contract for %s", self.name),
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "user_id": self.user_id.id or self.env.uid,
            "team_id": self.team_id.id,
            "opportunity_id": self.opportunity_id.id,
            "date_start": start,
            "term_months": self.contract_months or 12,
            "recurring": self.contract_months > 0,
            "recurrence": "1",
        }

    def action_open_commissions(self):
        """Open the commission entries of these orders."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_subledger.crm_subledger_entry_action"
        )
        action["domain"] = [
            ("order_id", "in", self.ids),
            ("res_model", "in", ("crm.commission.statement", "crm.contract.cost")),
        ]
        action["context"] = {"create": False}
        return action

    # ------------------------------------------------------------------
    # Discount authority
    # ------------------------------------------------------------------

    def _check_pricer(self, vals):
        """Who answers for the prices is never entered, nor imported."""
        if "price_user_id" in vals and self.env.context.get(PRICER) is not KEY:
            raise AccessError(
                self.env._(
                    "Who priced a quotation is kept by the system. Leave “Priced by” out of what "
                    "you save or import."
                )
            )

    def _remember_pricer(self):
        """Whoever changes prices answers for them; customers and the system change nobody."""
        user = self.env.user
        # Orders first: every line that is written asks, and only the first one changes anything.
        changed = self.filtered(
            lambda order: order.price_user_id != user and order.state in ("draft", "sent")
        )
        if changed and user._is_internal() and not user._is_superuser():
            # The key is compared by identity, so a context sent by a client does not do this.
            changed.with_context(**{PRICER: KEY}).price_user_id = user

    def _authority_verdicts(self, user=None):
        """Return what the discount matrix says of the lines, if ``user`` answers for the prices.

        :param user: default: whoever changed the prices last, else the salesperson
        :return: list of :class:`~.crm_discount_authority.Verdict`
        """
        self.ensure_one()
        Authority = self.env["crm.discount.authority"]
        if not Authority._is_used():
            return []
        user = user or self.price_user_id or self.user_id
        # sudo: costs and price lists decide, whoever looks at the quotation
        return Authority.sudo()._judge(self.sudo(), user)

    def _authority_broken(self, user=None):
        """Return the verdicts on lines whose price is below the floor."""
        return [verdict for verdict in self._authority_verdicts(user) if verdict.gap > 0]

    @api.depends("order_line.price_floor", "order_line.is_below_floor", "state")
    def _compute_is_beyond_authority(self):
        for order in self:
            open_quotation = order.state in ("draft", "sent")
            broken = order._authority_broken() if open_quotation else []
            order.is_beyond_authority = bool(broken)
            order.authority_note = "\n".join(text for _line, text in order._authority_texts(broken))

    def _authority_texts(self, verdicts):
        """Return [(line, sentence)] of the verdicts, for people."""
        lines = {line.id: line for line in self.order_line}
        result = []
        for verdict in verdicts:
            line = lines[verdict.line_id]
            sentence = self.env._(
                "%(product)s: %(agreed)s is below the floor price of %(floor)s "
                "(%(discount).2f %% off %(entitled)s).",
                product=line.product_id.display_name,
                agreed=self._price_text(verdict.agreed),
                floor=self._price_text(verdict.floor.price),
                discount=float(verdict.discount),
                entitled=self._price_text(verdict.entitled),
            )
            result.append((line, sentence))
        return result

    def _price_text(self, price):
        return formatLang(self.env, float(price), currency_obj=self.currency_id)

    # --- what an approver sees and decides ---

    def _approval_operations(self):
        operations = set(super()._approval_operations())
        if self.env["crm.discount.authority"]._is_used():
            operations.add("confirm")
        return sorted(operations)

    def _approval_fallback_group(self, operation):
        """Prices beyond one's authority need a sales manager where no rule names somebody."""
        if self.env["crm.discount.authority"]._is_used():
            sending = operation == "send" and self.company_id.authority_gates_sending
            if (operation == "confirm" or sending) and self._authority_broken():
                return self.env.ref("sales_team.group_sale_manager")
        return super()._approval_fallback_group(operation)

    def _approval_four_eyes(self, operation):
        """Without a rule only those may decide whose own authority covers the prices."""
        users = super()._approval_four_eyes(operation) | self.price_user_id
        # sudo: the requester need not read rules, nor the roles of colleagues
        if self.sudo().env["crm.approval.rule"]._match(self, operation):
            return users
        group = self._approval_fallback_group(operation).sudo()
        return users | group.all_user_ids.filtered(self._authority_broken)

    def _approval_snapshot_figures(self, operation):
        """Add below_floor (amount missing, company currency) and excess_discount (% points)."""
        figures = super()._approval_snapshot_figures(operation)
        quantities = {line.id: line.product_uom_qty for line in self.order_line}
        broken = self._authority_broken()
        below = sum(
            (verdict.gap * Decimal(str(quantities[verdict.line_id])) for verdict in broken),
            Decimal(0),
        )
        figures["below_floor"] = self.company_id.currency_id.round(
            float(below) / (self.currency_rate or 1)
        )
        figures["excess_discount"] = max(
            (
                float(verdict.discount - verdict.max_discount)
                for verdict in broken
                if verdict.max_discount is not None and verdict.discount > verdict.max_discount
            ),
            default=0.0,
        )
        return figures

    def _approval_figure_labels(self, operation):
        return super()._approval_figure_labels(operation) | {
            "below_floor": self.env._("Below the floor prices (company currency)"),
            "excess_discount": self.env._("Discount beyond the authority (% points)"),
        }

    def _approval_snapshot(self, operation, rule):
        """Show the approver each price below its floor."""
        snapshot = super()._approval_snapshot(operation, rule)
        snapshot["display"] += [
            [self.env._("Floor price"), sentence, "price_floor"]
            for _line, sentence in self._authority_texts(self._authority_broken())
        ]
        return snapshot

    # ------------------------------------------------------------------
    # Versions
    # ------------------------------------------------------------------

    @api.depends("version_ids")
    def _compute_version_count(self):
        counts = dict(
            self.env["crm.quotation.version"]._read_group(
                [("order_id", "in", self.ids)], ["order_id"], ["__count"]
            )
        )
        for order in self:
            order.version_count = counts.get(order._origin, 0)

    def _version_take(self, event, reason=False):
        """Keep the contents of each quotation, unless its last version says the same.

        :return: the versions that were taken
        """
        return self.env["crm.quotation.version"]._take(self, event, reason)

    def action_take_version(self):
        """Keep the quotation as it is now, before somebody changes it."""
        self.check_access("write")
        versions = self._version_take("manual")
        if not versions:
            raise UserError(
                self.env._("Nothing has changed since the last version, so none was added.")
            )
        return True

    def action_open_versions(self):
        """Open the versions of these quotations."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_sales.crm_quotation_version_action"
        )
        return {**action, "domain": [("order_id", "in", self.ids)], "context": {}}

    def action_compare_versions(self):
        """Open the comparison of the last version with the quotation as it is now."""
        self.ensure_one()
        latest = self.version_ids.sorted("number")[-1:]
        if not latest:
            raise UserError(
                self.env._(
                    "There is no version yet. One is kept when the quotation is sent or confirmed, "
                    "or with “Keep This Version”."
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Compare Versions"),
            "res_model": "crm.quotation.comparison",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id, "default_left_id": latest.id},
        }

    def message_post(self, **kwargs):
        """Sent again, an order gets a new version where its contents differ from the last one."""
        message = super().message_post(**kwargs)
        if self.env.context.get("mark_so_as_sent"):
            # Sent again, after a change: the state stays, the contents are new.
            self.filtered(lambda order: order.state == "sent")._version_take("sent")
        return message

    # ------------------------------------------------------------------
    # Expiry
    # ------------------------------------------------------------------

    def _auto_init(self):
        empty_columns(self, "expiry_reminded", "expiry_problem")
        return super()._auto_init()

    @api.depends("validity_date")
    def _compute_expiry_reminded(self):
        """With another day of expiry the reminder is due again."""
        self.expiry_reminded = False
        self.expiry_problem = False

    def _confirmation_error_message(self):
        message = super()._confirmation_error_message()
        if message or not self._is_stopped_by_expiry():
            return message
        return self.env._(
            "%(order)s was valid until %(day)s. Check its prices, then extend it with “Extend "
            "Validity”, or update the prices.",
            order=self.display_name,
            day=self.env["ir.qweb.field.date"].value_to_html(self.validity_date, {}),
        )

    def _is_stopped_by_expiry(self):
        self.ensure_one()
        expired = self.validity_date and self.validity_date < fields.Date.today()
        if not (expired and self.company_id.quotation_blocks_expired):
            return False
        # sudo: money that has arrived must not be stopped, whoever looks
        paid = self.sudo().transaction_ids.filtered(lambda tx: tx.state in ("authorized", "done"))
        return not paid

    def action_extend_validity(self):
        """Make these quotations valid from today again, for the company's usual time."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        for order in self.filtered(lambda order: order.state in ("draft", "sent")):
            days = order.company_id.quotation_validity_days or 30
            order.validity_date = today + timedelta(days=days)
            order.message_post(
                body=self.env._("The quotation was extended: valid until %s.", order.validity_date)
            )
        return True

    @api.model
    def _cron_expire_quotations(self):
        """Remind of quotations that expire soon, and cancel those that expired long ago."""
        for company in self._companies_with_expiry():
            todo = self._expiring(company)
            self.env["ir.cron"]._commit_progress(remaining=len(todo))
            for order in todo:
                order._try_expire()
                if not self.env["ir.cron"]._commit_progress(1):
                    return

    @api.model
    def _companies_with_expiry(self):
        return self.env["res.company"].search(
            ["|", ("quotation_reminder_days", ">", 0), ("quotation_cancel_days", ">", 0)]
        )

    @api.model
    def _expiring(self, company, limit=EXPIRY_BATCH):
        """Return the quotations of a company that are to be reminded of or cancelled today."""
        today = fields.Date.context_today(self)
        domains = []
        if company.quotation_reminder_days:
            soon = today + timedelta(days=company.quotation_reminder_days)
            domains.append(Domain([("validity_date", "<=", soon), ("expiry_reminded", "=", False)]))
        if company.quotation_cancel_days:
            domains.append(Domain("validity_date", "<", company._quotation_cancel_day(today)))
        if not domains:
            return self.browse()
        domain = Domain.OR(domains) & Domain(
            [
                ("company_id", "=", company.id),
                ("state", "in", ("draft", "sent")),
                ("validity_date", "!=", False),
                ("expiry_problem", "=", False),
            ]
        )
        return self.search(domain, order="validity_date, id", limit=limit)

    def _try_expire(self):
        """Handle the expiry of one quotation; what goes wrong is kept on it."""
        try:
            with self.env.cr.savepoint():
                self._expire()
        except Exception as error:  # one broken quotation must not stop the others
            _logger.warning("The expiry of %s could not be handled: %s", self, error)
            self.expiry_problem = str(error)

    def _expire(self):
        self.ensure_one()
        today = fields.Date.context_today(self)
        company = self.company_id
        if company.quotation_cancel_days and self.validity_date < company._quotation_cancel_day(
            today
        ):
            self._action_cancel()
            self.message_post(
                body=self.env._(
                    "Cancelled: the quotation was valid until %(day)s, more than %(count)s days "
                    "ago. “Set to Quotation” brings it back.",
                    day=self.validity_date,
                    count=company.quotation_cancel_days,
                )
            )
            return
        self.expiry_reminded = True
        if self.user_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=max(self.validity_date, today),
                summary=self.env._("Quotation expires on %s", self.validity_date),
                user_id=self.user_id.id,
            )

    @api.depends("opportunity_id.deal_member_ids", "state")
    def _compute_deal_team_of_opportunity(self):
        for order in self:
            open_ = order.state in ("draft", "sent")
            # sudo: whether there is a team decides where the shares are edited
            order.deal_team_of_opportunity = open_ and bool(
                order.opportunity_id.sudo().deal_member_ids
            )

    def _prepare_team_participants(self):
        """Return the values of the participants that the deal team of the opportunity gives."""
        self.ensure_one()
        lead = self.opportunity_id.sudo()  # sudo: see above
        return lead.deal_member_ids._prepare_participants(self.user_id or lead.user_id)
