from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import chain
from ..tools import is_unlocked

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
    """The log of a request: rows are only added, and chained by SHA-256."""

    _name = "crm.approval.decision"
    _description = "Approval Decision"
    _order = "request_id desc, seq"
    _rec_name = "kind"

    request_id = fields.Many2one(
        "crm.approval.request", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="request_id.company_id", store=True, index=True)
    step_id = fields.Many2one("crm.approval.request.step", readonly=True, index="btree_not_null")
    seq = fields.Integer("No.", required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", "By", required=True, readonly=True, ondelete="restrict", index=True
    )
    represented = fields.Json("Represented User Ids", readonly=True)
    on_behalf = fields.Char("For", compute="_compute_on_behalf")
    reason = fields.Text(readonly=True)
    channel = fields.Selection(
        [("web", "Odoo"), ("link", "Signed link"), ("cron", "Time limit")],
        required=True,
        readonly=True,
        default="web",
    )
    date = fields.Datetime(required=True, readonly=True)
    content_hash = fields.Char("Hash of What Is Approved", readonly=True)
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)

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

    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not is_unlocked(self.env):
            raise AccessError(
                self.env._(
                    "Decisions are made with the buttons of the approval request, nowhere else."
                )
            )
        return super().create(vals_list)

    # Never allowed, so nothing is left for super() to do.
    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The log of an approval cannot be changed, only added to."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The log of an approval cannot be deleted."))

    # ------------------------------------------------------------------

    @api.model
    def _prepare_payload(self, vals):
        """Return what the hash of a row with these values covers."""
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

    def _payload(self):
        self.ensure_one()
        names = ("seq", "kind", "represented", "reason", "channel", "date", "content_hash")
        links = ("request_id", "step_id", "user_id")
        vals = {name: self[name] for name in names} | {name: self[name].id for name in links}
        return self._prepare_payload(vals)

    def _first_broken(self):
        """Return the first row of one request's log, in its order, that was tampered with."""
        rows = [(row._payload(), row.previous_hash, row.hash) for row in self]
        position = chain.first_broken(rows)
        return self.browse() if position is None else self[position]
