from odoo import api, fields, models
from odoo.exceptions import LockError, UserError, ValidationError


class CrmMdfBudget(models.Model):
    """A discretionary budget, given to partners in parts: each part is a fund."""

    _name = "crm.mdf.budget"
    _description = "Marketing Budget for Partners"
    _inherit = ["mail.thread"]
    _order = "date_from desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount = fields.Monetary(required=True, tracking=True)
    date_from = fields.Date("From", required=True)
    date_to = fields.Date("To", required=True)
    user_id = fields.Many2one("res.users", "Responsible", default=lambda self: self.env.user)
    fund_ids = fields.One2many("crm.mdf.fund", "budget_id", "Funds")
    fund_count = fields.Integer(compute="_compute_allocated", store=True)
    allocated = fields.Monetary(compute="_compute_allocated", store=True)
    remaining = fields.Monetary(
        "Not Allocated", compute="_compute_allocated", store=True, help="Amount less allocations."
    )

    _amount_positive = models.Constraint(
        "CHECK(amount > 0)", "The amount of a budget has to be positive."
    )
    _dates_ordered = models.Constraint(
        "CHECK(date_to >= date_from)", "A budget cannot end before it begins."
    )

    @api.depends("amount", "fund_ids.allocation", "fund_ids.state")
    def _compute_allocated(self):
        for budget in self:
            funds = budget.fund_ids.filtered(lambda fund: fund.state != "cancelled")
            budget.fund_count = len(budget.fund_ids)
            budget.allocated = sum(funds.mapped("allocation"))
            budget.remaining = budget.amount - budget.allocated

    @api.constrains("amount")
    def _check_not_overspent(self):
        """Refuse to promise more than the budget holds."""
        for budget in self:
            if budget.currency_id.compare_amounts(budget.allocated, budget.amount) > 0:
                raise ValidationError(
                    self.env._(
                        "The budget “%(budget)s” holds %(amount)s, but %(allocated)s would be "
                        "allocated. Lower an allocation or raise the budget.",
                        budget=budget.name,
                        amount=budget.currency_id.format(budget.amount),
                        allocated=budget.currency_id.format(budget.allocated),
                    )
                )

    def _lock(self):
        """Lock the budgets: two allocations at once cannot overspend one."""
        try:
            self.lock_for_update()
        except LockError:
            raise UserError(
                self.env._(
                    "Somebody else is allocating this budget at the moment. Try again: %s",
                    ", ".join(self.mapped("name")),
                )
            ) from None

    def action_open_funds(self):
        """Open the funds that this budget is divided into."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_partner.crm_mdf_fund_action")
        action["domain"] = [("budget_id", "=", self.id)]
        action["context"] = {
            "default_budget_id": self.id,
            "default_kind": "discretionary",
            "default_date_from": str(self.date_from),
            "default_date_to": str(self.date_to),
        }
        return action

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for budget in self:
            if budget.fund_ids:
                raise UserError(
                    self.env._("“%s” is divided into funds. Archive it instead.", budget.name)
                )
