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
