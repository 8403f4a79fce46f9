from odoo import fields, models
from odoo.exceptions import UserError

from ..tools import is_unlocked

# What the decisions write, and nobody by hand.
GUARDED = frozenset({"state", "submitted_on", "decided_on", "decided_by_id"})


class CrmMdfDecision(models.AbstractModel):
    """What requests and claims share: a partner asks, a channel manager decides.

    The heir has the states draft, submitted, approved, refused and cancelled, the fields
    ``fund_id``, ``partner_id`` and ``user_id``, and fills the hooks.
    """

    _name = "crm.mdf.decision"
    _description = "Document of a Market Development Fund to Decide on"
    _inherit = ["crm.mdf.base", "crm.approval.mixin", "mail.thread", "mail.activity.mixin"]
    _guarded = GUARDED

    reason = fields.Text("Reason of the Decision", copy=False, tracking=True)
    submitted_on = fields.Datetime(readonly=True, copy=False)
    decided_on = fields.Datetime(readonly=True, copy=False)
    decided_by_id = fields.Many2one("res.users", "Decided by", readonly=True, copy=False)

    # ------------------------------------------------------------------
    # Hooks
    # ------------------------------------------------------------------

    def _check_still_open(self, vals):
        """Raise where ``vals`` would change by hand what was sent or decided on.

        :raises UserError: what it is, and how to undo the decision
        """

    def _check_submit(self):
        """Raise when this document, of a fund that can be used, cannot be sent (superuser).

        :raises UserError: what is missing
        """

    def _approve(self):
        """Check the amounts under the lock of the fund, and approve."""
        raise NotImplementedError

    def _people_to_tell(self):
        """Return the persons of the partner who read the decision."""
        return self.partner_id._partner_people("marketing")

    def _decision_text(self):
        """Return what they read, in the language of the context."""
        return self.reason or self._state_label()

    # ------------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------------

    def write(self, vals):
        """Keep what was sent or decided on.

        :raises UserError: it would change by hand
        """
        if not is_unlocked(self.env):
            self._check_still_open(vals)
        return super().write(vals)

    def action_submit(self):
        """Send drafts to the channel manager.

        :raises UserError: something is missing, or the fund cannot be used any more
        """
        self.check_access("write")
        self._submit()

    def _submit(self):
        """Submit, for whom the caller has checked that they may."""
        for document in self.sudo():  # sudo: see the docstring
            document.fund_id._check_usable()
            document._check_submit()
        self._update_state(("draft",), "submitted", submitted_on=fields.Datetime.now())
        for document in self.sudo():  # sudo: tell the channel manager, who has the right to read
            document._ask_to_decide()

    def _ask_to_decide(self):
        user = self.user_id or self.fund_id.user_id
        if user:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Decide on %s", self.name),
                user_id=user.id,
            )

    def action_approve(self):
        """Approve in part or in whole, as a channel manager.

        :raises UserError: more than there is, a reason is missing, or an approval is
        """
        self._check_channel()
        self._approve()

    def action_refuse(self):
        """Refuse; the reason is told to the partner.

        :raises UserError: without a reason, or when it was decided on already
        """
        self._check_channel()
        for document in self:
            if not (document.reason or "").strip():
                raise UserError(
                    self.env._("%s: enter the reason first, the partner reads it.", document.name)
                )
        self._decide(("submitted",), "refused")

    def action_cancel(self):
        """Withdraw what was not decided on.

        :raises UserError: it was decided on already
        """
        self.check_access("write")
        self._cancel()

    def _cancel(self):
        """Withdraw, for whom the caller has checked that they may."""
        self._update_state(("draft", "submitted"), "cancelled")
        self._forget_to_decide()

    def _decide(self, allowed, target, **values):
        self._update_state(
            allowed,
            target,
            decided_on=fields.Datetime.now(),
            decided_by_id=self.env.uid,
            **values,
        )
        self._forget_to_decide()
        self.sudo()._tell_partner()  # sudo: a note to the partner, as the system

    def _forget_to_decide(self):
        # sudo: the activities of whoever was asked to decide
        self.sudo().activity_unlink(["mail.mail_activity_data_todo"])

    def _tell_partner(self):
        """Send the decision to the partner, to each person in their language."""
        for document in self:
            for person in document._people_to_tell():
                note = document.with_context(lang=person.lang)
                note.message_notify(
                    partner_ids=person.ids,
                    subject=note.env._(
                        "%(name)s: %(state)s", name=note.display_name, state=note._state_label()
                    ),
                    body=note._decision_text(),
                )

    def _state_label(self):
        return dict(self._fields["state"]._description_selection(self.env))[self.state]

    # ------------------------------------------------------------------
    # Approvals
    # ------------------------------------------------------------------

    def _approval_ahead(self, operation):
        documents = super()._approval_ahead(operation)
        if operation == "mdf":
            return documents.filtered(lambda document: document.state == "submitted")
        return documents

    def _approval_granted(self, request):
        result = super()._approval_granted(request)
        waiting = self.filtered(lambda document: document.state == "submitted")
        if request.operation == "mdf" and waiting:
            # sudo: an approver, who need not be a channel manager, has just decided
            waiting.sudo()._approve()
        return result
