from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError


class CrmPoolOperation(models.TransientModel):
    """Ask for what a manual step around a pool needs: to whom, where to, and why."""

    _name = "crm.pool.operation"
    _description = "Step around a Public Pool"

    operation = fields.Selection(
        [
            ("assign", "Assign"),
            ("release", "Hand back"),
            ("put", "Put into a pool"),
            ("lock", "Lock"),
        ],
        required=True,
    )
    res_model = fields.Selection(
        [("res.partner", "Customers"), ("crm.lead", "Leads")], required=True
    )
    res_ids = fields.Char(required=True)
    record_count = fields.Integer(compute="_compute_record_count")
    pool_id = fields.Many2one("crm.pool", domain="[('res_model', '=', res_model)]")
    user_id = fields.Many2one("res.users", string="New Owner", domain="[('share', '=', False)]")
    until = fields.Date(help="The last day of the lock; empty: until somebody unlocks it.")
    reason = fields.Char()

    @api.depends("res_ids")
    def _compute_record_count(self):
        for step in self:
            step.record_count = len((step.res_ids or "").split(","))

    @api.model
    def default_get(self, fields):
        """Propose the pool that fits the first record."""
        vals = super().default_get(fields)
        if vals.get("operation") in ("release", "put") and vals.get("res_ids"):
            first = self.env[vals["res_model"]].browse(int(vals["res_ids"].split(",")[0]))
            vals["pool_id"] = self.env["crm.pool"]._for_record(first).id
        return vals

    def _records(self):
        self.ensure_one()
        try:
            ids = [int(number) for number in self.res_ids.split(",")]
        except ValueError as error:
            raise ValidationError(self.env._("The chosen records are not known.")) from error
        records = self.env[self.res_model].browse(ids).exists()
        records.check_access("read")
        return records._pool_entities()

    def action_apply(self):
        """Do it, after checking that the user may."""
        for step in self:
            if not (step.reason or "").strip():
                raise UserError(self.env._("Enter a reason: it is kept in the history."))
            getattr(step, f"_apply_{step.operation}")(step._records())
        return {"type": "ir.actions.act_window_close"}

    def _apply_assign(self, records):
        records._pool_check_manager()
        if not self.user_id or self.user_id.share:
            raise UserError(self.env._("Choose the colleague who gets these records."))
        records._pool_lock_rows()
        for pool, mine in records.grouped("pool_id").items():
            mine._pool_set_owner(self.user_id, "assign", self.reason, pool_id=pool.id)

    def _apply_release(self, records):
        self._check_pool(records)
        for record in records:
            if not record.pool_can_release:
                raise AccessError(
                    self.env._("Only its owner or a manager hands %s back.", record.display_name)
                )
        if self.pool_id._for_record(records[:1]) and self.env.user not in self._visible_to():
            raise AccessError(self.env._("You are no member of this pool."))
        records._pool_lock_rows()
        # sudo: checked above
        records._pool_enter(self.pool_id.sudo(), "release", self.reason)

    def _visible_to(self):
        # sudo: who is in the pool, to compare with the user
        pool = self.pool_id.sudo()
        managers = self.env.user if pool._managed_by(self.env.user) else pool.member_ids
        return pool.member_ids | managers

    def _apply_put(self, records):
        self._check_pool(records)
        records._pool_check_manager()
        self.pool_id._check_managed()
        records._pool_lock_rows()
        # sudo: checked above
        records._pool_enter(self.pool_id.sudo(), "put", self.reason)

    def _apply_lock(self, records):
        records._pool_check_manager()
        if self.until and self.until < fields.Date.context_today(self):
            raise UserError(
                self.env._("A lock ends today or later. Correct the date, or leave it empty.")
            )
        # sudo: checked above; guarded fields
        records.sudo().write(
            {
                "pool_locked": True,
                "pool_lock_reason": self.reason,
                "pool_lock_until": self.until,
            }
        )
        records._pool_note(self.env._("Locked: %s", self.reason))

    def _check_pool(self, records):
        if not self.pool_id or self.pool_id.res_model != self.res_model:
            raise UserError(self.env._("Choose a pool for records of this kind."))
        companies = {False, self.pool_id.company_id.id}
        strangers = records.filtered(lambda record: record.company_id.id not in companies)
        if strangers:
            raise UserError(
                self.env._(
                    "%(record)s belongs to another company than the pool %(pool)s.",
                    record=strangers[0].display_name,
                    pool=self.pool_id.name,
                )
            )
        settled = records - records.filtered_domain(records._pool_domain())
        if settled:
            raise UserError(
                self.env._(
                    "%s cannot go into a pool: it is archived, won or lost.",
                    settled[0].display_name,
                )
            )
