from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError


class CrmApprovalReassign(models.TransientModel):
    """The dialog in which an administrator gives open decisions of one person to another.

    It opens for chosen requests, or for a person: then with everything that waits for him. What
    cannot be given away stays as it was and is listed with the reason.
    """

    _name = "crm.approval.reassign"
    _description = "Reassign Approvals"

    scope_ids = fields.Many2many(
        "crm.approval.request",
        "crm_approval_reassign_scope_rel",
        default=lambda self: self._default_scope_ids(),
        help="Chosen before the dialog opened; none means all.",
    )
    candidate_ids = fields.Many2many(
        "res.users", compute="_compute_candidate_ids", context={"active_test": False}
    )
    from_user_id = fields.Many2one(
        "res.users",
        "Instead of",
        compute="_compute_from_user_id",
        compute_sudo=False,
        store=True,
        readonly=False,
        domain="[('id', 'in', candidate_ids)]",
        context={"active_test": False},
    )
    to_user_id = fields.Many2one("res.users", "Asked from now on", domain=[("share", "=", False)])
    reason = fields.Text()
    request_ids = fields.Many2many(
        "crm.approval.request",
        string="Open Approvals",
        compute="_compute_request_ids",
        compute_sudo=False,
        store=True,
        readonly=False,
    )
    state = fields.Selection([("draft", "Draft"), ("done", "Done")], default="draft")
    done_count = fields.Integer("Reassigned", readonly=True)
    refusals = fields.Text("Not Reassigned", readonly=True)

    def _default_scope_ids(self):
        return [Command.set(self.env.context.get("reassign_request_ids", []))]

    @api.depends("scope_ids")
    def _compute_candidate_ids(self):
        for wizard in self:
            # sudo: the people of requests that the user may read
            wizard.candidate_ids = wizard._scope().sudo().step_ids._undecided()

    @api.depends("scope_ids")
    def _compute_from_user_id(self):
        """Where the chosen requests wait for one person only, it is him who is meant."""
        for wizard in self:
            # sudo: as above
            waiting_for = wizard._chosen().sudo().approver_ids
            if not wizard.from_user_id and len(waiting_for) == 1:
                wizard.from_user_id = waiting_for
            else:
                wizard.from_user_id = wizard.from_user_id

    @api.depends("from_user_id", "scope_ids")
    def _compute_request_ids(self):
        Request = self.env["crm.approval.request"]
        for wizard in self:
            # In a dialog that is not saved yet the records are drafts of themselves.
            user, scope = wizard.from_user_id._origin, wizard.scope_ids._origin
            mine = Request._open_for(user) if user else Request
            wizard.request_ids = mine & scope if scope else mine

    def _chosen(self):
        """Return the chosen requests that the user may read: the client names them by id."""
        return self.scope_ids._origin._filtered_access("read")

    def _scope(self):
        """Return the open requests, that the user may read, in question."""
        if self.scope_ids:
            scope = self._chosen()
            return scope.filtered(lambda request: request.state == "pending")
        return self.env["crm.approval.request"].search([("state", "=", "pending")])

    def action_reassign(self):
        """Reassign one by one; the request checks who may. Show what could not be."""
        self.ensure_one()
        if not (self.from_user_id and self.to_user_id and self.request_ids):
            raise UserError(
                self.env._(
                    "Choose instead of whom, who is asked from now on, and an open approval."
                )
            )
        refusals, requests = [], self.request_ids
        requests._check_reason(self.reason)
        for request in requests:
            try:
                with self.env.cr.savepoint():
                    request.action_reassign(self.from_user_id.id, self.to_user_id.id, self.reason)
            except (AccessError, UserError) as error:
                refusals.append(f"{request.name}: {error}")
        self.write(
            {
                "state": "done",
                "done_count": len(requests) - len(refusals),
                "refusals": "\n".join(refusals),
            }
        )
        return self._reopen() if refusals else {"type": "ir.actions.client", "tag": "soft_reload"}

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reassign Approvals"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
