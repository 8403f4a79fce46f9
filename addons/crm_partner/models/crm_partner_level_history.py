from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools import is_unlocked, unlocked

KINDS = [
    ("start", "Joined the programme"),
    ("promotion", "Promotion"),
    ("demotion", "Demotion"),
    ("leave", "Left the programme"),
    ("warning", "Warning"),
    ("recovery", "Warning lifted"),
    ("lock", "Level locked"),
    ("unlock", "Lock ended"),
    ("undo", "Review undone"),
]
NOTIFIED = ("promotion", "demotion", "warning", "recovery")


class CrmPartnerLevelHistory(models.Model):
    """What happened to the level of a partner, when, why and by whom: rows are only added."""

    _name = "crm.partner.level.history"
    _description = "History of a Partner Level"
    _order = "date desc, id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    date = fields.Date(required=True, readonly=True)
    kind = fields.Selection(KINDS, "Event", required=True, readonly=True)
    from_grade_id = fields.Many2one("res.partner.grade", "From", readonly=True)
    grade_id = fields.Many2one("res.partner.grade", "Level", readonly=True, index=True)
    until = fields.Date(readonly=True, help="End of the grace period or of the lock.")
    reason = fields.Text(readonly=True)
    review_id = fields.Many2one("crm.partner.review", readonly=True, index="btree_not_null")
    user_id = fields.Many2one("res.users", "By", readonly=True, ondelete="restrict")
    recipient_ids = fields.Many2many("res.partner", compute="_compute_recipients")

    @api.depends("partner_id")
    def _compute_recipients(self):
        for row in self:
            row.recipient_ids = row.partner_id._channel_recipients()

    @api.model_create_multi
    def create(self, vals_list):
        """Note the change of a level.

        :raise AccessError: not by what changes levels
        """
        if not is_unlocked(self.env):
            raise AccessError(
                self.env._("The history of levels is written by what changes a level.")
            )
        return super().create(vals_list)

    def write(self, vals):
        """Keep what was noted.

        :raise UserError: whoever asks, but code of this addon
        """
        if not is_unlocked(self.env):
            raise UserError(self.env._("The history of a level cannot be changed."))
        return super().write(vals)

    @api.model
    def _log(self, partner, kind, **values):
        """Add an event of today for ``partner``; return the row (superuser)."""
        grade = values.get("grade_id") or values.get("from_grade_id")
        grade = self.env["res.partner.grade"].browse(grade)
        # sudo: the company of a level of the partner that is being changed
        company = grade.sudo().company_id or partner.company_id or self.env.company
        return unlocked(self).create(
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "date": fields.Date.context_today(self),
                "kind": kind,
                "user_id": self.env.uid,
                **values,
            }
        )

    def _notify(self):
        """Write to the partner about what is worth a letter."""
        template = self.env.ref("crm_partner.mail_template_level", raise_if_not_found=False)
        if not template:
            return
        for row in self.filtered(lambda row: row.kind in NOTIFIED and row.recipient_ids):
            template.sudo().send_mail(row.id)  # sudo: a letter of the programme, not of the user
