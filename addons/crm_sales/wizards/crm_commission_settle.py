from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class CrmCommissionSettle(models.TransientModel):
    """Confirm, or pay, many statements at once: says beforehand which ones, and why not others."""

    _name = "crm.commission.settle"
    _description = "Confirm or Pay Statements"

    mode = fields.Selection(
        [("confirm", "Confirm"), ("pay", "Pay")], required=True, default="confirm"
    )
    line_ids = fields.One2many("crm.commission.settle.line", "settle_id")
    ready_count = fields.Integer(compute="_compute_ready")
    skipped_count = fields.Integer(compute="_compute_ready")
    total = fields.Monetary(compute="_compute_ready")
    currency_id = fields.Many2one("res.currency", compute="_compute_ready")

    @api.model
    def default_get(self, fields_list):
        """Take the statements that were selected, those that are left out last."""
        values = super().default_get(fields_list)
        selected = self.env["crm.commission.statement"].search(
            [("id", "in", self.env.context.get("active_ids", []))]
        )
        selected._subledger_catch_up()
        settle = self.new({"mode": values.get("mode")})
        lines = [
            {"statement_id": statement.id, "reason": settle._reason(statement)}
            for statement in selected
        ]
        lines.sort(key=lambda line: bool(line["reason"]))
        values["line_ids"] = [Command.create(line) for line in lines]
        return values

    @api.depends("mode", "line_ids.statement_id")
    def _compute_ready(self):
        for settle in self:
            statements, ready = settle.line_ids.statement_id, settle._ready()
            settle.ready_count = len(ready)
            settle.skipped_count = len(statements) - len(ready)
            settle.currency_id = statements.currency_id[:1]
            same = ready.filtered(lambda s, settle=settle: s.currency_id == settle.currency_id)
            settle.total = sum(same.mapped("to_pay"))

    def _ready(self):
        return self.line_ids.statement_id.filtered(lambda statement: not self._reason(statement))

    def _reason(self, statement):
        """Return why a statement is left out, or False."""
        if self.mode == "confirm":
            return self._reason_not_to_confirm(statement)
        return self._reason_not_to_pay(statement)

    def _reason_not_to_confirm(self, statement):
        if statement.state != "computed":
            return self._state_text(statement)
        if not statement.can_confirm:
            return self.env._("Somebody else confirms it")
        return False

    def _reason_not_to_pay(self, statement):
        if statement.state not in ("confirmed", "paid"):
            return self._state_text(statement)
        if not statement.to_pay:
            return self.env._("Nothing is to pay")
        return False

    def _state_text(self, statement):
        states = dict(statement._fields["state"]._description_selection(self.env))
        return self.env._("It is %s", states[statement.state].lower())

    def action_apply(self):
        """Confirm or pay the statements that are ready.

        :raises UserError: none of them is
        """
        self.ensure_one()
        ready = self._ready()
        if not ready:
            raise UserError(
                self.env._("None of these statements can be handled now. See the reasons below.")
            )
        if self.mode == "pay":
            return ready.action_pay()
        done = ready.action_confirm()
        return done if isinstance(done, dict) else {"type": "ir.actions.act_window_close"}
