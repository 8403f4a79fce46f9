from odoo import fields, models


class ResUsers(models.Model):
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

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["visit_start_partner_id"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
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
