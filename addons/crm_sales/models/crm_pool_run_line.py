from odoo import api, fields, models
from odoo.tools import format_date


class CrmPoolRunLine(models.Model):
    """What a run decided about one record, and what became of it."""

    _name = "crm.pool.run.line"
    _description = "Decision of a Recycling Run"
    _order = "run_id desc, id"

    run_id = fields.Many2one("crm.pool.run", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", index="btree_not_null")
    date = fields.Datetime(related="run_id.date")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", ondelete="cascade"
    )
    lead_id = fields.Many2one("crm.lead", index="btree_not_null", ondelete="cascade")
    action = fields.Selection(
        [
            ("recycle", "Recycled"),
            ("remind", "Reminded"),
            ("opportunity", "Open opportunity"),
            ("dealt", "Bought before"),
            ("locked", "Locked"),
        ],
        required=True,
    )
    user_id = fields.Many2one("res.users", string="Owner", ondelete="set null")
    level_id = fields.Many2one("crm.customer.level", ondelete="set null")
    last_follow_up = fields.Datetime(help="Empty: the owner never followed up.")
    idle_days = fields.Integer("Days without Follow-up", aggregator="avg")
    days_left = fields.Integer(aggregator=None)
    state = fields.Selection(
        [
            ("todo", "To do"),
            ("done", "Done"),
            ("skipped", "Left alone"),
            ("failed", "Failed"),
            ("reverted", "Given back"),
            ("kept", "Not given back"),
        ],
        required=True,
        default="todo",
        index=True,
    )
    note = fields.Char()
    reason = fields.Char(compute="_compute_reason")

    @api.depends("partner_id", "lead_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = (line.partner_id or line.lead_id).display_name

    @api.depends("action", "idle_days", "days_left", "note", "last_follow_up", "state")
    @api.depends_context("lang", "tz")
    def _compute_reason(self):
        for line in self:
            line.reason = line.note or line._explain()

    def _explain(self):
        limit = self.idle_days + self.days_left
        if self.state == "kept":
            return self.env._("Somebody else has it by now")
        if self.last_follow_up:
            moment = fields.Datetime.context_timestamp(self, self.last_follow_up)
            return self.env._(
                "Last follow-up on %(day)s, %(idle)s days ago; limit %(limit)s",
                day=format_date(self.env, moment.date()),
                idle=self.idle_days,
                limit=limit,
            )
        return self.env._(
            "Never followed up since it was assigned %(idle)s days ago; limit %(limit)s",
            idle=self.idle_days,
            limit=limit,
        )

    def _record(self):
        """Return the customer or lead."""
        self.ensure_one()
        return self.lead_id or self.partner_id

    def _skip(self, why):
        notes = {
            "busy": self.env._("Somebody was changing it; the next run decides again"),
            "changed": self.env._("No longer due: it was followed up or changed hands meanwhile"),
        }
        self.write({"state": "skipped", "note": notes[why]})

    def _prepare_reminder_vals(self, kind, model_id, today):
        """Return the activity that tells the owner, due on the last day they have."""
        return {
            "activity_type_id": kind.id or None,
            "res_model_id": model_id,
            "res_id": self._record().id,
            "user_id": self.user_id.id,
            "date_deadline": fields.Date.add(today, days=max(self.days_left - 1, 0)),
            "summary": self.with_context(lang=self.user_id.lang).env._(
                "Follow up, or it goes back to the public pool in %s days", self.days_left
            ),
        }

    def action_open_record(self):
        """Open the customer or lead."""
        self.ensure_one()
        record = self.partner_id or self.lead_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
