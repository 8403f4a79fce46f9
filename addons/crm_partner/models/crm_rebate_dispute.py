from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools import is_unlocked, unlocked


class CrmRebateDispute(models.Model):
    """What a partner objects to in a period, and what we answered."""

    _name = "crm.rebate.dispute"
    _description = "Rebate Dispute"
    _order = "id desc"

    period_id = fields.Many2one(
        "crm.rebate.period", required=True, readonly=True, index=True, ondelete="restrict"
    )
    agreement_id = fields.Many2one(related="period_id.agreement_id")
    partner_id = fields.Many2one(related="period_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(related="period_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    reason = fields.Text(required=True, readonly=True)
    amount = fields.Monetary("Amount Expected", readonly=True)
    opened_by_id = fields.Many2one(
        "res.users", required=True, readonly=True, default=lambda self: self.env.user
    )
    opened_on = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    state = fields.Selection(
        [("open", "Open"), ("accepted", "Accepted"), ("rejected", "Rejected")],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    answer = fields.Text(readonly=True)
    answered_by_id = fields.Many2one("res.users", readonly=True)
    answered_on = fields.Datetime(readonly=True)

    _open_uniq = models.UniqueIndex(
        "(period_id) WHERE state = 'open'", "This period is disputed already."
    )

    @api.depends("period_id", "opened_on")
    def _compute_display_name(self):
        for dispute in self:
            dispute.display_name = self.env._("Dispute of %s", dispute.period_id.display_name)

    @api.model
    def _open(self, period, reason, amount=0.0):
        """Open a dispute for whoever may read ``period``; its responsible gets an activity.

        :raises UserError: no reason is given, or one is open already
        """
        period.check_access("read")
        reason = (reason or "").strip()[:2000]
        if not reason:
            raise UserError(self.env._("Say what you do not agree with."))
        if period.dispute_open:
            raise UserError(
                self.env._("This period is disputed already. You will be answered there.")
            )
        dispute = unlocked(self).create(
            {
                "period_id": period.id,
                "reason": reason,
                "amount": max(amount, 0.0),
                "opened_by_id": self.env.uid,
            }
        )
        owner = unlocked(period)
        owner.message_post(body=reason, subject=self.env._("Disputed by the partner"))
        if owner.user_id:
            owner.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Rebate disputed by the partner"),
                note=reason,
                user_id=owner.user_id.id,
            )
        return dispute

    def write(self, vals):
        """Keep what the partner objects to, and our answer.

        :raise AccessError: not by the method that answers
        """
        if not is_unlocked(self.env):
            raise AccessError(self.env._("A dispute is answered by its button, not by hand."))
        return super().write(vals)

    def _answer(self, accepted, answer):
        """Answer open disputes; the partner reads the answer in the portal."""
        self.check_access("write")
        answer = (answer or "").strip()
        if not answer:
            raise UserError(self.env._("Enter the answer that the partner will read."))
        for dispute in self:
            if dispute.state != "open":
                raise UserError(self.env._("This dispute was answered already."))
        # sudo: the right to answer was checked above
        unlocked(self).write(
            {
                "state": "accepted" if accepted else "rejected",
                "answer": answer,
                "answered_by_id": self.env.uid,
                "answered_on": fields.Datetime.now(),
            }
        )
        # sudo: the answer is kept on the period
        for period in self.sudo().period_id:
            period.message_post(body=answer, subject=self.env._("Answer to the dispute"))
            period.activity_unlink(["mail.mail_activity_data_todo"])
        self.period_id._subledger_mark_dirty()
