from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import Share, Target


class CrmSubledgerItem(models.Model):
    """An item that an accountant keeps by hand, such as an agreed bonus or an opening balance.

    It is also the smallest programme there is: what the other programmes compute from documents
    is typed in here.
    """

    _name = "crm.subledger.item"
    _description = "Manual Sub-ledger Item"
    _inherit = ["crm.subledger.mixin", "mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    ledger_id = fields.Many2one(
        "crm.subledger", required=True, check_company=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", required=True, check_company=True, index=True)
    order_id = fields.Many2one("sale.order", check_company=True, index="btree_not_null")
    date = fields.Date(required=True, default=fields.Date.context_today)
    amount = fields.Monetary(
        required=True,
        tracking=True,
        help="What the sub-ledger should hold: what is owed for a liability, what is carried for "
        "an asset, in company currency. Change it, and the difference is posted.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("posted", "Posted"), ("cancelled", "Cancelled")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )

    @api.constrains("amount")
    def _check_amount(self):
        for item in self:
            if item.currency_id.compare_amounts(item.amount, 0) < 0:
                raise ValidationError(
                    self.env._(
                        "“%(item)s”: the amount is %(amount)s. Enter what is owed as a positive "
                        "amount; to take it back, lower it or cancel the item.",
                        item=item.name,
                        amount=item.amount,
                    )
                )

    def write(self, vals):
        """Post the difference that a change of a posted item makes.

        :raise UserError: a posted item would move to another ledger or company
        """
        if {"ledger_id", "company_id"} & vals.keys() and any(i.state != "draft" for i in self):
            raise UserError(
                self.env._(
                    "A posted item stays in its sub-ledger. Cancel it and enter a new one instead."
                )
            )
        result = super().write(vals)
        if {"amount", "state", "date", "order_id", "partner_id"} & vals.keys():
            self.filtered(lambda item: item.state != "draft")._subledger_mark_dirty()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        for item in self:
            if item.state != "draft":
                raise UserError(
                    self.env._("“%s” was posted. Cancel it instead of deleting it.", item.name)
                )

    def action_post(self):
        """Post the items: from now on the ledger holds their amount."""
        self._set_state("posted")

    def action_cancel(self):
        """Take back what was posted for the items."""
        self._set_state("cancelled")

    def action_draft(self):
        """Open cancelled items again."""
        self.filtered(lambda item: item.state == "cancelled").write({"state": "draft"})

    def _set_state(self, state):
        self.check_access("write")
        self.filtered(lambda item: item.state != state).write({"state": state})

    def _subledger_targets(self):
        return [
            Target(
                key=item.id,
                ledger=item.ledger_id.id,
                amount=item._signed_amount(),
                partner=item.partner_id.id,
                date=item.date,
                explanation={
                    "rows": [{"code": "item", "label": item.name, "amount": str(item.amount)}]
                },
            )
            for item in self
            if item.state == "posted"
        ]

    def _signed_amount(self):
        self.ensure_one()
        # repr of a rounded float is its shortest decimal form
        return Decimal(repr(self.amount)) * self.ledger_id._natural_sign()

    def _subledger_split(self, targets):
        order_of = {item.id: item.order_id.id or None for item in self}
        return {t.address: [Share(order_of[t.key], t.amount)] for t in targets}
