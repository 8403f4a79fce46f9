from odoo import fields, models


class CrmPoolRule(models.Model):
    """How many days the customers of one level may go without a follow-up, or without a deal."""

    _name = "crm.pool.rule"
    _description = "Recycling Rule"
    _order = "level_sequence, level_id, measure, id"

    pool_id = fields.Many2one("crm.pool", required=True, index=True, ondelete="cascade")
    level_id = fields.Many2one(
        "crm.customer.level",
        index="btree_not_null",
        ondelete="cascade",
        help="Empty: customers of all levels that have no rule of their own in this pool.",
    )
    level_sequence = fields.Integer(related="level_id.sequence", store=True)
    measure = fields.Selection(
        [
            ("follow_up", "Without a follow-up"),
            ("deal", "Without an order or payment"),
        ],
        string="Recycle",
        required=True,
        default="follow_up",
        help="Follow-up: the latest mail or message of the owner, finished activity or call, "
        "meeting, visit, order or payment. The days count from the assignment at the earliest.",
    )
    days = fields.Integer(required=True, default=15)

    _days_positive = models.Constraint(
        "CHECK (days > 0)", "A rule of a pool needs one day or more."
    )
    _one_per_level = models.UniqueIndex(
        "(pool_id, COALESCE(level_id, 0), measure)",
        "A pool has one rule for each level and kind of limit. Change the one that exists.",
    )
