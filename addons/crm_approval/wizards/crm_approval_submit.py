from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.crm_approval_rule import operations


class CrmApprovalSubmit(models.TransientModel):
    """The dialog in which an approval is requested."""

    _name = "crm.approval.submit"
    _description = "Request Approval"

    res_model = fields.Char(required=True)
    res_ids = fields.Json(required=True)
    operation = fields.Selection(operations, required=True)
    note = fields.Text("Why")
    needs_choice = fields.Boolean(compute="_compute_needs_choice")
    approver_ids = fields.Many2many(
        "res.users",
        "crm_approval_submit_approver_rel",
        string="Approvers",
        domain=[("share", "=", False)],
    )
    copy_user_ids = fields.Many2many(
        "res.users",
        "crm_approval_submit_copy_rel",
        string="Copy to",
        domain=[("share", "=", False)],
    )

    @api.depends("res_model", "res_ids", "operation")
    def _compute_needs_choice(self):
        Rule = self.env["crm.approval.rule"]
        for wizard in self:
            documents = wizard._documents()._approval_clean()
            rules = Rule._match(documents, wizard.operation).values()
            # sudo: the requester need not read the rule that stops the document
            wizard.needs_choice = any(
                "chosen" in rule.sudo().step_ids.mapped("approver_kind") for rule in rules
            )

    def _documents(self):
        if self.res_model not in self.env["crm.approval.rule"]._approvable_models():
            raise UserError(self.env._("These documents take no part in approvals."))
        documents = self.env[self.res_model].browse(self.res_ids or [])
        documents.check_access("read")
        return documents

    def action_submit(self):
        """Request the approvals; the dialog closes."""
        self.ensure_one()
        self._documents()._approval_request(
            self.operation,
            approvers=self.approver_ids,
            note=self.note,
            copy_to=self.copy_user_ids,
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}
