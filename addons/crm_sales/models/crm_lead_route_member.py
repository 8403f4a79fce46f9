from odoo import fields, models


class CrmLeadRouteMember(models.Model):
    """A person to whom a rule may give leads, and how many."""

    _name = "crm.lead.route.member"
    _description = "Person of a Routing Rule"
    _order = "sequence, id"

    rule_id = fields.Many2one("crm.lead.route.rule", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="rule_id.company_id")
    sequence = fields.Integer(default=10)
    user_id = fields.Many2one(
        "res.users",
        "Salesperson",
        required=True,
        domain="[('share', '=', False)]",
        ondelete="cascade",
        index=True,
    )
    share = fields.Float(
        "Share of Work",
        default=1.0,
        help="For the least loaded: with 0.5, half the open work counts as much as that of others.",
    )
    capacity = fields.Float(
        default=50.0,
        help="Open weight at most: open leads, each with the weight of its stage (1 by default).",
    )
    day_limit = fields.Integer("A Day", help="New leads a day at most; 0: as many as come.")

    _user_uniq = models.Constraint(
        "UNIQUE (rule_id, user_id)", "A person can be named only once in a routing rule."
    )
    _capacity_positive = models.Constraint(
        "CHECK (capacity > 0)",
        "The capacity of a person must be more than zero. Remove the person from the rule to give "
        "them no leads.",
    )
    _share_positive = models.Constraint(
        "CHECK (share > 0)", "The share of work of a person must be more than zero."
    )
    _day_limit_positive = models.Constraint(
        "CHECK (day_limit >= 0)", "Leads a day cannot be negative; 0 means as many as come."
    )
