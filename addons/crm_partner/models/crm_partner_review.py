import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import split_every

from ..engine import programme
from ..tools import is_unlocked, unlocked
from .crm_partner_review_line import MOVES

_logger = logging.getLogger(__name__)

BATCH = 500


class CrmPartnerReview(models.Model):
    """A review of the levels: first who moves and why, then the moves, all of them undoable."""

    _name = "crm.partner.review"
    _description = "Review of Partner Levels"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    date = fields.Date(
        "As of",
        required=True,
        default=fields.Date.context_today,
        help="Last day of the rolling windows, and the day on which grace periods are judged.",
    )
    period = fields.Char(readonly=True, copy=False, help="Month of a monthly review, as YYYY-MM.")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("preview", "Preview"),
            ("applied", "Applied"),
            ("undone", "Undone"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    line_ids = fields.One2many("crm.partner.review.line", "review_id", copy=False)
    reviewed_count = fields.Integer("Partners Reviewed", readonly=True, copy=False)
    moved_count = fields.Integer("Moves", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")
    applied_on = fields.Datetime(readonly=True, copy=False)
    applied_by_id = fields.Many2one("res.users", readonly=True, copy=False)

    _period_unique = models.UniqueIndex(
        "(company_id, period) WHERE period IS NOT NULL AND state != 'cancelled'",
        "The levels of this month have been reviewed already.",
    )

    @api.depends("date", "period")
    def _compute_name(self):
        for review in self:
            review.name = review.period or fields.Date.to_string(review.date)

    @api.depends("line_ids.kind", "line_ids.state")
    def _compute_counts(self):
        for review in self:
            lines = review.line_ids
            review.moved_count = len(lines.filtered(lambda line: line.kind in MOVES))
            review.failed_count = len(lines.filtered(lambda line: line.state == "failed"))

    @api.model_create_multi
    def create(self, vals_list):
        """Start reviews as drafts, whatever state is given by hand."""
        if not is_unlocked(self.env):
            for vals in vals_list:
                vals.pop("state", None)
                vals.pop("period", None)
        return super().create(vals_list)

    def write(self, vals):
        """Keep date and company once lines were computed with them.

        :raise UserError: they would change then, or the state or result would change by hand
        """
        if not is_unlocked(self.env):
            if vals.keys() & {"state", "period", "reviewed_count", "applied_on", "applied_by_id"}:
                raise UserError(self.env._("Use the buttons of the review."))
            if vals.keys() & {"date", "company_id"}:
                self._expect("draft")
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_open(self):
        self._expect("draft", "preview", "cancelled")

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_preview(self):
        """Work out who moves and why; nothing changes yet.

        :raise UserError: when the company has no levels with requirements
        """
        self.check_access("write")
        for review in self:
            review._expect("draft", "preview")
            review._preview()
        return True

    def action_apply(self):
        """Make the moves of the preview; what fails stays on its line with the reason."""
        self.check_access("write")
        for review in self:
            review._expect("preview")
            review.lock_for_update()
            review.line_ids._apply()
            review._finish()
        return True

    def action_retry(self):
        """Try the lines that failed once more."""
        self.check_access("write")
        for review in self:
            review._expect("applied")
            unlocked(review.line_ids.filtered(lambda line: line.state == "failed")).state = "open"
            review.line_ids._apply()
        return True

    def action_undo(self):
        """Put back every partner whose level nobody has touched since; others keep theirs."""
        self.check_access("write")
        for review in self:
            review._expect("applied")
            review.lock_for_update()
            review.line_ids._undo()
            unlocked(review).state = "undone"
        return True

    def action_cancel(self):
        """Drop a review that was not applied."""
        self.check_access("write")
        for review in self:
            review._expect("draft", "preview")
            unlocked(review).state = "cancelled"
        return True

    def action_draft(self):
        """Take a review back to choose another day."""
        self.check_access("write")
        for review in self:
            review._expect("preview", "cancelled")
            unlocked(review.line_ids).unlink()
            unlocked(review).write({"state": "draft", "reviewed_count": 0})
        return True

    def _expect(self, *states):
        labels = dict(self._fields["state"]._description_selection(self.env))
        for review in self:
            if review.state not in states:
                raise UserError(
                    self.env._(
                        "%(review)s is %(state)s; this is only possible while it is %(wanted)s.",
                        review=review.name,
                        state=labels[review.state],
                        wanted=", ".join(labels[state] for state in states),
                    )
                )

    # ------------------------------------------------------------------
    # Preview
    # ------------------------------------------------------------------

    def _partners(self):
        """Return the partners that are reviewed: those with a level of the ladder."""
        ladder = self._review_ladder()
        return self.env["res.partner"].search(
            [
                ("grade_id", "in", ladder.ids),
                ("company_id", "in", (self.company_id.id, False)),
                ("parent_id", "=", False),
            ]
        )

    def _review_ladder(self):
        grades = self.env["res.partner.grade"].with_company(self.company_id)
        return grades._ladder(self.company_id)

    def _preview(self):
        ladder = self._review_ladder()
        if not ladder.requirement_ids:
            raise UserError(
                self.env._(
                    "No level of %s has requirements. Enter them under Configuration / Levels.",
                    self.company_id.name,
                )
            )
        unlocked(self.line_ids).unlink()
        partners = self._partners()
        for chunk in split_every(BATCH, partners.ids, partners.browse):
            rows = self._prepare_lines(ladder, chunk)
            unlocked(self.env["crm.partner.review.line"]).create(rows)
        unlocked(self).write({"state": "preview", "reviewed_count": len(partners)})

    def _prepare_lines(self, ladder, partners):
        """Return the values of a line for each partner whose level does not simply stay."""
        figures = ladder.requirement_ids._figures(partners, self.date)
        steps = [programme.Level(grade.id, grade.grace_days) for grade in ladder]
        rows = []
        for partner in partners:
            met = ladder._met_by(partner, figures)
            decision = programme.decide(steps, set(met.ids), self._standing(partner), self.date)
            if decision.kind != programme.KEEP:
                rows.append(self._prepare_line(partner, decision, ladder, figures))
        return rows

    @staticmethod
    def _standing(partner):
        return programme.Standing(
            partner.grade_id.id,
            partner.level_grace_until or None,
            partner.level_locked_until or None,
        )

    def _prepare_line(self, partner, decision, ladder, figures):
        """Return the values of the line of ``partner``; the reason for us and in its language.

        :param decision: ``engine.programme.Decision``
        :param figures: see ``crm.partner.requirement._figures``
        """
        target = ladder.browse(decision.level)
        # what is told: what the level aimed at asks for, or what the present one misses
        told = target if decision.kind == programme.PROMOTE else partner.grade_id
        missing = decision.kind in (programme.WARN, programme.WAIT, programme.DEMOTE)
        values = {
            requirement: figures[requirement.id].get(partner.id)
            for requirement in told.requirement_ids
            if not (missing and requirement._met(figures[requirement.id].get(partner.id)))
        }
        return {
            "review_id": self.id,
            "partner_id": partner.id,
            "grade_id": partner.grade_id.id,
            "target_grade_id": target.id,
            "kind": decision.kind,
            "grace_until": decision.grace_until,
            "state": "open" if decision.kind in MOVES else "skipped",
            "reason": self._reason(values, self.env.lang),
            "partner_reason": self._reason(values, partner.lang),
        }

    @staticmethod
    def _reason(values, lang):
        """Return one line per requirement in that language: our people and the partner read it."""
        rows = [
            requirement.with_context(lang=lang)._prepare_figure(value)
            for requirement, value in values.items()
        ]
        return "\n".join(f"{row['name']}: {row['text']}" for row in rows)

    def _finish(self):
        unlocked(self).write(
            {
                "state": "applied",
                "applied_on": fields.Datetime.now(),
                "applied_by_id": self.env.uid,
            }
        )
        self.activity_feedback(["mail.mail_activity_data_todo"])

    # ------------------------------------------------------------------
    # Monthly
    # ------------------------------------------------------------------

    @api.model
    def _cron_review(self):
        """Review the levels of every company once a month; resumable, once per month."""
        companies = self.env["res.company"].search([("partner_review_mode", "!=", "manual")])
        for company in companies:
            try:
                with self.env.cr.savepoint():
                    self.with_company(company)._review_month(company)
            except Exception:  # one company must not stop the others; the log names it
                _logger.exception("Review of partner levels of company %s failed", company.id)
            if not self.env["ir.cron"]._commit_progress(1):
                return
        self._apply_pending()

    def _review_month(self, company):
        """Prepare the review of this month unless there is one, or nothing to review."""
        today = fields.Date.context_today(self)
        period = f"{today:%Y-%m}"
        known = self.search([("company_id", "=", company.id), ("period", "=", period)], limit=1)
        grades = self.env["res.partner.grade"]._ladder(company)
        if known or not grades.requirement_ids:
            return
        review = unlocked(self).create(
            {"company_id": company.id, "date": today, "period": period, "state": "draft"}
        )
        review._preview()
        if company.partner_review_mode == "preview":
            review._ask_to_apply()

    def _ask_to_apply(self):
        for user in self.env["res.partner"]._programme_administrators(self.company_id)[:3]:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Check and apply the review of the levels"),
                user_id=user.id,
            )

    def _apply_pending(self):
        """Apply monthly reviews of companies that want it so, some lines at a time."""
        reviews = self.search(
            [
                ("state", "=", "preview"),
                ("period", "!=", False),
                ("company_id.partner_review_mode", "=", "apply"),
            ],
            order="id",
        )
        for review in reviews:
            try:
                if not review._apply_in_steps():
                    return
            except Exception:  # one company must not stop the others; the log names it
                _logger.exception(
                    "Applying the review of partner levels %s of company %s failed",
                    review.id,
                    review.company_id.id,
                )

    def _apply_in_steps(self):
        """Apply a monthly review, committing after every step.

        :return: whether the scheduled action may go on
        """
        lines = self.line_ids.filtered(lambda line: line.state == "open" and line.is_move)
        for chunk in split_every(50, lines.ids, lines.browse):
            with self.env.cr.savepoint():
                chunk._apply()
            if not self.env["ir.cron"]._commit_progress(len(chunk)):
                return False
        with self.env.cr.savepoint():
            self._finish()
        return bool(self.env["ir.cron"]._commit_progress(1))
