from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..engine import splits

NESTED = "crm_deal_members_nested"
UNTRACKED = frozenset({"access", "role_id"})  # changes that leave the commission as it is


class CrmDealMember(models.Model):
    """Who works on an opportunity, what they may see, until when, and what part is theirs.

    The one place where the commission of a deal is shared before it is an order: quotations take
    the participants of their commission from here until they are confirmed.
    """

    _name = "crm.deal.member"
    _description = "Deal Team Member"
    _inherit = ["crm.person.mixin"]
    _person_of = "lead_id"
    _order = "lead_id, id"

    lead_id = fields.Many2one("crm.lead", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(
        related="lead_id.company_id", store=True, precompute=True, index=True
    )
    user_id = fields.Many2one(domain="[('share', '=', False)]")
    # of the deal team, not everybody is paid
    # pylint: disable-next=attribute-string-redundant
    partner_id = fields.Many2one(string="Partner")
    role_id = fields.Many2one("crm.deal.role", ondelete="restrict")
    access = fields.Selection(
        [("none", "None"), ("read", "Read"), ("write", "Edit")],
        compute="_compute_from_role",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="What the colleague may do with the opportunity and its quotations, besides what "
        "they may do anyway.",
    )
    commission = fields.Selection(
        [("owner", "Shares the revenue"), ("overlay", "Overlay"), ("none", "None")],
        compute="_compute_from_role",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    split = fields.Float(
        "Revenue Split (%)",
        digits=(5, 2),
        help="Part of the deal that is theirs. What the team leaves of 100 % is the salesperson's.",
    )
    rate = fields.Float(
        "Own Flat Rate (%)",
        digits=(8, 4),
        help="Flat rate of an overlay on this deal; 0 takes the one of the plan.",
    )
    date_from = fields.Date(help="Empty: from the beginning of the deal.")
    date_to = fields.Date("Until", help="Last day of access and of the split. Empty: no end.")

    _split_range = models.Constraint(
        "CHECK(split >= 0 AND split <= 100 AND rate >= 0)",
        "The split of a member is a percentage between 0 and 100, the rate at least 0.",
    )

    @api.depends("role_id")
    def _compute_from_role(self):
        for member in self:
            role = member.role_id
            member.access = role.access or member.access or "read"
            member.commission = role.commission or member.commission or "owner"

    # ------------------------------------------------------------------
    # Bad input
    # ------------------------------------------------------------------

    def _not_one_person(self):
        return self.env._(
            "%(deal)s: a member of the deal team is either a colleague or an external "
            "agent. Enter exactly one of them.",
            deal=self.lead_id.name,
        )

    def _without_contact(self):
        return self.env._(
            "%(deal)s: the user %(user)s has no contact. Link a contact to the user first.",
            deal=self.lead_id.name,
            user=self.user_id.login,
        )

    def _ends_too_early(self):
        return self.env._(
            "%(deal)s: the membership of %(member)s ends on %(end)s, before it begins "
            "on %(start)s. Correct the dates.",
            deal=self.lead_id.name,
            member=self.display_name,
            start=self.date_from,
            end=self.date_to,
        )

    @api.constrains("lead_id", "commission", "split", "date_from", "date_to")
    def _check_splits(self):
        if self.env.context.get(NESTED):
            return  # the opportunity checks once all of its members are written
        self.lead_id._check_deal_splits()

    def _check_excess(self):
        """Raise when the members in ``self``, all of one deal, own more than it on a day."""
        over = splits.excess(self._parts())
        if not over:
            return
        raise ValidationError(
            self.env._(
                "%(deal)s: from %(start)s to %(end)s the revenue splits sum to %(total)s %%, more "
                "than the whole deal. Lower a split, or change the dates.",
                deal=self.lead_id[:1].name,
                start=over.start or self.env._("the beginning"),
                end=over.end or self.env._("the end"),
                total=f"{over.percent:.2f}",
            )
        )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        self._forget_access()
        members.lead_id._deal_team_changed()
        return members

    def write(self, vals):
        leads = self.lead_id
        result = super().write(vals)
        self._forget_access()
        if vals.keys() - UNTRACKED or "role_id" in vals:
            (leads | self.lead_id)._deal_team_changed()
        return result

    def unlink(self):
        leads = self.lead_id
        result = super().unlink()
        self._forget_access()
        leads.exists()._deal_team_changed()
        return result

    # ------------------------------------------------------------------
    # Splits
    # ------------------------------------------------------------------

    def _owners(self):
        return self.filtered(lambda member: member.commission == "owner" and member.split)

    def _parts(self):
        """Return the parts of the deal that the members own, for the engine."""
        return [
            splits.Part(
                Decimal(str(round(member.split, 2))),
                member.date_from or None,
                member.date_to or None,
            )
            for member in self._owners()
        ]

    def _prepare_participants(self, salesperson):
        """Return the values of the commission participants of an order of this deal.

        The members in ``self`` are all of one opportunity.

        :param salesperson: who owns what the members leave
        :raise ValidationError: something is left and there is no salesperson
        """
        rows = [member._prepare_participant_vals() for member in self._owners()]
        if rows:
            rows += [
                self._prepare_remainder_vals(part, salesperson)
                for part in splits.remainders(self._parts())
            ]
        overlays = self.filtered(lambda member: member.commission == "overlay")
        return rows + [member._prepare_participant_vals() for member in overlays]

    def _prepare_participant_vals(self):
        self.ensure_one()
        return {
            "user_id": self.user_id.id,
            "agent_id": self.agent_id.id,
            "role": self.commission,
            "share": self.split if self.commission == "owner" else 100.0,
            "rate": self.rate if self.commission == "overlay" else 0.0,
            "date_from": self.date_from,
            "date_to": self.date_to,
        }

    def _prepare_remainder_vals(self, part, salesperson):
        if not salesperson:
            raise ValidationError(
                self.env._(
                    "%(deal)s: the deal team owns less than 100 %% (%(rest)s %% are left) and "
                    "there is no salesperson. Enter one, or complete the splits.",
                    deal=self.lead_id[:1].name,
                    rest=f"{part.percent:.2f}",
                )
            )
        return {
            "user_id": salesperson.id,
            "role": "owner",
            "share": float(part.percent),
            "date_from": part.start,
            "date_to": part.end,
        }

    # ------------------------------------------------------------------
    # Access
    # ------------------------------------------------------------------

    @api.model
    def _forget_access(self):
        self.env["res.users"].invalidate_model(["deal_access"], flush=False)

    @api.model
    def _access_domain(self, access):
        """Return the memberships that let the current user in today, to ``read`` or ``write``."""
        accesses = ("write",) if access == "write" else ("read", "write")
        today = fields.Date.context_today(self)
        since = Domain("date_from", "=", False) | Domain("date_from", "<=", today)
        until = Domain("date_to", "=", False) | Domain("date_to", ">=", today)
        mine = Domain("user_id", "=", self.env.uid) & Domain("access", "in", accesses)
        return mine & since & until
