from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import float_compare

from .crm_person_mixin import FIRST_DAY, LAST_DAY

NESTED = "commission_participants_nested"


class CrmCommissionParticipant(models.Model):
    """Who takes part in an order, in which role, with which share and on which days.

    Before there is an order, the deal team of the opportunity says so (``crm.deal.member``).
    """

    _name = "crm.commission.participant"
    _description = "Deal Participant"
    _inherit = ["crm.person.mixin"]
    _person_of = "order_id"
    _order = "role desc, date_from, id"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, precompute=True, index=True
    )
    role = fields.Selection(
        [("owner", "Owner"), ("overlay", "Overlay")], required=True, default="owner"
    )
    share = fields.Float(
        "Share (%)",
        digits=(5, 2),
        default=100.0,
        help="Part of the deal that an owner is credited with. On every day the shares of the "
        "owners sum to 100 %.",
    )
    rate = fields.Float(
        "Own Flat Rate (%)",
        digits=(8, 4),
        help="Flat rate of an overlay on this deal; 0 takes the one of the plan.",
    )
    date_from = fields.Date(help="Empty: from the beginning of the deal.")
    date_to = fields.Date(help="Empty: to the end of the deal.")

    _share_range = models.Constraint(
        "CHECK(share >= 0 AND share <= 100 AND rate >= 0)",
        "The share of a participant is a percentage between 0 and 100, the rate at least 0.",
    )

    @api.depends("order_id.company_id")
    def _compute_company_id(self):
        for participant in self:
            participant.company_id = participant.order_id.company_id

    def _new_person_name(self):
        return self.env._("New participant")

    def _not_one_person(self):
        return self.env._(
            "%(deal)s: a participant is either a colleague or an external agent. "
            "Enter exactly one of them.",
            deal=self.order_id.display_name,
        )

    def _without_contact(self):
        return self.env._(
            "%(deal)s: the user %(user)s has no contact. Link a contact to the user first.",
            deal=self.order_id.display_name,
            user=self.user_id.login,
        )

    def _ends_too_early(self):
        return self.env._(
            "%(deal)s: %(participant)s ends on %(end)s, before they begin on "
            "%(start)s. Correct the dates.",
            deal=self.order_id.display_name,
            participant=self.display_name,
            start=self.date_from,
            end=self.date_to,
        )

    @api.constrains("order_id", "role", "share", "date_from", "date_to")
    def _check_shares(self):
        """Refuse owners whose shares do not sum to 100 % on every day."""
        if self.env.context.get(NESTED):
            return  # the deal checks once all of its participants are written
        self.order_id._check_participant_shares()

    @api.model_create_multi
    def create(self, vals_list):
        """Have the statements of the participants computed again before commit."""
        participants = super().create(vals_list)
        participants._mark_dirty()
        return participants

    def write(self, vals):
        """Mark both who took part until now and who takes part from now on."""
        self._mark_dirty()
        result = super().write(vals)
        self._mark_dirty()
        return result

    def unlink(self):
        """Take the shares out of the statements.

        :raises ValidationError: the owners that stay do not share 100 %; a form that replaces all
            participants of an order is checked by the order, at the end
        """
        self._mark_dirty()
        orders = self.order_id
        result = super().unlink()
        if not self.env.context.get(NESTED):
            orders.exists()._check_participant_shares()
        return result

    def _mark_dirty(self):
        """The payees before and after a change are computed again."""
        orders = self.order_id.filtered(lambda order: order.state == "sale")
        if orders:
            self.env["crm.subledger.mixin"]._subledger_documents_dirty(orders)
            self.env["crm.commission.statement"]._mark_payees_dirty(self.partner_id, orders)

    def _prepare_copy_vals(self):
        """Return the values of the same part for another person or other days."""
        self.ensure_one()
        return {
            "user_id": self.user_id.id,
            "agent_id": self.agent_id.id,
            "role": self.role,
            "share": self.share,
            "rate": self.rate,
            "date_from": self.date_from,
            "date_to": self.date_to,
        }

    def _check_sum(self):
        """Raise unless the owners in ``self``, all of one deal, own 100 % of it on every day."""
        owners = self.filtered(lambda participant: participant.role == "owner")
        if not owners:
            return
        for start, end in owners._segments():
            present = owners.filtered(
                lambda owner, start=start: owner._span()[0] <= start <= owner._span()[1]
            )
            total = sum(present.mapped("share"))
            if float_compare(total, 100.0, precision_digits=2):
                raise ValidationError(owners._sum_message(total, start, end))

    def _segments(self):
        """Return the spans of days between which the set of participants changes."""
        starts = {FIRST_DAY} | {participant._span()[0] for participant in self}
        starts |= {
            fields.Date.add(participant.date_to, days=1)
            for participant in self
            if participant.date_to
        }
        bounds = [*sorted(starts), None]
        return [
            (start, fields.Date.subtract(after, days=1) if after else LAST_DAY)
            for start, after in pairwise(bounds)
        ]

    def _sum_message(self, total, start, end):
        values = {"deal": self[0].order_id.display_name, "total": f"{total:.2f}"}
        if start == FIRST_DAY and end == LAST_DAY:
            return self.env._(
                "%(deal)s: the shares of the owners sum to %(total)s %% instead of 100 %%. "
                "Correct them so that together they own the whole deal.",
                **values,
            )
        return self.env._(
            "%(deal)s: from %(start)s to %(end)s the shares of the owners sum to %(total)s %% "
            "instead of 100 %%. Correct the shares or the dates, so that the deal is owned "
            "completely on every day.",
            start=self.env._("the beginning") if start == FIRST_DAY else start,
            end=self.env._("the end") if end == LAST_DAY else end,
            **values,
        )
