import logging

from odoo import fields, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)


class CrmCleaningLine(models.Model):
    """A proposed change of one record: before, after, and what became of it."""

    _name = "crm.cleaning.line"
    _description = "Cleaning Change"
    _order = "job_id, id"
    _rec_name = "partner_id"

    job_id = fields.Many2one("crm.cleaning.job", required=True, ondelete="cascade", index=True)
    job_state = fields.Selection(related="job_id.state", string="State of the Job")
    company_id = fields.Many2one(related="job_id.company_id", store=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    field_name = fields.Char(required=True, readonly=True)
    old_value = fields.Char("Before", readonly=True)
    new_value = fields.Char("After", readonly=True)
    old_state_id = fields.Many2one("res.country.state", readonly=True)
    new_state_id = fields.Many2one("res.country.state", readonly=True)
    selected = fields.Boolean(default=True)
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("applied", "Applied"),
            ("undone", "Undone"),
            ("conflict", "Changed meanwhile"),
            ("failed", "Refused"),
        ],
        default="proposed",
        required=True,
        readonly=True,
    )
    reason = fields.Char(readonly=True)

    def write(self, vals):
        """Only proposals can be chosen; what was written stays as it was."""
        if "selected" in vals and any(line.job_state != "previewed" for line in self):
            raise UserError(
                self.env._("Changes are chosen in the preview, before the job is applied.")
            )
        return super().write(vals)

    def action_toggle(self):
        """Choose the changes that are not chosen, and the other way round."""
        for line in self:
            line.selected = not line.selected
        return True

    # ------------------------------------------------------------------

    def _value(self, forward):
        """Return the value to write: the one after, or the one before when undoing."""
        self.ensure_one()
        if self.field_name == "state_id":
            return (self.new_state_id if forward else self.old_state_id).id
        return (self.new_value if forward else self.old_value) or False

    def _current(self):
        value = self.partner_id[self.field_name]
        return value.id if self.field_name == "state_id" else value

    def _write_isolated(self, forward):
        """Write each change in a savepoint of its own; a refused one keeps the reason."""
        for line in self:
            try:
                with self.env.cr.savepoint():
                    line._write_one(forward)
            except Exception as error:  # whatever a record refuses must not stop the others
                _logger.info("Cleaning of %s refused: %s", line.partner_id, error)
                line.write({"state": "failed", "reason": str(error) or type(error).__name__})

    def _write_one(self, forward):
        """Write the value unless the record holds another than the one expected."""
        if self._current() != self._value(not forward):
            now = self.partner_id.state_id.display_name if self.new_state_id else self._current()
            self.write(
                {
                    "state": "conflict",
                    "reason": self.env._("Changed since to: %s", now or self.env._("nothing")),
                }
            )
            return
        self.partner_id.write({self.field_name: self._value(forward)})
        self.write({"state": "applied" if forward else "undone", "reason": False})
