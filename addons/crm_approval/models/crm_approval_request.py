from markupsafe import Markup

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools.misc import hash_sign, verify_hash_signed

from ..engine import chain
from ..tools import is_unlocked, read_label, readable, unlocked
from .crm_approval_rule import operations

LINK_SCOPE = "crm_approval.decide"
ACTIVITY = "crm_approval.mail_activity_type_approval"
BATCH = 100


class CrmApprovalRequest(models.Model):
    """One document waiting for, or having got, a yes.

    Nobody has a right to write here. The public methods check who may decide and then write with
    a key that exists in this process only; even superuser code without it is refused.
    """

    _name = "crm.approval.request"
    _description = "Approval Request"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _mail_post_access = "read"

    name = fields.Char(compute="_compute_name", search="_search_name")
    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Document Id", model_field="res_model", required=True, readonly=True
    )
    res_name = fields.Char("Document", readonly=True)
    model_name = fields.Char("Kind of Document", compute="_compute_model_name")
    operation = fields.Selection(operations, required=True, readonly=True)
    rule_id = fields.Many2one(
        "crm.approval.rule", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    requester_id = fields.Many2one("res.users", required=True, readonly=True, index=True)
    note = fields.Text("Why", readonly=True)
    state = fields.Selection(
        [
            ("pending", "Pending"),
            ("approved", "Approved"),
            ("refused", "Refused"),
            ("returned", "Returned for Change"),
            ("withdrawn", "Withdrawn"),
            ("outdated", "Overtaken by a Change"),
        ],
        default="pending",
        required=True,
        readonly=True,
        index=True,
    )
    date_done = fields.Datetime("Decided on", readonly=True)
    deadline = fields.Datetime(readonly=True)
    snapshot = fields.Json("What Is Approved", readonly=True)
    snapshot_html = fields.Html("Contents", compute="_compute_snapshot_html", sanitize=False)
    step_ids = fields.One2many("crm.approval.request.step", "request_id", "Steps", readonly=True)
    decision_ids = fields.One2many("crm.approval.decision", "request_id", "Log", readonly=True)
    approver_ids = fields.Many2many(
        "res.users",
        string="Waiting for",
        readonly=True,
        context={"active_test": False},
        help="The approvers whose decision is still missing in the steps under way.",
    )
    participant_ids = fields.Many2many(
        "res.users", "crm_approval_request_participant_rel", "request_id", "user_id", readonly=True,
        context={"active_test": False},
    )  # fmt: skip
    excluded_user_ids = fields.Many2many(
        "res.users", "crm_approval_request_excluded_rel", "request_id", "user_id", readonly=True,
        string="May Not Decide", context={"active_test": False},
    )  # fmt: skip
    copy_user_ids = fields.Many2many(
        "res.users", "crm_approval_request_copy_rel", "request_id", "user_id", "Copied to",
        readonly=True,
    )  # fmt: skip
    log_count = fields.Integer("Rows in the Log", readonly=True)
    log_head = fields.Char("Hash of the Last Row", readonly=True)
    error = fields.Text(
        "Last Fault", readonly=True, help="Why a reminder or time limit could not be handled."
    )
    problem = fields.Text(compute="_compute_problem")
    guidance = fields.Html(related="rule_id.note")
    my_turn = fields.Boolean(compute="_compute_mine", search="_search_my_turn")
    is_requester = fields.Boolean(compute="_compute_mine")
    is_participant = fields.Boolean(compute="_compute_mine", search="_search_is_participant")

    _document_idx = models.Index("(res_model, res_id, operation)")
    _one_open = models.UniqueIndex(
        "(res_model, res_id, operation) WHERE state = 'pending'",
        "An approval of this document is already under way.",
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends_context("lang")
    @api.depends("res_name", "operation")
    def _compute_name(self):
        labels = dict(operations(self))
        for request in self:
            label = labels.get(request.operation, request.operation or "")
            request.name = f"{request.res_name or ''} – {label}"

    @api.model
    def _search_name(self, operator, value):
        return Domain("res_name", operator, value)

    @api.depends("res_model")
    def _compute_model_name(self):
        for request in self:
            # sudo: the label of a model
            request.model_name = self.env["ir.model"].sudo()._get(request.res_model).name

    @api.depends("snapshot")
    @api.depends_context("lang")
    def _compute_snapshot_html(self):
        row = Markup("<tr><th class='pe-3 align-top w-50'>%s</th><td>%s</td></tr>")
        table = Markup("<table class='table table-sm o_crm_approval_snapshot'>%s</table>")
        for request in self:
            lines = (request.snapshot or {}).get("display", [])
            names = request._snapshot_labels()
            request.snapshot_html = table % Markup("").join(
                row % (names.get("".join(path), label), text) for label, text, *path in lines
            )

    def _snapshot_labels(self):
        """Return {field or figure: label} in the reader's language, where they still exist."""
        if self.res_model not in self.env["crm.approval.rule"]._approvable_models():
            return {}
        document = self.env[self.res_model]
        labels = {
            name: str(v) for name, v in document._approval_figure_labels(self.operation).items()
        }
        for path in (self.snapshot or {}).get("values", {}):
            try:
                labels[path] = read_label(document, path)
            except KeyError:  # removed since; the label of that day stands in the snapshot
                continue
        return labels

    # Not on the users' own fields: each new user would then search for requests, and that flushes
    # the user before his groups are there.
    @api.depends("snapshot", "res_model", "approver_ids", "state")
    def _compute_problem(self):
        for request in self:
            request.problem = request._find_problem()

    def _find_problem(self):
        document = self._document()
        if document is None:
            return self.env._(
                "The document was deleted or its addon removed. Withdraw the request."
            )
        for path in (self.snapshot or {}).get("values", {}):
            try:
                read_label(document, path)
            except KeyError:
                return self.env._(
                    "The field %(field)s, which was part of what is approved, no longer exists on "
                    "%(model)s. Take it out of the rule and request the approval again.",
                    field=path,
                    model=self.model_name,
                )
        return self._find_stuck_step()

    def _find_stuck_step(self):
        if stuck := self.step_ids.filtered(lambda step: step._is_stuck()):
            gone = stuck.approver_ids.filtered(lambda user: not user.active)
            return self.env._(
                "%(names)s left, and without them step %(step)s cannot end. An approval "
                "administrator has to reassign it.",
                names=", ".join(gone.mapped("name")),
                step=", ".join(stuck.mapped("name")),
            )
        return False

    @api.depends_context("uid")
    @api.depends("approver_ids", "participant_ids", "copy_user_ids", "requester_id", "state")
    def _compute_mine(self):
        user = self.env.user
        represented = self.env["crm.approval.delegation"]._represented_by(user)
        # sudo: the people of a request that the user may read; the values are for his own cache
        for request, request_sudo in zip(self, self.sudo(), strict=True):
            named = request_sudo.participant_ids & represented
            request.is_requester = request_sudo.requester_id == user
            request.is_participant = bool(
                named or user in request_sudo.copy_user_ids or request_sudo.requester_id == user
            )
            request.my_turn = (
                request_sudo.state == "pending"
                and user not in request_sudo.excluded_user_ids
                and bool(request_sudo.approver_ids & represented)
            )

    @api.model
    def _search_my_turn(self, operator, value):
        if operator != "in":
            return NotImplemented
        represented = self.env["crm.approval.delegation"]._represented_by(self.env.user)
        domain = Domain(
            [
                ("state", "=", "pending"),
                ("approver_ids", "in", represented.ids),
                ("excluded_user_ids", "not in", self.env.uid),
            ]
        )
        return domain if True in value else ~domain

    @api.model
    def _search_is_participant(self, operator, value):
        if operator != "in":
            return NotImplemented
        represented = self.env["crm.approval.delegation"]._represented_by(self.env.user)
        domain = (
            Domain("participant_ids", "in", represented.ids)
            | Domain("copy_user_ids", "in", self.env.uid)
            | Domain("requester_id", "=", self.env.uid)
        )
        return domain if True in value else ~domain

    # ------------------------------------------------------------------
    # Closed doors
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse (``AccessError``): a request is made by the document that needs it."""
        self._check_key()
        return super().create(vals_list)

    def write(self, vals):
        """Refuse (``AccessError``): a request moves by its buttons, which log who did what."""
        self._check_key()
        return super().write(vals)

    def _check_key(self):
        if not is_unlocked(self.env):
            raise AccessError(
                self.env._(
                    "Approval requests change by their buttons only: request, approve, refuse …"
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("An approval request is kept as evidence. Withdraw it instead."))

    # ------------------------------------------------------------------
    # Asking
    # ------------------------------------------------------------------

    @api.model
    def _of(self, records, operation=None, states=None):
        """Return the requests about these records, all of them, whoever asks."""
        domain = [("res_model", "=", records._name), ("res_id", "in", records.ids)]
        if operation:
            domain.append(("operation", "=", operation))
        if states:
            domain.append(("state", "in", states))
        # sudo: the gate counts every approval; callers decide what they show
        # pylint: disable-next=context-overridden
        return self.sudo().with_context({}).search(domain)

    @api.model
    def _request(self, record, operation, approvers=None, note=None, copy_to=None):
        """Return the open request about one record that needs an approval, or a new one."""
        document = record._approval_clean()
        rule = self.env["crm.approval.rule"]._match(document, operation).get(record.id)
        for request in self._of(document, operation, ["pending"]):
            if request._still_describes(document, rule):
                return self.browse(request.ids)
            unlocked(request)._overtake()
        requester = self.env.user
        users = self.env["res.users"]
        excluded = requester | document._approval_four_eyes(operation)
        vals = self._prepare_request_vals(document, operation, rule)
        vals["note"] = note
        vals["requester_id"] = requester.id
        vals["excluded_user_ids"] = [Command.set(excluded.ids)]
        steps = self._prepare_steps(document, operation, rule, approvers or users, excluded)
        return self._open(vals, steps, copy_to or users)

    @api.model
    def _prepare_request_vals(self, document, operation, rule):
        """Return the values of a request; override to keep more of what is asked for.

        :param rule: the rule that asks, or an empty set for a second person
        """
        return {
            "res_model": document._name,
            "res_id": document.id,
            "res_name": document.display_name,
            "operation": operation,
            "rule_id": rule.id if rule else False,
            "company_id": document._approval_company().id,
            "snapshot": document._approval_snapshot(operation, rule),
        }

    @api.model
    def _prepare_steps(self, document, operation, rule, chosen, excluded):
        """Return the values of the steps, with the people that each asks.

        :param chosen: the approvers whom the requester named, for steps that let him
        :param excluded: people who must not decide: who asks, and whom the document names
        :raises UserError: a second person is needed and there is none who could read the document
        """
        if rule:
            # sudo: the working calendar of the user's own company tells when a step is due
            company = document._approval_company() or self.env.company.sudo()
            # sudo: the requester need not read the rule that stops the document
            steps = rule.sudo().step_ids
            return [
                self._prepare_step(
                    step, step._candidates(document, self.env.user, chosen, excluded), company
                )
                for step in steps
            ]
        group = document._approval_fallback_group(operation)
        # sudo: the members of the group that the document names; its readers stay (``readable``)
        users = group.sudo().all_user_ids.filtered(lambda user: user.active and not user.share)
        users = (users - excluded).filtered(lambda user: readable(document, user))
        if not users:
            raise UserError(
                self.env._(
                    "%(document)s needs the approval of a second person of the group %(group)s, "
                    "and there is nobody else. Add a member to the group.",
                    document=document.display_name,
                    group=group.display_name,
                )
            )
        return [
            {
                "name": self.env._("Second person"),
                "mode": "any",
                "approver_ids": [Command.set(users.ids)],
            }
        ]

    @api.model
    def _prepare_step(self, step, users, company):
        """Return the values of a step; its limits are working hours, of the rule or the company."""
        return {
            "rule_step_id": step.id,
            "sequence": step.sequence,
            "name": step.name,
            "mode": step.mode,
            "min_count": step.min_count,
            "approver_ids": [Command.set(users.ids)],
            "limit_hours": step.limit_hours,
            "remind_hours": step.remind_hours,
            "resource_calendar_id": step.rule_id._working_time(company).id,
            "after_limit": step.after_limit,
            "escalation_user_ids": [Command.set(step.escalation_user_ids.ids)],
        }

    @api.model
    def _open(self, vals, steps, copy_to):
        request = unlocked(self).create({**vals, "step_ids": [Command.create(v) for v in steps]})
        request._log("request", reason=vals["note"])
        if copy_to:
            request._copy_to(copy_to)
        parallel = request.rule_id.mode == "parallel"
        (request.step_ids if parallel else request.step_ids[:1])._start()
        return self.browse(request.ids)

    def _overtake(self):
        """Close requests (unlocked) whose document no longer is what they describe."""
        for request in self:
            request._lock()
            request._log("outdated")
            request._finish("outdated", "closed")

    # ------------------------------------------------------------------
    # Validity
    # ------------------------------------------------------------------

    def _document(self):
        """Return the document as the gate sees it, or None when it is gone."""
        self.ensure_one()
        if self.res_model not in self.env["crm.approval.rule"]._approvable_models():
            return None
        return self.env[self.res_model].browse(self.res_id)._approval_clean().exists() or None

    def _still_describes(self, document, rule):
        """Whether the fields that matter still are what this request was made for."""
        self.ensure_one()
        if (rule.id if rule else False) != (self.rule_id.id or False):
            return False
        values = (self.snapshot or {}).get("values", {})
        try:
            now = document._approval_snapshot(self.operation, rule)["values"]
        except KeyError as error:
            raise UserError(
                self.env._(
                    "%(document)s: the field %(field)s of what has to be approved does not exist. "
                    "An approval administrator must mend the rule.",
                    document=document.display_name,
                    field=error.args[0],
                )
            ) from error
        return now == values

    def _is_valid_for(self, document, rule):
        """Whether this is an approval of ``document`` as it is, given by an untouched log."""
        return (
            self.state == "approved"
            and self._still_describes(document, rule)
            and not self._find_broken()
        )

    def _find_broken(self):
        """Return what is wrong with the log, or False when every row follows from the others."""
        rows = self.decision_ids.sorted("seq")
        broken = rows._first_broken()
        if broken:
            return self.env._(
                "%(request)s: row %(number)s of the log was changed, removed or inserted outside "
                "of Odoo (%(kind)s, %(user)s, %(date)s).",
                request=self.name,
                number=broken.seq,
                kind=broken.kind,
                user=broken.user_id.name,
                date=fields.Datetime.to_string(broken.date),
            )
        if len(rows) != self.log_count or rows[-1:].hash != self.log_head:
            return self.env._("%s: the last rows of the log are missing.", self.name)
        if rows[:1].content_hash != self._content_hash():
            return self.env._("%s: what was to be approved was changed afterwards.", self.name)
        if self.state == "approved" and "granted" not in rows.mapped("kind"):
            return self.env._("%s: it says approved, but no decision says so.", self.name)
        return False

    def _content_hash(self):
        return chain.digest(
            {
                "document": [self.res_model, self.res_id, self.operation],
                "requester": self.requester_id.id,
                "snapshot": self.snapshot or {},
            }
        )

    def action_verify_log(self):
        """Recompute the hashes of the log and say which row is the first that does not fit."""
        self.check_access("read")
        # sudo: the whole log counts, also rows that name people the user cannot read
        faults = [fault for fault in (request._find_broken() for request in self.sudo()) if fault]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if faults else "success",
                "sticky": bool(faults),
                "message": faults[0]
                if faults
                else self.env._("%s log(s) checked: every row is as it was written.", len(self)),
            },
        }

    # ------------------------------------------------------------------
    # Deciding
    # ------------------------------------------------------------------

    def action_approve(self, reason=None):
        """Approve as the current user, for himself or for whom he is the substitute."""
        for request in self:
            request._approve(reason)
        return True

    def action_refuse(self, reason):
        """Refuse for good; the reason goes to the requester."""
        for request in self:
            request._reject("refuse", "refused", reason)
        return True

    def action_return(self, reason):
        """Give the document back to be changed; it has to be requested again."""
        for request in self:
            request._reject("return", "returned", reason)
        return True

    def action_withdraw(self, reason=None):
        """Withdraw as the requester or as an approval administrator."""
        manager = self.env.user.has_group("crm_approval.group_approval_manager")
        for request in self:
            request.check_access("read")
            request_sudo = unlocked(request)
            request_sudo._lock()
            if request.requester_id != self.env.user and not manager:
                raise AccessError(
                    self.env._("Only %s can withdraw this.", request.requester_id.name)
                )
            request_sudo._check_pending()
            request_sudo._log("withdraw", reason=reason)
            request_sudo._finish("withdrawn", "closed")
        return True

    def action_delegate(self, user_id, reason=None):
        """Hand the current user's decision on these requests over to another person."""
        other = self.env["res.users"].browse(user_id).exists()
        for request in self:
            request._hand_over(other, reason)
        return True

    def action_reassign(self, from_user_id, to_user_id, reason):
        """Give one person's missing decision on these requests to another person.

        For approval administrators, where who was asked left and nobody stands in for him.

        :raise AccessError: if the current user is no administrator, or may not decide himself
        :raise UserError: if the other person cannot decide, or nothing waits for the first
        """
        users = self.env["res.users"].browse([from_user_id, to_user_id])
        for request in self:
            request._reassign(users[0].exists(), users[1].exists(), reason)
        return True

    def action_open_reassign(self):
        """Open the dialog in which an administrator names other approvers."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reassign Approvals"),
            "res_model": "crm.approval.reassign",
            "view_mode": "form",
            "target": "new",
            "context": {"reassign_request_ids": self.ids},
        }

    def action_comment(self, text):
        """Add a comment to the log."""
        self.check_access("read")
        self._check_reason(text)
        for request in unlocked(self):
            request._lock()
            request._log("comment", reason=text)
        return True

    def action_copy_to(self, user_ids):
        """Let more people read this request, and tell them."""
        self.check_access("read")
        for request in unlocked(self):
            request._lock()
            request._copy_to(self.env["res.users"].browse(user_ids).exists())
        return True

    def action_open_document(self):
        """Open the document, with the rights of the user."""
        self.ensure_one()
        self.check_access("read")
        document = self.env[self.res_model].browse(self.res_id)
        document.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_open_decide(self):
        """Open the dialog for a decision with a reason; its kind is in the context."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decision"),
            "res_model": "crm.approval.decide",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_request_ids": [Command.set(self.ids)],
                "default_kind": self.env.context.get("decision_kind", "refuse"),
            },
        }

    def _lock(self):
        """Wait for whoever decides on these requests right now.

        When he commits first, PostgreSQL reports a serialisation failure here, and Odoo runs the
        whole call again on what he left.
        """
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id FROM crm_approval_request WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
            [self.ids],
        )
        self.invalidate_recordset()

    def _approve(self, reason=None, channel="web"):
        request, user = unlocked(self), self.env.user
        request._lock()
        turns = request._turns(user)
        request._check_unchanged()
        for step, represented in turns:
            request._log(
                "approve", step=step, reason=reason, represented=represented.ids, channel=channel
            )
        for step, _represented in turns:
            if not step._open_approvers():
                step._close("approved")
        request._advance(channel)

    def _reject(self, kind, state, reason, channel="web"):
        request, user = unlocked(self), self.env.user
        self._check_reason(reason)
        request._lock()
        step, represented = request._turns(user)[0]
        request._log(kind, step=step, reason=reason, represented=represented.ids, channel=channel)
        request._finish(state, "closed")
        document = request._document()
        if document:
            document._approval_refused(request)

    def _check_reason(self, reason):
        if not (reason or "").strip():
            raise UserError(self.env._("Give a reason: the other side has to know what to do."))

    def _check_pending(self):
        self.ensure_one()
        if self.state != "pending":
            label = dict(self._fields["state"]._description_selection(self.env))[self.state]
            raise UserError(
                self.env._("%(name)s is already closed: %(state)s.", name=self.name, state=label)
            )

    def _turns(self, user):
        """Return (step, represented users) of every step that ``user`` may decide now.

        :raise UserError: if the request is closed
        :raise AccessError: if ``user`` may not decide
        """
        self._check_pending()
        if user in self.excluded_user_ids:
            raise AccessError(
                self.env._(
                    "%s: who requested this, or whose document it is, cannot decide on it. "
                    "A second person has to.",
                    self.name,
                )
            )
        turns = [
            (step, covered)
            for step in self.step_ids.filtered(lambda step: step.state == "pending")
            if (covered := self._covered(step, user))
        ]
        if not turns or not self._may_read_document(user):
            raise AccessError(
                self.env._(
                    "%(name)s is not waiting for your decision, but for %(approvers)s.",
                    name=self.name,
                    approvers=", ".join(self.approver_ids.mapped("name")) or self.env._("nobody"),
                )
            )
        return turns

    def _covered(self, step, user):
        represented = self.env["crm.approval.delegation"]._represented_by(user)
        covered = step._open_approvers() & represented
        if step.mode != "count":
            return covered
        if user.id in dict(step._approvals()):
            return covered.browse()
        return user if user in covered else covered[:1]

    def _may_read_document(self, user):
        document = self._document()
        return document is None or readable(document, user)

    def _check_unchanged(self):
        document = self._document()
        if document is None:
            raise UserError(self._find_problem())
        rule = self.env["crm.approval.rule"]._match(document, self.operation).get(document.id)
        if not self._still_describes(document, rule):
            raise UserError(
                self.env._(
                    "%s was changed, or its rule was, after the approval was requested. It has to "
                    "be requested again.",
                    self.res_name,
                )
            )

    def _advance(self, channel="web"):
        """Start the next step, or grant the approval after the last one (unlocked)."""
        pending = self.step_ids.filtered(lambda step: step.state == "pending")
        waiting = self.step_ids.filtered(lambda step: step.state == "waiting")
        if not pending and waiting:
            waiting[:1]._start()
        elif not pending:
            self._log("granted", channel=channel)
            self._finish("approved", "approved")
            self._document()._approval_granted(self)
        else:
            self._refresh_approvers()

    def _finish(self, state, step_state):
        self.step_ids._close(step_state)
        self.write({"state": state, "date_done": fields.Datetime.now()})
        self._refresh_approvers()
        self._tell_requester(state)

    def _decide_by_time(self, step, verdict):
        """Approve or refuse a step because nobody did so in time (unlocked, by the cron)."""
        if verdict == "approve":
            self._check_unchanged()
            self._log("auto_approve", step=step, channel="cron")
            step._close("approved")
            self._advance("cron")
        else:
            self._log(
                "auto_refuse", step=step, channel="cron", reason=self.env._("No decision in time")
            )
            self._finish("refused", "closed")
            document = self._document()
            if document:
                document._approval_refused(self)

    def _hand_over(self, other, reason):
        request = unlocked(self)
        request._lock()
        for step, represented in request._turns(self.env.user):
            gone = represented[:1] if self.env.user not in represented else self.env.user
            step._replace_approver(gone, other, reason)

    def _reassign(self, gone, other, reason):
        self.ensure_one()
        self._check_reassigner(other)
        self._check_reason(reason)
        request = unlocked(self)
        request._lock()
        request._check_pending()
        steps = request.step_ids.filtered(lambda step: gone in step._undecided())
        if not steps:
            raise UserError(
                self.env._(
                    "%(name)s does not wait for %(user)s.", name=self.name, user=gone.name or "?"
                )
            )
        for step in steps:
            step._replace_approver(gone, other, reason, by_administrator=True)
        request._tell_replaced(gone, other, reason)

    def _check_reassigner(self, other):
        """Only an administrator names approvers: not for his own request, and not himself."""
        self.check_access("read")
        user = self.env.user
        if not user.has_group("crm_approval.group_approval_manager"):
            raise AccessError(
                self.env._("Only approval administrators can give a decision to somebody else.")
            )
        # sudo: the people of a request that the user may read
        if user in self.sudo().excluded_user_ids:
            raise AccessError(
                self.env._(
                    "%s: who requested this, or whose document it is, cannot choose who decides "
                    "on it. Another administrator has to.",
                    self.name,
                )
            )
        if other in self.env["crm.approval.delegation"]._represented_by(user):
            raise AccessError(
                self.env._(
                    "%s: administrators cannot give themselves, or whom they stand in for, a "
                    "decision. Choose somebody else, or let another administrator do it.",
                    self.name,
                )
            )

    @api.model
    def _open_for(self, user):
        """Return the open requests that the current user may read and ``user`` may still decide."""
        requests = self.search(
            [("state", "=", "pending"), ("step_ids.approver_ids", "in", user.id)]
        )
        # sudo: the people of requests that the search above lets the user read
        return requests.filtered(lambda request: user in request.sudo().step_ids._undecided())

    # ------------------------------------------------------------------
    # Log
    # ------------------------------------------------------------------

    def _log(self, kind, step=None, reason=None, represented=(), channel="web"):
        """Append a row to the log of one (locked, unlocked) request."""
        self.ensure_one()
        Decision = self.env["crm.approval.decision"]
        vals = {
            "request_id": self.id,
            "step_id": step.id if step else False,
            "seq": self.log_count + 1,
            "kind": kind,
            "user_id": self.env.uid,
            "represented": list(represented),
            "reason": (reason or "").strip(),
            "channel": channel,
            "date": fields.Datetime.now(),
            "content_hash": self._content_hash(),
        }
        digest = chain.digest(Decision._prepare_payload(vals), self.log_head or "")
        row = Decision.create({**vals, "previous_hash": self.log_head, "hash": digest})
        self.write({"log_count": vals["seq"], "log_head": digest})
        return row

    # ------------------------------------------------------------------
    # Notices
    # ------------------------------------------------------------------

    def _refresh_approvers(self):
        for request in self:
            steps = request.step_ids.filtered(lambda step: step.state == "pending")
            waiting_for = self.env["res.users"]
            for step in steps:
                waiting_for |= step._open_approvers()
            deadlines = [step.deadline for step in steps if step.deadline]
            everybody = request.step_ids.approver_ids | request.decision_ids.user_id
            request.write(
                {
                    "approver_ids": [Command.set(waiting_for.ids)],
                    "participant_ids": [Command.link(user.id) for user in everybody],
                    "deadline": min(deadlines, default=False),
                }
            )
            request._drop_activities(waiting_for)

    def _drop_activities(self, keep):
        """Take the activity away from whoever need not decide any more."""
        activity_type = self.env.ref(ACTIVITY)
        keep |= self._substitutes_of(keep)
        self.activity_ids.filtered(
            lambda activity: (
                activity.activity_type_id == activity_type and activity.user_id not in keep
            )
        ).unlink()

    @api.model
    def _substitutes_of(self, users):
        """Return who stands in today for any of these users."""
        Delegation = self.env["crm.approval.delegation"]
        today = fields.Date.today()
        # sudo: who stands in for whom decides, whoever asks
        rows = Delegation.sudo().search([("date_from", "<=", today), ("date_to", ">=", today)])
        return rows.delegate_id.filtered(lambda user: Delegation._represented_by(user) & users)

    def _notify_approvers(self, step, users, reminder=False):
        """Give each approver, and whoever stands in for him, an activity and a mail."""
        self.ensure_one()
        users = (users | self._substitutes_of(users)) - self.excluded_user_ids
        for user in users.filtered("active"):
            request = self.with_context(lang=user.lang, mail_activity_quick_update=True)
            if user not in self.activity_ids.user_id:
                deadline = step.deadline or fields.Datetime.now()
                request.activity_schedule(
                    ACTIVITY,
                    date_deadline=deadline.date(),
                    summary=request.name,
                    user_id=user.id,
                )
            if user.email:
                request._send_link(step, user, reminder)

    def _send_link(self, step, user, reminder):
        """Mail the signed link. The mail belongs to no record, so that nobody else reads it."""
        subject = self.env._("Please approve: %s", self.name)
        if reminder:
            subject = self.env._("Reminder: %s", subject)
        body = self.env["ir.qweb"]._render(
            "crm_approval.mail_request",
            {"approval": self, "user": user, "url": self._link(step, user)},
            lang=user.lang,
        )
        self.env["mail.mail"].create(
            {
                "subject": subject,
                "body_html": body,
                "email_to": user.email_formatted,
                "email_from": (self.company_id or self.env.company).email_formatted
                or self.requester_id.email_formatted,
                "auto_delete": True,
            }
        )

    def _tell_requester(self, state):
        if state in ("withdrawn", "outdated"):
            return
        label = dict(self._fields["state"]._description_selection(self.env))[state]
        last = self.decision_ids.sorted("seq").filtered("reason")[-1:]
        self.message_notify(
            partner_ids=(self.requester_id.partner_id | self.copy_user_ids.partner_id).ids,
            subject=self.env._("%(name)s: %(state)s", name=self.name, state=label),
            body=self.env._(
                "%(name)s: %(state)s. %(reason)s",
                name=self.name,
                state=label,
                reason=last.reason if last.kind != "request" and last.reason else "",
            ),
        )

    def _tell_replaced(self, gone, other, reason):
        """Tell who was asked before that the decision is not his any more."""
        if not gone.active:
            return
        request = self.with_context(lang=gone.lang)
        request.message_notify(
            partner_ids=gone.partner_id.ids,
            subject=request.env._("Not for you to decide any more: %s", request.name),
            body=request.env._(
                "%(administrator)s gave your decision on %(name)s to %(other)s: %(reason)s",
                administrator=self.env.user.name,
                name=request.name,
                other=other.name,
                reason=reason,
            ),
        )

    def _copy_to(self, users):
        users = users.filtered(lambda user: not user.share)
        if not users:
            return
        self.write({"copy_user_ids": [Command.link(user.id) for user in users]})
        self._log("copy", reason=", ".join(users.mapped("name")))
        self.message_notify(
            partner_ids=users.partner_id.ids,
            subject=self.env._("For your information: %s", self.name),
            body=self.env._("%s was requested; you get a copy.", self.name),
        )

    # ------------------------------------------------------------------
    # Signed link
    # ------------------------------------------------------------------

    def _link(self, step, user):
        """Return the address at which ``user`` decides on ``step`` without signing in."""
        token = self._make_token(step, user)
        return f"{self.get_base_url()}/approval/{self.id}/{token}"

    def _make_token(self, step, user, hours=None):
        """Return a token for this approver, this step and what is approved, valid for hours."""
        # sudo: a technical setting, all that is approved, and the secret of the database; the token
        # goes to the approver of this step only
        request = self.sudo()
        setting = request.env["ir.config_parameter"].get_param("crm_approval.link_hours")
        hours = int(setting or 72) if hours is None else hours
        values = [self.id, step.id, user.id, request._content_hash()]
        return hash_sign(request.env, LINK_SCOPE, values, expiration_hours=hours)

    @api.model
    def _from_token(self, request_id, token):
        """Return (request, step, user) of a token that is genuine and not expired, else None.

        What it is about may be closed by now; ``_link_turn`` tells.
        """
        try:
            # sudo: the secret of the database; the token itself is the check
            values = verify_hash_signed(self.sudo().env, LINK_SCOPE, token)
        except ValueError:
            return None
        if not values or values[0] != request_id:
            return None
        # sudo: the signature is the access check
        request = self.sudo().browse(request_id).exists()
        step = request.step_ids.filtered(lambda step: step.id == values[1])
        user = request.env["res.users"].browse(values[2]).exists()
        if not step or not user.active or request._content_hash() != values[3]:
            return None
        return request, step, user

    def _link_turn(self, step, user):
        """Whether the bearer's decision on that step is still wanted."""
        try:
            return any(turn == step for turn, _users in self._turns(user))
        except (AccessError, UserError):
            return False

    def _decide_by_link(self, user, decision, reason):
        """Decide as ``user``, whose signed link was checked by the caller."""
        request = self.with_user(user)
        if decision == "approve":
            request._approve(reason, channel="link")
        else:
            state = {"refuse": "refused", "return": "returned"}[decision]
            request._reject(decision, state, reason, channel="link")

    # ------------------------------------------------------------------
    # Scheduled action
    # ------------------------------------------------------------------

    @api.model
    def _cron_process(self):
        """Remind, escalate and decide what is due, one by one, each on its own.

        A fault stays on its request with the reason and is tried again later.
        """
        now = fields.Datetime.now()
        # sudo: the scheduled action acts on requests of everybody
        Step = self.env["crm.approval.request.step"].sudo()
        domain = [("next_action_at", "<=", now)]
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=Step.search_count(domain))
        for step in Step.search(domain, order="next_action_at, id", limit=BATCH):
            step._try_act_on_time(now)
            if not cron._commit_progress(1):
                break
