from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

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


class SaleOrder(models.Model):
    _inherit = "sale.order"

    participant_ids = fields.One2many(
        "crm.commission.participant",
        "order_id",
        string="Participants",
        copy=False,
        help="Who shares the commission of this order. Quotations of an opportunity follow its "
        "deal team. The salesperson owns the order when nobody is named.",
    )
    deal_team_of_opportunity = fields.Boolean(compute="_compute_deal_team_of_opportunity")
    contract_date_start = fields.Date("Contract Start", copy=False)
    contract_months = fields.Integer(
        "Contract Term (months)", help="0: the order is not a contract over time."
    )
    contract_terminated_on = fields.Date("Terminated on", copy=False, readonly=True, tracking=True)
    contract_cost_ids = fields.One2many("crm.contract.cost", "order_id")
    commission_amount = fields.Monetary(
        "Commissions",
        compute="_compute_commission_amount",
        currency_field="company_currency_id",
        compute_sudo=False,
    )

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

    @api.depends("opportunity_id.deal_member_ids", "state")
    def _compute_deal_team_of_opportunity(self):
        for order in self:
            open_ = order.state in ("draft", "sent")
            # sudo: whether there is a team decides where the shares are edited
            order.deal_team_of_opportunity = open_ and bool(
                order.opportunity_id.sudo().deal_member_ids
            )

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
        nested = self.with_context(**{NESTED: True})
        orders = super(SaleOrder, nested).create(vals_list).with_env(self.env)
        orders._take_over_participants()
        return orders

    def write(self, vals):
        tracked = TRACKED_FIELDS & vals.keys()
        if "user_id" in vals:
            self._replace_salesperson_in_participants(vals["user_id"])
        nested = self.with_context(**{NESTED: True}) if "participant_ids" in vals else self
        result = super(SaleOrder, nested).write(vals)
        if tracked:
            self._commission_mark_dirty()
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
                order.opportunity_id.sudo().deal_member_ids
                and (replace or not order.participant_ids)
            )
        )
        # sudo: whoever writes a quotation may do so for a deal shared with colleagues
        participants = self.env["crm.commission.participant"].sudo()
        nested = participants.with_context(**{NESTED: True})
        if replace:
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

    def _prepare_team_participants(self):
        """Return the values of the participants that the deal team of the opportunity gives."""
        self.ensure_one()
        lead = self.opportunity_id.sudo()  # sudo: see above
        return lead.deal_member_ids._prepare_participants(self.user_id or lead.user_id)

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
