from odoo import api, fields, models

KINDS = [
    ("request", "Requested"),
    ("approve", "Approved"),
    ("refuse", "Refused"),
    ("return", "Returned for change"),
    ("withdraw", "Withdrawn"),
    ("delegate", "Handed over"),
    ("reassign", "Reassigned"),
    ("comment", "Comment"),
    ("copy", "Copied to"),
    ("remind", "Reminded"),
    ("escalate", "Escalated"),
    ("auto_approve", "Approved by time limit"),
    ("auto_refuse", "Refused by time limit"),
    ("outdated", "Overtaken by a change"),
    ("granted", "Approval complete"),
]


class CrmApprovalDecision(models.Model):
    """The log of a request."""

    _name = "crm.approval.decision"
    _description = "Approval Decision"
    _inherit = ["crm.approval.chain"]
    _order = "request_id desc, seq"
    _rec_name = "kind"
    _document_fields = ("request_id",)
    _covered_fields = ("step_id", "kind", "represented", "reason", "channel", "content_hash")

    request_id = fields.Many2one(
        "crm.approval.request", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="request_id.company_id", store=True, index=True)
    step_id = fields.Many2one("crm.approval.request.step", readonly=True, index="btree_not_null")
    kind = fields.Selection(KINDS, required=True, readonly=True)
    user_id = fields.Many2one(required=True, index=True)
    represented = fields.Json("Represented User Ids", readonly=True)
    on_behalf = fields.Char("For", compute="_compute_on_behalf")
    reason = fields.Text(readonly=True)
    channel = fields.Selection(
        [("web", "Odoo"), ("link", "Signed link"), ("cron", "Time limit")],
        required=True,
        readonly=True,
        default="web",
    )
    content_hash = fields.Char("Hash of What Is Approved", readonly=True)

    _seq_unique = models.Constraint(
        "UNIQUE (request_id, seq)", "Somebody else wrote to this log at the same time. Try again."
    )

    @api.depends("represented", "user_id", "kind")
    def _compute_on_behalf(self):
        for row in self:
            moved = row.kind == "reassign"  # from whom to whom
            others = [
                number for number in row.represented or [] if moved or number != row.user_id.id
            ]
            # sudo: the names of the absent persons, on a log that the user may read
            users = self.env["res.users"].sudo().browse(others).exists()
            row.on_behalf = (" → " if moved else ", ").join(users.mapped("name"))

    @api.model
    def _prepare_payload(self, vals):
        """Return what the hash of a row covers; a key more would break the chains that exist."""
        return {
            "request": vals["request_id"],
            "step": vals["step_id"] or None,
            "seq": vals["seq"],
            "kind": vals["kind"],
            "user": vals["user_id"],
            "represented": vals["represented"] or [],
            "reason": vals["reason"] or "",
            "channel": vals["channel"],
            "date": fields.Datetime.to_string(vals["date"]),
            "content": vals["content_hash"] or "",
        }
