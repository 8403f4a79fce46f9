import logging
from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import voting
from ..tools import is_unlocked, readable, unlocked

_logger = logging.getLogger(__name__)

RETRY_HOURS = 1


class CrmApprovalRequestStep(models.Model):
    """A step of one request: its approvers, frozen at submission, and its clock."""

    _name = "crm.approval.request.step"
    _description = "Step of an Approval Request"
    _order = "request_id desc, sequence, id"

    request_id = fields.Many2one(
        "crm.approval.request", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="request_id.company_id", store=True, index=True)
    rule_step_id = fields.Many2one(
        "crm.approval.rule.step", readonly=True, ondelete="set null", index="btree_not_null"
    )
    sequence = fields.Integer(readonly=True)
    name = fields.Char(readonly=True)
    mode = fields.Selection(
        [("any", "One of them"), ("all", "All of them"), ("count", "A number of them")],
        required=True,
        readonly=True,
    )
    min_count = fields.Integer("Number", readonly=True)
    approver_ids = fields.Many2many(
        "res.users",
        string="Approvers",
        readonly=True,
        # Who left is still asked: a step must not pass because somebody was archived.
        context={"active_test": False},
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("pending", "Pending"),
            ("approved", "Approved"),
            ("closed", "Closed"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    date_start = fields.Datetime("Started", readonly=True)
    date_done = fields.Datetime("Done", readonly=True)
    remind_at = fields.Datetime(readonly=True)
    deadline = fields.Datetime(readonly=True)
    limit_hours = fields.Float(readonly=True)
    remind_hours = fields.Float(readonly=True)
    resource_calendar_id = fields.Many2one(
        "resource.calendar",
        "Working Time",
        readonly=True,
        ondelete="set null",
        help="The hours are working hours of this calendar; without one, all hours count.",
    )
    after_limit = fields.Selection(
        [
            ("none", "Keep waiting"),
            ("escalate", "Ask others as well"),
            ("approve", "Approve automatically"),
            ("refuse", "Refuse automatically"),
        ],
        readonly=True,
        default="none",
    )
    escalation_user_ids = fields.Many2many(
        "res.users", "crm_approval_request_step_escalation_rel", readonly=True
    )
    escalated = fields.Boolean(readonly=True)
    next_action_at = fields.Datetime(readonly=True)

    _next_action_idx = models.Index("(next_action_at) WHERE next_action_at IS NOT NULL")

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse (``AccessError``) unless the request makes the step."""
        self._check_key()
        return super().create(vals_list)

    def write(self, vals):
        """Refuse (``AccessError``) unless the request moves the step."""
        self._check_key()
        return super().write(vals)

    def _check_key(self):
        if not is_unlocked(self.env):
            raise AccessError(
                self.env._("The steps of a request follow from decisions, nobody sets them.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("The steps of an approval request cannot be deleted."))

    # ------------------------------------------------------------------

    def _decisions(self):
        return self.request_id.decision_ids.filtered(lambda row: row.step_id in self)

    def _approvals(self):
        """Return (user id, represented user ids) of who has approved this step."""
        rows = self._decisions().filtered(lambda row: row.kind == "approve")
        return [(row.user_id.id, set(row.represented or [])) for row in rows]

    def _open_approvers(self):
        """Return the approvers whose decision this step still waits for."""
        self.ensure_one()
        if self.state != "pending":
            return self.env["res.users"]
        open_ids = voting.still_open(
            self.mode, self.min_count, set(self.approver_ids.ids), self._approvals()
        )
        return self.env["res.users"].browse(sorted(open_ids))

    def _undecided(self):
        """Return the approvers whose decision these steps wait for, or will when they start."""
        users = self.env["res.users"]
        for step in self:
            users |= step.approver_ids if step.state == "waiting" else step._open_approvers()
        return users

    def _is_stuck(self):
        """Whether too few of those who are asked, and their substitutes, are still there."""
        self.ensure_one()
        left = self._undecided()
        there = left.filtered(lambda user: user.active or self.request_id._substitutes_of(user))
        if self.mode == "all":
            return there < left
        missing = self.min_count - len(self._approvals()) if self.mode == "count" else 1
        return bool(left) and len(there) < missing

    def _replace_approver(self, gone, other, reason, by_administrator=False):
        """Ask ``other`` instead of ``gone`` (unlocked), whose clock starts anew.

        :raise UserError: if the other person cannot decide
        """
        self.ensure_one()
        self._check_successor(other)
        request = self.request_id
        self.write({"approver_ids": [Command.unlink(gone.id), Command.link(other.id)]})
        kind, people = ("reassign", gone + other) if by_administrator else ("delegate", other)
        request._log(kind, step=self, reason=reason, represented=people.ids)
        if self.state == "pending":
            if by_administrator:
                self.write(self._clock(fields.Datetime.now()))
            request._refresh_approvers()
            request._notify_approvers(self, other)

    def _check_successor(self, other):
        request = self.request_id
        document = request._document()
        if document is None:
            raise UserError(request._find_problem())
        step_rule = self.rule_step_id
        fits = (
            other.active
            and not other.share
            and other not in request.excluded_user_ids
            and other not in self.approver_ids
            and other.id not in dict(self._approvals())
            and request._may_read_document(other)
            and (not step_rule or step_rule._within_limits(other, document))
        )
        if not fits:
            raise UserError(
                self.env._(
                    "%(user)s cannot decide on %(name)s: choose a colleague who can read the "
                    "document, did not request it, is within the amount limit and is not asked "
                    "anyway.",
                    user=other.name or "?",
                    name=request.name,
                )
            )

    def _start(self):
        """Begin this step (unlocked): the clock runs, the approvers get notice."""
        now = fields.Datetime.now()
        for step in self:
            step.write({"state": "pending", "date_start": now, **step._clock(now)})
        self.request_id._refresh_approvers()
        for step in self:
            step.request_id._notify_approvers(step, step._open_approvers())

    def _clock(self, now):
        remind = self._moment_after(now, self.remind_hours)
        limited = self.limit_hours and self.after_limit != "none"
        deadline = self._moment_after(now, self.limit_hours)
        moments = [moment for moment in (remind, deadline if limited else False) if moment]
        return {
            "remind_at": remind,
            "deadline": deadline,
            "next_action_at": min(moments, default=False),
        }

    def _moment_after(self, now, hours):
        """Return the moment ``hours`` after ``now`` (both UTC): working hours where asked for."""
        if not hours:
            return False
        calendar = self.resource_calendar_id
        moment = calendar and self._plan(calendar, now, hours)
        if calendar and not moment:
            self.request_id.error = self.env._(
                "The working time %s has no hours in sight, so all hours count for the time limit.",
                calendar.name,
            )
        return moment or now + timedelta(hours=hours)

    def _plan(self, calendar, now, hours):
        companies = [False, self.company_id.id or calendar.company_id.id]
        off = [("time_type", "=", "leave"), ("company_id", "in", companies)]
        return calendar.plan_hours(hours, now, compute_leaves=True, domain=off)

    def _close(self, state):
        self.filtered(lambda step: step.state in ("waiting", "pending")).write(
            {"state": state, "date_done": fields.Datetime.now(), "next_action_at": False}
        )

    # ------------------------------------------------------------------
    # Time
    # ------------------------------------------------------------------

    def _act_on_time(self, now):
        """Remind, escalate or decide automatically, whichever is due; once each."""
        self.ensure_one()
        step = unlocked(self)
        step.request_id._lock()
        if step.state != "pending" or step.request_id.state != "pending":
            step.next_action_at = False
        elif step.deadline and step.deadline <= now and step.after_limit != "none":
            step._time_is_up()
        elif step.remind_at and step.remind_at <= now:
            step._remind()

    def _remind(self):
        later = self.deadline if self.after_limit != "none" else False
        self.write({"remind_at": False, "next_action_at": later})
        self.request_id._log("remind", step=self, channel="cron")
        self.request_id._notify_approvers(self, self._open_approvers(), reminder=True)

    def _time_is_up(self):
        if self.after_limit == "escalate":
            self._escalate()
        else:
            self.write({"next_action_at": False})
            self.request_id._decide_by_time(self, self.after_limit)

    def _escalate(self):
        more = self._escalation_users() - self.approver_ids - self.request_id.excluded_user_ids
        document = self.request_id._document()
        more = more.filtered(lambda user: readable(document, user))
        # As many as before have to say yes, but others may do so instead of who is late.
        count = {"mode": "count", "min_count": len(self.approver_ids)}
        self.write(
            {
                **(count if self.mode == "all" else {}),
                "approver_ids": [Command.link(user.id) for user in more],
                "escalated": True,
                "next_action_at": False,
                "remind_at": False,
            }
        )
        names = ", ".join(more.mapped("name")) or self.env._("nobody else could be found")
        self.request_id._log("escalate", step=self, channel="cron", reason=names)
        self.request_id._refresh_approvers()
        self.request_id._notify_approvers(self, more)

    def _escalation_users(self):
        if self.escalation_user_ids:
            return self.escalation_user_ids
        users = self.env["res.users"]
        for approver in self.approver_ids:
            users |= approver._approval_manager(self.company_id)
        return users

    def _try_act_on_time(self, now):
        try:
            with self.env.cr.savepoint():
                self._act_on_time(now)
                if self.request_id.error:
                    unlocked(self.request_id).error = False
        except Exception as error:  # whatever is wrong with one document, the others go on
            _logger.info("Approval step %s could not be handled: %s", self.id, error)
            self.env.invalidate_all(flush=False)
            step = unlocked(self)
            step.next_action_at = now + timedelta(hours=RETRY_HOURS)
            step.request_id.error = str(error) or type(error).__name__
