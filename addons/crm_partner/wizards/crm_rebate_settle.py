from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..models.crm_rebate_settlement import METHODS


class CrmRebateSettle(models.TransientModel):
    """Settles one or many rebate periods."""

    _name = "crm.rebate.settle"
    _description = "Settle Rebates"

    period_ids = fields.Many2many("crm.rebate.period", required=True)
    period_count = fields.Integer(compute="_compute_period_count")
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", compute="_compute_company_id")
    direction = fields.Selection(
        [("customer", "Granted"), ("vendor", "Received")], compute="_compute_company_id"
    )
    method = fields.Selection(
        METHODS,
        required=True,
        compute="_compute_method",
        store=True,
        readonly=False,
        precompute=True,
    )
    final = fields.Boolean(
        "Final Settlement",
        compute="_compute_final",
        store=True,
        readonly=False,
        help="Closes the purchases of the period: what was really earned is settled.",
    )
    until = fields.Date(
        "Purchases until",
        help="Partial settlement of what was bought up to this day; empty: everything so far.",
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    open_amount = fields.Monetary(compute="_compute_open_amount")
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        help="Excluding taxes. Below zero it is claimed back by an invoice.",
    )
    tax_ids = fields.Many2many(
        "account.tax",
        string="Taxes of the Invoice",
        domain="[('company_id', '=', company_id),"
        " ('type_tax_use', '=', direction == 'vendor' and 'sale' or 'purchase')]",
    )
    invoice_id = fields.Many2one(
        "account.move",
        "Deduct from",
        domain="[('state', '=', 'draft'), ('commercial_partner_id', '=', partner_id),"
        " ('company_id', '=', company_id), ('currency_id', '=', currency_id),"
        " ('move_type', '=', direction == 'vendor' and 'in_invoice' or 'out_invoice')]",
        help="Empty: from the next invoice that is made from a sales order.",
    )
    goods_ids = fields.One2many("crm.rebate.settle.goods", "settle_id")
    reason = fields.Char()
    post = fields.Boolean(
        "Post at Once",
        default=lambda self: self.env.user.has_group("account.group_account_invoice"),
    )

    @api.depends("period_ids")
    def _compute_period_count(self):
        for wizard in self:
            wizard.period_count = len(wizard.period_ids)

    @api.depends("period_ids")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.period_ids.company_id[:1]
            wizard.partner_id = wizard.period_ids.partner_id[:1]
            wizard.direction = wizard.period_ids[:1].direction

    @api.depends("period_ids")
    def _compute_method(self):
        for wizard in self:
            wizard.method = wizard.period_ids.agreement_id[:1].payout or "credit_note"

    @api.depends("period_ids")
    def _compute_final(self):
        today = fields.Date.context_today(self)
        for wizard in self:
            wizard.final = bool(wizard.period_ids) and all(
                period.is_final or period.date_to < today for period in wizard.period_ids
            )

    @api.depends("period_ids", "until", "final")
    def _compute_open_amount(self):
        for wizard in self:
            until = not wizard.final and wizard.until
            wizard.open_amount = sum(
                # sudo: the documents are measured, whoever settles; rights are checked on settling
                period._origin.sudo()._open_amount(until)
                for period in wizard.period_ids
            )

    @api.depends("open_amount")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.open_amount

    def action_settle(self):
        """Settle the periods and open the documents that came about."""
        self.ensure_one()
        if not self.period_ids:
            raise UserError(self.env._("Choose the periods to settle."))
        if self.method in ("goods", "deduction") and len(self.period_ids.partner_id) > 1:
            raise UserError(self.env._("Goods and deductions are settled one partner at a time."))
        settlements = self.env["crm.rebate.settlement"]
        single = len(self.period_ids) == 1
        for period in self.period_ids:
            settlements |= self._settle_one(period, single)
        return self._action_result(settlements)

    def _settle_one(self, period, single):
        # sudo: only to skip what has nothing open; _settle checks the user
        own = period.sudo()
        until = not self.final and self.until
        if not single and not own._open_amount(until) and not self.final:
            return self.env["crm.rebate.settlement"]
        return self.env["crm.rebate.settlement"]._settle(
            period,
            self.method,
            amount=self.amount if single else None,
            final=self.final,
            date=self.date,
            until=until,
            taxes=self.tax_ids,
            invoice=self.invoice_id,
            goods=[(line.product_id, line.quantity) for line in self.goods_ids],
            reason=self.reason,
            post=self.post and self.method in ("credit_note", "bill"),
        )

    def _action_result(self, settlements):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_partner.crm_rebate_settlement_action"
        )
        action["domain"] = [("id", "in", settlements.ids)]
        action["context"] = {"create": False}
        return action

    @api.model
    def default_get(self, fields_list):
        """Take the periods that were ticked in the list."""
        values = super().default_get(fields_list)
        active = self.env.context.get("active_ids")
        if active and self.env.context.get("active_model") == "crm.rebate.period":
            values.setdefault("period_ids", [Command.set(active)])
        return values
