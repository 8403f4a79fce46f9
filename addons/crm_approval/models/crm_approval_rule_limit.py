from odoo import fields, models


class CrmApprovalRuleLimit(models.Model):
    """Up to which amount a person, or each member of a group, may approve."""

    _name = "crm.approval.rule.limit"
    _description = "Amount Limit of an Approver"
    _order = "amount desc, id"

    step_id = fields.Many2one(
        "crm.approval.rule.step", required=True, ondelete="cascade", index=True
    )
    user_id = fields.Many2one("res.users", "Approver", domain="[('share', '=', False)]")
    group_id = fields.Many2one("res.groups")
    amount = fields.Float("Up to", required=True, digits=(16, 2))

    _one_holder = models.Constraint(
        "CHECK ((user_id IS NULL) <> (group_id IS NULL))",
        "An amount limit belongs to one approver or to one group: fill in one of the two.",
    )

    def _limit_of(self, user):
        """Return the amount up to which ``user`` may approve, None if no line names him.

        A line of his own goes before those of his groups, of which the highest counts.
        """
        own = self.filtered(lambda line: line.user_id == user)
        # sudo: the groups of an approver
        groups = user.sudo().all_group_ids
        lines = own or self.filtered(lambda line: line.group_id in groups)
        return max(lines.mapped("amount"), default=None)
