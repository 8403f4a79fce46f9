from odoo import fields, models
from odoo.exceptions import UserError


class CrmApprovalDecide(models.TransientModel):
    """The dialog of a decision that needs a reason or a person."""

    _name = "crm.approval.decide"
    _description = "Approval Decision Dialog"

    request_ids = fields.Many2many("crm.approval.request", string="Requests", required=True)
    kind = fields.Selection(
        [
            ("approve", "Approve"),
            ("refuse", "Refuse"),
            ("return", "Return for change"),
            ("withdraw", "Withdraw"),
            ("delegate", "Hand over"),
            ("comment", "Comment"),
            ("copy", "Copy to"),
        ],
        "Decision",
        required=True,
        default="approve",
    )
    reason = fields.Text()
    user_ids = fields.Many2many("res.users", string="To", domain=[("share", "=", False)])

    def action_decide(self):
        """Do what was chosen; the request checks who may."""
        self.ensure_one()
        requests, reason = self.request_ids, self.reason
        if self.kind == "delegate":
            if len(self.user_ids) != 1:
                raise UserError(self.env._("Choose one person to hand the decision over to."))
            requests.action_delegate(self.user_ids.id, reason)
        elif self.kind == "copy":
            requests.action_copy_to(self.user_ids.ids)
        elif self.kind == "comment":
            requests.action_comment(reason)
        else:
            getattr(requests, f"action_{self.kind}")(reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
