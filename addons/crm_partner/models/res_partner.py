from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, LockError


class ResPartner(models.Model):
    _inherit = "res.partner"

    channel_grade_id = fields.Many2one(
        "res.partner.grade",
        "Programme Level",
        compute="_compute_channel_grade",
        help="Level of the company this contact belongs to.",
    )

    @api.depends("commercial_partner_id.grade_id")
    def _compute_channel_grade(self):
        for partner in self:
            partner.channel_grade_id = partner.commercial_partner_id.grade_id

    # --- portal: one change after the other ---
    channel_turn = fields.Integer("Changes from the Portal", readonly=True, copy=False, default=0)

    def _channel_serialize(self):
        """Let transactions that decide on something scarce of this partner follow one another.

        A lock alone is not enough: a transaction that waited still sees what was before. So the
        row is written too, and whoever began earlier is retried by the server and sees it all.

        :raise ConcurrencyError: when another transaction is at it; the server retries
        """
        self.ensure_one()
        try:
            self.lock_for_update(allow_referencing=True)
        except LockError as error:
            raise ConcurrencyError(str(error)) from error
        # sudo: the callers checked who acts; this is a counter and nothing else
        partner = self.sudo()
        partner.channel_turn += 1
        partner.flush_recordset(["channel_turn"])

    # --- portal team ---
    channel_team_count = fields.Integer("Portal Team", compute="_compute_channel_team_count")

    @api.depends("grade_id")
    def _compute_channel_team_count(self):
        # sudo: how many people of a partner may log in, nothing else
        users = (
            self.env["res.users"]
            .sudo()
            .search([("partner_id.commercial_partner_id", "in", self.ids), ("share", "=", True)])
        )
        counts = Counter(user.partner_id.commercial_partner_id.id for user in users)
        for partner in self:
            partner.channel_team_count = counts[partner.id]

    def action_channel_team(self):
        """Open who of the partner works in the portal, and as what."""
        self.ensure_one()
        partner = self.commercial_partner_id
        return self.env["crm.partner.team.wizard"].create({"partner_id": partner.id})._load()

    # --- anti-diversion ---
    diversion_case_ids = fields.One2many("crm.diversion.case", "partner_id", "Diversion Cases")
    diversion_count = fields.Integer(compute="_compute_diversion_count")

    @api.depends("diversion_case_ids.state")
    def _compute_diversion_count(self):
        counts = {}
        if self.env["crm.diversion.case"].has_access("read"):
            counts = dict(
                self.env["crm.diversion.case"]._read_group(
                    [("partner_id", "in", self.ids), ("state", "!=", "dismissed")],
                    ["partner_id"],
                    ["__count"],
                )
            )
        for partner in self:
            partner.diversion_count = counts.get(partner, 0)

    def action_diversion_cases(self):
        """Open the diversion cases of this partner."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_partner.crm_diversion_case_action"
        )
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id)]
        action["context"] = {}
        return action

    def _diversion_covers(self, country, state, city):
        """Whether this partner company may sell at a place.

        Asks the coverage of the partner (``_channel_covers`` of the lead distribution); without
        any coverage it is everywhere. A programme may extend it, for example by what the partners
        below a distributor cover.
        """
        self.ensure_one()
        covers = getattr(self, "_channel_covers", None)
        return covers(country, state, None, city) if covers else True
