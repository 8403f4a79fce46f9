import logging

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount

from ..tools import is_unlocked, unlocked

_logger = logging.getLogger(__name__)

PROTECTED = {"state", "move_ids", "open_at_start", "error"}


class CrmPaymentPromise(models.Model):
    """What a customer promised to pay until a day. Broken, it goes to the manager."""

    _name = "crm.payment.promise"
    _description = "Promise to Pay"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users", "Told to", required=True, default=lambda self: self.env.user, index=True
    )
    amount = fields.Monetary(required=True, tracking=True)
    date = fields.Date("Promised for", required=True, tracking=True)
    note = fields.Text("What Was Said")
    state = fields.Selection(
        [("open", "Waiting"), ("kept", "Kept"), ("broken", "Broken"), ("cancelled", "Cancelled")],
        default="open",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    move_ids = fields.Many2many("account.move", string="Invoices Meant", readonly=True, copy=False)
    open_at_start = fields.Monetary("Open at the Promise", readonly=True, copy=False)
    amount_received = fields.Monetary("Received since", compute="_compute_received")
    error = fields.Text(readonly=True, copy=False)

    _amount_positive = models.Constraint("CHECK(amount > 0)", "Nothing is promised.")

    @api.depends("partner_id.name", "date")
    def _compute_display_name(self):
        for promise in self:
            promise.display_name = f"{promise.partner_id.name}, {promise.date}"

    @api.depends("move_ids.amount_residual_signed", "open_at_start")
    def _compute_received(self):
        for promise in self:
            # sudo: one figure about invoices that the promise names
            open_now = sum(promise.sudo().move_ids.mapped("amount_residual_signed"))
            promise.amount_received = max(promise.open_at_start - open_now, 0)

    @api.model_create_multi
    def create(self, vals_list):
        """Note a promise about everything that the customer owes now, as far as the user sees it.

        :raises UserError: it promises more than is open; or its result is given, which is found by
            the scheduled check
        """
        for vals in vals_list:
            self._check_protected({name: vals[name] for name in vals if vals[name] != "open"})
        promises = super().create(vals_list)
        for promise in promises:
            promise._name_invoices()
        return promises

    def write(self, vals):
        """Change the promise, but not its result, which the scheduled check finds."""
        self._check_protected(vals)
        return super().write(vals)

    def _check_protected(self, vals):
        if PROTECTED & vals.keys() and not is_unlocked(self.env):
            raise UserError(
                self.env._("Whether a promise was kept is read from the payments, not entered.")
            )

    def _name_invoices(self):
        """Note which invoices are meant: those of the customer that the user may see as open.

        :raise UserError: when less is open than was promised
        """
        customer = self.partner_id.commercial_partner_id
        rows = self.env["crm.receivable"].search(
            [("partner_id", "=", customer.id), ("company_id", "=", self.company_id.id)]
        )
        total = sum(rows.mapped("amount_residual"))
        if self.currency_id.compare_amounts(total, self.amount) < 0:
            raise UserError(
                self.env._(
                    "%(customer)s owes %(open)s as far as you can see; more was not promised: "
                    "%(promised)s.",
                    customer=customer.name,
                    open=format_amount(self.env, total, self.currency_id),
                    promised=format_amount(self.env, self.amount, self.currency_id),
                )
            )
        values = {"move_ids": [Command.set(rows.move_id.ids)], "open_at_start": total}
        unlocked(self).write(values | {"partner_id": customer.id})

    def action_cancel(self):
        """Take an open promise back, for example when it was entered by mistake."""
        self.check_access("write")
        unlocked(self.filtered(lambda promise: promise.state == "open")).state = "cancelled"
        return True

    def action_check(self):
        """Read from the payments whether these promises were kept."""
        self.check_access("write")
        for promise in self.filtered(lambda promise: promise.state in ("open", "broken")):
            promise._check()
        return True

    def _check(self):
        self.ensure_one()
        kept = self.currency_id.compare_amounts(self.amount_received, self.amount) >= 0
        if kept:
            unlocked(self).state = "kept"
            self.activity_unlink(["mail.mail_activity_data_warning"])
        elif self.state == "open" and self.date < fields.Date.context_today(self):
            unlocked(self).state = "broken"
            self._escalate()

    def _manager(self):
        """Return who is told about a broken promise; a hook for other organisations."""
        # sudo: who leads the team of the person the promise was made to
        user = self.user_id.sudo()
        return user.sale_team_id.user_id or user.employee_id.parent_id.user_id or user

    def _escalate(self):
        missing = format_amount(self.env, self.amount - self.amount_received, self.currency_id)
        for user in self._manager() | self.user_id:
            self.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("Broken promise: %s is missing", missing),
                user_id=user.id,
            )

    @api.model
    def _cron_check(self):
        """Check open promises, and broken ones that were kept late; faults stay where they are."""
        day = fields.Date.subtract(fields.Date.context_today(self), days=90)
        promises = self.search(
            ["|", ("state", "=", "open"), "&", ("state", "=", "broken"), ("date", ">=", day)],
            order="id",
        )
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(promises))
        for promise in promises:
            try:
                with self.env.cr.savepoint():
                    promise._check()
            except Exception as error:  # one promise must not stop the others
                _logger.info("%s could not be checked: %s", promise, error)
                unlocked(promise).error = str(error)
            if not progress._commit_progress(1):
                break
