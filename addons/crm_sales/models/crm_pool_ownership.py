from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

HOW = [
    ("create", "Created"),
    ("manual", "Changed by hand"),
    ("import", "Import"),
    ("system", "Automation"),
    ("claim", "Claimed"),
    ("assign", "Assigned by a manager"),
    ("release", "Handed back"),
    ("recycle", "Recycled"),
    ("put", "Put into the pool"),
    ("revert", "Recycling undone"),
]
COLUMNS = (
    "date", "res_model", "partner_id", "lead_id", "from_user_id", "to_user_id", "how", "reason",
    "user_id", "pool_id", "run_id", "company_id",
)  # fmt: skip


class CrmPoolOwnership(models.Model):
    """Who had which customer or lead, from when on, how and why. Rows are only ever added."""

    _name = "crm.pool.ownership"
    _description = "Change of Owner"
    _order = "date desc, id desc"

    date = fields.Datetime(required=True, index=True)
    res_model = fields.Selection(
        [("res.partner", "Customer"), ("crm.lead", "Lead")], string="Kind", required=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", ondelete="cascade"
    )
    lead_id = fields.Many2one("crm.lead", index="btree_not_null", ondelete="cascade")
    from_user_id = fields.Many2one("res.users", string="From", ondelete="set null", index=True)
    to_user_id = fields.Many2one("res.users", string="To", ondelete="set null", index=True)
    how = fields.Selection(HOW, required=True)
    reason = fields.Char()
    user_id = fields.Many2one("res.users", string="Done by", ondelete="set null")
    pool_id = fields.Many2one("crm.pool", index="btree_not_null", ondelete="set null")
    run_id = fields.Many2one("crm.pool.run", index="btree_not_null", ondelete="set null")
    company_id = fields.Many2one("res.company", index="btree_not_null")

    @api.depends("partner_id", "lead_id", "date")
    def _compute_display_name(self):
        for row in self:
            row.display_name = (row.partner_id or row.lead_id).display_name

    @api.model_create_multi
    def create(self, vals_list):
        """Add to the history, as superuser: the mixin is the only one that writes it.

        :raises UserError: somebody adds to it by hand
        """
        if not self.env.su:
            self._refuse_change()
        return super().create(vals_list)

    def write(self, vals):
        """Refuse: history is not changed, not even as superuser."""
        self._refuse_change()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        self._refuse_change()

    def _refuse_change(self):
        raise UserError(
            self.env._("The history of owners is written by the system and never changed.")
        )

    @api.model
    def _log(self, rows):
        """Add rows, dictionaries of ``COLUMNS``, in one statement.

        Every new lead and customer brings a row, so this does without the ORM.
        """
        if not rows:
            return
        now = fields.Datetime.now()
        common = {"date": now, "user_id": self.env.uid}
        values = SQL(", ").join(
            SQL(
                "(%s, %s, %s)",
                SQL(", ").join(SQL("%s", (common | row).get(column) or None) for column in COLUMNS),
                self.env.uid,
                now,
            )
            for row in rows
        )
        self.env.execute_query(
            SQL(
                "INSERT INTO crm_pool_ownership (%s, create_uid, create_date) VALUES %s"
                " RETURNING id",
                SQL(", ").join(SQL.identifier(column) for column in COLUMNS),
                values,
            )
        )
        self.env["res.partner"].invalidate_model(["ownership_ids"], flush=False)
        self.env["crm.lead"].invalidate_model(["ownership_ids"], flush=False)

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
