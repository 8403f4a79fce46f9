import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..tools import unlocked

_logger = logging.getLogger(__name__)

#: registrations that one scheduled action looks at before it commits
BATCH = 100


class CrmDealProtection(models.AbstractModel):
    """The protection window of a registration: progress, extension, release, expiry, take-back."""

    _name = "crm.deal.protection"
    _description = "Protection of Registered Deals"

    # --- progress ---

    def _report_progress(self, vals):
        """Add a report of the partner; tell the opportunity.

        :param dict vals: ``stage``, ``note``, and perhaps ``probability``, ``expected_close``
        """
        self.ensure_one()
        self._require_state("approved")
        if not self._is_live():
            self._raise_over()
        progress = self.env["crm.deal.progress"].create(
            {**vals, "registration_id": self.id, "user_id": self.env.uid}
        )
        self.write({"last_progress_on": self.company_id._deal_today(), "reminded_on": False})
        if progress.expected_close:
            self.expected_close = progress.expected_close
        self._progress_to_lead(progress)
        return progress

    def _progress_to_lead(self, progress):
        lead = self.lead_id
        if not lead:
            return
        stages = dict(progress._fields["stage"]._description_selection(self.env))
        lead.message_post(
            body=self.env._(
                "%(partner)s: %(stage)s – %(note)s",
                partner=self.partner_id.name,
                stage=stages[progress.stage],
                note=progress.note,
            )
        )
        if progress.expected_close:
            lead.date_deadline = progress.expected_close

    def _raise_over(self):
        raise UserError(
            self.env._(
                "The protection of %(name)s ended on %(date)s. Register the deal again.",
                name=self.name,
                date=self.protected_until,
            )
        )

    # --- extension ---

    def _request_extension(self, reason):
        """Ask for the one extension; granted at once where the company says so."""
        self.ensure_one()
        self._check_extension()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the deal needs more time."))
        self.write({"extension_state": "requested", "extension_reason": reason.strip()})
        if self.company_id.deal_extension_auto:
            self._extend()
        elif self.user_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.user_id.id,
                summary=self.env._("Decide on the extension"),
                note=reason,
            )

    def _check_extension(self):
        self._require_state("approved")
        if self.extension_state in ("granted", "refused"):
            raise UserError(
                self.env._("%s was extended already, or that was refused: once only.", self.name)
            )
        if not self._is_live():
            self._raise_over()
        if not self.progress_ids:
            raise UserError(
                self.env._("Report progress of %s first: an extension needs it.", self.name)
            )
        if not self.partner_id.grade_id.extension_days:
            raise UserError(
                self.env._("The level %s has no extension.", self.partner_id.grade_id.name)
            )

    def action_grant_extension(self):
        """Grant the extension that the partner asked for, as channel manager."""
        self._require_manager()
        for registration in unlocked(self):
            registration._require_extension_requested()
            registration._check_extension()
            registration._extend()

    def action_refuse_extension(self):
        """Refuse the extension, as channel manager."""
        self._require_manager()
        for registration in unlocked(self):
            registration._require_extension_requested()
            registration.extension_state = "refused"
            registration.activity_unlink(["mail.mail_activity_data_todo"])
            registration._tell(lambda env: env._("The extension was refused."))

    def _require_extension_requested(self):
        if self.extension_state != "requested":
            raise UserError(
                self.env._("The partner did not ask for an extension of %s.", self.name)
            )

    def _extend(self):
        days = self.partner_id.grade_id.extension_days
        until = fields.Date.add(self.protected_until, days=days)
        self.write(
            {
                "extension_state": "granted",
                "extended_on": self.company_id._deal_today(),
                "protected_until": until,
            }
        )
        self.activity_unlink(["mail.mail_activity_data_todo"])
        self._tell(lambda env: env._("Extended: the deal is protected until %s.", until))

    # --- ends ---

    def _end(self, state, note=False):
        """End a live registration; others may register the customer from now on."""
        self.write({"state": state, "review_deadline": False, "decision_note": note})
        self.activity_unlink(["mail.mail_activity_data_todo"])
        self._withdraw_approvals()

    def _withdraw_approvals(self):
        """Nobody needs to decide any more."""
        pending = self.approval_request_ids.filtered(lambda request: request.state == "pending")
        for request in pending:
            # sudo: requested by the system, so withdrawn by it
            request.with_user(request.requester_id).sudo().action_withdraw()

    def _release(self):
        """The partner gives the deal back."""
        self._require_state("approved")
        self._end("released")

    def _cancel(self):
        """The partner withdraws what has not been decided."""
        self._require_state("draft", "review", "conflict")
        self._end("cancelled")

    def action_cancel(self):
        """Cancel on the partner's behalf, as channel manager."""
        self._require_manager()
        for registration in unlocked(self):
            registration._cancel()

    def action_release(self):
        """Release on the partner's behalf, as channel manager."""
        self._require_manager()
        for registration in unlocked(self):
            registration._release()

    def action_revoke(self):
        """Open the dialog that asks why the deal is taken back."""
        return self._open_decision("revoke")

    def _revoke(self, reason):
        self._require_state("approved")
        self._end("revoked", reason)
        self._tell(lambda env: env._("Taken back: %s", reason))

    def action_reopen(self):
        """Undo a release, take-back or loss while the window lasts and nobody else came."""
        self._require_manager()
        self._require_state("released", "revoked", "lost")
        for registration in unlocked(self):
            if not registration.protected_until or (
                registration.protected_until < registration.company_id._deal_today()
            ):
                registration._raise_over()
            registration._reopen()

    def _reopen(self):
        matcher = self.env["crm.deal.matcher"]
        hashes = matcher._hashes(self._subject())
        others = [
            match
            for match in matcher._find_registrations(self._subject())
            if match.certain and match.res_id != self.id
        ]
        if others:
            raise UserError(
                self.env._("%s: somebody else has registered this customer since.", self.name)
            )
        self.env["crm.deal.key"]._lock(hashes)
        self.write({"state": "approved", "outcome": False, "won_on": False, "decision_note": False})

    # --- won and lost ---

    def _win(self, outcome, order=None):
        """The customer bought: from the partner, or directly.

        :param str outcome: "partner" or "direct"
        """
        for registration in self.filtered(lambda row: row.state == "approved"):
            registration.write(
                {
                    "state": "won",
                    "outcome": outcome,
                    "won_on": registration.company_id._deal_today(),
                    "order_id": order.id if order else False,
                }
            )
            registration._lead_follows("action_set_won")

    def _lose(self, reason=False):
        """The customer bought elsewhere, or nothing."""
        for registration in self.filtered(lambda row: row.state == "approved"):
            registration._end("lost", reason)
            registration._lead_follows("action_set_lost")

    def _lead_follows(self, action):
        """Win or lose the opportunity; where its own rules refuse, somebody has to look."""
        lead = self.lead_id
        if not lead or lead.won_status != "pending":
            return
        try:
            with self.env.cr.savepoint():
                getattr(lead, action)()
        except UserError as error:
            lead.message_post(
                body=self.env._(
                    "The registered deal ended, but this opportunity did not: %s", error
                )
            )

    def _back_to_approved(self):
        """The order that won the deal was cancelled."""
        for registration in self.filtered(lambda row: row.state == "won"):
            over = registration.protected_until < registration.company_id._deal_today()
            registration.write(
                {
                    "state": "expired" if over else "approved",
                    "outcome": False,
                    "won_on": False,
                    "order_id": False,
                }
            )

    # --- scheduled actions ---

    @api.model
    def _cron_windows(self):
        """End what is over, take back what stands still, remind before; in batches."""
        for company in self.env["res.company"].search([], order="id"):  # pylint: disable=no-search-all
            today = company._deal_today()
            for method, domain in company._deal_clock(today):
                self._work_off(method, [("company_id", "=", company.id), *domain])

    @api.model
    def _cron_reviews(self):
        """Escalate registrations that were not decided in time."""
        self._work_off(
            "_escalate",
            [
                ("state", "=", "review"),
                ("escalated", "=", False),
                ("review_deadline", "<", fields.Datetime.now()),
            ],
        )

    @api.model
    def _work_off(self, method, domain):
        """Call a method on each registration of a domain; one that fails does not stop the rest.

        :param str method: a method that moves the registration out of the domain
        """
        failed, progress = [], self.env["ir.cron"]
        while True:
            found = unlocked(self).search([*domain, ("id", "not in", failed)], limit=BATCH)
            for registration in found:
                try:
                    with self.env.cr.savepoint():
                        getattr(registration, method)()
                except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                    raise
                except Exception:
                    failed.append(registration.id)
                    _logger.exception("%s of %s failed", method, registration)
            left = len(found) if len(found) == BATCH else 0
            if not progress._commit_progress(len(found), remaining=left) or not left:
                return

    def _expire(self):
        self._end("expired")
        self._tell(lambda env: env._("Expired: the deal is not protected any more."))

    def _take_back(self):
        self._revoke(self.env._("There was no progress for too long."))

    def _remind_expiry(self):
        self.reminded_on = self.company_id._deal_today()
        self._tell(
            lambda env: env._(
                "The protection of this deal ends on %s. Report progress, or ask for more time.",
                self.protected_until,
            )
        )

    def _remind_progress(self):
        self.reminded_on = self.company_id._deal_today()
        self._tell(
            lambda env: env._("Report progress: without it the deal is taken back before long.")
        )

    def _escalate(self):
        """Hand the decision to the administrators of the programme as well."""
        self.escalated = True
        people = self.env.ref("crm_partner.group_partner_manager").all_user_ids.filtered(
            lambda user: self.company_id in user.company_ids and not user.share and user.id != 1
        )
        for user in people - self.user_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=self.env._("Overdue: decide on the registered deal"),
            )
