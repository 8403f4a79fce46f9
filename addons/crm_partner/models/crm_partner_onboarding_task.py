from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import is_unlocked, unlocked


class CrmPartnerOnboardingTask(models.Model):
    """What one partner, or we for that partner, still have to do to get going."""

    _name = "crm.partner.onboarding.task"
    _description = "Onboarding Task of a Partner"
    _order = "sequence, id"
    _rec_name = "name"

    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    item_id = fields.Many2one(
        "crm.partner.onboarding", required=True, readonly=True, index=True, ondelete="restrict"
    )
    name = fields.Char(related="item_id.name")
    description = fields.Text(related="item_id.description")
    sequence = fields.Integer(related="item_id.sequence", store=True)
    side = fields.Selection(related="item_id.side", store=True)
    reached_by = fields.Selection(related="item_id.reached_by")
    deadline = fields.Date(readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("done", "Done"), ("skipped", "Not needed")],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    is_late = fields.Boolean("Late", compute="_compute_is_late")
    done_on = fields.Date(readonly=True)
    done_by_id = fields.Many2one("res.users", "Done by", readonly=True, ondelete="restrict")

    _item_unique = models.Constraint(
        "UNIQUE(partner_id, item_id)", "A partner gets an onboarding task once."
    )

    @api.depends("state", "deadline")
    def _compute_is_late(self):
        today = fields.Date.context_today(self)
        for task in self:
            task.is_late = task.state == "open" and bool(task.deadline and task.deadline < today)

    @api.model_create_multi
    def create(self, vals_list):
        """Copy the checklist of a level for a partner.

        :raise UserError: a task is entered by hand
        """
        if not is_unlocked(self.env):
            raise UserError(self.env._("Onboarding tasks come with the level of a partner."))
        return super().create(vals_list)

    def write(self, vals):
        """Have tasks ticked off by buttons and by what reaches them.

        :raise UserError: something is changed by hand
        """
        if not is_unlocked(self.env):
            raise UserError(self.env._("Use the buttons of the task."))
        return super().write(vals)

    def action_done(self):
        """Tick the task off."""
        self.check_access("write")
        self.filtered(lambda task: task.state == "open")._done("done")
        return True

    def action_skip(self):
        """Say that this partner does not need it."""
        self.check_access("write")
        self.filtered(lambda task: task.state == "open")._done("skipped")
        return True

    def action_reopen(self):
        """Take the tick back."""
        self.check_access("write")
        unlocked(self).write({"state": "open", "done_on": False, "done_by_id": False})
        return True

    def _done(self, state):
        unlocked(self).write(
            {
                "state": state,
                "done_on": fields.Date.context_today(self),
                "done_by_id": self.env.uid,
            }
        )
