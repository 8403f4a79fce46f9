from odoo import fields, models
from odoo.fields import Domain

#: Record rules name up to this many deals; where there are more, a sub-query is shorter.
LISTED_DEALS = 10_000


class ResUsers(models.Model):
    """Where a day of visits begins, and which territories and deals a user may read."""

    _inherit = "res.users"

    # --- visits ---

    visit_start_partner_id = fields.Many2one(
        "res.partner",
        string="Start of Visits",
        help="The address from which the route of the day begins; empty: that of the company.",
    )

    # --- territories ---

    readable_territory_ids = fields.Many2many(
        "crm.territory",
        compute="_compute_readable_territory_ids",
        string="Territories to Read",
        help="In active models: those whose people or managers they are, and the ones below.",
    )

    # --- deal teams ---

    deal_access = fields.Json(
        compute="_compute_deal_access",
        groups=fields.NO_ACCESS,
        export_string_translation=False,
    )

    @property
    def SELF_READABLE_FIELDS(self):
        """Everybody sees where their own day of visits begins."""
        return super().SELF_READABLE_FIELDS + ["visit_start_partner_id"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        """Everybody chooses it without a right on users."""
        return super().SELF_WRITEABLE_FIELDS + ["visit_start_partner_id"]

    def _compute_readable_territory_ids(self):
        # The record rule of leads asks for ids: a list of them uses the index on the territory,
        # where a sub-query would not.
        # sudo: which territories there are, for the rule
        territories = self.env["crm.territory"].sudo()
        # A search does not wait for people that are still to be handed down the tree.
        territories.flush_model(["access_user_ids"])
        for user in self:
            user.readable_territory_ids = territories.search(
                [("model_id.state", "=", "active"), ("access_user_ids", "in", user.ids)]
            )

    # --- deal teams ---

    def _compute_deal_access(self):
        """Deals whose team lets somebody in today: ``{"read": ids, "write": ids}``.

        Asked once in a transaction, and again when teams change. None: too many to be listed.
        """
        for user in self:
            found = user._find_deal_access(limit=LISTED_DEALS + 1)
            user.deal_access = len(found["read"]) <= LISTED_DEALS and found

    def _find_deal_access(self, limit=None, domain=Domain.TRUE):
        members = self.env["crm.deal.member"].with_user(self).sudo()  # sudo: own memberships
        query = members._search(members._access_domain("read") & domain, limit=limit)
        rows = self.env.execute_query(query.select("lead_id", "access"))
        return {
            "read": [lead_id for lead_id, _access in rows],
            "write": [lead_id for lead_id, access in rows if access == "write"],
        }

    def _deal_access_among(self, leads):
        """Return ``{"read": ids, "write": ids}`` of the deals, at least of ``leads``."""
        return self.deal_access or self._find_deal_access(domain=Domain("lead_id", "in", leads.ids))

    def _deals_let_into(self, access):
        """Return what a domain compares the ids of deals with that ``self``, the user, may enter.

        Ids rather than a sub-query: PostgreSQL combines them with the other rules by indexes, and
        whoever is in no team has no rule at all; a sub-query has it read the whole table.

        :param access: ``read`` or ``write``
        """
        if kept := self.deal_access:
            return kept[access]
        members = self.env["crm.deal.member"].with_user(self).sudo()  # sudo: own memberships
        return members._search(members._access_domain(access)).subselect("lead_id")
