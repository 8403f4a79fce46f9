import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import programme
from ..tools import is_unlocked, unlocked

_logger = logging.getLogger(__name__)

MOVES = (
    programme.PROMOTE,
    programme.WARN,
    programme.DEMOTE,
    programme.RECOVER,
)


class CrmPartnerReviewLine(models.Model):
    """What the review does with one partner."""

    _name = "crm.partner.review.line"
    _description = "Partner of a Level Review"
    _order = "review_id desc, kind, partner_id"
    _rec_name = "partner_id"

    review_id = fields.Many2one(
        "crm.partner.review", required=True, index=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="review_id.company_id", store=True, index=True)
    review_state = fields.Selection(related="review_id.state", string="Status of the Review")
    partner_id = fields.Many2one(
        "res.partner", required=True, index=True, readonly=True, ondelete="cascade"
    )
    grade_id = fields.Many2one("res.partner.grade", "Level", readonly=True)
    target_grade_id = fields.Many2one("res.partner.grade", "Reached", readonly=True)
    kind = fields.Selection(
        [
            (programme.PROMOTE, "Promotion"),
            (programme.WARN, "Warning"),
            (programme.WAIT, "In grace period"),
            (programme.DEMOTE, "Demotion"),
            (programme.RECOVER, "Warning lifted"),
            (programme.LOCKED, "Level locked"),
        ],
        required=True,
        readonly=True,
    )
    is_move = fields.Boolean(compute="_compute_is_move")
    reason = fields.Text("Why", readonly=True)
    partner_reason = fields.Text("Why, in the Partner's Language", readonly=True)
    grace_until = fields.Date("Grace until", readonly=True)
    excluded = fields.Boolean("Leave Out", help="This partner is not touched by the review.")
    note = fields.Char(help="Why the partner is left out.")
    state = fields.Selection(
        [
            ("open", "Open"),
            ("done", "Done"),
            ("skipped", "Skipped"),
            ("failed", "Failed"),
            ("undone", "Undone"),
        ],
        default="open",
        required=True,
        readonly=True,
    )
    message = fields.Char(readonly=True)
    before = fields.Json(readonly=True)

    _partner_unique = models.Constraint(
        "UNIQUE(review_id, partner_id)", "A partner stands once in a review."
    )

    @api.depends("kind")
    def _compute_is_move(self):
        for line in self:
            line.is_move = line.kind in MOVES

    @api.model_create_multi
    def create(self, vals_list):
        """Store what the preview decided for each partner.

        :raise UserError: a line is entered by hand
        """
        if not is_unlocked(self.env):
            raise UserError(self.env._("Lines of a review come from its preview."))
        return super().create(vals_list)

    def write(self, vals):
        """Let people exclude a partner or note why, while the review is a preview.

        :raise UserError: anything else would change by hand, or the review is not a preview
        """
        if not is_unlocked(self.env):
            if vals.keys() - {"excluded", "note"}:
                raise UserError(self.env._("Lines of a review come from its preview."))
            self.review_id._expect("preview")
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_with_review(self):
        if not is_unlocked(self.env):
            raise UserError(self.env._("Leave a partner out instead of deleting its line."))

    # ------------------------------------------------------------------

    def _apply(self):
        """Make the moves, each in its own savepoint; the reason of a failure stays on the line."""
        for line in self.filtered(lambda line: line.state == "open"):
            if line.excluded or not line.is_move:
                unlocked(line).write({"state": "skipped", "message": line.note})
                continue
            try:
                with self.env.cr.savepoint():
                    line._apply_one()
            except Exception as error:
                _logger.info("Level review: partner %s failed: %s", line.partner_id.id, error)
                unlocked(line).write({"state": "failed", "message": str(error)[:500]})

    def _apply_one(self):
        partner = self.partner_id
        partner.lock_for_update()
        if partner.grade_id != self.grade_id:
            unlocked(self).write(
                {"state": "skipped", "message": self.env._("The level has changed since.")}
            )
            return
        before = self._snapshot()
        getattr(self, f"_do_{self.kind}")()
        self.env.flush_all()
        # sudo: the row that was just written, to tell the partner of it
        row = (
            self.env["crm.partner.level.history"]
            .sudo()
            .search([("partner_id", "=", partner.id)], order="id desc", limit=1)
        )
        row._notify()
        unlocked(self).write({"state": "done", "before": before, "message": False})

    def _snapshot(self):
        names = ("level_since", "level_warned_on", "level_grace_until")
        return {name: fields.Date.to_string(self.partner_id[name]) or False for name in names}

    def _do_promotion(self):
        self._move_to(self.target_grade_id)

    def _do_demotion(self):
        self._move_to(self.target_grade_id)

    def _do_warning(self):
        unlocked(self.partner_id).write(
            {"level_warned_on": self.review_id.date, "level_grace_until": self.grace_until}
        )
        self._history("warning", until=self.grace_until)

    def _do_recovery(self):
        unlocked(self.partner_id).write({"level_warned_on": False, "level_grace_until": False})
        self._history("recovery")

    def _move_to(self, grade, kind=None):
        """Write the level alone: Odoo gives the price list with it."""
        change = {"review_id": self.review_id.id, "reason": self.partner_reason}
        partner = unlocked(self.partner_id).with_company(self.company_id)
        partner.with_context(level_change=change | ({"kind": kind} if kind else {})).write(
            {"grade_id": grade.id}
        )

    def _history(self, kind, **values):
        self.env["crm.partner.level.history"]._log(
            self.partner_id,
            kind,
            grade_id=self.partner_id.grade_id.id,
            reason=self.partner_reason,
            review_id=self.review_id.id,
            **values,
        )

    def _undo(self):
        for line in self.filtered(lambda line: line.state == "done"):
            line.partner_id.lock_for_update()
            if line._untouched():
                line._put_back()
            else:
                unlocked(line).message = self.env._("Not undone: the level has changed since.")

    def _untouched(self):
        """Whether the last thing that happened to the partner's level is this review."""
        # sudo: the whole history counts, whoever undoes the review
        last = (
            self.env["crm.partner.level.history"]
            .sudo()
            .search([("partner_id", "=", self.partner_id.id)], order="id desc", limit=1)
        )
        return last.review_id == self.review_id

    def _put_back(self):
        if self.kind in (programme.PROMOTE, programme.DEMOTE):
            self._move_to(self.grade_id, "undo")
        else:
            self._history("undo")
        unlocked(self.partner_id).write(self.before)
        unlocked(self).state = "undone"
